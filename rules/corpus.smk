# The corpus: the recipe's data source, normalised text, and the validator.

CORPUS = EXPERIMENT.outputs(**EXPERIMENT.corpus_files)
if EXPERIMENT.makes_audio:
    CORPUS["audio"] = directory(CORPUS["audio"])


rule corpus:
    output:
        **CORPUS,
    log:
        PATHS.data / "log/corpus.log",
    cache: EXPERIMENT.is_cached
    threads: 8
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(600),
        tasks=1,
    params:
        settings=step_settings.corpus_settings(EXPERIMENT.recipe),
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "schatten corpus --recipe {EXPERIMENT.name:q} {EXPERIMENT.corpus_option} --output {params.folder:q} --data-key {EXPERIMENT.layout.data_key:q} --jobs {threads} --tasks {resources.tasks:q} > {log:q} 2>&1"


rule validate:
    input:
        [*EXPERIMENT.corpus_files.values()],
    output:
        **EXPERIMENT.outputs(report=PATHS.validation),
    log:
        PATHS.data / "log/validate.log",
    cache: EXPERIMENT.is_cached
    threads: 8
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(120),
    params:
        settings=step_settings.validate_settings(EXPERIMENT.recipe),
        folder=lambda wildcards, output: str(Path(output.report).parent),
    shell:
        "schatten validate --recipe {EXPERIMENT.name:q} {EXPERIMENT.corpus_option} --data {params.folder:q} --output {output.report:q} --jobs {threads} > {log:q} 2>&1"
