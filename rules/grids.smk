# Grids over lambda: every point is a system; the best on dev go on.


checkpoint choose:
    input:
        lambda wildcards: W.grid_scores(wildcards.grid),
    output:
        L.choice("{grid}"),
    log:
        L.choice("{grid}").with_suffix(".log"),
    priority: 8
    threads: 1
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        settings=lambda wildcards: parts.choose_part(W.recipe, wildcards.grid),
        data=L.data_key,
        results=L.results,
    shell:
        "schatten choose --recipe {W.name:q} --data-key {params.data} --results {params.results:q} --grid {wildcards.grid:q} --output {output:q} > {log:q} 2>&1"
