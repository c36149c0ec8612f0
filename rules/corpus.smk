# The corpus: the recipe's data source, normalised text, and the validator.


rule corpus:
    output:
        [L.cuts(split) for split in W.splits],
        W.texts,
        [directory(L.data / "audio")] if W.makes_audio else [],
    log:
        L.data / "log/corpus.log",
    threads: 8
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(600),
        tasks=1,
    params:
        settings=parts.corpus_part(W.recipe),
        folder=L.data,
    shell:
        "schatten corpus --recipe {W.name:q} {W.corpus_option} --output {params.folder:q} --jobs {threads} --tasks {resources.tasks:q} > {log:q} 2>&1"


rule validate:
    input:
        rules.corpus.output,
    output:
        L.validation,
    log:
        L.data / "log/validate.log",
    threads: 8
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(120),
    params:
        settings=parts.validate_part(W.recipe),
        folder=L.data,
    shell:
        "schatten validate --recipe {W.name:q} {W.corpus_option} --data {params.folder:q} --output {output:q} --jobs {threads} > {log:q} 2>&1"
