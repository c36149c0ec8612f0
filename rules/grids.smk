# Grids over lambda: every point is a system; the best on dev continue after stage 1.


checkpoint choose:
    input:
        EXPERIMENT.grid_scores,
    output:
        PATHS.choice("{grid}"),
    log:
        PATHS.choice("{grid}").with_suffix(".log"),
    priority: 8
    threads: 1
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        settings=lambda wildcards: step_settings.choose_settings(
            EXPERIMENT.recipe, wildcards.grid
        ),
        data=PATHS.data_key,
        results=PATHS.results,
    shell:
        "schatten choose --recipe {EXPERIMENT.name:q} --data-key {params.data} --results {params.results:q} --grid {wildcards.grid:q} --output {output:q} > {log:q} 2>&1"
