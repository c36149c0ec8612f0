"""Makes distorted copies of training recordings, as the recipe's `multi_style` says.

A copy is drawn from the seed and the utterance's id, and made by a process of its block. So the
number of processes changes no byte.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from schatten.corpus.style.block import Copy, Job, Source, read_utterance
from schatten.corpus.style.distortion import at_level, trim
from schatten.corpus.style.draws import random_of, seed_of, within
from schatten.corpus.style.plan import draw_noise, draw_shares
from schatten.corpus.style.processes import run_jobs
from schatten.corpus.style.sources import prepared
from schatten.corpus.utterance import Utterance
from schatten.errors import UserError
from schatten.recipe.styles import MultiStyle
from schatten.runtime.files import atomic_output, digest, remove, write_jsonl
from schatten.runtime.process import locked

_BLOCK = 100
"""Utterances of a process: some 20 s of work, against a second for its start."""
_BABBLE = 64
"""Training utterances that babble is mixed from."""
_BABBLE_LEVEL = -26.0
"""Level of each of them, in dB of full scale: no talker of a babble drowns the others."""
_WORK = ".multi_style"
"""Folder for temporary files, until the copies are complete; its name ends with what they are."""


def with_copies(
    settings: MultiStyle,
    utterances: Sequence[Utterance],
    rates: Mapping[str, int],
    train: str,
    folder: Path,
    *,
    output: Path,
    jobs: int,
) -> list[Utterance]:
    """Write copies of the split `train`, and return all utterances with paths relative to `output`.

    `folder` is what paths were relative to, and `rates` the recordings' rates in Hz by path. Copies
    are written below `output/audio`, and `{train}.conditions.jsonl.gz` says how each one was made.
    An interrupted run is continued.

    Errors: `UserError` for noise, rooms or recordings that cannot be used.
    """
    spoken = sorted((one for one in utterances if one.split == train), key=lambda one: one.id)
    sources = [_planned(settings, one, number, folder) for number, one in enumerate(spoken)]
    if sources:
        rows = [source.model_dump() for source in sources]
        work = output / f"{_WORK}-{digest([settings.model_dump(mode='json'), rows], 16)}"
        with locked(work):
            _write(settings, sources, train, output, (work, jobs))
            write_jsonl(output / f"{train}.conditions.jsonl.gz", _conditions(sources))
            remove(work)
    clean = [one for one in utterances if settings.clean or one.split != train]
    found = [replace(one, audio=_path(one, folder, output)) for one in clean]
    for one, source in zip(spoken, sources, strict=True):
        found += [_copy_of(one, copy, rates[one.audio]) for copy in source.copies]
    return found


def _path(one: Utterance, folder: Path, output: Path) -> str:
    """Return a recording's path: as it is where it is relative to `output`, or whole."""
    return one.audio if folder == output else (folder / one.audio).absolute().as_posix()


def _copy_of(one: Utterance, copy: Copy, rate: int) -> Utterance:
    return replace(
        one,
        id=copy.id,
        audio=copy.audio,
        copy_of=one.id,
        recorded_rate=rate,
        start=0.0,
        end=None,
        recording=None,
        seconds=None,
    )


def _planned(settings: MultiStyle, one: Utterance, number: int, folder: Path) -> Source:
    names = [f"{one.id}-copy{copy}" for copy in range(1, settings.copies + 1)]
    place = f"audio/multi_style/{number // _BLOCK:04d}/{number:06d}"
    return Source(
        id=one.id,
        recording=(folder / one.audio).absolute().as_posix(),
        start=one.start,
        end=one.end,
        copies=[_drawn(settings, name, f"{place}-{i}.flac") for i, name in enumerate(names, 1)],
    )


def _drawn(settings: MultiStyle, name: str, audio: str) -> Copy:
    random = random_of(settings.seed, "copy", name)
    noisy, echoing = draw_shares(settings.noise, settings.reverberation, random)
    return Copy(
        id=name,
        audio=audio,
        level=None if settings.level is None else within(settings.level, random),
        noise=draw_noise(settings.noise, random) if noisy else None,
        room=random.random() if echoing else None,
        noise_seed=seed_of(settings.seed, "noise", name),
        vocal_tract=within(settings.vocal_tract, random),
    )


def _write(
    settings: MultiStyle,
    sources: Sequence[Source],
    train: str,
    output: Path,
    place: tuple[Path, int],
) -> None:
    """Write the copies that are missing; `place` is the folder of work and the processes."""
    work, jobs = place
    common = prepared(settings.noise, settings.reverberation, settings.seed, "train", work)
    if "babble" in settings.noise.kinds and settings.noise.share:
        common["babble"] = str(_babble(settings, sources, work))
    planned = [
        Job.model_validate(
            {
                "block": f"{train}-{start:06d}",
                "utterances": sources[start : start + _BLOCK],
                "output": str(output),
                **common,
            }
        )
        for start in range(0, len(sources), _BLOCK)
    ]
    run_jobs(planned, work, jobs)


def _babble(settings: MultiStyle, sources: Sequence[Source], work: Path) -> Path:
    """Write the training speech that babble is mixed from, one utterance after the other."""
    path = work / "babble.npy"
    if not path.is_file():
        random = random_of(settings.seed, "babble")
        chosen = random.sample(sources, min(_BABBLE, len(sources)))
        parts = [
            at_level(trim(read_utterance(Path(one.recording), one.start, one.end)), _BABBLE_LEVEL)
            for one in chosen
        ]
        speech = np.concatenate(parts)
        if not np.any(speech):
            raise UserError(
                "babble is mixed from training recordings, and those are silent: correct them, or "
                "leave `babble` out of multi_style.noise.kinds"
            )
        with atomic_output(path) as beside:
            np.save(beside, speech)
    return path


def _conditions(sources: Sequence[Source]) -> list[dict[str, object]]:
    return [
        {"copy_of": source.id, **copy.model_dump(exclude={"audio"})}
        for source in sources
        for copy in source.copies
    ]
