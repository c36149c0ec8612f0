"""The compression of an LSTM stack by Prabhavalkar et al. (2016).

All that reads the state of a layer shares one projection of it.
"""

from typing import cast

import torch
from torch import Tensor

from schatten.compress import Spectrum, projection_spectrum, share_projection
from schatten.compress.truncate import Moments
from schatten.models.layers import MaskedBatchNorm
from schatten.models.lstm import LstmModel
from schatten.models.store import build


def projection_spectra(model: LstmModel, moments: Moments | None = None) -> dict[str, Spectrum]:
    """Return what rank rules use of each LSTM's projection, by its recurrent matrix.

    `moments`: second moments (H, H) of the states, by recurrent matrix.
    """
    values = model.bank.form()
    found = {}
    for index, _ in enumerate(model.settings.lstm):
        name = f"lstm{index}.rec"
        reader, _ = _reader(model, values, index)
        moment = None if moments is None else moments[name]
        found[name] = projection_spectrum(values[name], [reader], moment)
    return found


@torch.no_grad()
def project(model: LstmModel, ranks: dict[str, int], moments: Moments | None = None) -> LstmModel:
    """Return `model` with the state of each LSTM projected to the rank of its recurrent matrix.

    BatchNorm between layers is folded into the matrices that read it, as a projected model has none
    there. At full rank the result is the same function.
    """
    settings = model.settings.model_copy(update={"projection": tuple(ranks.values())})
    small = cast(LstmModel, build(settings, model.units, "partial"))
    small.set_statistics(model.bins_mean, model.bins_deviation)
    small.norms.load_state_dict(model.norms[:1].state_dict())
    values = model.bank.form()
    small.biases[0].copy_(model.biases[0])
    for index, (name, rank) in enumerate(ranks.items()):
        reader, bias = _reader(model, values, index)
        moment = None if moments is None else moments[name]
        shared, values[name], lefts = share_projection(values[name], [reader], rank, moment)
        values[f"lstm{index}.proj"] = shared
        if index + 1 < len(ranks):
            values[f"lstm{index + 1}.nonrec"] = lefts[0]
            small.biases[index + 1].copy_(bias)
        else:
            small.output.weight.copy_(lefts[0])
            small.output.bias.copy_(bias)
    small.bank.fill(values)
    return small.train(model.training)


def _reader(model: LstmModel, values: dict[str, Tensor], index: int) -> tuple[Tensor, Tensor]:
    """Return the matrix that reads the state of LSTM `index` from above, and its bias.

    BatchNorm is folded into both; the last state is read by the output.
    """
    if index + 1 == len(model.settings.lstm):
        return model.output.weight, model.output.bias
    matrix = values[f"lstm{index + 1}.nonrec"]
    gain, offset = cast(MaskedBatchNorm, model.norms[index + 1]).gain_and_offset()
    bias = model.biases[index + 1].double() + matrix.double() @ offset
    return (matrix.double() * gain).to(matrix.dtype), bias.to(matrix.dtype)
