# The results: tables and figures.


rule wer_tables:
    input:
        EXPERIMENT.tables,
        EXPERIMENT.command_tables,
        PATHS.tables / "parameters.png",
        PATHS.report,
        EXPERIMENT.listings(EXPERIMENT.table_nodes),
        lambda wildcards: EXPERIMENT.listings(EXPERIMENT.chosen_nodes(checkpoints)),


rule figures:
    input:
        EXPERIMENT.figures,
        PATHS.tables / "figures.md",


rule table:
    input:
        EXPERIMENT.results(EXPERIMENT.table_nodes),
        lambda wildcards: EXPERIMENT.results(EXPERIMENT.chosen_nodes(checkpoints)),
        EXPERIMENT.dev_scores(EXPERIMENT.table_nodes, "tables"),
        lambda wildcards: EXPERIMENT.dev_scores(
            EXPERIMENT.chosen_nodes(checkpoints), "tables"
        ),
        EXPERIMENT.table_bundles(EXPERIMENT.table_nodes),
        lambda wildcards: EXPERIMENT.table_bundles(EXPERIMENT.chosen_nodes(checkpoints)),
        EXPERIMENT.forms(EXPERIMENT.table_nodes, "tables"),
        lambda wildcards: EXPERIMENT.forms(
            EXPERIMENT.chosen_nodes(checkpoints), "tables"
        ),
        EXPERIMENT.choices,
        EXPERIMENT.sizes,
    output:
        EXPERIMENT.reported(EXPERIMENT.tables),
    log:
        PATHS.tables / "log/table.log",
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(30),
    params:
        settings=step_settings.table_settings(EXPERIMENT.recipe) + EXPERIMENT.counted,
        data=PATHS.data_key,
        results=PATHS.results,
        folder=PATHS.tables,
    shell:
        "schatten table --recipe {EXPERIMENT.name:q} --data-key {params.data} --results {params.results:q} --output-dir {params.folder:q} > {log:q} 2>&1"


rule figure_page:
    output:
        PATHS.tables / "figures.md",
    log:
        PATHS.tables / "log/figures.log",
    threads: 1
    resources:
        mem_mb=scaled(500),
        runtime=scaled(5),
    params:
        settings=step_settings.page_settings(EXPERIMENT.recipe),
    shell:
        "schatten figure-page --recipe {EXPERIMENT.name:q} --output {output:q} > {log:q} 2>&1"


rule figure:
    input:
        EXPERIMENT.results(EXPERIMENT.table_nodes),
        lambda wildcards: EXPERIMENT.results(EXPERIMENT.chosen_nodes(checkpoints)),
        lambda wildcards: EXPERIMENT.dev_scores(EXPERIMENT.table_nodes, wildcards.kind),
        lambda wildcards: EXPERIMENT.dev_scores(
            EXPERIMENT.chosen_nodes(checkpoints), wildcards.kind
        ),
        lambda wildcards: EXPERIMENT.forms(EXPERIMENT.table_nodes, wildcards.kind),
        lambda wildcards: EXPERIMENT.forms(
            EXPERIMENT.chosen_nodes(checkpoints), wildcards.kind
        ),
        lambda wildcards: EXPERIMENT.instructions(
            EXPERIMENT.table_nodes, wildcards.kind
        ),
        lambda wildcards: EXPERIMENT.instructions(
            EXPERIMENT.chosen_nodes(checkpoints), wildcards.kind
        ),
        EXPERIMENT.choices,
        EXPERIMENT.sizes,
    output:
        figure=report(
            PATHS.tables / "{kind}.png",
            category="Figures",
            caption="captions/figure.rst",
            labels=figure_labels,
        ),
        points=PATHS.tables / "{kind}.csv",
    log:
        PATHS.tables / "log/{kind}.log",
    wildcard_constraints:
        kind="|".join(kind for kind in FIGURES if kind not in CURVES),
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(30),
    params:
        settings=step_settings.figure_settings(EXPERIMENT.recipe),
        data=PATHS.data_key,
        results=PATHS.results,
    shell:
        "schatten figure --recipe {EXPERIMENT.name:q} --data-key {params.data} --results {params.results:q} --kind {wildcards.kind} --output {output.figure:q} > {log:q} 2>&1"
