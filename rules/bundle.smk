# What goes on a device: an int8 model, the main language model of words, its lexicon.


rule bundle:
    input:
        W.bundles(W.rows),
        lambda wildcards: W.bundles(W.chosen_rows(checkpoints)),
    localrule: True


rule device_bundle:
    input:
        model=lambda wildcards: L.am(W.row(wildcards)) / "model.pt",
        lm=L.lm("{lm}") / "bin",
        lexicon=L.lm("{lm}") / "lexicon",
        weights=lambda wildcards: L.weights(W.row(wildcards), wildcards.lm),
    output:
        L.bundle(ANY, "{lm}") / "manifest.json",
    log:
        L.bundle(ANY, "{lm}").with_suffix(".log"),
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(15),
    params:
        settings=parts.bundle_part(W.recipe),
        folder=str(L.bundle(ANY, "{lm}")),
    shell:
        "schatten bundle --recipe {W.name:q} --model {input.model:q} --lm {input.lm:q} --lexicon {input.lexicon:q} --weights {input.weights:q} --output {params.folder:q} > {log:q} 2>&1"
