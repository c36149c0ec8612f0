# The kernels: built for this host (plain, and with sanitizers), for AArch64 and for ARMv7, checked, counted.
from schatten.workflow import scaled

ARM = Path(config.get("results", "results")) / "arm"
ARM_SOURCES = sorted(
    path
    for kind in ("CMakeLists.txt", "*.h", "*.c", "*.cpp", "*.S", "*.inc", "*.cmake")
    for path in Path("arm").glob(f"**/{kind}")
    if path.parts[1] != "python" and not path.parts[1].startswith("build")
)
ARM_OPTIONS = {
    "host": "",
    "sanitize": "-DSCHATTEN_SANITIZE=ON",
    "aarch64": '-DCMAKE_TOOLCHAIN_FILE="$PWD/arm/toolchains/aarch64-linux-gnu.cmake"',
    "armv7": '-DCMAKE_TOOLCHAIN_FILE="$PWD/arm/toolchains/arm-linux-gnueabihf.cmake"',
}


wildcard_constraints:
    target="|".join(ARM_OPTIONS),


rule arm:
    input:
        expand(ARM / "{target}/check.txt", target=ARM_OPTIONS),
        ARM / "bench.csv",
    localrule: True


rule arm_build:
    input:
        ARM_SOURCES,
    output:
        ARM / "{target}/bin/run_gemm",
        ARM / "{target}/bin/time_gemm",
        ARM / "{target}/bin/time_memory",
        ARM / "{target}/bin/time_vector",
        ARM / "{target}/bin/time_engine",
        ARM / "{target}/bin/schatten-recognize",
        ARM / "{target}/bin/decode_logprobs",
        ARM / "{target}/lib/libschatten_kernels.a",
    log:
        ARM / "{target}/build.log",
    threads: 2
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(20),
    params:
        options=lambda wildcards: ARM_OPTIONS[wildcards.target],
        folder=lambda wildcards: ARM / wildcards.target,
    shell:
        '{{ cmake -S arm -B {params.folder:q}/build {params.options} --install-prefix "$(realpath {params.folder:q})"'
        " && cmake --build {params.folder:q}/build -j {threads}"
        " && cmake --install {params.folder:q}/build; }} > {log:q} 2>&1"
        " || {{ grep -h 'apt-get install' {log:q} >&2; exit 1; }}"


rule arm_check:
    input:
        rules.arm_build.output,
    output:
        ARM / "{target}/check.txt",
    log:
        ARM / "{target}/check.log",
    threads: 2
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        folder=lambda wildcards: ARM / wildcards.target,
    shell:
        "ctest --test-dir {params.folder:q}/build -j {threads} --output-on-failure > {log:q} 2>&1"
        " && sed -nE 's/.*Test +#[0-9]+: ([^ ]+) .*Passed.*/\\1 passed/p' {log:q} | sort > {output:q}"


rule arm_count:
    input:
        program=ARM / "aarch64/bin/run_gemm",
        program_32=ARM / "armv7/bin/run_gemm",
        plugin=ARM / "host/bin/run_gemm",
    output:
        ARM / "instructions.csv",
    log:
        ARM / "count.log",
    threads: 2
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(30),
    params:
        plugin=ARM / "host/lib/libinsn_plugin.so",
    shell:
        "schatten device count --program {input.program:q} --program-32 {input.program_32:q}"
        " --plugin {params.plugin:q} --output {output:q} --jobs {threads} > {log:q} 2>&1"


rule arm_bench:
    input:
        counts=ARM / "instructions.csv",
        library=ARM / "aarch64/lib/libschatten_kernels.a",
    output:
        ARM / "bench.csv",
        ARM / "bench.md",
        ARM / "figure6.svg",
    log:
        ARM / "bench.log",
    threads: 1
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        folder=ARM,
    shell:
        "schatten device bench --counts {input.counts:q} --library {input.library:q}"
        " --output-dir {params.folder:q} > {log:q} 2>&1"
