# The experiment as one page, report.html; with the engine for browsers where `make wasm` has built it.


rule report:
    input:
        EXPERIMENT.tables,
        EXPERIMENT.page_inputs(EXPERIMENT.table_nodes),
        lambda wildcards: EXPERIMENT.page_inputs(EXPERIMENT.chosen_nodes(checkpoints)),
        [PATHS.cuts(split) for split in EXPERIMENT.splits],
        EXPERIMENT.sizes,
        program=EXPERIMENT.page_engine,
        web=EXPERIMENT.page_web,
    output:
        PATHS.report,
    log:
        PATHS.report.with_suffix(".log"),
    threads: 1
    resources:
        mem_mb=scaled(3000),
        runtime=scaled(60),
    params:
        settings=step_settings.report_settings(EXPERIMENT.recipe),
        data=PATHS.data_key,
        results=PATHS.results,
        measured=EXPERIMENT.page_measurements,
        program=given("program"),
        web=lambda wildcards, input: [
            f"--web={Path(path).parent}" for path in input.web
        ],
    shell:
        "schatten report --recipe {EXPERIMENT.name:q} --data-key {params.data} --results {params.results:q} {EXPERIMENT.audio_option} {params.program:q} {params.web:q} --output {output:q} > {log:q} 2>&1"
