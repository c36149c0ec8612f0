"""Which frequencies the bins of a feature hold."""

import math

import torch
from torch import Tensor

from schatten.recipe.models import FEATURE_BINS

_NYQUIST = 8000.0
_MEL_SCALE = 1127.0
_MEL_BREAK = 700.0


def highest_frequencies(feature: str) -> Tensor:
    """Return the highest frequency (Hz) of each bin (C,) of `mel80`, `mel40` or `linear161`.

    Mel filters are triangles, evenly spaced on the scale 1127 ln(1 + f / 700) from 0 to 8000 Hz.
    Each ends in the middle of the next but one; a bin of a linear spectrum is one line.
    """
    bins = FEATURE_BINS[feature]
    if feature.startswith("linear"):
        return torch.linspace(0, _NYQUIST, bins)
    highest = _MEL_SCALE * math.log1p(_NYQUIST / _MEL_BREAK)
    return _MEL_BREAK * torch.expm1(torch.linspace(0, highest, bins + 2)[2:] / _MEL_SCALE)
