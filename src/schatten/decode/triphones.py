"""Statistics of triphones: a phone model's own alignments of speech, and the features there.

A phone model is aligned with every pronunciation of each utterance. Its CTC outputs are spikes, and
they come late: a unidirectional model waits until it has heard a phone. So features are taken some
frames before a spike. This delay is measured on the speech itself: it is the one at which the
Gaussians of the phones, each phone's own, give the features the highest likelihood, that is where
phones differ most. (Rao, Senior, Sak, 2016, take the tree from CTC's own alignments too.)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from lhotse.cut import Cut
from numpy.typing import NDArray
from scipy.fft import dct

from schatten import models
from schatten.decode.acoustic import log_probs_of
from schatten.decode.align import spikes
from schatten.errors import UserError
from schatten.features.store import read_features
from schatten.recipe.units import Tied
from schatten.units.inventory import PHONES
from schatten.units.spelled import SpelledUnits
from schatten.units.triphones import Triphones, triphones_of

_COEFFICIENTS = 13
"""Cepstral coefficients of a frame: diagonal Gaussians take features for uncorrelated, which the
bins of a log-mel spectrum are not and its cosine transform nearly is."""
_SECTION = 3
"""Frames that are averaged; a window is three sections, 90 ms, about the length of a phone."""
DELAYS = range(-8, 49)
"""Frames of 10 ms that spikes may come late. A model that looks ahead may be early."""
_DELAY_TOKENS = 30_000
"""Phone tokens on which the delay is measured; more change no delay."""


@dataclass(frozen=True, eq=False)
class _Utterance:
    phones: NDArray[np.int64]
    """(N,)."""
    frames: NDArray[np.int64]
    """Feature frame of each one's spike (N,)."""
    sections: NDArray[np.float32]
    """Cepstra averaged over the section around each frame (T, C)."""


def collect(model: Path, units: Path, cuts: Path, settings: Tied) -> Triphones:
    """Align training speech with a phone model, and add up the features of its triphones.

    `units`: the phones' inventory.json. At most `settings.hours` of speech are taken, drawn by
    the utterances' ids. Errors: `UserError` for a model of other units, and if nothing can be
    aligned.
    """
    torch.set_num_threads(1)
    spelled = SpelledUnits.read(units)
    found = list(_aligned(model, spelled, cuts, settings.hours))
    if not sum(len(one.phones) for one in found):
        raise UserError(
            f"{model} aligns no utterance of {cuts}: all have more phones than frames; take an "
            "aligner with a smaller stride"
        )
    size = len(spelled.units)
    delay = measured_delay(found, size)
    said = np.concatenate([_triphones(one.phones) for one in found])
    vectors = np.concatenate([_windows(one, delay) for one in found]).astype(np.float64)
    return triphones_of(spelled.units.names, said, vectors, delay=delay, utterances=len(found))


def _aligned(model: Path, spelled: SpelledUnits, cuts: Path, hours: float) -> Iterator[_Utterance]:
    acoustic = models.load(model)
    if acoustic.units != spelled.units or spelled.units.kind != PHONES:
        raise UserError(
            f"{model} writes other units than {spelled.source}: take a model of these phones"
        )
    every = read_features(cuts, every=True)
    seconds = sum(cut.duration for cut in every)
    share = min(1.0, hours * 3600 / max(seconds, 1e-9))
    chosen = every.filter(partial(_is_drawn, share))
    stride = acoustic.settings.stride
    for cut, values in log_probs_of(acoustic, chosen):
        spoken = spikes(values, spelled.graph(_text(cut)))
        if spoken is not None:
            phones, frames = spoken
            middle = frames * stride + stride // 2
            yield _Utterance(phones, middle, _sections(cut.load_features()))


def _is_drawn(share: float, cut: Cut) -> bool:
    return crc32(cut.id.encode()) < share * 2**32


def _text(cut: Cut) -> str:
    return str(cut.supervisions[0].text)


def _sections(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cepstra (T, C) of log-spectra, without their mean over the utterance, averaged.

    Without the mean, speakers and microphones matter less than phones.
    """
    cepstra = dct(features, norm="ortho", axis=1)[:, :_COEFFICIENTS]
    cepstra = np.pad(cepstra - cepstra.mean(0), ((_SECTION // 2,) * 2, (0, 0)), mode="edge")
    averaged: NDArray[np.float32] = np.lib.stride_tricks.sliding_window_view(
        cepstra, _SECTION, axis=0
    ).mean(-1, dtype=np.float32)
    return averaged


def _windows(one: _Utterance, delay: int) -> NDArray[np.float32]:
    """Return the three sections (N, 3 C) around the place of each phone."""
    places = one.frames[:, None] - delay + np.array([-_SECTION, 0, _SECTION])
    inside = places.clip(0, len(one.sections) - 1)
    return one.sections[inside].reshape(len(places), -1)


def _triphones(phones: NDArray[np.int64]) -> NDArray[np.int64]:
    padded = np.pad(phones, 1)
    return np.column_stack((padded[:-2], phones, padded[2:]))


def measured_delay(found: list[_Utterance], phones: int) -> int:
    """Return the delay in frames at which phones tell the features of their tokens apart best."""
    some, tokens = [], 0
    for one in found:
        if tokens >= _DELAY_TOKENS:
            break
        some.append(one)
        tokens += len(one.phones)
    labels = np.concatenate([one.phones for one in some])
    is_phone = (np.arange(phones)[:, None] == labels).astype(np.float32)
    counts = np.maximum(is_phone.sum(1, keepdims=True), 1)

    def likelihood(delay: int) -> float:
        vectors = np.concatenate([_windows(one, delay) for one in some])
        means = is_phone @ vectors / counts
        variances = np.maximum(is_phone @ vectors**2 / counts - means**2, 1e-3 * vectors.var(0))
        return -float((is_phone.sum(1)[:, None] * np.log(variances)).sum())

    return max(DELAYS, key=likelihood)
