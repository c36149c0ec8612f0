"""Compression of a whole PyTorch model: replace its layers, truncate them, turn them back.

These layers are replaced, wherever they are in the model: Linear, Conv1d and Conv2d without groups,
GRU, and LSTM without `proj_size`. Everything else stays as it is.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from copy import deepcopy
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from schatten.compress.activations import SecondMoment
from schatten.compress.bank import Piece, WeightBank
from schatten.compress.layers import LowRankConv, LowRankLinear
from schatten.compress.modules import LowRankRnn
from schatten.compress.ranks import Spectrum, ranks_for_budget, ranks_for_variance
from schatten.compress.truncate import spectra_of, truncate

Model = TypeVar("Model", bound=nn.Module)
Layer = LowRankLinear | LowRankConv | LowRankRnn
_LAYERS = (LowRankLinear, LowRankConv, LowRankRnn)


def compress(
    model: nn.Module,
    *,
    tau: float | None = None,
    rank: int | None = None,
    parameters: int | None = None,
    bytes: int | None = None,
    inputs: Iterable[Any] | None = None,
    skip: Collection[str] = (),
) -> nn.Module:
    """Return a copy of `model` with its large matrices truncated; `model` itself does not change.

    Give exactly one rule for the ranks:

    - `tau`: each matrix keeps the smallest rank with this share of its variance (Kliegl et al.,
      2018).
    - `rank`: each matrix keeps this rank.
    - `parameters`: the whole model has at most this many parameters. The ranks are chosen so that
      together they lose about the least.
    - `bytes`: the same, but with at most this many bytes of parameters and buffers.

    A matrix stays dense if its factors would not be smaller. `inputs` are batches for `model`; a
    tuple is several arguments. If they are given, the errors of a matrix are weighted by what it
    multiplies. `skip` names layers, or parts of the model, that stay as they are.

    Raises `ValueError` if not exactly one rule is given, or if no layer can be compressed. It also
    does if a name in `skip` is no part of the model, or a budget is too small even at rank 1.
    """
    rules = {"tau": tau, "rank": rank, "parameters": parameters, "bytes": bytes}
    given = [name for name, value in rules.items() if value is not None]
    if len(given) != 1:
        raise ValueError(f"give one of {', '.join(rules)}, not {' and '.join(given) or 'none'}")
    small = low_rank(model, skip)
    bank = bank_of(small)
    moments = None if inputs is None else input_moments(small, inputs)
    spectra = spectra_of(bank, moments)
    if tau is not None:
        ranks = ranks_for_variance(spectra, tau)
    elif rank is not None:
        ranks = dict.fromkeys(spectra, rank)
    elif parameters is not None:
        ranks = _within(small, bank, spectra, parameters, lambda _: 1, "parameters")
    else:
        assert bytes is not None
        ranks = _within(small, bank, spectra, bytes, Tensor.element_size, "bytes")
    truncate(bank, ranks, moments)
    return small


def low_rank(model: Model, skip: Collection[str] = ()) -> Model:
    """Return a copy of `model` whose layers have banks, dense at first; it computes the same.

    The copy can be trained with a penalty. Its `bank_of` can be truncated, and it can load the
    state of a model that `compress` made. These layers stay as they are:

    - layers at or below a name in `skip`;
    - layers with hooks or parametrizations;
    - subclasses of PyTorch's layers;
    - layers that share a weight with another part of the model.

    Raises `ValueError` if no layer can be replaced, or a name in `skip` is no part of the model.
    """
    names = {name for name, _ in model.named_modules()}
    if unknown := [name for name in skip if name not in names]:
        raise ValueError(f"the model has no part {unknown[0]!r}; it has {', '.join(sorted(names))}")
    copy = deepcopy(model)
    shared = _shared(copy)

    def replaced(name: str, module: nn.Module) -> nn.Module | None:
        parts = name.split(".")
        above = {".".join(parts[:end]) for end in range(len(parts) + 1)}
        if above & set(skip) or shared & {id(one) for one in module.parameters()}:
            return None
        return _replacement(module)

    made = _with_replaced(copy, replaced)
    if not any(True for _ in layers_of(made)):
        raise ValueError(
            "the model has no Linear, Conv1d, Conv2d, GRU or LSTM of torch that can be replaced"
        )
    return made


def to_torch(model: nn.Module, multiply_out: bool = False) -> nn.Module:
    """Return a copy of a compressed model that has only plain PyTorch layers.

    A factored layer becomes two layers in a row. With `multiply_out` it becomes one layer of the
    full size. Models whose code reads the layer's `weight` need this, such as PyTorch's transformer
    layers. GRUs and LSTMs are always multiplied out, because PyTorch's have no factors.
    """

    def plain(_: str, module: nn.Module) -> nn.Module | None:
        if not isinstance(module, _LAYERS):
            return None
        return module.to_torch(multiply_out).train(module.training)

    return _with_replaced(deepcopy(model), plain)


def layers_of(model: nn.Module) -> Iterator[tuple[str, Layer]]:
    """Yield the name and the layer for each layer of `model` that has a bank."""
    for name, module in model.named_modules():
        if isinstance(module, _LAYERS):
            yield name, module


class _Joined(WeightBank):
    """The weights of several banks in one, named after their layers; the tensors are shared."""

    def __init__(self, banks: Iterable[tuple[str, WeightBank]]) -> None:
        super().__init__([], "partial")
        for layer, bank in banks:
            names = {}
            for name, weight in bank.items():
                names[name] = f"{layer}.{name}".strip(".").replace(".", "_")
                while names[name] in self.weights:
                    names[name] += "_"
                self.weights[names[name]] = weight
            start = f"{layer}." if layer else ""
            self.pieces += [
                Piece(start + one.matrix, names[one.weight], one.start, one.stop)
                for one in bank.pieces
            ]
            self.nonrecurrent += [start + name for name in bank.nonrecurrent]
            self.orders |= {start + name: order for name, order in bank.orders.items()}


def bank_of(model: nn.Module) -> WeightBank:
    """Return one bank with the weights of all layers of `model` that have banks.

    Penalties, truncation and masks take it. The weights are shared: changing them changes the
    model. Raises `ValueError` if no layer has a bank.
    """
    joined = _Joined((name, layer.bank) for name, layer in layers_of(model))
    if not joined.pieces:
        raise ValueError("the model has no low-rank layers: make them with low_rank(model)")
    return joined


@torch.no_grad()
def input_moments(model: nn.Module, batches: Iterable[Any]) -> dict[str, Tensor]:
    """Return the second moment (n, n) of the inputs of each matrix of `bank_of(model)`.

    A batch is the argument of `model`, or a tuple of its arguments. The model runs in evaluation
    mode. States of GRUs and LSTMs begin at zero. Raises `ValueError` if no batch reaches a layer.
    """
    seen: dict[str, dict[str, SecondMoment]] = {}
    hooks = []
    for name, layer in layers_of(model):
        moments = seen.setdefault(name, defaultdict(SecondMoment))
        hooks.append(layer.register_forward_pre_hook(_adding(layer, moments), with_kwargs=True))
    was = {module: module.training for module in model.modules()}
    model.eval()
    try:
        for batch in batches:
            model(*batch) if isinstance(batch, tuple) else model(batch)
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in was.items():
            module.training = training
    if unseen := [name for name, moments in seen.items() if not moments]:
        raise ValueError(f"no input reached {unseen[0]}: give batches that do, or skip it")
    return {
        f"{name}.{matrix}".strip("."): moment.mean
        for name, moments in seen.items()
        for matrix, moment in moments.items()
    }


def _adding(layer: Layer, moments: dict[str, SecondMoment]) -> Callable[..., None]:
    def add(_: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        layer.add_inputs(arguments[0] if arguments else named["input"], moments)

    return add


def size_of(model: nn.Module) -> tuple[int, int]:
    """Return the number of parameters of a model, and the bytes of its parameters and buffers."""
    parameters = list(model.parameters())
    tensors = [*parameters, *model.buffers()]
    return (
        sum(one.numel() for one in parameters),
        sum(one.numel() * one.element_size() for one in tensors),
    )


def _within(
    model: nn.Module,
    bank: WeightBank,
    spectra: dict[str, Spectrum],
    budget: int,
    unit: Callable[[Tensor], int],
    what: str,
) -> dict[str, int]:
    """Return ranks at which the whole model has at most `budget` parameters or bytes.

    `what` is `parameters` or `bytes`. `unit` returns what one number of a tensor costs.
    """
    total = size_of(model)[0 if what == "parameters" else 1]
    priced, whole = {}, 0
    for name, weight in bank.items():
        price, one = unit(next(weight.parameters())), spectra[name]
        assert one.whole is not None
        priced[name] = Spectrum(one.values, one.per_rank * price, one.whole * price)
        whole += one.whole * price
    rest = total - whole
    try:
        return ranks_for_budget(priced, budget - rest)
    except ValueError as error:
        raise ValueError(
            f"{budget:,} {what} are too few: {rest:,} are in parts that are not factored, and "
            f"{error}"
        ) from None


def _replacement(module: nn.Module) -> nn.Module | None:
    """Return the low-rank form of a layer; None if it has none."""
    if _is_watched(module):
        return None
    if type(module) is nn.Linear:
        return LowRankLinear(module)
    if type(module) in (nn.Conv1d, nn.Conv2d) and module.groups == 1:
        return LowRankConv(module)  # type: ignore[arg-type]
    if type(module) in (nn.GRU, nn.LSTM) and not module.proj_size:
        return LowRankRnn(module).train(module.training)  # type: ignore[arg-type]
    return None


def _is_watched(module: nn.Module) -> bool:
    """Tell whether a layer has hooks or parametrizations, which would no longer run."""
    hooks = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
    return any(hooks) or parametrize.is_parametrized(module)


def _shared(model: nn.Module) -> set[int]:
    """Return the ids of parameters that two modules share, such as an embedding and the output."""
    owners: dict[int, set[int]] = defaultdict(set)
    for module in model.modules():
        for one in module.parameters(recurse=False):
            owners[id(one)].add(id(module))
    return {one for one, modules in owners.items() if len(modules) > 1}


def _with_replaced(model: Any, replacement: Callable[[str, nn.Module], nn.Module | None]) -> Any:
    """Replace modules of `model` in place, each once; return the model, or its replacement."""
    made: dict[int, nn.Module | None] = {}
    for name, module in list(model.named_modules(remove_duplicate=False)):
        if id(module) not in made:
            made[id(module)] = replacement(name, module)
    if (whole := made[id(model)]) is not None:
        return whole
    for module in list(model.modules()):
        for child, value in list(module._modules.items()):
            if value is not None and (new := made.get(id(value))) is not None:
                module._modules[child] = new
    return model
