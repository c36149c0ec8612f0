"""Computes a split's features and keeps them beside their cuts, in lhotse's chunked archive."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from lhotse import CutSet
from lhotse.cut import Cut

from schatten.artifacts import FeatureStatistics
from schatten.audio.by_lhotse import require_files
from schatten.errors import UserError
from schatten.features.pieces import Piece, join, make
from schatten.recipe.step_settings import RESULT_VERSION
from schatten.runtime import seals
from schatten.runtime.files import digest, remove, sha256
from schatten.runtime.process import locked

_PIECE = 1000
"""Least utterances of a piece that are worth a process of their own."""


def archive_of(cuts: Path) -> Path:
    """Return the path of the features of `{split}.cuts.jsonl.gz`: `{split}.lca` beside it."""
    return cuts.with_name(cuts.name.removesuffix(".cuts.jsonl.gz") + ".lca")


def compute(
    cuts: Path,
    audio: Path,
    feature: str,
    speeds: tuple[float, ...],
    output: Path,
    *,
    pieces: int = 1,
    tasks: int = 1,
) -> int:
    """Write the features of `cuts`, whose audio paths are relative to the folder `audio`.

    Each utterance is used at each of `speeds`; copies get the suffix `_sp{speed}`. Writes
    `output` and its archive, and returns the number of utterances. `pieces` of the work are done at
    a time, in a Slurm job of several `tasks` on all its nodes. No byte depends on either. Pieces
    that a killed run has finished are not made again.
    """
    torch.set_num_threads(1)
    count = _look_at_recordings(cuts, audio)
    version = RESULT_VERSION["features"]
    key = digest([sha256(cuts), str(audio.absolute()), feature, speeds, pieces, version])
    work = output.with_name(f".{output.name.partition('.')[0]}-{key}")
    bounds = [count * number // pieces for number in range(pieces + 1)]
    parts = [
        Piece(
            cuts=cuts,
            audio=audio,
            feature=feature,
            speeds=speeds,
            first=first,
            last=last,
            output=work / f"{first:09d}.jsonl",
        )
        for first, last in pairwise(bounds)
    ]
    with locked(work):
        make(parts, tasks)
        join(parts, output, archive_of(output))
        remove(work)
    return count * len(speeds)


def pieces_for(cuts: Path, speeds: tuple[float, ...], workers: int) -> int:
    """Return the number of pieces for `pieces` processes; small pieces are not worth a process."""
    utterances = len(speeds) * sum(1 for _ in read_cuts(cuts))
    return max(1, min(workers, utterances // _PIECE))


def _look_at_recordings(cuts: Path, audio: Path) -> int:
    """Announce that the recordings of cuts are about to be read; return the number of cuts."""
    found = read_cuts(cuts)
    for cut in found:
        require_files((source.type for source in cut.recording.sources), cut.id, cuts)
    names = [str(source.source) for cut in found for source in cut.recording.sources]
    try:
        seals.reading_recordings(cuts, audio, names)
    except FileNotFoundError as error:
        raise UserError(
            f"{error.filename} does not exist, and {cuts} names it: copy it there, or make the "
            "corpus again"
        ) from None
    return len(found)


def read_cuts(path: Path) -> CutSet:
    """Read cuts; a missing or damaged manifest is a `UserError`."""
    if not path.is_file():
        raise UserError(f"{path} does not exist: make it first, or correct the path")
    seals.reading(path)
    try:
        return CutSet.from_file(path.absolute())  # lhotse runs a path that begins with `pipe:`
    except Exception as error:
        raise UserError(f"{path} is no cuts manifest ({error}): remove it and run again") from None


def read_features(cuts: Path, *, every: bool = False) -> CutSet:
    """Read cuts with features, lazily, their archives found beside the manifest.

    Utterances without a frame have no features, and are read only where `every` one is wanted.
    """
    if not cuts.is_file():
        raise UserError(f"{cuts} does not exist: run `schatten features` first")
    archive = archive_of(cuts)
    if not archive.is_file():
        raise UserError(
            f"{archive} does not exist, which {cuts} needs: remove {cuts} too and run again"
        )
    seals.reading(cuts)
    seals.reading(archive)
    found = CutSet.from_jsonl_lazy(cuts.absolute())
    found = found if every else found.filter(_has_features)
    return found.with_features_path_prefix(cuts.parent)


def _has_features(cut: Cut) -> bool:
    return bool(cut.has_features)


def write_statistics(cuts: Path, output: Path) -> None:
    """Write mean and standard deviation of each bin over all frames of the cuts."""
    count, total, squares = 0, np.zeros(1), np.zeros(1)
    for cut in read_features(cuts):
        frames = cut.load_features().astype(np.float64)
        count += len(frames)
        total = total + frames.sum(0)
        squares = squares + np.square(frames).sum(0)
    if count == 0:
        raise UserError(
            f"{cuts} holds no frames: the training split is empty or all its utterances are "
            "too short for a frame; check the corpus"
        )
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - np.square(mean), 1e-8))
    FeatureStatistics(frames=count, mean=list(mean), deviation=list(deviation)).write(output)


def read_statistics(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and standard deviation (bins,) as `write_statistics` wrote them."""
    found = FeatureStatistics.read(path)
    return torch.tensor(found.mean), torch.tensor(found.deviation)
