"""Whole units removed from an acoustic model: the result is a model of smaller sizes.

BatchNorm lies between a layer and its reader. A unit that is removed takes its entries along; what
it gave its reader on average goes to the reader's bias.
"""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from schatten.compress.units import (
    UnitGroup,
    lost_means,
    rows_of,
    smaller_matrices,
)
from schatten.models.acoustic import AcousticModel
from schatten.models.deep_speech_2 import DeepSpeech2Model
from schatten.models.gru import GruBiases
from schatten.models.layers import MaskedBatchNorm
from schatten.models.lstm import LstmModel
from schatten.models.store import build
from schatten.recipe.models import DeepSpeech2, Lstm

OUTPUT = "output"
"""Name of the matrix of the output, which is not in the bank."""
FULLY_CONNECTED = "fc"


def unit_groups(model: AcousticModel) -> list[UnitGroup]:
    """Return the units of each recurrent layer, and of the fully connected one.

    Raises `ValueError` for LSTMs with projections.
    """
    if isinstance(model, LstmModel):
        if model.settings.projection:
            raise ValueError("units are removed from LSTMs without projections")
        sizes, kind, gates, biases = model.settings.lstm, "lstm", 4, 4
    else:
        settings = cast(DeepSpeech2Model, model).settings
        sizes, kind = settings.gru, settings.recurrent
        gates, biases = (3, 4) if kind == "gru" else (1, 1)
    found = []
    for place, units in enumerate(sizes):
        name = f"{kind}{place}"
        rows = {f"{name}.nonrec": gates, f"{name}.rec": gates}
        last = OUTPUT if kind == "lstm" else f"{FULLY_CONNECTED}.nonrec"
        above = f"{kind}{place + 1}.nonrec" if place + 1 < len(sizes) else last
        found.append(UnitGroup(name, units, rows, (f"{name}.rec", above), biases))
    if isinstance(model, DeepSpeech2Model):
        rows = {f"{FULLY_CONNECTED}.nonrec": 1}
        units = model.settings.fully_connected
        found.append(UnitGroup(FULLY_CONNECTED, units, rows, (OUTPUT,), 1))
    return found


def unit_matrices(model: AcousticModel) -> dict[str, Tensor]:
    """Return every matrix of the bank, and the output's; gradients reach the weights."""
    return model.bank.form() | {OUTPUT: _output(model).weight}


def input_means(model: AcousticModel, groups: list[UnitGroup]) -> dict[str, Tensor]:
    """Return the mean input (n,) of each matrix that reads units, from BatchNorm's statistics.

    The mean of a layer's states is what the next BatchNorm has seen; what it gives has the mean of
    its bias. States that no BatchNorm reads count as zero on average.
    """
    found = {}
    for place, group in enumerate(groups):
        norm = _norm_above(model, place)
        for name in group.columns:
            is_own = name in group.rows
            if norm is None:
                found[name] = torch.zeros(group.units)
            else:
                found[name] = cast(Tensor, norm.running_mean) if is_own else norm.bias.detach()
    return found


@torch.no_grad()
def output_squares(model: AcousticModel, moments: Mapping[str, Tensor]) -> Tensor:
    """Return the mean square (n,) of the output's inputs, which no observer is shown.

    Behind BatchNorm it follows from its weight and bias; without, they are the last layer's states.
    """
    if isinstance(model, LstmModel):
        return moments[f"lstm{len(model.settings.lstm) - 1}.rec"].diagonal()
    last = cast(MaskedBatchNorm, _norms(model)[-1])
    return last.weight.double().square() + last.bias.double().square()


@torch.no_grad()
def keep_units(model: AcousticModel, kept: Mapping[str, Tensor]) -> AcousticModel:
    """Return a model with the `kept` units (k,) of each layer alone; its weights are dense.

    Factors of full rank are multiplied out. Raises `ValueError` for matrices that are sparse or of
    low rank, and for a factorization that asks for other sizes.
    """
    for name, weight in model.bank.items():
        if weight.masks or (weight.rank or min(weight.shape)) < min(weight.shape):
            raise ValueError(f"{name} is sparse or of low rank: remove units from a dense model")
    groups = unit_groups(model)
    small = build(_settings(model, kept), model.units, model.bank.factorization)
    matrices, means = unit_matrices(model), input_means(model, groups)
    added = {
        name: lost
        for group in groups
        for name, lost in lost_means(group, matrices, kept[group.name], means).items()
    }
    smaller = smaller_matrices(groups, matrices, kept)
    _output(small).weight.copy_(smaller.pop(OUTPUT))
    _output(small).bias.copy_(_output(model).bias + added.pop(OUTPUT))
    small.bank.fill(smaller)
    small.set_statistics(model.bins_mean, model.bins_deviation)
    _copy_norms(model, small, groups, kept)
    if isinstance(model, DeepSpeech2Model):
        _copy_deep_speech_2(model, cast(DeepSpeech2Model, small), kept, added)
    else:
        _copy_lstm(cast(LstmModel, model), cast(LstmModel, small), kept, added)
    return small.train(model.training)


def _settings(model: AcousticModel, kept: Mapping[str, Tensor]) -> DeepSpeech2 | Lstm:
    """Return the settings of the smaller model."""
    sizes = {name: len(units) for name, units in kept.items()}
    fully_connected = sizes.pop(FULLY_CONNECTED, None)
    if fully_connected is None:
        return model.settings.model_copy(update={"lstm": tuple(sizes.values())})
    update = {"gru": tuple(sizes.values()), "fully_connected": fully_connected}
    return model.settings.model_copy(update=update)


def _copy_norms(
    model: AcousticModel,
    small: AcousticModel,
    groups: list[UnitGroup],
    kept: Mapping[str, Tensor],
) -> None:
    """Copy BatchNorm of the first layer's input, and the entries of kept units of all others."""
    first = _norms(model)[0]
    _norms(small)[0].load_state_dict(first.state_dict())
    for place, group in enumerate(groups):
        if (norm := _norm_above(model, place)) is None:
            continue
        units = kept[group.name]
        state = {
            name: value if value.dim() == 0 else value[units]
            for name, value in norm.state_dict().items()
        }
        cast(MaskedBatchNorm, _norm_above(small, place)).load_state_dict(state)


def _copy_deep_speech_2(
    model: DeepSpeech2Model,
    small: DeepSpeech2Model,
    kept: Mapping[str, Tensor],
    added: Mapping[str, Tensor],
) -> None:
    """Copy the convolutions, and the biases of kept units with what removed ones gave."""
    small.convolutions.load_state_dict(model.convolutions.state_dict())
    for place, hidden in enumerate(model.settings.gru):
        name = f"{model.settings.recurrent}{place}"
        units = kept[name]
        below, own = added.get(f"{name}.nonrec", torch.zeros(())), added[f"{name}.rec"]
        if model.settings.recurrent == "rnn":
            small.rnn_biases[place].copy_((model.rnn_biases[place] + below + own)[units])
            continue
        biases = cast(GruBiases, model.gru_biases[place])
        to = cast(GruBiases, small.gru_biases[place])
        gates = biases.input + below
        gates[: 2 * hidden] += own[: 2 * hidden]
        to.input.copy_(gates[rows_of(units, 3, hidden)])
        to.new.copy_((biases.new + own[2 * hidden :])[units])
    bias = model.fully_connected_bias + added[f"{FULLY_CONNECTED}.nonrec"]
    small.fully_connected_bias.copy_(bias[kept[FULLY_CONNECTED]])


def _copy_lstm(
    model: LstmModel, small: LstmModel, kept: Mapping[str, Tensor], added: Mapping[str, Tensor]
) -> None:
    """Copy the biases of kept units with what removed ones gave."""
    for place, bias in enumerate(model.biases):
        name = f"lstm{place}"
        below, own = added.get(f"{name}.nonrec", torch.zeros(())), added[f"{name}.rec"]
        rows = rows_of(kept[name], 4, model.settings.lstm[place])
        small.biases[place].copy_((bias + below + own)[rows])


def _output(model: AcousticModel) -> nn.Linear:
    return cast(nn.Linear, model.output)


def _norms(model: AcousticModel) -> nn.ModuleList:
    return cast(nn.ModuleList, model.norms)


def _norm_above(model: AcousticModel, place: int) -> MaskedBatchNorm | None:
    """Return the BatchNorm that reads layer `place`; None for the last of an LSTM model."""
    norms = _norms(model)
    return cast(MaskedBatchNorm, norms[place + 1]) if place + 1 < len(norms) else None
