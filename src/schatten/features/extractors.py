"""The three feature extractors, as lhotse extractors that a stream can follow.

Windows every 10 ms, the first at sample 0: 25 ms for mel, 20 ms for linear; no padding at the
start, no dither, no reflection. At the end of an utterance zeros fill the last windows, so that N
samples give round(N / 160) frames, the count lhotse expects. Per window: mean removed,
pre-emphasis 0.97, Povey window, power spectrum, (mel filters from 0 to 8000 Hz,) natural log of
the power above a floor of 2^-23.
"""

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from lhotse.features.base import FeatureExtractor, register_extractor
from lhotse.features.kaldi.layers import Wav2LogFilterBank, Wav2Spec
from lhotse.utils import compute_num_frames

from schatten.recipe.models import FEATURE_BINS

SAMPLING_RATE = 16000
FRAME_SHIFT_SECONDS = 0.01
FRAME_SHIFT = 160
POWER_FLOOR = float(np.finfo(np.float32).eps)


@dataclass
class StreamableConfig:
    """The settings of an extractor that a stream needs."""

    kind: str = "mel"
    """`mel` or `linear`."""
    bins: int = 80
    """Numbers per frame."""
    window_seconds: float = 0.025
    """Length of a window."""

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)

    @staticmethod
    def from_dict(data: dict[str, Any]) -> "StreamableConfig":
        """Make the settings from plain values."""
        return StreamableConfig(**data)


@register_extractor
class StreamableSpectrum(FeatureExtractor):
    """Log-mel or log-linear spectrum without look-back or look-ahead beyond its window."""

    name = "schatten-streamable-spectrum"
    config_type = StreamableConfig

    def __init__(self, config: StreamableConfig | None = None) -> None:
        """Build the filters."""
        super().__init__(config=config)
        self.layer = _layer(self.config)

    @property
    def frame_shift(self) -> float:
        """Seconds between frames."""
        return FRAME_SHIFT_SECONDS

    def feature_dim(self, sampling_rate: int) -> int:
        """Return the numbers per frame."""
        assert sampling_rate == SAMPLING_RATE
        return int(self.config.bins)

    def extract(self, samples: np.ndarray | torch.Tensor, sampling_rate: int) -> np.ndarray:
        """Return features (frames, bins), float32, of mono samples in -1..1 at 16 kHz."""
        assert sampling_rate == SAMPLING_RATE, "features are made of 16 kHz audio"
        audio = torch.as_tensor(samples, dtype=torch.float32).reshape(1, -1)
        frames = frames_of(audio.shape[1] / SAMPLING_RATE)
        window = round(self.config.window_seconds * SAMPLING_RATE)
        missing = max(0, (frames - 1) * FRAME_SHIFT + window - audio.shape[1])
        with torch.inference_mode():
            power = self.layer(torch.nn.functional.pad(audio, (0, missing)))[0, :frames]
            if self.config.kind == "linear":
                power = power.clamp(min=POWER_FLOOR).log()
        return power.numpy()


def frames_of(seconds: float) -> int:
    """Return the number of frames of an utterance; 0 below half a frame shift, 5 ms."""
    return int(compute_num_frames(seconds, FRAME_SHIFT_SECONDS, SAMPLING_RATE))


def _layer(config: StreamableConfig) -> torch.nn.Module:
    """Return lhotse's layer: log-mel, or the power spectrum."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*snip_edges.*")
        if config.kind == "linear":
            return Wav2Spec(
                frame_length=config.window_seconds,
                round_to_power_of_two=False,
                use_energy=False,
                snip_edges=True,
            )
        return Wav2LogFilterBank(
            frame_length=config.window_seconds,
            num_filters=config.bins,
            low_freq=0.0,
            high_freq=8000.0,
            snip_edges=True,
        )


def extractor(feature: str) -> StreamableSpectrum:
    """Return the extractor of `mel80`, `mel40` or `linear161`."""
    bins = FEATURE_BINS[feature]
    if feature.startswith("linear"):
        return StreamableSpectrum(StreamableConfig("linear", bins, 0.02))
    return StreamableSpectrum(StreamableConfig("mel", bins, 0.025))
