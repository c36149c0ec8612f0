"""Everything the engine needs to compute features: sizes, window and filters, as tensors."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from schatten.features.extractors import FRAME_SHIFT, POWER_FLOOR, SAMPLING_RATE, extractor
from schatten.models.acoustic import AcousticModel

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Frontend:
    """Metadata and tensors of the features, normalisation included."""

    sizes: dict[str, int]
    numbers: dict[str, float]
    tensors: dict[str, Floats | npt.NDArray[np.int32]]


def frontend(model: AcousticModel) -> Frontend:
    """Read the settings off the extractor that made the training features."""
    made_by = extractor(model.settings.feature)
    layer: Any = made_by.layer
    window = layer.wav2win._window.detach().numpy()
    mean = model.bins_mean.numpy().astype(np.float64)
    deviation = model.bins_deviation.numpy().astype(np.float64)
    tensors: dict[str, Floats | npt.NDArray[np.int32]] = {"features.window": window}
    with np.errstate(divide="ignore"):  # a deviation of zero is refused by its result
        tensors |= {
            "features.gain": (1 / deviation).astype(np.float32),
            "features.offset": (-mean / deviation).astype(np.float32),
        }
    if made_by.config.kind == "mel":
        tensors |= _sparse(layer._fb.detach().numpy().T)
    sizes = {
        "sample_rate": SAMPLING_RATE,
        "shift": FRAME_SHIFT,
        "window": len(window),
        "fft": layer.fft_length,
        "bins": len(mean),
    }
    numbers = {"preemphasis": layer.wav2win.preemph_coeff, "floor": POWER_FLOOR}
    return Frontend(sizes, numbers, tensors)


def _sparse(filters: Floats) -> dict[str, Floats | npt.NDArray[np.int32]]:
    """Store each filter (a row over FFT bins) as its first bin, its width and its weights."""
    first = (filters != 0).argmax(axis=1).astype(np.int32)
    last = filters.shape[1] - (filters[:, ::-1] != 0).argmax(axis=1)
    width = np.where(filters.any(axis=1), last - first, 0).astype(np.int32)
    weights = [row[start : start + n] for row, start, n in zip(filters, first, width, strict=True)]
    return {
        "features.filter.first": first,
        "features.filter.width": width,
        "features.filter.weights": np.concatenate(weights),
    }
