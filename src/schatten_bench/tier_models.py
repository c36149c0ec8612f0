"""Models in the sizes of the trace norm paper's tiers (Kliegl et al., 2018), with random weights.

They serve to measure speed, memory and size alone.
"""

import torch

from schatten import models
from schatten.errors import known
from schatten.models import AcousticModel
from schatten.recipe.models import Convolution, DeepSpeech2
from schatten.units import BLANK, Units, characters
from schatten.units.arpabet import PHONES as CMU_PHONES

CONVOLUTIONS = (
    Convolution(channels=64, kernel=(11, 21), stride=(2, 2)),
    Convolution(channels=64, kernel=(11, 11), stride=(1, 2)),
)
ALPHABET = "abcdefghijklmnopqrstuvwxyz'"
PAPER_GRU, PAPER_FULLY_CONNECTED = (768, 1024, 1280), 1536

GRU: dict[str, tuple[int, ...]] = {"11M": (480, 672, 864), "15M": (624, 816, 1008)}
"""GRUs of dense models of about the sizes of the paper's tiers (10.9 M; 14.7 M and 14.9 M)."""
SHARE = {"11M": 0.36, "15M": 0.49}
"""Rank, as a share of a matrix's smaller side, that brings the paper's own model to those sizes."""
PHONES = "phones-15M"
"""`factored-15M` over phones, with twice its stride: the recurrent layers run half as often."""
TIERS = [*(f"{form}-{size}" for size in GRU for form in ("dense", "factored")), PHONES]


def build_tier(tier: str) -> AcousticModel:
    """Build the model of a tier: `dense-11M`, `factored-15M`, `phones-15M` ..."""
    form, size = known("tier", tier, TIERS).split("-")
    torch.manual_seed(1)
    gru = GRU[size] if form == "dense" else PAPER_GRU
    first, second = CONVOLUTIONS
    wide = second.model_copy(update={"stride": (2 * second.stride[0], second.stride[1])})
    settings = DeepSpeech2(
        type="deep_speech_2",
        convolutions=(first, wide if tier == PHONES else second),
        gru=gru,
        fully_connected=PAPER_FULLY_CONNECTED,
    )
    units = Units("phones", (BLANK, *CMU_PHONES), None)
    model = models.build(settings, units if tier == PHONES else characters(ALPHABET), "partial")
    if form != "dense":
        for _, weight in model.bank.items():
            _factor_at_random(weight, SHARE[size])
    return model.eval()


def _factor_at_random(weight: torch.nn.Module, share: float) -> None:
    """Store random factors whose product has about the spread of the dense weight."""
    from schatten.compress import Weight

    assert isinstance(weight, Weight)
    rows, columns = weight.shape
    rank = round(share * min(rows, columns))
    spread = (float(weight().detach().std()) ** 2 / rank) ** 0.25
    weight.store_factors(spread * torch.randn(rows, rank), spread * torch.randn(rank, columns))
