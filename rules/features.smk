# Features of each split, and the statistics of the training split that models normalise with.


rule features:
    input:
        cuts=L.cuts("{split}"),
        validation=L.validation,
    output:
        **W.outputs(
            cuts=L.features("{feature}", "{split}"),
            archive=L.features("{feature}", "{split}").with_name("{split}.lca"),
        ),
    log:
        L.data / "log/features.{feature}.{split}.log",
    cache: W.is_cached
    priority: 20
    threads: 8
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(600),
        tasks=1,
    params:
        settings=lambda wildcards: parts.features_part(W.recipe, wildcards.split),
        made=lambda wildcards, output: str(output.cuts),
    shell:
        "schatten features --recipe {W.name:q} {W.audio_option} --feature {wildcards.feature} --split {wildcards.split:q} --cuts {input.cuts:q} --output {output.cuts:q} --jobs {threads} --tasks {resources.tasks:q} > {log:q} 2>&1"


rule statistics:
    input:
        cuts=L.features("{feature}", W.recipe.splits.train),
        archive=L.features("{feature}", "x").with_name(f"{W.recipe.splits.train}.lca"),
    output:
        **W.outputs(statistics=L.statistics("{feature}")),
    log:
        L.data / "log/statistics.{feature}.log",
    cache: W.is_cached
    priority: 20
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(120),
    params:
        settings=parts.part("statistics"),
    shell:
        "schatten statistics --cuts {input.cuts:q} --output {output.statistics:q} > {log:q} 2>&1"
