"""Features of a split in pieces, so that processes and nodes share the work.

The output has the same bytes for any number of pieces: each piece is a run of utterances, and the
archives are concatenated. `python -m schatten.features.pieces JOB` makes one piece; JOB is a JSON
file (a `Piece`).
"""

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from lhotse import CutSet, LilcomChunkyWriter
from pydantic import BaseModel

from schatten.audio.by_lhotse import check_length, naming, use_own_reader
from schatten.errors import UserError
from schatten.features.extractors import extractor, frames_of
from schatten.runtime.files import atomic_output, write_jsonl, write_text
from schatten.runtime.launch import run_module
from schatten.runtime.process import die_with_parent


class Piece(BaseModel):
    """A run of utterances; paths are absolute, or relative to the process's folder."""

    cuts: Path
    """Cuts of the split."""
    audio: Path
    """Folder that audio paths are relative to."""
    feature: str
    speeds: tuple[float, ...]
    first: int
    """Number of the first cut, from 0."""
    last: int
    """Number of the cut after the last."""
    output: Path
    """`NAME.jsonl`, written last; the archive `NAME.lca` is beside it."""

    @property
    def archive(self) -> Path:
        """The piece's archive."""
        return self.output.with_suffix(".lca")


def make(pieces: Sequence[Piece], tasks: int) -> None:
    """Make the missing pieces: a single one in this process, several in processes of their own.

    Errors: `UserError` with the last line of a failed process.
    """
    missing = [piece for piece in pieces if not piece.output.is_file()]
    if len(pieces) == 1:
        for piece in missing:
            extract(piece)
        return
    with ThreadPoolExecutor(len(pieces)) as pool:
        for future in [pool.submit(_make_apart, piece, tasks) for piece in missing]:
            future.result()


def _make_apart(piece: Piece, tasks: int) -> None:
    job = piece.output.with_suffix(".json")
    write_text(job, piece.model_dump_json())
    result = run_module("schatten.features.pieces", str(job), tasks=tasks)
    if result.returncode:
        lines = result.stderr.strip().splitlines() or [f"it ended with {result.returncode}"]
        raise UserError(lines[-1].removeprefix("schatten: "))


def extract(piece: Piece) -> None:
    """Write a piece.

    Errors: `UserError` that names the utterance whose recording cannot be used.
    """
    use_own_reader()
    with (
        atomic_output(piece.archive, lasting=False) as beside,
        LilcomChunkyWriter(beside) as writer,
    ):
        rows = list(_rows(piece, writer))
    write_jsonl(piece.output, rows, lasting=False)


def _rows(piece: Piece, writer: LilcomChunkyWriter) -> Iterator[dict[str, Any]]:
    spectrum = extractor(piece.feature)
    cuts = CutSet.from_jsonl_lazy(piece.cuts).with_recording_path_prefix(piece.audio)
    for cut in islice(cuts, piece.first, piece.last):
        with naming(cut, piece.cuts):
            check_length(cut, piece.cuts)
        for speed in piece.speeds:
            wanted: Any = cut if speed == 1.0 else cut.perturb_speed(speed)
            if frames_of(wanted.duration):
                with naming(wanted, piece.cuts):
                    wanted = wanted.compute_and_store_features(spectrum, storage=writer)
            row = wanted.to_dict()
            del row["recording"]
            yield row


def join(pieces: Sequence[Piece], output: Path, archive: Path) -> None:
    """Write the cuts and the archive of all pieces; cuts name the archive without its folder."""
    starts = []
    with atomic_output(archive) as beside, beside.open("wb") as whole:
        for piece in pieces:
            starts.append(whole.tell())
            with piece.archive.open("rb") as part:
                shutil.copyfileobj(part, whole, 1 << 20)
    write_jsonl(output, _joined(pieces, starts, archive.name))


def _joined(pieces: Sequence[Piece], starts: list[int], archive: str) -> Iterator[dict[str, Any]]:
    """Yield the pieces' rows; a storage key's first number is the place in the archive.

    Utterances without a frame have no features.
    """
    for piece, start in zip(pieces, starts, strict=True):
        with piece.output.open() as lines:
            for line in lines:
                row = json.loads(line)
                if "features" not in row:
                    yield row
                    continue
                place, _, rest = row["features"]["storage_key"].partition(",")
                row["features"]["storage_key"] = f"{int(place) + start},{rest}"
                row["features"]["storage_path"] = archive
                yield row


def main() -> None:
    """Make the piece of the command line's job."""
    import torch

    die_with_parent()
    torch.set_num_threads(1)
    try:
        extract(Piece.model_validate_json(Path(sys.argv[1]).read_text()))
    except UserError as error:
        sys.exit(f"schatten: {error}")


if __name__ == "__main__":
    main()
