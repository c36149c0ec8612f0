"""A model's large matrices, and which of them are factored together.

A layer asks for a matrix by name (`gru0.rec`). The bank assembles it from rows of its weights.
A factorization says which rows share a weight, and so are factored together. These are the ones
of the trace norm paper (Kliegl et al., 2018):

- split: one weight for each gate. A matrix is the weights of its gates, stacked.
- partial: one weight for each matrix, its gates stacked. In a GRU, one weight has the three
  recurrent gates and one has the three non-recurrent gates.
- six: one weight for all six gates of a GRU layer. The layer's input must be as wide as its state.
- joint: one weight for all matrices that read the same vector, so that they share a right factor.
  These are the recurrent matrix of layer l and the non-recurrent matrix of layer l + 1
  (Prabhavalkar et al., 2016).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from schatten.compress.forms import Spec
from schatten.compress.weight import Weight

Factorization = Literal["partial", "split", "joint", "six"]


APART_BELOW = 0.8
"""When training multiplies by V and then by U, instead of forming W = U V first.

It does so when the two products take less than this share of the multiplications of forming W.
Measured with `schatten bench-training`, at 100 frames x 8 x 768 inputs x 1024 units: a training
step takes 1.50 times as long as a dense one with two products, 1.66 times with W formed. Recurrent
matrices are always formed here, because their products are of one frame each and short.
"""


@dataclass(frozen=True)
class Piece:
    """Rows `start` to `stop` of a weight, which are rows of a matrix.

    A matrix of several pieces has their rows in the order in which the bank lists the pieces.
    """

    matrix: str
    weight: str
    start: int
    stop: int


@dataclass(frozen=True)
class Matrix:
    """A matrix to put into a bank: its initial value, what it multiplies, its gates."""

    name: str
    value: Tensor
    """(gates * units, inputs)."""
    reads: str
    """Name of the vector that it multiplies. Matrices with equal names can share a right factor."""
    recurrent: bool = False
    gates: int = 1
    layer: str = ""
    """Name of its layer; by default the name of the matrix up to the last dot."""
    order: Tensor | None = None
    """Column indices in the order in which the engine stores them; None if it is the same."""


class WeightBank(nn.Module):
    """The large matrices of a model by name."""

    def __init__(self, matrices: Sequence[Matrix], factorization: Factorization) -> None:
        """Make the weights of `matrices` for a factorization; all are stored dense at first.

        Raises `ValueError` if the factorization joins matrices whose inputs differ in width.
        """
        super().__init__()
        self.factorization = factorization
        self.apply_below = 0.0
        """Largest size of U and V together, as a share of W's, at which `right_factors` has V.

        It holds for non-recurrent matrices.
        """
        self.apply_recurrent_below = 0.0
        """The same share for recurrent matrices."""
        self.nonrecurrent = [matrix.name for matrix in matrices if not matrix.recurrent]
        self.orders = {matrix.name: matrix.order for matrix in matrices}
        self.weights = nn.ModuleDict()
        self.pieces: list[Piece] = []
        for group in _groups(matrices, factorization):
            self._add(group)

    def _add(self, group: list[tuple[Matrix, Tensor]]) -> None:
        name = "+".join(matrix.name for matrix, _ in group).replace(".", "_")
        if name in self.weights:
            name = f"{name}_{sum(key.startswith(name) for key in self.weights)}"
        widths = {matrix.name: value.shape[1] for matrix, value in group}
        if len(set(widths.values())) > 1:
            said = ", ".join(f"{key} has {width}" for key, width in widths.items())
            raise ValueError(
                f"{self.factorization} joins matrices with inputs of one width, but {said}: "
                "take another factorization, or layers of one width"
            )
        recurrent = any(matrix.recurrent for matrix, _ in group)
        stacked = torch.cat([value for _, value in group])
        self.weights[name] = Weight(stacked, recurrent)
        start = 0
        for matrix, value in group:
            self.pieces.append(Piece(matrix.name, name, start, start + len(value)))
            start += len(value)

    def right_factors(
        self, recurrent: bool = False, frames: int | None = None
    ) -> dict[str, Tensor]:
        """Return V (r, n) of each matrix that is better multiplied by V and then by U.

        Such a matrix consists of rows of one factored weight, and its U and V together are smaller
        than the share `apply_below` of its size.

        With `recurrent`, recurrent matrices below the share `apply_recurrent_below` are included.
        This is for a layer that can multiply by two factors at each frame.

        With `frames`, the number of frames of the batch, more non-recurrent matrices are included:
        those for which two products take clearly fewer multiplications than forming W. This is so
        when the frames are few compared with the rows of W.
        """
        found: dict[str, Tensor] = {}
        for name in {piece.matrix: None for piece in self.pieces}:
            is_recurrent = name not in self.nonrecurrent
            if is_recurrent and not recurrent:
                continue
            pieces = [piece for piece in self.pieces if piece.matrix == name]
            factors = self._weight(pieces[0].weight).factors
            if len(pieces) > 1 or factors is None:
                continue
            right, rows = factors[1], pieces[0].stop - pieces[0].start
            rank, columns = right.shape
            share = self.apply_recurrent_below if is_recurrent else self.apply_below
            is_whole = rows == factors[0].shape[0] and not is_recurrent
            few = frames is not None and is_whole and _are_few(frames, rows, columns, rank)
            if few or rank * (rows + columns) < share * rows * columns:
                found[name] = right
        return found

    def inner(self, recurrent: bool = False) -> dict[str, Tensor]:
        """Return `right_factors(recurrent)`; this is the former name of that method."""
        return self.right_factors(recurrent)

    def form(self, inner: Collection[str] = ()) -> dict[str, Tensor]:
        """Return every matrix by name; each weight is multiplied out once.

        A matrix in `inner` is represented by its left factor U: its layer multiplies by V first.
        """
        needed = {piece.weight for piece in self.pieces if piece.matrix not in inner}
        values = {name: weight() for name, weight in self.items() if name in needed}
        factors = {name: weight.factors for name, weight in self.items()}
        parts: dict[str, list[Tensor]] = {}
        for piece in self.pieces:
            if piece.matrix in inner:
                product = factors[piece.weight]
                assert product is not None
                rows = product[0]
            else:
                rows = values[piece.weight]
            parts.setdefault(piece.matrix, []).append(rows[piece.start : piece.stop])
        return {
            name: part[0] if len(part) == 1 else torch.cat(part) for name, part in parts.items()
        }

    @torch.no_grad()
    def fill(self, matrices: Mapping[str, Tensor]) -> None:
        """Set the weights to the values of all matrices, given by name; they must be dense."""
        taken = dict.fromkeys(matrices, 0)
        parts: dict[str, list[Tensor]] = {}
        for piece in self.pieces:
            first = taken[piece.matrix]
            taken[piece.matrix] += piece.stop - piece.start
            rows = matrices[piece.matrix][first : taken[piece.matrix]]
            parts.setdefault(piece.weight, []).append(rows)
        for name, weight in self.items():
            weight.fill(torch.cat(parts[name]))

    def items(self) -> Iterator[tuple[str, Weight]]:
        """Yield each weight with its name."""
        for name in self.weights:
            yield name, self._weight(name)

    def order_of(self, weight: str) -> Tensor | None:
        """Return the order in which the engine stores a weight's columns; None if it is the same.

        Matrices of one weight with different column orders are stored apart. The weight itself
        then keeps its own order.
        """
        orders = [self.orders[piece.matrix] for piece in self.pieces if piece.weight == weight]
        return orders[0] if len({id(order) for order in orders}) == 1 else None

    def is_shared(self, weight: str) -> bool:
        """Tell whether the matrices of a weight share its right factor in the engine's file too.

        A matrix whose columns the engine stores in another order cannot share a factor there.
        """
        matrices = {piece.matrix for piece in self.pieces if piece.weight == weight}
        return len(matrices) > 1 and all(self.orders[matrix] is None for matrix in matrices)

    def _weight(self, name: str) -> Weight:
        weight = self.weights[name]
        assert isinstance(weight, Weight)
        return weight

    @property
    def parameters_stored(self) -> int:
        """How many numbers all weights store at inference, in their present forms."""
        return sum(weight.parameters_stored for _, weight in self.items())

    @property
    def ranks(self) -> dict[str, int | None]:
        """The rank of each weight; None if it is not factored."""
        return {name: weight.rank for name, weight in self.items()}

    @property
    def specs(self) -> dict[str, Spec]:
        """The form of each weight, as a model file stores it: see `Spec` in `forms`."""
        return {name: weight.form.spec for name, weight in self.items()}

    def reserve(self, specs: Mapping[str, Spec]) -> None:
        """Take the forms of a saved state, filled with zeros, so that the state can be loaded.

        Raises `ValueError` for a form that is not known.
        """
        for name, weight in self.items():
            weight.reserve(specs[name])

    def reserve_ranks(self, ranks: Mapping[str, int | None]) -> None:
        """Take the forms of factors of `ranks`, or the dense form for None: see `reserve`."""
        self.reserve(dict(ranks))


def _are_few(frames: int, rows: int, columns: int, rank: int) -> bool:
    """Tell whether multiplying `frames` inputs by V and U is cheaper than forming W."""
    apart = frames * rank * (rows + columns)
    return apart < APART_BELOW * rows * columns * (rank + frames)


def _groups(
    matrices: Sequence[Matrix], factorization: Factorization
) -> list[list[tuple[Matrix, Tensor]]]:
    """Group matrices (or their gates) into weights."""
    if factorization == "split":
        return [[(m, gate)] for m in matrices for gate in m.value.chunk(m.gates)]
    if factorization == "partial":
        return [[(matrix, matrix.value)] for matrix in matrices]
    shared: dict[str, list[tuple[Matrix, Tensor]]] = {}
    for matrix in matrices:
        key = matrix.reads
        if factorization == "six":
            key = matrix.layer or matrix.name.rpartition(".")[0]
        shared.setdefault(key, []).append((matrix, matrix.value))
    return list(shared.values())
