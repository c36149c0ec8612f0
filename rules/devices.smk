# How fast the recipe's tiers run on devices (after table 2 of the trace norm paper, Kliegl et al., 2018):
# snakemake bench --config devices="host rpi3"

PLUGIN = ARM / "host/lib/libinsn_plugin.so"
KERNELS = ARM / "aarch64/lib/libschatten_kernels.a"


rule bench:
    input:
        EXPERIMENT.device_tables,
    localrule: True


checkpoint tiers:
    input:
        EXPERIMENT.tier_inputs(EXPERIMENT.table_nodes),
        lambda wildcards: EXPERIMENT.tier_inputs(EXPERIMENT.chosen_nodes(checkpoints)),
    output:
        PATHS.tiers,
    log:
        PATHS.tiers.with_suffix(".log"),
    threads: 1
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        settings=step_settings.tiers_settings(EXPERIMENT.recipe),
        data=PATHS.data_key,
        results=PATHS.results,
    shell:
        "schatten tiers --recipe {EXPERIMENT.name:q} --data-key {params.data} --results {params.results:q} --output {output:q} > {log:q} 2>&1"


# It takes all threads, so that nothing else runs beside it.
rule measure:
    input:
        device="arm/devices/{device}.yaml",
        program=lambda wildcards: (
            ENGINE
            if EXPERIMENT.is_here(wildcards.device)
            else ARM / "aarch64/bin/schatten-recognize"
        ),
        bundle=PATHS.bundle(NODE, "{lm}") / "manifest.json",
        cuts=PATHS.cuts(EXPERIMENT.recipe.splits.test[0]),
        words=EXPERIMENT.device_words,
    output:
        PATHS.measured("{device}", NODE, "{lm}"),
    log:
        PATHS.measured("{device}", NODE, "{lm}").with_name("log"),
    wildcard_constraints:
        device="|".join(EXPERIMENT.timed),
    threads: 1000
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(30),
    params:
        settings=step_settings.settings("measure"),
        bundle=lambda wildcards, input: Path(input.bundle).parent,
    shell:
        "schatten device measure --device {input.device:q} --program {input.program:q} --bundle {params.bundle:q} --cuts {input.cuts:q} {EXPERIMENT.audio_option} --hypotheses {input.words:q} --output {output:q} > {log:q} 2>&1"


rule estimate:
    input:
        device="arm/devices/{device}.yaml",
        program=ARM / "aarch64/bin/schatten-recognize",
        library=KERNELS,
        host=ARM / "host/bin/run_gemm",
        bundle=PATHS.bundle(NODE, "{lm}") / "manifest.json",
        cuts=PATHS.cuts(EXPERIMENT.recipe.splits.test[0]),
        words=EXPERIMENT.device_words,
    output:
        PATHS.measured("{device}", NODE, "{lm}"),
    log:
        PATHS.measured("{device}", NODE, "{lm}").with_name("log"),
    wildcard_constraints:
        device="|".join(EXPERIMENT.emulated),
    threads: 1
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(60),
    params:
        settings=step_settings.settings("measure"),
        bundle=lambda wildcards, input: Path(input.bundle).parent,
        plugin=PLUGIN,
    shell:
        "schatten device estimate --device {input.device:q} --program {input.program:q} --plugin {params.plugin:q} --library {input.library:q} --bundle {params.bundle:q} --cuts {input.cuts:q} {EXPERIMENT.audio_option} --hypotheses {input.words:q} --output {output:q} > {log:q} 2>&1"


# Of the models that compression.md compares: schatten run instructions
rule instructions:
    input:
        lambda wildcards: EXPERIMENT.instruction_figures,
    localrule: True


rule model_instructions:
    input:
        program=ARM / "aarch64/bin/schatten-recognize",
        host=ARM / "host/bin/run_gemm",
        model=f"{EXPORTED}.gguf",
        about=f"{EXPORTED}.json",
    output:
        f"{EXPORTED}.instructions.json",
    log:
        f"{EXPORTED}.instructions.log",
    threads: 1
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(30),
    params:
        settings=step_settings.settings("instructions"),
        plugin=PLUGIN,
    shell:
        "schatten device instructions --model {input.model:q} --program {input.program:q} --plugin {params.plugin:q} --output {output:q} > {log:q} 2>&1"


rule device_table:
    input:
        lambda wildcards: EXPERIMENT.device_results(EXPERIMENT.tier_nodes(checkpoints)),
        EXPERIMENT.tier_inputs(EXPERIMENT.table_nodes),
        lambda wildcards: EXPERIMENT.tier_inputs(EXPERIMENT.chosen_nodes(checkpoints)),
        tiers=PATHS.tiers,
    output:
        EXPERIMENT.reported(EXPERIMENT.device_tables),
    log:
        PATHS.tables / "log/devices.log",
    threads: 1
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        settings=step_settings.device_table_settings(EXPERIMENT.recipe),
        data=PATHS.data_key,
        results=PATHS.results,
        folder=PATHS.tables,
        devices=[f"--device={name}" for name in EXPERIMENT.devices],
    shell:
        "schatten device-table --recipe {EXPERIMENT.name:q} --data-key {params.data} --results {params.results:q} {params.devices:q} --output-dir {params.folder:q} > {log:q} 2>&1"
