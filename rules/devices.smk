# How fast the recipe's tiers run on devices (T, table 2): snakemake bench --config devices="host rpi3"

PLUGIN = ARM / "host/lib/libinsn_plugin.so"
KERNELS = ARM / "aarch64/lib/libschatten_kernels.a"


rule bench:
    input:
        expand(L.tables / "devices.{ending}", ending=("md", "csv", "tex")),
    localrule: True


checkpoint tiers:
    input:
        W.tier_inputs(W.rows),
        lambda wildcards: W.tier_inputs(W.chosen_rows(checkpoints)),
    output:
        L.tiers,
    log:
        L.tiers.with_suffix(".log"),
    threads: 1
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        settings=parts.tiers_part(W.recipe),
        data=L.data_key,
        results=L.results,
    shell:
        "schatten tiers --recipe {W.name:q} --data-key {params.data} --results {params.results:q} --output {output:q} > {log:q} 2>&1"


# As many threads as there are: nothing else is to run beside it.
rule measure:
    input:
        device="arm/devices/{device}.yaml",
        program=lambda wildcards: (
            ENGINE
            if W.is_here(wildcards.device)
            else ARM / "aarch64/bin/schatten-recognize"
        ),
        bundle=L.bundle(ANY, "{lm}") / "manifest.json",
        cuts=L.cuts(W.recipe.splits.test[0]),
        words=L.hypotheses(ANY, "engine", "{lm}", W.recipe.splits.test[0], "int8"),
    output:
        L.measured("{device}", ANY, "{lm}"),
    log:
        L.measured("{device}", ANY, "{lm}").with_name("log"),
    wildcard_constraints:
        device="|".join(W.timed),
    threads: 1000
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(30),
    params:
        settings=parts.part("measure"),
        bundle=lambda wildcards, input: Path(input.bundle).parent,
    shell:
        "schatten device measure --device {input.device:q} --program {input.program:q} --bundle {params.bundle:q} --cuts {input.cuts:q} {W.audio_option} --hypotheses {input.words:q} --output {output:q} > {log:q} 2>&1"


rule estimate:
    input:
        device="arm/devices/{device}.yaml",
        program=ARM / "aarch64/bin/schatten-recognize",
        library=KERNELS,
        host=ARM / "host/bin/run_gemm",
        bundle=L.bundle(ANY, "{lm}") / "manifest.json",
        cuts=L.cuts(W.recipe.splits.test[0]),
        words=L.hypotheses(ANY, "engine", "{lm}", W.recipe.splits.test[0], "int8"),
    output:
        L.measured("{device}", ANY, "{lm}"),
    log:
        L.measured("{device}", ANY, "{lm}").with_name("log"),
    wildcard_constraints:
        device="|".join(W.emulated),
    threads: 1
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(60),
    params:
        settings=parts.part("measure"),
        bundle=lambda wildcards, input: Path(input.bundle).parent,
        plugin=PLUGIN,
    shell:
        "schatten device estimate --device {input.device:q} --program {input.program:q} --plugin {params.plugin:q} --library {input.library:q} --bundle {params.bundle:q} --cuts {input.cuts:q} {W.audio_option} --hypotheses {input.words:q} --output {output:q} > {log:q} 2>&1"


rule device_table:
    input:
        lambda wildcards: W.device_results(W.tier_rows(checkpoints)),
        W.tier_inputs(W.rows),
        lambda wildcards: W.tier_inputs(W.chosen_rows(checkpoints)),
        tiers=L.tiers,
    output:
        report(
            expand(L.tables / "devices.{ending}", ending=("md", "csv", "tex")),
            category="Tables",
        ),
    log:
        L.tables / "log/devices.log",
    threads: 1
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        settings=parts.device_table_part(W.recipe),
        data=L.data_key,
        results=L.results,
        folder=L.tables,
        devices=[f"--device={name}" for name in W.devices],
    shell:
        "schatten device-table --recipe {W.name:q} --data-key {params.data} --results {params.results:q} {params.devices:q} --output-dir {params.folder:q} > {log:q} 2>&1"
