"""Cycles of a kernel's inner loop as llvm-mca models them. An estimate: no memory, no cache misses.

The loops are taken from the built library by their labels, so the model is of the code that runs.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from schatten.device import tools
from schatten.errors import UserError

ITERATIONS = 200


@dataclass(frozen=True)
class Cpu:
    """A CPU that llvm-mca models: its name there, its clock in GHz, the kernels it can run."""

    name: str
    gigahertz: float
    kernels: tuple[str, ...]


CPUS = (
    Cpu("cortex-a53", 1.2, ("neon",)),
    Cpu("cortex-a72", 1.5, ("neon",)),
    Cpu("neoverse-n1", 2.5, ("neon", "dotprod")),
    Cpu("neoverse-v2", 2.8, ("neon", "dotprod", "i8mm")),
    Cpu("apple-m1", 3.2, ("neon", "dotprod")),
)
"""neoverse-n1 stands for Cortex-A76 too, whose own model in LLVM is Cortex-A57's."""


@dataclass(frozen=True)
class Loop:
    """The inner loop of a product: its function, and multiply-accumulates per iteration."""

    function: str
    macs: int


LOOPS = {
    ("neon", 1): Loop("sk_neon_n1", 8 * 64),
    ("neon", 2): Loop("sk_neon_n2", 8 * 32 * 2),
    ("neon", 3): Loop("sk_neon_n3", 4 * 32 * 3),
    ("neon", 4): Loop("sk_neon_n4", 4 * 32 * 4),
    ("dotprod", 1): Loop("sk_dotprod_n1_pair", 32 * 64),
    ("dotprod", 2): Loop("sk_dotprod_n2_pair", 32 * 32 * 2),
    ("dotprod", 3): Loop("sk_dotprod_n3_q4", 16 * 32 * 3),
    ("dotprod", 4): Loop("sk_dotprod_n4_q4", 16 * 32 * 4),
    ("i8mm", 1): Loop("sk_i8mm_n2_pair", 32 * 32),
    ("i8mm", 2): Loop("sk_i8mm_n2_pair", 32 * 32 * 2),
    ("i8mm", 3): Loop("sk_i8mm_n4_q4", 16 * 32 * 3),
    ("i8mm", 4): Loop("sk_i8mm_n4_q4", 16 * 32 * 4),
}
"""By kernels and count of columns: rows times weights of a row times columns."""

SPARSE_LOOPS = {
    ("neon", 1): Loop("sk_neon_sparse_n1", 4 * 64),
    ("neon", 2): Loop("sk_neon_sparse_n2", 4 * 64 * 2),
    ("neon", 4): Loop("sk_neon_sparse_n4", 4 * 64 * 4),
    ("dotprod", 1): Loop("sk_dotprod_sparse_n1", 8 * 64),
    ("dotprod", 2): Loop("sk_dotprod_sparse_n2", 8 * 64 * 2),
    ("dotprod", 4): Loop("sk_dotprod_sparse_n4", 8 * 64 * 4),
    ("i8mm", 2): Loop("sk_i8mm_sparse_n2", 8 * 64 * 2),
    ("i8mm", 4): Loop("sk_i8mm_sparse_n4", 8 * 64 * 4),
}
"""Of products of sparse matrices: blocks times weights of a block times columns."""

NARROW_LOOPS = {
    (kernels, columns): Loop(loop.function.replace(kernels, f"{kernels}_nibbles"), loop.macs)
    for (kernels, columns), loop in LOOPS.items()
}
"""Of matrices whose weights stay in 4 bits."""

Cycles = dict[tuple[str, str, int], float]
"""Cycles per multiply-accumulate by CPU, kernels and count of columns."""


def cycles(library: Path) -> Cycles:
    """Model every loop of the built AArch64 library on every CPU that can run it."""
    return _cycles(library, LOOPS)


def sparse_cycles(library: Path) -> Cycles:
    """Model the loops of sparse products: cycles per multiply-accumulate with a stored weight."""
    return _cycles(library, SPARSE_LOOPS)


def narrow_cycles(library: Path) -> Cycles:
    """Model the loops of products whose weights stay in 4 bits."""
    return _cycles(library, NARROW_LOOPS)


def _cycles(library: Path, loops: Mapping[tuple[str, int], Loop]) -> Cycles:
    bodies, result = _bodies(library), {}
    for (kernels, columns), loop in loops.items():
        for cpu in CPUS:
            if kernels in cpu.kernels:
                result[cpu.name, kernels, columns] = _model(bodies[loop.function], cpu) / loop.macs
    return result


def instructions_per_cycle(library: Path, cpu: str) -> float:
    """Return the most instructions per cycle of any loop that a CPU can run, as modelled.

    Errors: `UserError` for a CPU that is none of `CPUS`.
    """
    bodies = _bodies(library)
    model = cpu_named(cpu)
    loops = {loop.function for (kernels, _), loop in LOOPS.items() if kernels in model.kernels}
    return max(len(bodies[name].splitlines()) / _model(bodies[name], model) for name in loops)


def cpu_named(name: str) -> Cpu:
    """Return a CPU of `CPUS`."""
    for cpu in CPUS:
        if cpu.name == name:
            return cpu
    raise UserError(f"no model of {name}: there are {', '.join(cpu.name for cpu in CPUS)}")


def _bodies(library: Path) -> dict[str, str]:
    listing = tools.run(["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", library]).stdout
    bodies = dict(_loops(listing.splitlines()))
    every = (*LOOPS.values(), *SPARSE_LOOPS.values(), *NARROW_LOOPS.values())
    if missing := {loop.function for loop in every} - set(bodies):
        raise UserError(f"{library} has no loop of {min(missing)}: rebuild it")
    return bodies


def _loops(listing: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each loop's function and assembly, from label FUNCTION_loop to the next label."""
    name: str | None = None
    body: list[str] = []
    for line in listing:
        label = re.match(r"[0-9a-f]+ <(\w+)>:", line)
        if label:
            if name:
                yield name, "\n".join(body) + "\n"
            name, body = (
                (label[1].removesuffix("_loop"), []) if label[1].endswith("_loop") else (None, [])
            )
        elif name and (code := re.match(r"\s+[0-9a-f]+:\s+([^/]*)", line)):
            body.append(re.sub(r"(b\.\w+)\s.*", r"\1 .", code[1]).strip())


def _model(assembly: str, cpu: Cpu) -> float:
    """Return llvm-mca's cycles for one iteration of a loop."""
    options = ["-mtriple=aarch64", f"-mcpu={cpu.name}", "-mattr=+dotprod,+i8mm"]
    said = tools.run(["llvm-mca-19", *options, f"-iterations={ITERATIONS}"], stdin=assembly).stdout
    found = re.search(r"^Total Cycles:\s+(\d+)$", said, re.MULTILINE)
    if found is None:
        raise UserError("llvm-mca-19 printed no cycles: is it version 19?")
    return int(found[1]) / ITERATIONS
