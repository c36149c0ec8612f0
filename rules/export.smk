# Models for the engine, the engine itself for this machine, and what it makes of the sound.

ENGINE = Path(".tools/engine/bin/schatten-recognize")
EXPORTED = str(L.home / "am/{folder}/model.{precision}")


rule engine:
    input:
        [
            path
            for path in ARM_SOURCES
            if path.parts[1] in ("engine", "kernels", "bench")
        ],
    output:
        ENGINE,
        ENGINE.with_name("decode_logprobs"),
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
        L.home / "am/{folder}/model.pt",
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
        settings=parts.part("export"),
    shell:
        "schatten export --model {input:q} --precision {wildcards.precision} --output {output.model:q} > {log:q} 2>&1"


rule engine_greedy:
    input:
        engine=ENGINE,
        model=lambda wildcards: L.exported(W.row(wildcards), wildcards.precision),
        cuts=L.cuts("{split}"),
    output:
        L.hypotheses(ANY, "engine", "none", "{split}", "{precision}"),
    log:
        L.decoded(ANY, "engine", "none", "{precision}") / "{split}.log",
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(240),
    params:
        settings=parts.part("decode"),
    shell:
        "schatten recognize --recipe {W.name:q} {W.audio_option} --engine {input.engine:q} --model {input.model:q} --cuts {input.cuts:q} --output {output:q} > {log:q} 2>&1"


rule engine_beam:
    input:
        engine=ENGINE,
        model=lambda wildcards: L.exported(W.row(wildcards), wildcards.precision),
        cuts=L.cuts("{split}"),
        lm=L.lm("{lm}") / "bin",
        lexicon=L.lm("{lm}") / "lexicon",
        weights=lambda wildcards: L.weights(W.row(wildcards), wildcards.lm),
    output:
        L.hypotheses(ANY, "engine", "{lm}", "{split}", "{precision}"),
    log:
        L.decoded(ANY, "engine", "{lm}", "{precision}") / "{split}.log",
    wildcard_constraints:
        lm="|".join(W.recipe.language_models),
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(240),
    params:
        settings=parts.decode_part(W.recipe),
    shell:
        "schatten recognize --recipe {W.name:q} {W.audio_option} --engine {input.engine:q} --model {input.model:q} --cuts {input.cuts:q} --lm {input.lm:q} --lexicon {input.lexicon:q} --weights {input.weights:q} --output {output:q} > {log:q} 2>&1"


rule decoder_bench:
    input:
        logprobs=L.logprobs(W.baseline, W.recipe.splits.test[0]),
        cuts=L.cuts(W.recipe.splits.test[0]),
        lm=lambda wildcards: L.lm(W.lexicon_model) / "bin",
        lexicon=lambda wildcards: L.lm(W.lexicon_model) / "lexicon",
        weights=lambda wildcards: L.weights(W.baseline, W.lexicon_model),
        program=ENGINE.with_name("decode_logprobs"),
    output:
        L.tables / "decoders.txt",
    log:
        L.tables / "log/decoders.log",
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        settings=parts.decode_part(W.recipe),
    shell:
        "schatten bench-decoder --recipe {W.name:q} --logprobs {input.logprobs:q} --cuts {input.cuts:q} --lm {input.lm:q} --lexicon {input.lexicon:q} --weights {input.weights:q} --program {input.program:q} > {output:q} 2> {log:q}"
