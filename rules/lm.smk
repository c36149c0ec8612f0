# Language models: estimated, pruned, spelled out in a lexicon, stored as a KenLM trie; decoding graphs.


rule lm:
    input:
        text=lambda wildcards: W.lm_text(wildcards.lm),
        dev=L.text(W.recipe.splits.dev),
        validation=L.validation,
    output:
        **W.outputs(
            arpa=L.lm("{lm}") / "arpa.gz",
            bin=L.lm("{lm}") / "bin",
            lexicon=L.lm("{lm}") / "lexicon",
            info=L.lm("{lm}") / "info.json",
        ),
    log:
        L.data / "log/lm.{lm}.log",
    cache: W.is_cached
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=lambda wildcards: parts.lm_part(W.recipe, wildcards.lm),
        folder=str(L.lm("{lm}")),
        memory=2000,
    shell:
        "schatten lm build --recipe {W.name:q} --lm {wildcards.lm:q} --text {input.text:q} --dev {input.dev:q} --output-dir {params.folder:q} --memory-mb {params.memory} > {log:q} 2>&1"


rule graph:
    input:
        arpa=L.lm("{lm}") / "arpa.gz",
        lexicon=L.lm("{lm}") / "lexicon",
    output:
        **W.outputs(
            graph=L.graph("{lm}"),
            names=L.graph("{lm}").with_suffix(".fst.json"),
        ),
    log:
        L.data / "log/graph.{lm}.log",
    cache: W.is_cached
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(240),
    params:
        settings=parts.graph_part(W.recipe),
    shell:
        "schatten graph --recipe {W.name:q} --arpa {input.arpa:q} --lexicon {input.lexicon:q} --output {output.graph:q} > {log:q} 2>&1"
