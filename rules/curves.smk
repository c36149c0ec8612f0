# Curves of the baseline: over language models of many sizes, and over beams.


rule beams:
    input:
        logprobs=PATHS.logprobs(EXPERIMENT.baseline, EXPERIMENT.recipe.splits.dev),
        cuts=PATHS.cuts(EXPERIMENT.recipe.splits.dev),
        lm=PATHS.lm("{lm}") / "bin",
        lexicon=EXPERIMENT.search_lexicon,
        program=EXPERIMENT.search_program,
        weights=PATHS.weights(EXPERIMENT.baseline, "{lm}", "{decoder}"),
    output:
        PATHS.beams("{decoder}", "{lm}"),
    log:
        PATHS.beams("{decoder}", "{lm}").with_name("log"),
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=lambda wildcards: step_settings.beams_settings(
            EXPERIMENT.recipe, wildcards.decoder
        ),
        lexicon=given("lexicon"),
        program=given("program"),
    shell:
        "schatten beams --recipe {EXPERIMENT.name:q} --logprobs {input.logprobs:q} --cuts {input.cuts:q} --lm {input.lm:q} {params.lexicon:q} {params.program:q} --weights {input.weights:q} --output {output:q} > {log:q} 2>&1"


rule curve:
    input:
        EXPERIMENT.curve_inputs,
    output:
        figure=report(
            PATHS.tables / "{kind}.png",
            category="Figures",
            caption="captions/figure.rst",
            labels=figure_labels,
        ),
        points=PATHS.tables / "{kind}.csv",
    log:
        PATHS.tables / "log/{kind}.log",
    wildcard_constraints:
        kind="|".join(CURVES),
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(30),
    params:
        settings=step_settings.figure_settings(EXPERIMENT.recipe),
        data=PATHS.data_key,
        results=PATHS.results,
    shell:
        "schatten figure --recipe {EXPERIMENT.name:q} --data-key {params.data} --results {params.results:q} --kind {wildcards.kind} --output {output.figure:q} > {log:q} 2>&1"
