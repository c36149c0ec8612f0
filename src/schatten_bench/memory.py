"""This host's CPU and its memory: the class of the CPU, and the bound that reading sets to a chunk.

A chunk is four output frames. Each frame reads the recurrent matrices anew, and each frame of a
convolution its kernel; the other matrices are read once a chunk.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from schatten.device import tools
from schatten.runtime import provenance

BATCH = 4
"""Output frames of a chunk."""
CLASSES = {
    "scalar": "without vectors",
    "avx2": "AVX2",
    "avxvnni": "AVX-VNNI",
    "avx512vnni": "AVX512-VNNI",
    "amx": "AMX",
    "neon": "NEON",
    "dotprod": "ARMv8.2 dot products",
    "i8mm": "ARMv8.6 i8mm",
}
"""Names of CPU classes, by their fastest kernels."""


def cpu_and_class(program: Path) -> str:
    """Return this host's CPU and its class; `program` is time_memory, built for this host.

    SCHATTEN_KERNELS lowers the class. Errors: `UserError` if the program is missing or fails.
    """
    kernels, _ = _ask(program, [])
    return f"{provenance.machine_and_commit()['cpu']}, class {CLASSES[kernels]} ({kernels})"


def read_speeds(program: Path, sizes: Sequence[int]) -> list[float]:
    """Return the bytes a second that a core reads from that many bytes, read again and again.

    Errors: `UserError` if the program, time_memory, is missing or fails.
    """
    return _ask(program, sizes)[1]


def _ask(program: Path, sizes: Sequence[int]) -> tuple[str, list[float]]:
    said = tools.run([program], stdin="".join(f"{size}\n" for size in sizes)).stdout.split()
    return said[0], [float(word) for word in said[1:]]


def bytes_stored_and_read(model: Path) -> tuple[int, int]:
    """Return the bytes of a model's matrices, and those that the engine reads of them in a chunk.

    `model` is a .gguf file that `schatten export` wrote.
    """
    import gguf

    reader = gguf.GGUFReader(model)
    sizes = {tensor.name: int(tensor.n_bytes) for tensor in reader.tensors}
    times = _frames_of_layers(reader)
    stored = read = 0
    for name in _matrices(reader, sizes):
        layer, role = re.match(r"layer\.(\d+)\.(\w+)", name).groups()  # type: ignore[union-attr]
        share = reader.fields.get(f"schatten.{name}.shares")
        size = sizes[share.contents() if share else name]
        stored += 0 if share else size
        read += size * (BATCH if role == "rec" else times[int(layer)])
    return stored, read


def _matrices(reader: object, sizes: dict[str, int]) -> list[str]:
    matrix = r"layer\.\d+\.(?:rec|nonrec)\.\d+(?:\.[uv])?"
    stored = [name for name in sizes if re.fullmatch(matrix, name)]
    fields = reader.fields  # type: ignore[attr-defined]
    shared = [re.fullmatch(rf"schatten\.({matrix})\.shares", key) for key in fields]
    return stored + [found[1] for found in shared if found]


def _frames_of_layers(reader: object) -> list[int]:
    """Return how often a chunk runs through each layer: a convolution once for each frame of it."""
    fields = reader.fields  # type: ignore[attr-defined]
    kinds = fields["schatten.layers"].contents()
    counts, frames = [1] * len(kinds), BATCH
    for index in reversed(range(len(kinds))):
        if kinds[index] == "convolution":
            counts[index] = frames
            frames *= fields[f"schatten.layer.{index}.stride_frames"].contents()
    return counts
