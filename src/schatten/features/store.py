"""Computing a split's features and keeping them beside their cuts, in lhotse's chunked archive."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from lhotse import CutSet, LilcomChunkyWriter
from lhotse.audio.backend import LibsndfileBackend, audio_backend
from lhotse.cut import Cut

from schatten import seals
from schatten.errors import UserError
from schatten.features.extractors import extractor
from schatten.files import atomic_output, read_json, write_json, write_jsonl


def archive_of(cuts: Path) -> Path:
    """Return where the features of `{split}.cuts.jsonl.gz` lie: `{split}.lca` beside it."""
    return cuts.with_name(cuts.name.removesuffix(".cuts.jsonl.gz") + ".lca")


def compute(cuts: Path, audio: Path, feature: str, speeds: tuple[float, ...], output: Path) -> int:
    """Write the features of `cuts`, whose audio paths are relative to the folder `audio`.

    Each utterance is used at each of `speeds`; copies get the suffix `_sp{speed}`. Writes
    `output` and its archive, and returns the number of utterances. Audio is read by libsndfile
    alone: lhotse would hand the names of .sph files to a shell.
    """
    torch.set_num_threads(1)
    spectrum = extractor(feature)
    archive = archive_of(output)
    recorded = _recorded(cuts, audio)
    done = []
    with (
        audio_backend(LibsndfileBackend()),
        atomic_output(archive) as beside,
        LilcomChunkyWriter(beside) as writer,
    ):
        for cut in _at_speeds(recorded, speeds):
            with_features = _extract(cut, spectrum, writer, cuts)
            with_features.features.storage_path = archive.name
            done.append(with_features.drop_recording().to_dict())
    write_jsonl(output, done)
    return len(done)


def _recorded(cuts: Path, audio: Path) -> CutSet:
    """Read cuts, and say that their recordings are about to be read."""
    found = read_cuts(cuts)
    names = [str(source.source) for cut in found for source in cut.recording.sources]
    try:
        seals.reading_recordings(cuts, audio, names)
    except FileNotFoundError as error:
        raise UserError(
            f"{error.filename} does not exist, and {cuts} names it: copy it there, or make the "
            "corpus again"
        ) from None
    return found.with_recording_path_prefix(audio)


def _at_speeds(cuts: CutSet, speeds: tuple[float, ...]) -> Iterator[Cut]:
    for cut in cuts:
        for speed in speeds:
            yield cut if speed == 1.0 else cut.perturb_speed(speed)


def _extract(cut: Cut, spectrum: object, writer: LilcomChunkyWriter, cuts: Path) -> Cut:
    try:
        return cut.compute_and_store_features(extractor=spectrum, storage=writer)
    except Exception as error:
        source = cut.recording.sources[0].source
        raise UserError(
            f"{source} (utterance {cut.id} of {cuts}) cannot be turned into features: "
            f"{str(error).splitlines()[0]}; repair or remove it"
        ) from error


def read_cuts(path: Path) -> CutSet:
    """Read cuts; a missing or damaged manifest is a `UserError`."""
    if not path.is_file():
        raise UserError(f"{path} does not exist: make it first, or correct the path")
    seals.reading(path)
    try:
        return CutSet.from_file(path.absolute())  # lhotse runs a path that begins with `pipe:`
    except Exception as error:
        raise UserError(f"{path} is no cuts manifest ({error}): remove it and run again") from None


def read_features(cuts: Path) -> CutSet:
    """Read cuts with features, lazily, their archives found beside the manifest."""
    if not cuts.is_file():
        raise UserError(f"{cuts} does not exist: run `schatten features` first")
    seals.reading(cuts)
    seals.reading(archive_of(cuts))
    return CutSet.from_jsonl_lazy(cuts.absolute()).with_features_path_prefix(cuts.parent)


def write_statistics(cuts: Path, output: Path) -> None:
    """Write mean and standard deviation of each bin over all frames of the cuts."""
    count, total, squares = 0, np.zeros(1), np.zeros(1)
    for cut in read_features(cuts):
        frames = cut.load_features().astype(np.float64)
        count += len(frames)
        total = total + frames.sum(0)
        squares = squares + np.square(frames).sum(0)
    if count == 0:
        raise UserError(f"{cuts} holds no frames: the training split is empty, check the corpus")
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - np.square(mean), 1e-8))
    write_json(output, {"frames": count, "mean": list(mean), "deviation": list(deviation)})


def read_statistics(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and standard deviation (bins,) as `write_statistics` wrote them."""
    content = read_json(path)
    return torch.tensor(content["mean"]), torch.tensor(content["deviation"])
