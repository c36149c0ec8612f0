"""No code is entered on a CPU that lacks what the code was compiled for.

Flags stand in CMakeLists.txt, and what is asked of a CPU in dispatch.cpp. Between them stands
needs.h, whose bits the compiler sets. A hypervisor may hide any of these from a guest.
"""

import re
import shutil
import subprocess

import pytest
from project import ROOT

KERNELS = ROOT / "arm/kernels"
NEVER_CHOSEN = {"__XSAVE__", "__CRC32__"}
"""Macros of instructions that no compiler chooses by itself."""
NO_INSTRUCTIONS = re.compile(r"__(FP_FAST_\w+|BIGGEST_ALIGNMENT|GCC_\w+)__|__FP_FAST_\w+")


def read(name):
    return (KERNELS / name).read_text()


def flags_of_files():
    """Return the options for x86 of each source file that has any."""
    found = {}
    pattern = r'set_source_files_properties\(([^)]*?)\s+PROPERTIES\s+COMPILE_OPTIONS\s+"([^"]*)"'
    for files, flags in re.findall(pattern, read("CMakeLists.txt")):
        found |= dict.fromkeys(files.split(), flags.split(";"))
    of_arm = ("-march=armv", "-mfpu=")
    return {file: flags for file, flags in found.items() if not flags[0].startswith(of_arm)}


def needs():
    """Return the bit of each need, and the need of each of the compiler's macros."""
    text = read("needs.h")
    bits = {name: 1 << int(bit) for name, bit in re.findall(r"(kNeed\w+) = 1u << (\d+)", text)}
    macros = dict(re.findall(r"#ifdef (__\w+__)\n\s*\| (kNeed\w+)\n#endif", text))
    return bits, macros


def asked_of_cpu():
    """Return the names that the compiler's library is asked for, by the need that they meet."""
    pattern = r'__builtin_cpu_supports\("([\w.]+)"\)\) has \|= (kNeed\w+);'
    return {need: name for name, need in re.findall(pattern, read("dispatch.cpp"))}


def macros(compiler, flags):
    """Return the macros that flags add."""

    def defined(*options):
        command = [compiler, *options, "-dM", "-E", "-x", "c++", "/dev/null"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return {line.split()[1] for line in text.splitlines()}

    added = defined(*flags) - defined()
    return {name for name in added - NEVER_CHOSEN if not NO_INSTRUCTIONS.fullmatch(name)}


@pytest.fixture(params=["g++", "clang++-19"])
def compiler(request):
    if shutil.which(request.param) is None or " x86_64" not in _target(request.param):
        pytest.skip(f"no {request.param} for x86-64")
    return request.param


def _target(compiler):
    done = subprocess.run([compiler, "-dumpmachine"], check=True, capture_output=True, text=True)
    return f" {done.stdout}"


def test_every_macro_of_every_flag_is_a_need_that_is_asked_for(compiler):
    bits, of_macro = needs()
    by_cpuid = {"kNeedAmxTile", "kNeedAmxInt8", "kNeedSha"}
    assert len(flags_of_files()) >= 7
    for file, flags in flags_of_files().items():
        vectors = {"__EVEX256__", "__EVEX512__"}  # clang's names for parts of AVX-512F
        for macro in macros(compiler, [f for f in flags if f.startswith("-m")]) - vectors:
            assert macro in of_macro, f"{file}: needs.h does not know {macro}"
            assert of_macro[macro] in bits.keys() & (asked_of_cpu().keys() | by_cpuid), macro
    for need, name in asked_of_cpu().items():
        assert need.removeprefix("kNeed").lower() == name.replace(".", "")
    for macro, need in of_macro.items():
        letters = macro.strip("_").replace("_", "").lower()
        assert need.removeprefix("kNeed").lower() == letters


def test_kernels_need_what_their_files_and_their_vectors_files_are_compiled_for(build):
    """Shown by the program, which also takes each need away in turn: then they do not run."""
    if " x86_64" not in _target("g++"):
        pytest.skip("no x86-64")
    program = build("shared") / "tests/test_dispatch"
    done = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    shown = {name: int(found) for name, found in map(str.split, done.splitlines())}
    bits, of_macro = needs()
    files = {file: (KERNELS / file).read_text() for file in flags_of_files()}
    expected = {"scalar": 0}
    for text in files.values():
        for name, vectors in re.findall(
            r'sk_kernels k\w+ = \{"(\w+)".*?&(kVector\w+)(?:, &kSparse)?\}', text, re.S
        ):
            used = [text, *(other for other in files.values() if f"VectorOps {vectors} =" in other)]
            assert len(used) == 2
            flags = [flags_of_files()[file] for file, one in files.items() if one in used]
            found = set().union(*(macros("g++", one) for one in flags))
            expected[name] = sum(bits[of_macro[macro]] for macro in found)
    assert shown == expected
    assert shown["avx512vnni"] & bits["kNeedAvx512Vl"]
    assert shown["amx"] & bits["kNeedAvx512Vl"]


@pytest.mark.parametrize(
    ("member", "register"),
    [("vector_avx2", "ymm"), ("vector_avx512", "zmm"), ("vector_scalar", "xmm")],
)
def test_products_of_fp32_fill_the_vectors_that_their_set_has(build, member, register):
    """Seen in the machine code: a compiler may take vectors apart, and keep sums in memory."""
    if " x86_64" not in _target("g++") or shutil.which("objdump") is None:
        pytest.skip("no x86-64, or no objdump")
    library = build("shared") / "kernels/libschatten_kernels.a"
    command = ["objdump", "-d", "-C", "--no-show-raw-insn", library]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    code = re.search(rf"^{member}\.cpp\.o:(.*?)(?=^\S+\.o:|\Z)", text, re.M | re.S).group(1)
    functions = re.findall(r"^\w+ <(.*)>:\n((?: .*\n)+)", code, re.M)
    products = "".join(body for name, body in functions if "multiply_float" in name)
    used = re.findall(r"v?mulps .*?(\wmm)\d+$", products, re.M)
    assert len(used) >= 20
    assert set(used) == {register}
    vectors = re.findall(r"v?addps .*?(\wmm)\d+$", products, re.M)
    assert set(vectors) == {register}


@pytest.mark.parametrize(("set_", "kernels"), [("dotprod", "kDotprod"), ("i8mm", "kI8mm")])
def test_assembly_for_arm_uses_only_the_set_that_its_kernels_need(set_, kernels):
    """The assembler refuses what .arch does not name."""
    sources = sorted(KERNELS.glob(f"{set_}_*.S"))
    assert sources
    for source in sources:
        assert re.findall(r"\.arch +(\S+)", source.read_text()) == [f"armv8.2-a+{set_}"]
    needed = f"kNeed{kernels.removeprefix('k')}"
    assert f'{kernels} = {{"{set_}", {needed},' in read(f"{set_}.cpp")
    assert re.search(rf"getauxval\(AT_HWCAP2?\).*has \|= {needed};", read("dispatch.cpp"))
    for source in KERNELS.glob("neon_*.S"):
        assert not re.findall(r"\.arch", source.read_text())
