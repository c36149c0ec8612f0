# The corpus: the recipe's data source, normalised text, and the validator.

CORPUS = W.outputs(**W.corpus_files)
if W.makes_audio:
    CORPUS["audio"] = directory(CORPUS["audio"])


rule corpus:
    output:
        **CORPUS,
    log:
        L.data / "log/corpus.log",
    cache: W.is_cached
    threads: 8
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(600),
        tasks=1,
    params:
        settings=parts.corpus_part(W.recipe),
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "schatten corpus --recipe {W.name:q} {W.corpus_option} --output {params.folder:q} --jobs {threads} --tasks {resources.tasks:q} > {log:q} 2>&1"


rule validate:
    input:
        [*W.corpus_files.values()],
    output:
        **W.outputs(report=L.validation),
    log:
        L.data / "log/validate.log",
    cache: W.is_cached
    threads: 8
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(120),
    params:
        settings=parts.validate_part(W.recipe),
        folder=lambda wildcards, output: str(Path(output.report).parent),
    shell:
        "schatten validate --recipe {W.name:q} {W.corpus_option} --data {params.folder:q} --output {output.report:q} --jobs {threads} > {log:q} 2>&1"
