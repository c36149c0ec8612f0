"""The forms in which a weight stores its matrix W: dense or as factors U V, each also with a mask.

A form knows only sizes. The values are parameters of the weight (`Weight.tensors`). The form gives
them their names, which are also their keys in a state dict.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

Tensors = Mapping[str, Tensor]
"""The tensors of a weight by name."""
Spec = int | dict[str, Any] | None
"""A form as a model file stores it: None for dense, the rank for factors, else a dict.

The dict has the name of the form under the key `form`, and whatever else the form needs.
"""

Block = tuple[int, int]
"""Rows and columns of a block, whose entries are either all kept or all zero."""
ENGINE_BLOCK: Block = (16, 4)
"""The only block size whose zeros the engine skips: SK_BLOCK_ROWS, SK_BLOCK_COLS of its kernels."""


class Form(ABC):
    """How W (m, n) is stored.

    To add a form: write a class, give it a `name`, and list the class in `_NAMED`.
    """

    name: ClassVar[str]

    def __init__(self, shape: tuple[int, int]) -> None:
        """Make the form of a matrix W of this shape (m, n)."""
        self.shape = shape

    @classmethod
    @abstractmethod
    def from_spec(cls, shape: tuple[int, int], spec: Spec) -> "Form":
        """Return the form of a matrix (m, n) that a model file stores as `spec`."""

    @property
    @abstractmethod
    def spec(self) -> Spec:
        """This form as a model file stores it; `form_of` turns it back into a form."""

    @abstractmethod
    def empty(self, like: Tensor) -> dict[str, Tensor]:
        """Return zeros for every tensor of this form, with the dtype and device of `like`.

        They are in the order of the state dict that is loaded into them.
        """

    @abstractmethod
    def matrix(self, tensors: Tensors) -> Tensor:
        """Return W (m, n)."""

    @abstractmethod
    def count(self, tensors: Tensors) -> int:
        """Return how many numbers are stored at inference."""

    @abstractmethod
    def exported(self, tensors: Tensors) -> list[Tensor]:
        """Return the matrices that an exported model stores: [W], or [U, V]."""

    def factors(self, tensors: Tensors) -> tuple[Tensor, Tensor] | None:
        """Return U (m, r) and V (r, n) where W is their product, else None."""
        return None

    def masks(self, tensors: Tensors) -> dict[str, Tensor]:
        """Return the mask of each tensor that has one, by the name of the tensor."""
        return {}

    def fill(self, tensors: Tensors, matrix: Tensor) -> None:
        """Overwrite the values with those of `matrix` (m, n), in place.

        Raises `ValueError` for a form that cannot represent every matrix.
        """
        raise ValueError(f"a {self.name} weight cannot take the values of any matrix: store it")


class Dense(Form):
    """W itself, `dense` (m, n)."""

    name = "dense"

    @classmethod
    def from_spec(cls, shape: tuple[int, int], spec: Spec) -> "Dense":
        """Return the dense form of a matrix (m, n)."""
        return cls(shape)

    @property
    def spec(self) -> None:
        """None."""
        return None

    def empty(self, like: Tensor) -> dict[str, Tensor]:
        """Return zeros (m, n)."""
        return {"dense": like.new_zeros(self.shape)}

    def matrix(self, tensors: Tensors) -> Tensor:
        """Return W (m, n)."""
        return tensors["dense"]

    def count(self, tensors: Tensors) -> int:
        """Return m n."""
        return tensors["dense"].numel()

    def exported(self, tensors: Tensors) -> list[Tensor]:
        """Return [W]."""
        return [tensors["dense"]]

    @torch.no_grad()
    def fill(self, tensors: Tensors, matrix: Tensor) -> None:
        """Overwrite W."""
        tensors["dense"].copy_(matrix)


class Factored(Form):
    """The product of `u` (m, r) and `v` (r, n)."""

    name = "factored"

    def __init__(self, shape: tuple[int, int], rank: int) -> None:
        """Make the form of a matrix of this shape (m, n) with factors of this rank r."""
        super().__init__(shape)
        self.rank = rank

    @classmethod
    def from_spec(cls, shape: tuple[int, int], spec: Spec) -> "Factored":
        """Return the form whose rank is `spec`; raises `ValueError` if that is no integer."""
        if not isinstance(spec, int):
            raise ValueError(f"factors are stored as their rank, not as {spec!r}")
        return cls(shape, spec)

    @property
    def spec(self) -> int:
        """The rank."""
        return self.rank

    def empty(self, like: Tensor) -> dict[str, Tensor]:
        """Return zeros for U (m, r) and V (r, n)."""
        rows, columns = self.shape
        return {"u": like.new_zeros(rows, self.rank), "v": like.new_zeros(self.rank, columns)}

    def matrix(self, tensors: Tensors) -> Tensor:
        """Return U V (m, n)."""
        return tensors["u"] @ tensors["v"]

    def count(self, tensors: Tensors) -> int:
        """Return r (m + n)."""
        return tensors["u"].numel() + tensors["v"].numel()

    def exported(self, tensors: Tensors) -> list[Tensor]:
        """Return [U, V]."""
        return [tensors["u"], tensors["v"]]

    def factors(self, tensors: Tensors) -> tuple[Tensor, Tensor]:
        """Return U (m, r) and V (r, n)."""
        return tensors["u"], tensors["v"]


class Masked(Form):
    """A sparse W: `dense` (m, n) where the bool tensor `mask` (m, n) is true, zero elsewhere."""

    name = "masked"

    def __init__(self, shape: tuple[int, int], block: Block) -> None:
        """Make the form of a matrix of this shape (m, n); the mask keeps or drops whole blocks."""
        super().__init__(shape)
        self.block = block

    @classmethod
    def from_spec(cls, shape: tuple[int, int], spec: Spec) -> "Masked":
        """Return the form with the block of `spec`; raises `ValueError` if it has none."""
        return cls(shape, _block_of(spec))

    @property
    def spec(self) -> dict[str, Any]:
        """The name and the block."""
        return {"form": self.name, "block": list(self.block)}

    def empty(self, like: Tensor) -> dict[str, Tensor]:
        """Return zeros (m, n) and a mask (m, n) that keeps nothing."""
        return _with_masks({"dense": like.new_zeros(self.shape)})

    def masks(self, tensors: Tensors) -> dict[str, Tensor]:
        """Return the mask of W."""
        return {"dense": tensors["mask"]}

    def matrix(self, tensors: Tensors) -> Tensor:
        """Return W (m, n), zero where the mask is false."""
        return tensors["dense"] * tensors["mask"]

    def count(self, tensors: Tensors) -> int:
        """Return how many entries are kept."""
        return int(tensors["mask"].sum())

    def exported(self, tensors: Tensors) -> list[Tensor]:
        """Return [W], zero where the mask is false."""
        return [self.matrix(tensors)]


class MaskedFactors(Factored):
    """The product of a sparse `u` (m, r) and a sparse `v` (r, n), with `mask_u` and `mask_v`."""

    name = "masked_factors"

    def __init__(self, shape: tuple[int, int], rank: int, block: Block) -> None:
        """Make the form of a matrix of this shape (m, n), with a rank and the masks' block."""
        super().__init__(shape, rank)
        self.block = block

    @classmethod
    def from_spec(cls, shape: tuple[int, int], spec: Spec) -> "MaskedFactors":
        """Return the form with the rank and block of `spec`; `ValueError` if it lacks one."""
        if not isinstance(spec, dict) or not isinstance(spec.get("rank"), int):
            raise ValueError(f"sparse factors are stored with their rank, not as {spec!r}")
        return cls(shape, spec["rank"], _block_of(spec))

    @property
    def spec(self) -> dict[str, Any]:  # type: ignore[override]
        """The name, the rank and the block."""
        return {"form": self.name, "rank": self.rank, "block": list(self.block)}

    def empty(self, like: Tensor) -> dict[str, Tensor]:
        """Return zeros for U (m, r) and V (r, n), and masks that keep nothing."""
        return _with_masks(super().empty(like))

    def masks(self, tensors: Tensors) -> dict[str, Tensor]:
        """Return the masks of U and V."""
        return {"u": tensors["mask_u"], "v": tensors["mask_v"]}

    def matrix(self, tensors: Tensors) -> Tensor:
        """Return U V (m, n)."""
        u, v = self.factors(tensors)
        return u @ v

    def count(self, tensors: Tensors) -> int:
        """Return how many entries of U and V are kept."""
        return int(tensors["mask_u"].sum() + tensors["mask_v"].sum())

    def exported(self, tensors: Tensors) -> list[Tensor]:
        """Return [U, V], zero where their masks are false."""
        return list(self.factors(tensors))

    def factors(self, tensors: Tensors) -> tuple[Tensor, Tensor]:
        """Return U (m, r) and V (r, n), zero where their masks are false."""
        return tensors["u"] * tensors["mask_u"], tensors["v"] * tensors["mask_v"]


def _with_masks(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors and a mask for each, which keeps nothing: `mask`, `mask_u` or `mask_v`."""
    return tensors | {
        mask_name(key): torch.zeros_like(value, dtype=torch.bool) for key, value in tensors.items()
    }


def mask_name(key: str) -> str:
    """Return the name of a tensor's mask: `mask` for `dense`, `mask_u` for `u`."""
    return "mask" if key == "dense" else f"mask_{key}"


def _block_of(spec: Spec) -> Block:
    block = spec.get("block") if isinstance(spec, dict) else None
    if not isinstance(block, list) or len(block) != 2 or min(block) < 1:
        raise ValueError(f"a mask is stored with its block of rows and columns, not as {spec!r}")
    return block[0], block[1]


_NAMED: dict[str, type[Form]] = {
    form.name: form for form in (Dense, Factored, Masked, MaskedFactors)
}


def form_of(shape: tuple[int, int], spec: Spec) -> Form:
    """Return the form of a matrix (m, n) that a model file stores as `spec`.

    Raises `ValueError` for a form that this version does not know.
    """
    if spec is None:
        return Dense(shape)
    if isinstance(spec, int):
        return Factored(shape, spec)
    name = spec.get("form")
    if name not in _NAMED:
        raise ValueError(
            f"a weight is stored in the form {name!r}, which this version of schatten does not "
            f"know ({', '.join(_NAMED)}): take a newer one"
        )
    return _NAMED[name].from_spec(shape, spec)


TENSORS = ("dense", "u", "v", "mask", "mask_u", "mask_v")
"""Names of the tensors of all forms."""


def spec_in(tensors: Tensors, block: Block) -> Spec:
    """Return the form of a weight with these tensors, as a model file stores it.

    If they have a mask, its block is `block`, because a state dict does not contain the block.
    """
    rank = tensors["u"].shape[-1] if "u" in tensors else None
    if "mask" in tensors:
        return {"form": Masked.name, "block": list(block)}
    if "mask_u" in tensors:
        return {"form": MaskedFactors.name, "rank": rank, "block": list(block)}
    return rank
