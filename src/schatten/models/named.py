"""The parts of a model's layers, by the names that recipes give them."""

from collections.abc import Collection
from typing import cast

from torch import nn

from schatten.models.acoustic import AcousticModel
from schatten.models.deep_speech_2 import DeepSpeech2Model
from schatten.models.lstm import LstmModel

Parts = tuple[list[nn.Parameter], list[nn.Module]]
"""Parameters, and the norms among the modules that have them."""


def layer_parts(model: AcousticModel, layers: Collection[str]) -> Parts:
    """Return the parameters and norms of layers, named as `recipe.initial.layers_of` does.

    The norm of a layer's input belongs to the layer. A large matrix that several layers share is
    among them if all of those layers are.
    """
    named = _deep_speech_2(model) if isinstance(model, DeepSpeech2Model) else _lstm(model)
    parameters: list[nn.Parameter] = []
    norms: list[nn.Module] = []
    for name in (one for one in named if one in layers):
        for part in named[name]:
            if isinstance(part, nn.Module):
                parameters += part.parameters()
                norms += [one for one in part.modules() if isinstance(one, nn.BatchNorm1d)]
            else:
                parameters.append(part)
    for name, weight in model.bank.items():
        users = {_layer(piece.matrix) for piece in model.bank.pieces if piece.weight == name}
        if users <= set(layers):
            parameters += weight.parameters()
    return parameters, norms


def _layer(matrix: str) -> str:
    """Return the layer of a matrix: `gru0` of `gru0.rec`."""
    name = matrix.rpartition(".")[0]
    return "fully_connected" if name == "fc" else name


def _deep_speech_2(model: DeepSpeech2Model) -> dict[str, list[nn.Module | nn.Parameter]]:
    found: dict[str, list[nn.Module | nn.Parameter]] = {
        f"convolution{index}": [layer] for index, layer in enumerate(model.convolutions)
    }
    for index, biases in enumerate(model.gru_biases):
        found[f"gru{index}"] = [model.norms[index], biases]
    found["fully_connected"] = [model.norms[-2], model.fully_connected_bias]
    found["output"] = [model.norms[-1], model.output]
    return found


def _lstm(model: AcousticModel) -> dict[str, list[nn.Module | nn.Parameter]]:
    lstm = cast(LstmModel, model)
    found: dict[str, list[nn.Module | nn.Parameter]] = {}
    for index, bias in enumerate(lstm.biases):
        norms = [lstm.norms[index]] if index < len(lstm.norms) else []
        found[f"lstm{index}"] = [*norms, bias]
    found["output"] = [lstm.output]
    return found
