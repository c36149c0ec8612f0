# Models for the engine, the engine itself for this machine, and the words that it recognises.

from schatten.recipe.layout import ENGINE, SEARCHER

# A quarter of the cores: on two cores the other one goes on with a training. `workflow.cores` would
# refuse what needs none, such as a report.
ENGINE_THREADS = max(1, min(8, (workflow.resource_settings.cores or 8) // 4))
EXPORTED = str(PATHS.home / "am/{folder}/model.{precision}")


rule engine:
    input:
        [
            path
            for path in ARM_SOURCES
            if path.parts[1] in ("engine", "kernels", "bench")
        ],
    output:
        ENGINE,
        SEARCHER,
    log:
        Path(".tools/engine.log"),
    threads: 2
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(30),
    shell:
        "scripts/build_engine.sh {threads} > {log:q} 2>&1"


rule export:
    input:
        PATHS.home / "am/{folder}/model.pt",
    output:
        model=f"{EXPORTED}.gguf",
        size=f"{EXPORTED}.json",
    log:
        f"{EXPORTED}.log",
    threads: 1
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        settings=step_settings.settings("export"),
    shell:
        "schatten export --model {input:q} --precision {wildcards.precision} --output {output.model:q} > {log:q} 2>&1"


rule engine_greedy:
    input:
        engine=ENGINE,
        model=EXPERIMENT.exported,
        cuts=[PATHS.cuts(split) for split in EXPERIMENT.recipe.splits.test],
    output:
        [
            PATHS.hypotheses(NODE, "engine", "none", split, "{precision}")
            for split in EXPERIMENT.recipe.splits.test
        ],
    log:
        PATHS.decoded(NODE, "engine", "none", "{precision}") / "test.log",
    threads: ENGINE_THREADS
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=step_settings.settings("decode"),
        cuts=given("cuts"),
        made=made,
    shell:
        "schatten recognize --recipe {EXPERIMENT.name:q} {EXPERIMENT.audio_option} --engine {input.engine:q} --model {input.model:q} {params.cuts:q} {params.made:q} --jobs {threads} > {log:q} 2>&1"


rule engine_beam:
    input:
        engine=ENGINE,
        model=EXPERIMENT.exported,
        cuts=[PATHS.cuts(split) for split in EXPERIMENT.recipe.splits.test],
        lm=PATHS.lm("{lm}") / "bin",
        lexicon=EXPERIMENT.lexicon,
        weights=EXPERIMENT.weights,
    output:
        [
            PATHS.hypotheses(NODE, "engine", "{lm}", split, "{precision}")
            for split in EXPERIMENT.recipe.splits.test
        ],
    log:
        PATHS.decoded(NODE, "engine", "{lm}", "{precision}") / "test.log",
    wildcard_constraints:
        lm="|".join(EXPERIMENT.recipe.language_models),
    threads: ENGINE_THREADS
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        settings=step_settings.decode_settings(EXPERIMENT.recipe, "engine"),
        cuts=given("cuts"),
        made=made,
    shell:
        "schatten recognize --recipe {EXPERIMENT.name:q} {EXPERIMENT.audio_option} --engine {input.engine:q} --model {input.model:q} {params.cuts:q} --lm {input.lm:q} --lexicon {input.lexicon:q} --weights {input.weights:q} {params.made:q} --jobs {threads} > {log:q} 2>&1"


rule decoder_bench:
    input:
        logprobs=PATHS.logprobs(EXPERIMENT.baseline, EXPERIMENT.recipe.splits.test[0]),
        cuts=PATHS.cuts(EXPERIMENT.recipe.splits.test[0]),
        lm=lambda wildcards: PATHS.lm(EXPERIMENT.lexicon_model) / "bin",
        lexicon=lambda wildcards: PATHS.lexicon(
            EXPERIMENT.lexicon_model, EXPERIMENT.baseline.units
        ),
        weights=lambda wildcards: PATHS.weights(
            EXPERIMENT.baseline, EXPERIMENT.lexicon_model
        ),
        program=SEARCHER,
    output:
        PATHS.tables / "decoders.txt",
    log:
        PATHS.tables / "log/decoders.log",
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        settings=step_settings.decode_settings(EXPERIMENT.recipe, "lexicon"),
    shell:
        "schatten bench-decoder --recipe {EXPERIMENT.name:q} --logprobs {input.logprobs:q} --cuts {input.cuts:q} --lm {input.lm:q} --lexicon {input.lexicon:q} --weights {input.weights:q} --program {input.program:q} > {output:q} 2> {log:q}"
