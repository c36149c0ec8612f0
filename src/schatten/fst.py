"""Weighted transducers as arrays, and OpenFst's file format for them (`const`, tropical weights).

A weight is a cost: minus a natural logarithm. Label 0 is epsilon: it reads or writes nothing.
"""

import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schatten.errors import UserError
from schatten.runtime.files import write_bytes

EPSILON = 0

Ints = NDArray[np.int32]
Costs = NDArray[np.float32]

_MAGIC = 2125659606
_KINDS = [b"const", b"standard"]
_HEADER = struct.Struct("<iiQqqq")  # version, flags, properties, start, states, arcs
_VERSION = 2  # states and arcs follow one another unaligned
_EXPANDED = 1  # the only property that is written; OpenFst computes the others
_STATE = np.dtype(
    [("final", "<f4"), ("first", "<u4"), ("arcs", "<u4"), ("in_eps", "<u4"), ("out_eps", "<u4")]
)
_ARC = np.dtype([("ilabel", "<i4"), ("olabel", "<i4"), ("cost", "<f4"), ("target", "<i4")])


@dataclass(frozen=True)
class Fst:
    """A transducer of S states and A arcs, sorted by source state."""

    start: int
    """Start state; -1 where there is none."""
    final: Costs
    """Final cost of each state, (S,); infinite where no path may end."""
    source: Ints
    """Source state of each arc, (A,), ascending."""
    target: Ints
    """Target state, (A,)."""
    ilabel: Ints
    """Input label, (A,)."""
    olabel: Ints
    """Output label, (A,)."""
    cost: Costs
    """Cost, (A,)."""

    @property
    def states(self) -> int:
        """Number of states."""
        return len(self.final)

    @property
    def arcs(self) -> int:
        """Number of arcs."""
        return len(self.source)


def fst_of(start: int, final: Costs, columns: tuple[NDArray[Any], ...], costs: NDArray[Any]) -> Fst:
    """Make a transducer of arcs in any order: columns source, target, ilabel, olabel; costs."""
    order = np.argsort(columns[0], kind="stable")
    source, target, ilabel, olabel = (column[order].astype(np.int32) for column in columns)
    cost = costs[order].astype(np.float32)
    return Fst(start, final.astype(np.float32), source, target, ilabel, olabel, cost)


def write_fst(path: Path, fst: Fst) -> None:
    """Write a transducer, atomically; equal transducers give equal bytes."""
    write_bytes(path, _to_bytes(fst))


def _to_bytes(fst: Fst) -> bytes:
    counts = np.bincount(fst.source, minlength=fst.states)
    states = np.zeros(fst.states, _STATE)
    states["final"] = fst.final
    states["first"] = np.cumsum(counts) - counts
    states["arcs"] = counts
    for field, labels in (("in_eps", fst.ilabel), ("out_eps", fst.olabel)):
        epsilons = fst.source[labels == EPSILON]
        states[field] = np.bincount(epsilons, minlength=fst.states)
    arcs = np.empty(fst.arcs, _ARC)
    for field in ("ilabel", "olabel", "cost", "target"):
        arcs[field] = getattr(fst, field)
    head = struct.pack("<i", _MAGIC)
    head += b"".join(struct.pack("<i", len(kind)) + kind for kind in _KINDS)
    head += _HEADER.pack(_VERSION, 0, _EXPANDED, fst.start, fst.states, fst.arcs)
    return head + states.tobytes() + arcs.tobytes()


def read_fst(path: Path) -> Fst:
    """Read a transducer that `write_fst` or OpenFst wrote.

    Errors: `UserError` for a missing file and for one that is no `const` transducer.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: make it with `schatten graph`") from None
    try:
        return _from_bytes(data)
    except (ValueError, struct.error) as error:
        raise UserError(f"{path} is no decoding graph ({error}): make it again") from None


def _from_bytes(data: bytes) -> Fst:
    at = 4
    if struct.unpack_from("<i", data)[0] != _MAGIC:
        raise ValueError("not OpenFst's format")
    for kind in _KINDS:
        length = struct.unpack_from("<i", data, at)[0]
        if data[at + 4 : at + 4 + length] != kind:
            raise ValueError(f"not of kind {kind.decode()}")
        at += 4 + length
    version, flags, _, start, state_count, arc_count = _HEADER.unpack_from(data, at)
    if version != _VERSION or flags:
        raise ValueError("aligned, or with symbol tables")
    at += _HEADER.size
    states = np.frombuffer(data, _STATE, state_count, at)
    arcs = np.frombuffer(data, _ARC, arc_count, at + states.nbytes)
    source = np.repeat(np.arange(state_count, dtype=np.int32), states["arcs"])
    if len(source) != arc_count:
        raise ValueError("its states do not have its arcs")
    columns = (arcs[field].copy() for field in ("target", "ilabel", "olabel", "cost"))
    return Fst(start, states["final"].copy(), source, *columns)


def to_kaldifst(fst: Fst) -> Any:
    """Return a `kaldifst.StdConstFst`, which passes through a temporary file."""
    import kaldifst

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fst"
        path.write_bytes(_to_bytes(fst))
        return kaldifst.StdConstFst(kaldifst.StdConstFst.read(str(path)))


def to_mutable(fst: Fst) -> Any:
    """Return a `kaldifst.StdVectorFst`, which can be changed."""
    import kaldifst

    return kaldifst.StdVectorFst(to_kaldifst(fst))


def from_kaldifst(fst: Any) -> Fst:
    """Return the arrays of any of kaldifst's tropical transducers."""
    import kaldifst

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fst"
        if not kaldifst.StdConstFst(fst).write(str(path)):
            raise UserError(f"no room for a transducer in {folder}: free some disk space")
        return read_fst(path)


def determinised(composed: Any) -> Any:
    """Determinise, which pushes costs and output to where paths part, and minimise."""
    import kaldifst

    found = kaldifst.StdVectorFst(composed)
    kaldifst.determinize_star(found, use_log=True)
    kaldifst.minimize_encoded(found)
    return found
