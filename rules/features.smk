# Features of each split, and the statistics of the training split that models normalise with.


rule features:
    input:
        cuts=PATHS.cuts("{split}"),
        validation=PATHS.validation,
    output:
        **EXPERIMENT.outputs(
            cuts=PATHS.features("{feature}", "{split}"),
            archive=PATHS.features("{feature}", "{split}").with_name("{split}.lca"),
        ),
    log:
        PATHS.data / "log/features.{feature}.{split}.log",
    cache: EXPERIMENT.is_cached
    priority: 20
    threads: 8
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(600),
        tasks=1,
    params:
        settings=lambda wildcards: step_settings.features_settings(
            EXPERIMENT.recipe, wildcards.split
        ),
        made=lambda wildcards, output: str(output.cuts),
    shell:
        "schatten features --recipe {EXPERIMENT.name:q} {EXPERIMENT.audio_option} --feature {wildcards.feature} --split {wildcards.split:q} --cuts {input.cuts:q} --output {output.cuts:q} --jobs {threads} --tasks {resources.tasks:q} > {log:q} 2>&1"


rule statistics:
    input:
        cuts=PATHS.features("{feature}", EXPERIMENT.recipe.splits.train),
        archive=PATHS.features("{feature}", "x").with_name(
            f"{EXPERIMENT.recipe.splits.train}.lca"
        ),
    output:
        **EXPERIMENT.outputs(statistics=PATHS.statistics("{feature}")),
    log:
        PATHS.data / "log/statistics.{feature}.log",
    cache: EXPERIMENT.is_cached
    priority: 20
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(120),
    params:
        settings=step_settings.settings("statistics"),
    shell:
        "schatten statistics --cuts {input.cuts:q} --output {output.statistics:q} > {log:q} 2>&1"
