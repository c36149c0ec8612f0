# Log-probabilities, weights tuned on dev, words, scores.
#
# Over a lexicon the engine's program searches, so an edit of the engine decodes again. The program
# must not be `ancient`: when Snakemake makes an ancient input anew, it overlooks changed params of
# the jobs that read it.


rule logprobs:
    input:
        model=EXPERIMENT.model,
        cuts=EXPERIMENT.features,
    output:
        [PATHS.logprobs(NODE, split) for split in EXPERIMENT.recipe.splits.scored],
    log:
        PATHS.logprobs(NODE, "x").with_name("log"),
    priority: 8
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=step_settings.settings("logprobs"),
        folder=str(PATHS.logprobs(NODE, "x").parent),
        cuts=given("cuts"),
    shell:
        "schatten logprobs --model {input.model:q} {params.cuts:q} --output-dir {params.folder:q} > {log:q} 2>&1"


rule tune:
    input:
        logprobs=EXPERIMENT.tuning_logprobs,
        cuts=PATHS.cuts(EXPERIMENT.recipe.splits.dev),
        lm=PATHS.lm("{lm}") / "bin",
        lexicon=EXPERIMENT.search_lexicon,
        program=EXPERIMENT.search_program,
    output:
        PATHS.weights(NODE, "{lm}", "{decoder}"),
    log:
        PATHS.weights(NODE, "{lm}", "{decoder}").with_name("tune.log"),
    wildcard_constraints:
        decoder="lexicon|open",
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=lambda wildcards: step_settings.tune_settings(
            EXPERIMENT.recipe, wildcards.decoder
        ),
        lexicon=given("lexicon"),
        program=given("program"),
    shell:
        "schatten tune --recipe {EXPERIMENT.name:q} --logprobs {input.logprobs:q} --cuts {input.cuts:q} --lm {input.lm:q} {params.lexicon:q} {params.program:q} --output {output:q} > {log:q} 2>&1"


rule tune_wfst:
    input:
        logprobs=EXPERIMENT.tuning_logprobs,
        cuts=PATHS.cuts(EXPERIMENT.recipe.splits.dev),
        graph=EXPERIMENT.graph,
        lm=EXPERIMENT.rescoring_lm,
    output:
        PATHS.weights(NODE, "{lm}", "wfst"),
    log:
        PATHS.weights(NODE, "{lm}", "wfst").with_name("tune.log"),
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=step_settings.tune_wfst_settings(EXPERIMENT.recipe),
        lm=given("lm"),
    shell:
        "schatten tune --recipe {EXPERIMENT.name:q} --logprobs {input.logprobs:q} --cuts {input.cuts:q} --graph {input.graph:q} {params.lm:q} --output {output:q} > {log:q} 2>&1"


# Each part is some splits, which one process decodes: the tests, dev, those of a curve.
for PART in EXPERIMENT.parts:
    if "none" in PART.models:

        rule:
            name:
                PART.rule("greedy")
            input:
                logprobs=[PATHS.logprobs(NODE, split) for split in PART.splits],
            output:
                [
                    PATHS.hypotheses(NODE, "greedy", "none", split)
                    for split in PART.splits
                ],
            log:
                PATHS.decoded(NODE, "greedy", "none") / PART.log,
            priority: PART.priority
            threads: 1
            resources:
                mem_mb=scaled(2000),
                runtime=scaled(60),
            params:
                settings=step_settings.settings("decode"),
                decoder=EXPERIMENT.greedy_decoder,
                logprobs=given("logprobs"),
                made=made,
            shell:
                "schatten decode --recipe {EXPERIMENT.name:q} --decoder {params.decoder:q} {params.logprobs:q} {params.made:q} > {log:q} 2>&1"

    rule:
        name:
            PART.rule("beam")
        input:
            logprobs=[PATHS.logprobs(NODE, split) for split in PART.splits],
            lm=PATHS.lm("{lm}") / "bin",
            lexicon=EXPERIMENT.search_lexicon,
            program=EXPERIMENT.search_program,
            weights=EXPERIMENT.weights,
        output:
            [
                PATHS.hypotheses(NODE, "{decoder}", "{lm}", split)
                for split in PART.splits
            ],
        log:
            PATHS.decoded(NODE, "{decoder}", "{lm}") / PART.log,
        wildcard_constraints:
            decoder="lexicon|open",
            lm=PART.lm,
        threads: 1
        resources:
            mem_mb=scaled(4000),
            runtime=scaled(240),
        params:
            settings=lambda wildcards: step_settings.decode_settings(
                EXPERIMENT.recipe, wildcards.decoder
            ),
            lexicon=given("lexicon"),
            program=given("program"),
            logprobs=given("logprobs"),
            made=made,
        shell:
            "schatten decode --recipe {EXPERIMENT.name:q} --decoder {wildcards.decoder} {params.logprobs:q} --lm {input.lm:q} {params.lexicon:q} {params.program:q} --weights {input.weights:q} {params.made:q} > {log:q} 2>&1"

    rule:
        name:
            PART.rule("wfst")
        input:
            logprobs=[PATHS.logprobs(NODE, split) for split in PART.splits],
            graph=EXPERIMENT.graph,
            lm=EXPERIMENT.rescoring_lm,
            weights=EXPERIMENT.graph_weights,
        output:
            [PATHS.hypotheses(NODE, "wfst", "{lm}", split) for split in PART.splits],
        log:
            PATHS.decoded(NODE, "wfst", "{lm}") / PART.log,
        wildcard_constraints:
            lm=PART.lm,
        threads: 1
        resources:
            mem_mb=scaled(4000),
            runtime=scaled(240),
        params:
            settings=step_settings.decode_wfst_settings(EXPERIMENT.recipe),
            lm=given("lm"),
            logprobs=given("logprobs"),
            made=made,
        shell:
            "schatten decode --recipe {EXPERIMENT.name:q} --decoder wfst {params.logprobs:q} --graph {input.graph:q} {params.lm:q} --weights {input.weights:q} {params.made:q} > {log:q} 2>&1"


# All that a model has recognised in the test splits.
for SCORED in EXPERIMENT.score_rules:

    rule:
        name:
            SCORED.name
        input:
            unpack(SCORED.inputs),
        output:
            scores=SCORED.scores,
            beside=SCORED.listings,
        log:
            SCORED.log,
        wildcard_constraints:
            system=SCORED.systems,
            node=SCORED.places,
        threads: 1
        resources:
            mem_mb=scaled(2000),
            runtime=scaled(60),
        params:
            settings=step_settings.score_settings(EXPERIMENT.recipe),
            files=SCORED.options,
            made=lambda wildcards, output: made(wildcards, output.scores),
        shell:
            "schatten score --recipe {EXPERIMENT.name:q} {params.files:q} {params.made:q} > {log:q} 2>&1"


for PART in EXPERIMENT.parts[1:]:

    rule:
        name:
            PART.rule("score")
        input:
            hypotheses=[
                PATHS.hypotheses(NODE, "{decoder}", "{lm}", split)
                for split in PART.splits
            ],
            cuts=[PATHS.cuts(split) for split in PART.splits],
            lexicon=EXPERIMENT.known_words,
            units=EXPERIMENT.units_read,
        output:
            scores=[
                PATHS.score(NODE, "{decoder}", "{lm}", split) for split in PART.splits
            ],
            beside=[
                path
                for split in PART.splits
                for path in PATHS.listings(NODE, "{decoder}", "{lm}", split)
            ],
        log:
            PATHS.decoded(NODE, "{decoder}", "{lm}") / PART.score_log,
        wildcard_constraints:
            lm=PART.lm,
        priority: PART.priority
        threads: 1
        resources:
            mem_mb=scaled(2000),
            runtime=scaled(60),
        params:
            settings=step_settings.score_settings(EXPERIMENT.recipe),
            hypotheses=given("hypotheses"),
            cuts=given("cuts"),
            lexicon=given("lexicon"),
            units=given("units"),
            made=lambda wildcards, output: made(wildcards, output.scores),
        shell:
            "schatten score --recipe {EXPERIMENT.name:q} {params.hypotheses:q} {params.cuts:q} {params.lexicon:q} {params.units:q} {params.made:q} > {log:q} 2>&1"
