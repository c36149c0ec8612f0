"""Compressed forms of PyTorch's recurrent layers: a drop-in GRU or LSTM, and a projected LSTM.

Weights have PyTorch's names: `weight_ih_l0` multiplies the input, `weight_hh_l0` the state.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, MutableMapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils.rnn import PackedSequence

from schatten.compress.activations import SecondMoment
from schatten.compress.bank import Factorization, Matrix, WeightBank
from schatten.compress.projection import share_projection
from schatten.compress.running import run_rnn


class LowRankRnn(nn.Module):
    """A GRU or LSTM whose weights are in a bank; it is called like the module that it replaces.

    Penalties and truncation take `bank`. Biases stay in `rnn`. The shapes in a state dict say which
    form each weight has, so it loads into a `LowRankRnn` of any ranks.
    """

    def __init__(self, rnn: nn.GRU | nn.LSTM, factorization: Factorization = "partial") -> None:
        """Copy the weights of `rnn`, dense at first; `rnn` itself does not change.

        Raises `ValueError` if the factorization joins matrices whose inputs differ in width.
        """
        super().__init__()
        self.bank = WeightBank(_matrices(rnn), factorization)
        self.rnn: nn.GRU | nn.LSTM = _without_weights(rnn)

    def forward(self, input: Tensor | PackedSequence, hx: Any = None) -> tuple[Any, Any]:
        """Return what `rnn(input, hx)` returns: the outputs and the last state."""
        weights = dict(self.rnn.named_parameters()) | self.bank.form()
        return run_rnn(
            self.rnn, [weights[name] for name in self.rnn._flat_weights_names], input, hx
        )

    def __getattr__(self, name: str) -> Any:
        """Return a size or option of the replaced layer, such as `hidden_size`."""
        return getattr(self.rnn, name) if name in _OPTIONS else super().__getattr__(name)

    def flatten_parameters(self) -> None:
        """Do nothing: each call makes the weights anew."""

    @torch.no_grad()
    def to_torch(self, multiply_out: bool = True) -> nn.GRU | nn.LSTM:
        """Return PyTorch's own layer with W = U V multiplied out, of the original size.

        PyTorch has no recurrent layer with factored weights, so `multiply_out` has no effect.
        """
        plain = deepcopy(self.rnn)
        for name, value in self.bank.form().items():
            setattr(plain, name, nn.Parameter(value.detach().clone()))
        plain.flatten_parameters()
        return plain

    @property
    def parameters_stored(self) -> int:
        """How many numbers are stored: of the matrices in their present forms, and biases."""
        biases = (one for name, one in self.rnn.named_parameters() if "weight" not in name)
        return self.bank.parameters_stored + sum(one.numel() for one in biases)

    @torch.no_grad()
    def input_moments(self, batches: Iterable[Tensor | PackedSequence]) -> dict[str, Tensor]:
        """Return the second moment (n, n) of each weight's inputs, for `truncate`.

        A batch is an input of the layer. Padding frames count as inputs, so pack sequences of
        unequal length. States begin at zero. Raises `ValueError` if there is no batch.
        """
        seen: dict[str, SecondMoment] = defaultdict(SecondMoment)
        for batch in batches:
            self.add_inputs(batch, seen)
        if not seen:
            raise ValueError("no batch was given: there are no inputs to measure")
        return {name: moment.mean for name, moment in seen.items()}

    @torch.no_grad()
    def add_inputs(
        self, batch: Tensor | PackedSequence, seen: MutableMapping[str, SecondMoment]
    ) -> None:
        """Add the inputs of each weight for a batch to `seen`, which has a moment for each name."""
        weights = dict(self.rnn.named_parameters()) | self.bank.form()
        values = batch
        for place in range(self.rnn.num_layers):
            layer = _layer(self.rnn, place)
            states, _ = functional_call(layer, _weights_of(place, weights), (values,))
            for way, states_of_way in zip(
                ("", "_reverse"), _frames(states).split(layer.hidden_size, -1), strict=False
            ):
                seen[f"weight_ih_l{place}{way}"].add(_frames(values))
                seen[f"weight_hh_l{place}{way}"].add(states_of_way)
            values = states


_OPTIONS = frozenset(
    ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional")
)
"""Attributes of the replaced layer that `LowRankRnn` has too, for code that reads them."""


def _layer(rnn: nn.GRU | nn.LSTM, place: int) -> nn.GRU | nn.LSTM:
    """Return one layer of `rnn` as a module; its weights have to be given in each call."""
    ways = 2 if rnn.bidirectional else 1
    inputs = rnn.input_size if place == 0 else ways * rnn.hidden_size
    options = {"bias": rnn.bias, "batch_first": rnn.batch_first}
    return type(rnn)(inputs, rnn.hidden_size, bidirectional=rnn.bidirectional, **options)


def _weights_of(place: int, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights and biases of one layer, renamed to those of a single layer (`_l0`)."""
    end = f"_l{place}"
    return {
        name.replace(end, "_l0"): value
        for name, value in weights.items()
        if name.removesuffix("_reverse").endswith(end)
    }


def _frames(values: Tensor | PackedSequence) -> Tensor:
    return values.data if isinstance(values, PackedSequence) else values


def _matrices(rnn: nn.GRU | nn.LSTM) -> list[Matrix]:
    """Return the weights of a GRU or LSTM by layer, and by direction if it is bidirectional."""
    if rnn.proj_size:
        raise ValueError("an LSTM with proj_size is factored already")
    gates = 3 if isinstance(rnn, nn.GRU) else 4
    matrices = []
    for layer in range(rnn.num_layers):
        for way in ("", "_reverse") if rnn.bidirectional else ("",):
            place = f"l{layer}{way}"
            above = f"h{layer + 1}{way}"
            below = f"h{layer}" + ("" if not layer or not rnn.bidirectional else "_both")
            for kind, reads in (("ih", below), ("hh", above)):
                value = getattr(rnn, f"weight_{kind}_{place}")
                name = f"weight_{kind}_{place}"
                matrices.append(Matrix(name, value, reads, kind == "hh", gates, layer=place))
    return matrices


def _without_weights(rnn: nn.GRU | nn.LSTM) -> nn.GRU | nn.LSTM:
    """Return a copy with biases only: its weights are empty, because the bank has them."""
    copy = deepcopy(rnn)
    for name, parameter in list(copy.named_parameters()):
        if name.startswith("weight"):
            setattr(copy, name, nn.Parameter(parameter.detach()[:0], requires_grad=False))
    return copy


@torch.no_grad()
def project_lstm(lstm: nn.LSTM, reader: nn.Linear, rank: int) -> tuple[nn.LSTM, nn.Linear]:
    """Return an LSTM with `proj_size` = `rank`, and the linear layer that reads its output.

    In each layer, the recurrent matrix and the matrix that reads the layer share one projection,
    as in Prabhavalkar et al. (2016). `reader` is the layer that reads the output of `lstm`.
    Raises `ValueError` for a bidirectional or already projected LSTM, or if `rank` is not between
    0 and its hidden size.
    """
    if lstm.bidirectional or lstm.proj_size or not 0 < rank < lstm.hidden_size:
        raise ValueError(
            f"a projection to {rank} is of a unidirectional LSTM with more than {rank} cells"
        )
    small = nn.LSTM(
        lstm.input_size,
        lstm.hidden_size,
        lstm.num_layers,
        bias=lstm.bias,
        batch_first=lstm.batch_first,
        dropout=lstm.dropout,
        proj_size=rank,
    ).to(reader.weight)
    top = nn.Linear(rank, reader.out_features, bias=reader.bias is not None).to(reader.weight)
    values = dict(lstm.state_dict())
    for layer in range(lstm.num_layers):
        above = f"weight_ih_l{layer + 1}"
        read = values.get(above, reader.weight)
        shared, values[f"weight_hh_l{layer}"], (left,) = share_projection(
            values[f"weight_hh_l{layer}"], [read], rank
        )
        values[f"weight_hr_l{layer}"] = shared
        if above in values:
            values[above] = left
        else:
            top.weight.copy_(left)
    if reader.bias is not None:
        top.bias.copy_(reader.bias)
    small.load_state_dict(values)
    return small.train(lstm.training), top.train(reader.training)
