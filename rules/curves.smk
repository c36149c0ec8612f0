# Curves of the baseline: over language models of many sizes, and over beams.


rule beams:
    input:
        logprobs=L.logprobs(baseline_row(W.recipe), W.recipe.splits.dev),
        cuts=L.cuts(W.recipe.splits.dev),
        lm=L.lm("{lm}") / "bin",
        lexicon=lambda wildcards: W.search_lexicon(wildcards.lm),
        weights=L.weights(baseline_row(W.recipe), "{lm}", "{decoder}"),
    output:
        L.beams("{decoder}", "{lm}"),
    log:
        L.beams("{decoder}", "{lm}").with_name("log"),
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=parts.beams_part(W.recipe),
        lexicon=lambda wildcards, input: [f"--lexicon={path}" for path in input.lexicon],
    shell:
        "schatten beams --recipe {W.name:q} --logprobs {input.logprobs:q} --cuts {input.cuts:q} --lm {input.lm:q} {params.lexicon:q} --weights {input.weights:q} --output {output:q} > {log:q} 2>&1"


rule curve:
    input:
        lambda wildcards: W.curve_inputs(wildcards.kind),
    output:
        figure=report(L.tables / "{kind}.png", category="Figures"),
        points=L.tables / "{kind}.csv",
    log:
        L.tables / "log/{kind}.log",
    wildcard_constraints:
        kind="|".join(CURVES),
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(30),
    params:
        settings=parts.figure_part(W.recipe),
        data=L.data_key,
        results=L.results,
    shell:
        "schatten figure --recipe {W.name:q} --data-key {params.data} --results {params.results:q} --kind {wildcards.kind} --output {output.figure:q} > {log:q} 2>&1"
