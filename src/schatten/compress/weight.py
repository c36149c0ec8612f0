"""One large matrix, in one of the forms of `schatten.compress.forms`."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from schatten.compress.forms import TENSORS, Dense, Factored, Form, Spec, form_of, spec_in


class Weight(nn.Module):
    """A matrix W with m rows and n columns; `form` says how it is stored.

    `recurrent` says which lambda a penalty uses for it. The parameters are called `dense`, or `u`
    and `v`. Those that the present form does not use are None. Loading a state dict changes the
    form to the one of the loaded values.
    """

    dense: nn.Parameter | None
    u: nn.Parameter | None
    v: nn.Parameter | None

    def __init__(self, matrix: Tensor, recurrent: bool = False) -> None:
        """Store `matrix` (m, n) dense."""
        super().__init__()
        self.shape: tuple[int, int] = (matrix.shape[0], matrix.shape[1])
        self.recurrent = recurrent
        for name in ("dense", "u", "v"):
            self.register_parameter(name, None)
        self.store(Dense(self.shape), {"dense": matrix.detach().clone()})

    def store(self, form: Form, tensors: Mapping[str, Tensor]) -> None:
        """Replace the form and the tensors; the tensors are not copied.

        A `nn.Parameter` is registered unchanged. Any other floating-point tensor becomes a
        parameter, and a tensor of another type becomes a buffer.
        """
        for name in [*self._parameters, *self._buffers]:
            setattr(self, name, None)
        self.form = form
        for name, tensor in tensors.items():
            if isinstance(tensor, nn.Parameter):
                self.register_parameter(name, tensor)
            elif tensor.is_floating_point():
                self.register_parameter(name, nn.Parameter(tensor))
            else:
                self.register_buffer(name, tensor)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The tensors of the present form by name, in the order of the state dict."""
        held = {**self._parameters, **self._buffers}
        return {name: tensor for name, tensor in held.items() if tensor is not None}

    def forward(self) -> Tensor:
        """Return W (m, n)."""
        return self.form.matrix(self.tensors)

    @property
    def parameters_stored(self) -> int:
        """How many numbers are stored at inference."""
        return self.form.count(self.tensors)

    def exported(self) -> list[Tensor]:
        """Return the matrices that an exported model stores: [W], or [U, V]."""
        return self.form.exported(self.tensors)

    @property
    def masks(self) -> dict[str, Tensor]:
        """The mask of each tensor that has one, by the name of that tensor."""
        return self.form.masks(self.tensors)

    @property
    def factors(self) -> tuple[Tensor, Tensor] | None:
        """U (m, r) and V (r, n) if W is their product, else None."""
        return self.form.factors(self.tensors)

    @property
    def is_factored(self) -> bool:
        """Whether W is stored as U V."""
        return self.factors is not None

    @property
    def rank(self) -> int | None:
        """Inner dimension of the factors; None if W is dense."""
        return None if self.factors is None else self.factors[0].shape[1]

    def fill(self, matrix: Tensor) -> None:
        """Overwrite the values with those of `matrix` (m, n), in place.

        Raises `ValueError` for a form that cannot represent every matrix.
        """
        self.form.fill(self.tensors, matrix)

    def store_dense(self) -> None:
        """Store W itself; a dense weight stays as it is."""
        if not isinstance(self.form, Dense):
            self.store(Dense(self.shape), {"dense": self().detach().clone()})

    def store_factors(self, u: Tensor, v: Tensor) -> None:
        """Store W as the product of copies of `u` (m, r) and `v` (r, n).

        Raises `ValueError` if the shapes do not fit W or each other.
        """
        if (u.shape[0], v.shape[1]) != self.shape or u.shape[1] != v.shape[0]:
            raise ValueError(
                f"factors {tuple(u.shape)} and {tuple(v.shape)} do not make {self.shape}"
            )
        tensors = {"u": u.detach().clone(), "v": v.detach().clone()}
        self.store(Factored(self.shape, u.shape[1]), tensors)

    def reserve(self, spec: Spec) -> None:
        """Take the form that a model file stores as `spec`, filled with zeros.

        A state dict of that form can then be loaded. Raises `ValueError` for an unknown form.
        """
        form = form_of(self.shape, spec)
        self.store(form, form.empty(next(self.parameters())))

    def reserve_rank(self, rank: int | None) -> None:
        """Take the form of factors of `rank`, or the dense form for None: see `reserve`."""
        self.reserve(rank)

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, *others: Any
    ) -> None:
        """Take the form of the values that are to be loaded, then load them."""
        given = {name: state_dict[prefix + name] for name in TENSORS if prefix + name in state_dict}
        if given and _sizes(given) != _sizes(self.tensors):
            spec = spec_in(given, getattr(self.form, "block", (1, 1)))
            form = form_of(self.shape, spec)
            if _sizes(form.empty(next(self.parameters()))) == _sizes(given):
                self.reserve(spec)
        super()._load_from_state_dict(state_dict, prefix, *others)


def _sizes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
