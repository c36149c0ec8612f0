# The results: tables and figures.


rule wer_tables:
    input:
        W.tables,
        L.tables / "parameters.png",
        W.listings(W.rows),
        lambda wildcards: W.listings(W.chosen_rows(checkpoints)),


rule figures:
    input:
        W.figures,
        L.tables / "figures.md",


rule table:
    input:
        W.results(W.rows),
        lambda wildcards: W.results(W.chosen_rows(checkpoints)),
        W.dev_scores(W.rows, "tables"),
        lambda wildcards: W.dev_scores(W.chosen_rows(checkpoints), "tables"),
        W.table_bundles(W.rows),
        lambda wildcards: W.table_bundles(W.chosen_rows(checkpoints)),
        W.choices,
        W.sizes,
    output:
        report(W.tables, category="Tables"),
    log:
        L.tables / "log/table.log",
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(30),
    params:
        settings=parts.table_part(W.recipe),
        data=L.data_key,
        results=L.results,
        folder=L.tables,
    shell:
        "schatten table --recipe {W.name:q} --data-key {params.data} --results {params.results:q} --output-dir {params.folder:q} > {log:q} 2>&1"


rule figure_page:
    output:
        report(L.tables / "figures.md", category="Figures"),
    log:
        L.tables / "log/figures.log",
    threads: 1
    resources:
        mem_mb=scaled(500),
        runtime=scaled(5),
    params:
        settings=parts.page_part(W.recipe),
    shell:
        "schatten figure-page --recipe {W.name:q} --output {output:q} > {log:q} 2>&1"


rule figure:
    input:
        W.results(W.rows),
        lambda wildcards: W.results(W.chosen_rows(checkpoints)),
        lambda wildcards: W.dev_scores(W.rows, wildcards.kind),
        lambda wildcards: W.dev_scores(W.chosen_rows(checkpoints), wildcards.kind),
        W.choices,
        W.sizes,
    output:
        figure=report(L.tables / "{kind}.png", category="Figures"),
        points=L.tables / "{kind}.csv",
    log:
        L.tables / "log/{kind}.log",
    wildcard_constraints:
        kind="|".join(kind for kind in FIGURES if kind not in CURVES),
    threads: 1
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(30),
    params:
        settings=parts.figure_part(W.recipe),
        data=L.data_key,
        results=L.results,
    shell:
        "schatten figure --recipe {W.name:q} --data-key {params.data} --results {params.results:q} --kind {wildcards.kind} --output {output.figure:q} > {log:q} 2>&1"
