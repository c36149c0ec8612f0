"""What is known of each triphone: how often it was said, and the sums of its feature vectors."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schatten.errors import UserError
from schatten.runtime.files import write_bytes

_ARRAYS = ("triphones", "counts", "sums", "squares")


@dataclass(frozen=True, eq=False)
class Triphones:
    """Statistics of K triphones over D features."""

    phones: tuple[str, ...]
    """Names of the phone set; the blank's place, 0, stands for the edge of an utterance."""
    triphones: NDArray[np.int64]
    """Left neighbour, phone and right neighbour (K, 3), sorted, each triphone once."""
    counts: NDArray[np.float64]
    """Tokens of each triphone (K,)."""
    sums: NDArray[np.float64]
    """Sums of their feature vectors (K, D)."""
    squares: NDArray[np.float64]
    """Sums of the squares of these (K, D)."""
    delay: int = 0
    """Frames of 10 ms by which the spikes came after the features."""
    utterances: int = 0
    """Utterances that were aligned."""

    @property
    def tokens(self) -> int:
        """Number of phone tokens."""
        return int(self.counts.sum())

    def summary(self) -> str:
        """Return the counts in one line."""
        frequent = ", ".join(
            f"{int((self.counts >= least).sum())} seen {least} times or more" for least in (10, 100)
        )
        return (
            f"{self.tokens} phones of {self.utterances} utterances, {len(self.counts)} triphones, "
            f"{frequent}; spikes {self.delay * 10} ms after their phones"
        )


def triphones_of(
    phones: tuple[str, ...],
    said: NDArray[np.int64],
    vectors: NDArray[np.float64],
    delay: int,
    utterances: int,
) -> Triphones:
    """Add up tokens of utterances: `said` (N, 3) left, phone, right; `vectors` (N, D) features."""
    found, place = np.unique(said, axis=0, return_inverse=True)
    order = np.argsort(place.ravel(), kind="stable")
    starts = np.searchsorted(place.ravel()[order], np.arange(len(found)))
    counts = np.bincount(place.ravel(), minlength=len(found)).astype(np.float64)
    ordered = vectors[order]
    return Triphones(
        phones,
        found,
        counts,
        np.add.reduceat(ordered, starts),
        np.add.reduceat(ordered**2, starts),
        delay,
        utterances,
    )


def write_triphones(path: Path, found: Triphones) -> None:
    """Write an `.npz`, atomically; the same content gives the same bytes."""
    buffer = io.BytesIO()
    arrays = {name: getattr(found, name) for name in _ARRAYS}
    about = np.array([found.delay, found.utterances])
    np.savez(buffer, phones=np.array(found.phones, np.str_), about=about, **arrays)
    write_bytes(path, buffer.getvalue())


def read_triphones(path: Path) -> Triphones:
    """Read what `write_triphones` wrote; a missing or damaged file is a `UserError`."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            delay, utterances = stored["about"].tolist()
            phones = tuple(stored["phones"].tolist())
            arrays = {name: stored[name] for name in _ARRAYS}
            found = Triphones(phones, **arrays, delay=delay, utterances=utterances)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: make it with `schatten align`") from None
    except (OSError, EOFError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is damaged ({error}): remove it and run again") from None
    shape = found.sums.shape
    if found.triphones.shape != (len(found.counts), 3) or found.squares.shape != shape:
        raise UserError(f"{path} is damaged (its arrays do not fit): remove it and run again")
    return found
