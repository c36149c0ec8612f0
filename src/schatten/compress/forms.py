"""The forms in which a weight stores its matrix W: dense, or as a product of two factors.

A form knows sizes alone. The values are parameters of the weight (`Weight.tensors`), under the
names that the form gives them, which are their keys in a state dict.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

Tensors = Mapping[str, Tensor]
"""The tensors of a weight by name."""
Spec = int | dict[str, Any] | None
"""A form as a model file stores it: None for dense, a rank for factors, else a dict with its name.

A dict has the name of the form under the key `form`, and what else the form needs.
"""


class Form(ABC):
    """How W (m, n) is stored.

    To add a form: write a class, give it a `name`, and list the class in `_NAMED`.
    """

    name: ClassVar[str]

    def __init__(self, shape: tuple[int, int]) -> None:
        """Take the shape (m, n) of W."""
        self.shape = shape

    @classmethod
    @abstractmethod
    def from_spec(cls, shape: tuple[int, int], spec: Spec) -> "Form":
        """Return the form of a matrix (m, n) that a model file stores as `spec`."""

    @property
    @abstractmethod
    def spec(self) -> Spec:
        """This form as a model file stores it; `form_of` makes the form from it again."""

    @abstractmethod
    def empty(self, like: Tensor) -> dict[str, Tensor]:
        """Return zeros for every tensor of this form, with the type and device of `like`.

        They are in the order of the state dict, which is loaded into them.
        """

    @abstractmethod
    def matrix(self, tensors: Tensors) -> Tensor:
        """Return W (m, n)."""

    @abstractmethod
    def count(self, tensors: Tensors) -> int:
        """Return how many numbers are stored at inference."""

    @abstractmethod
    def exported(self, tensors: Tensors) -> list[Tensor]:
        """Return what an exported model stores, in the order of a product: W, or U and V."""

    def factors(self, tensors: Tensors) -> tuple[Tensor, Tensor] | None:
        """Return U (m, r) and V (r, n) where W is their product, else None."""
        return None

    def fill(self, tensors: Tensors, matrix: Tensor) -> None:
        """Overwrite the values with those of `matrix` (m, n), in place.

        Raises `ValueError` for a form that cannot hold every matrix.
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
        """Return W alone."""
        return [tensors["dense"]]

    @torch.no_grad()
    def fill(self, tensors: Tensors, matrix: Tensor) -> None:
        """Overwrite W."""
        tensors["dense"].copy_(matrix)


class Factored(Form):
    """The product of `u` (m, r) and `v` (r, n)."""

    name = "factored"

    def __init__(self, shape: tuple[int, int], rank: int) -> None:
        """Take the shape (m, n) of W and the rank r."""
        super().__init__(shape)
        self.rank = rank

    @classmethod
    def from_spec(cls, shape: tuple[int, int], spec: Spec) -> "Factored":
        """Return the form of the rank `spec`."""
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
        """Return U and V."""
        return [tensors["u"], tensors["v"]]

    def factors(self, tensors: Tensors) -> tuple[Tensor, Tensor]:
        """Return U (m, r) and V (r, n)."""
        return tensors["u"], tensors["v"]


_NAMED: dict[str, type[Form]] = {form.name: form for form in (Dense, Factored)}


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
