"""Log-probabilities of a split's utterances in one `.npz`, from acoustic models to decoders.

Arrays: `ids` (N,) text; `lengths` (N,) frames; `values` (sum of lengths, V) float32, natural log,
utterances one after the other; `units` (V,) text; `seconds_per_frame` (). Units that are not
characters also have `kind` () text, and `separator` () text if they have one. Equal content is
equal bytes, as numpy gives the members of the archive no time stamp.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from schatten.errors import UserError
from schatten.runtime.files import write_bytes
from schatten.units import Units

_ABOUT = ("kind", "separator")
Frames = npt.NDArray[np.float32]
"""Natural-log probabilities of an utterance, (frames, units)."""


@dataclass(frozen=True)
class LogProbs:
    """Log-probabilities of utterances; iterating gives (id, (frames, units) array) pairs."""

    ids: list[str]
    lengths: npt.NDArray[np.int64]
    """Frames of each utterance, (N,)."""
    values: Frames
    """All utterances one after the other, (sum of lengths, V)."""
    units: Units
    """The V units."""
    seconds_per_frame: float

    def __iter__(self) -> Iterator[tuple[str, Frames]]:
        ends = np.cumsum(self.lengths)
        for name, length, end in zip(self.ids, self.lengths, ends, strict=True):
            yield name, self.values[end - length : end]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def seconds(self) -> float:
        """Length of the speech, in seconds."""
        return float(self.lengths.sum()) * self.seconds_per_frame


def write_logprobs(path: Path, logprobs: LogProbs) -> None:
    """Write an `.npz`, atomically; the same content gives the same bytes."""
    problem = _problem(logprobs)
    if problem:
        raise ValueError(f"log-probabilities for {path}: {problem}")
    about: dict[str, Any] = _about(logprobs.units)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        ids=np.array(logprobs.ids, dtype=np.str_),
        lengths=logprobs.lengths.astype(np.int64),
        values=np.ascontiguousarray(logprobs.values, dtype=np.float32),
        units=np.array(logprobs.units.names, dtype=np.str_),
        seconds_per_frame=np.float64(logprobs.seconds_per_frame),
        **about,
    )
    write_bytes(path, buffer.getvalue())


def read_logprobs(path: Path) -> LogProbs:
    """Read an `.npz`; a missing, damaged or inconsistent one is a `UserError`."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            logprobs = LogProbs(
                ids=arrays["ids"].tolist(),
                lengths=arrays["lengths"].astype(np.int64),
                values=arrays["values"].astype(np.float32, copy=False),
                units=_units(arrays),
                seconds_per_frame=float(arrays["seconds_per_frame"]),
            )
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: run `schatten logprobs` first") from None
    except (OSError, EOFError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is damaged ({error}): remove it and run again") from None
    problem = _problem(logprobs)
    if problem:
        raise UserError(f"{path} is damaged ({problem}): remove it and run again")
    return logprobs


def _about(units: Units) -> dict[str, npt.NDArray[np.str_]]:
    """Return what is stored beside the names of units; nothing for characters."""
    stored = units.stored()
    if isinstance(stored, list):
        return {}
    return {name: np.array(stored[name], np.str_) for name in _ABOUT if stored[name] is not None}


def _units(arrays: Mapping[str, npt.NDArray[Any]]) -> Units:
    """Return the units of an archive; one without a kind holds characters."""
    names = arrays["units"].tolist()
    if "kind" not in arrays:
        return Units.from_stored(names)
    about = {name: str(arrays[name]) if name in arrays else None for name in _ABOUT}
    return Units.from_stored({**about, "names": names})


def _problem(logprobs: LogProbs) -> str | None:
    """Say what does not fit together, if anything."""
    frames, values = int(logprobs.lengths.sum()), logprobs.values
    if len(set(logprobs.ids)) != len(logprobs.ids):
        return "an utterance stands twice"
    if logprobs.lengths.shape != (len(logprobs.ids),):
        return f"{len(logprobs.ids)} utterances, but lengths for {logprobs.lengths.shape}"
    if values.shape != (frames, len(logprobs.units)):
        return f"values of shape {values.shape} for {frames} frames of {len(logprobs.units)} units"
    return _not_numbers(logprobs)


def _not_numbers(logprobs: LogProbs) -> str | None:
    if not np.isnan(logprobs.values).any():
        return None
    bad = [name for name, values in logprobs if np.isnan(values).any()]
    return f"values that are not numbers in {', '.join(bad[:5])}"
