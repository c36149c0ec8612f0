# Language models: estimated, pruned, spelled out in a lexicon, stored as a KenLM trie; decoding graphs.


rule lm:
    input:
        text=EXPERIMENT.lm_text,
        dev=PATHS.text(EXPERIMENT.recipe.splits.dev),
        validation=PATHS.validation,
    output:
        **EXPERIMENT.outputs(
            arpa=PATHS.lm("{lm}") / "arpa.gz",
            bin=PATHS.lm("{lm}") / "bin",
            lexicon=PATHS.lm("{lm}") / "lexicon",
            info=PATHS.lm("{lm}") / "info.json",
        ),
    log:
        PATHS.data / "log/lm.{lm}.log",
    cache: EXPERIMENT.is_cached
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=lambda wildcards: step_settings.lm_settings(
            EXPERIMENT.recipe, wildcards.lm
        ),
        folder=str(PATHS.lm("{lm}")),
        memory=2000,
    shell:
        "schatten lm build --recipe {EXPERIMENT.name:q} --lm {wildcards.lm:q} --text {input.text:q} --dev {input.dev:q} --output-dir {params.folder:q} --memory-mb {params.memory} > {log:q} 2>&1"


rule graph:
    input:
        arpa=PATHS.lm("{lm}") / "arpa.gz",
        lexicon=PATHS.lm("{lm}") / "lexicon",
    output:
        **EXPERIMENT.outputs(
            graph=PATHS.graph("{lm}"),
            names=PATHS.graph("{lm}").with_suffix(".fst.json"),
        ),
    log:
        PATHS.data / "log/graph.{lm}.log",
    cache: EXPERIMENT.is_cached
    threads: 1
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(240),
    params:
        settings=step_settings.graph_settings(EXPERIMENT.recipe),
    shell:
        "schatten graph --recipe {EXPERIMENT.name:q} --arpa {input.arpa:q} --lexicon {input.lexicon:q} --output {output.graph:q} > {log:q} 2>&1"
