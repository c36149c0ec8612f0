# Commands of a grammar: how many the bundles understand, of synthetic speech and, with corpus_dir=DIR, of recordings.
if EXPERIMENT.recipe.commands is not None:

    rule accept:
        input:
            cuts=PATHS.cuts("{split}"),
            words=PATHS.hypotheses(NODE, "engine", "{lm}", "{split}", "int8"),
            bundle=PATHS.bundle(NODE, "{lm}") / "manifest.json",
        output:
            PATHS.accepted(NODE, "{lm}", "{split}"),
        log:
            PATHS.accepted(NODE, "{lm}", "{split}").with_suffix(".log"),
        threads: 1
        resources:
            mem_mb=scaled(2000),
            runtime=scaled(30),
        params:
            settings=step_settings.accept_settings(EXPERIMENT.recipe),
        shell:
            "schatten commands accept --recipe {EXPERIMENT.name:q} --cuts {input.cuts:q} --words {input.words:q} --bundle {input.bundle:q} --output {output:q} > {log:q} 2>&1"

    rule accept_recordings:
        input:
            EXPERIMENT.recorded_commands,
            bundle=PATHS.bundle(NODE, "{lm}") / "manifest.json",
            program=ENGINE,
        output:
            PATHS.accepted(NODE, "{lm}", "recordings"),
        log:
            PATHS.accepted(NODE, "{lm}", "recordings").with_suffix(".log"),
        threads: 8
        resources:
            mem_mb=scaled(2000),
            runtime=scaled(120),
        params:
            settings=step_settings.accept_recordings_settings(EXPERIMENT.recipe),
        shell:
            "schatten commands test --recipe {EXPERIMENT.name:q} --bundle {input.bundle:q} {EXPERIMENT.corpus_option} --program {input.program:q} --jobs {threads} --output {output:q} > {log:q} 2>&1"

    rule commands_table:
        input:
            [*EXPERIMENT.accepted(EXPERIMENT.table_nodes)],
        output:
            EXPERIMENT.reported(EXPERIMENT.command_tables),
        log:
            PATHS.tables / "log/commands.log",
        threads: 1
        resources:
            mem_mb=scaled(1000),
            runtime=scaled(10),
        params:
            settings=step_settings.commands_table_settings(EXPERIMENT.recipe),
            rows=EXPERIMENT.acceptance_rows,
            stem=PATHS.tables / "commands",
        shell:
            "schatten commands table --recipe {EXPERIMENT.name:q} {params.rows} --output {params.stem:q} > {log:q} 2>&1"
