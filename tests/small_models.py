"""Small models of every kind, with running statistics and factors that are not trivial."""

import torch

from schatten import models
from schatten.compress.sparsity import blocks_at, set_masks
from schatten.compress.truncate import truncate_to_rank
from schatten.models import AcousticModel
from schatten.models.projection import project
from schatten.recipe.models import Convolution, DeepSpeech2, Lstm
from schatten.units import BLANK, Units, characters

ALPHABET = "abcdefgh'"
LETTERS = characters(ALPHABET)
PHONES = Units("phones", (BLANK, "AA", "B", "D", "EH", "K", "S", "T", "UW", "Z"), None)
PIECES = Units("pieces", (BLANK, *(f"\u2581{name}" for name in ("a", "be", "c")), "d", "efg"), None)

GRAMS = Units("grams", (BLANK, " ", *ALPHABET, "ab", "ca", "abc"), " ")


def deep_speech_2(feature="mel80"):
    return DeepSpeech2(
        type="deep_speech_2",
        feature=feature,
        convolutions=(
            Convolution(channels=6, kernel=(5, 7), stride=(2, 2)),
            Convolution(channels=5, kernel=(4, 5), stride=(1, 2)),
        ),
        gru=(24, 20),
        fully_connected=18,
    )


def plain(settings=None):
    """Settings with plain recurrent layers in place of GRUs."""
    return (settings or deep_speech_2()).model_copy(update={"recurrent": "rnn"})


def wide():
    """Settings whose matrices have more than a row of blocks of 16 x 4, and last ones cut off."""
    convolution = Convolution(channels=2, kernel=(5, 7), stride=(2, 4))
    return DeepSpeech2(
        type="deep_speech_2", convolutions=(convolution,), gru=(40, 38), fully_connected=18
    )


def prune(model, sparsity, block=(16, 4)):
    """Return a model with that share of its blocks put to zero."""
    set_masks(model.bank, blocks_at(model.bank, sparsity, block), block)
    return model


def make(settings, factorization="partial", rank=None, seed=1, units=LETTERS) -> AcousticModel:
    torch.manual_seed(seed)
    model = models.build(settings, units, factorization)
    bins = len(model.bins_mean)
    model.set_statistics(torch.randn(bins) - 8, torch.rand(bins) + 1.5)
    for norm in model.norms:
        _disturb(norm)
    for convolution in getattr(model, "convolutions", []):
        _disturb(convolution.norm)
    for name, parameter in model.named_parameters():
        if "bias" in name.lower():
            parameter.data += 0.1 * torch.randn_like(parameter)
    if rank is not None:
        truncate_to_rank(model.bank, rank)
    return model.eval()


def _disturb(norm):
    norm.running_mean += 0.3 * torch.randn_like(norm.running_mean)
    norm.running_var *= 1 + torch.rand_like(norm.running_var)
    norm.weight.data += 0.3 * torch.randn_like(norm.weight)
    norm.bias.data += 0.3 * torch.randn_like(norm.bias)


KINDS = {
    "dense": lambda: make(deep_speech_2()),
    "partial": lambda: make(deep_speech_2(), "partial", 7),
    "split": lambda: make(deep_speech_2("mel40"), "split", 5),
    "joint": lambda: make(
        deep_speech_2().model_copy(update={"highest_frequency": 6000.0}), "joint", 9
    ),
    "six": lambda: make(
        DeepSpeech2(
            type="deep_speech_2",
            convolutions=(Convolution(channels=2, kernel=(5, 7), stride=(2, 4)),),
            gru=(40, 40),
            fully_connected=18,
        ),
        "six",
        9,
    ),
    "linear_spectrum": lambda: make(deep_speech_2("linear161")),
    "rnn": lambda: make(plain()),
    "rnn_joint": lambda: make(plain(), "joint", 9),
    "rnn_pruned": lambda: prune(make(plain(wide())), 0.75),
    "lstm": lambda: make(Lstm(type="lstm", lstm=(20, 24))),
    "lstm_phones": lambda: make(Lstm(type="lstm", lstm=(20, 24)), units=PHONES),
    "lstm_grams": lambda: make(Lstm(type="lstm", lstm=(20, 24)), units=GRAMS),
    "lstm_projection": lambda: project(
        make(Lstm(type="lstm", lstm=(20, 24))), {"lstm0.rec": 7, "lstm1.rec": 9}
    ),
    "pruned": lambda: prune(make(wide()), 0.75),
    "pruned_factors": lambda: prune(make(wide(), "partial", 20), 0.5),
    "lstm_joint": lambda: make(Lstm(type="lstm", lstm=(20, 24)), "joint", 11),
}
