# Bundles for devices: an int8 model, the main language model of words, its lexicon.


rule bundle:
    input:
        EXPERIMENT.bundles(EXPERIMENT.table_nodes),
        lambda wildcards: EXPERIMENT.bundles(EXPERIMENT.chosen_nodes(checkpoints)),
    localrule: True


rule device_bundle:
    input:
        model=EXPERIMENT.model,
        lm=PATHS.lm("{lm}") / "bin",
        lexicon=EXPERIMENT.lexicon,
        weights=EXPERIMENT.weights,
    output:
        PATHS.bundle(NODE, "{lm}") / "manifest.json",
    log:
        PATHS.bundle(NODE, "{lm}").with_suffix(".log"),
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(15),
    params:
        settings=step_settings.bundle_settings(EXPERIMENT.recipe),
        folder=str(PATHS.bundle(NODE, "{lm}")),
    shell:
        "schatten bundle --recipe {EXPERIMENT.name:q} --model {input.model:q} --lm {input.lm:q} --lexicon {input.lexicon:q} --weights {input.weights:q} --output {params.folder:q} > {log:q} 2>&1"
