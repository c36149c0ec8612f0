# Log-probabilities, weights tuned on dev, words, scores.


rule logprobs:
    input:
        model=lambda wildcards: L.am(W.row(wildcards)) / "model.pt",
        cuts=lambda wildcards: [
            W.features(wildcards.system, split) for split in W.recipe.splits.scored
        ],
    output:
        [L.logprobs(ANY, split) for split in W.recipe.splits.scored],
    log:
        L.logprobs(ANY, "x").with_name("log"),
    priority: 8
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=parts.part("logprobs"),
        folder=str(L.logprobs(ANY, "x").parent),
        cuts=lambda wildcards, input: [f"--cuts={path}" for path in input.cuts],
    shell:
        "schatten logprobs --model {input.model:q} {params.cuts:q} --output-dir {params.folder:q} > {log:q} 2>&1"


rule tune:
    input:
        logprobs=lambda wildcards: L.logprobs(
            W.final_row(wildcards.system, wildcards.seed, wildcards.rank),
            W.recipe.splits.dev,
        ),
        cuts=L.cuts(W.recipe.splits.dev),
        lm=L.lm("{lm}") / "bin",
        lexicon=lambda wildcards: W.search_lexicon(wildcards.lm),
    output:
        L.weights(STAGE2, "{lm}", "{decoder}"),
    log:
        L.weights(STAGE2, "{lm}", "{decoder}").with_name("tune.log"),
    wildcard_constraints:
        decoder="lexicon|open",
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=parts.tune_part(W.recipe),
        lexicon=lambda wildcards, input: [f"--lexicon={path}" for path in input.lexicon],
    shell:
        "schatten tune --recipe {W.name:q} --logprobs {input.logprobs:q} --cuts {input.cuts:q} --lm {input.lm:q} {params.lexicon:q} --output {output:q} > {log:q} 2>&1"


rule tune_wfst:
    input:
        logprobs=lambda wildcards: L.logprobs(
            W.final_row(wildcards.system, wildcards.seed, wildcards.rank),
            W.recipe.splits.dev,
        ),
        cuts=L.cuts(W.recipe.splits.dev),
        graph=lambda wildcards: W.graph(wildcards.lm),
        lm=lambda wildcards: W.rescoring_lm(wildcards.lm),
    output:
        L.weights(STAGE2, "{lm}", "wfst"),
    log:
        L.weights(STAGE2, "{lm}", "wfst").with_name("tune.log"),
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=parts.tune_wfst_part(W.recipe),
        lm=lambda wildcards, input: [f"--lm={path}" for path in input.lm],
    shell:
        "schatten tune --recipe {W.name:q} --logprobs {input.logprobs:q} --cuts {input.cuts:q} --graph {input.graph:q} {params.lm:q} --output {output:q} > {log:q} 2>&1"


rule greedy:
    input:
        logprobs=L.logprobs(ANY, "{split}"),
    output:
        L.hypotheses(ANY, "greedy", "none", "{split}"),
    log:
        L.decoded(ANY, "greedy", "none") / "{split}.log",
    priority: 8
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        settings=parts.part("decode"),
    shell:
        "schatten decode --recipe {W.name:q} --decoder greedy --logprobs {input.logprobs:q} --output {output:q} > {log:q} 2>&1"


rule beam:
    input:
        logprobs=L.logprobs(ANY, "{split}"),
        lm=L.lm("{lm}") / "bin",
        lexicon=lambda wildcards: W.search_lexicon(wildcards.lm),
        weights=L.weights(STAGE2, "{lm}", "{decoder}"),
    output:
        L.hypotheses(ANY, "{decoder}", "{lm}", "{split}"),
    log:
        L.decoded(ANY, "{decoder}", "{lm}") / "{split}.log",
    wildcard_constraints:
        decoder="lexicon|open",
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=parts.decode_part(W.recipe),
        lexicon=lambda wildcards, input: [f"--lexicon={path}" for path in input.lexicon],
    shell:
        "schatten decode --recipe {W.name:q} --decoder {wildcards.decoder} --logprobs {input.logprobs:q} --lm {input.lm:q} {params.lexicon:q} --weights {input.weights:q} --output {output:q} > {log:q} 2>&1"


rule wfst:
    input:
        logprobs=L.logprobs(ANY, "{split}"),
        graph=lambda wildcards: W.graph(wildcards.lm),
        lm=lambda wildcards: W.rescoring_lm(wildcards.lm),
        weights=L.weights(STAGE2, "{lm}", "wfst"),
    output:
        L.hypotheses(ANY, "wfst", "{lm}", "{split}"),
    log:
        L.decoded(ANY, "wfst", "{lm}") / "{split}.log",
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=parts.decode_wfst_part(W.recipe),
        lm=lambda wildcards, input: [f"--lm={path}" for path in input.lm],
    shell:
        "schatten decode --recipe {W.name:q} --decoder wfst --logprobs {input.logprobs:q} --graph {input.graph:q} {params.lm:q} --weights {input.weights:q} --output {output:q} > {log:q} 2>&1"


rule score:
    input:
        hypotheses=L.hypotheses(ANY, "{decoder}", "{lm}", "{split}", "{precision}"),
        cuts=L.cuts("{split}"),
        lexicon=lambda wildcards: W.known_words(wildcards.lm),
    output:
        score=L.score(ANY, "{decoder}", "{lm}", "{split}", "{precision}"),
        beside=L.listings(ANY, "{decoder}", "{lm}", "{split}", "{precision}"),
    log:
        L.decoded(ANY, "{decoder}", "{lm}", "{precision}") / "{split}.score.log",
    priority: 8
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        settings=parts.score_part(W.recipe),
    shell:
        "schatten score --recipe {W.name:q} --hypotheses {input.hypotheses:q} --cuts {input.cuts:q} --lexicon {input.lexicon:q} --output {output.score:q} > {log:q} 2>&1"
