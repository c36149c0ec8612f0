"""A part of the training split of some hours: who speaks in it follows from the seed alone.

Parts of one seed are nested: the shorter one is in the longer one. All speakers have about the same
time, until those with little have given all.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from lhotse import CutSet
from lhotse.cut import Cut

from schatten.artifacts import TrainedOn
from schatten.errors import UserError

_SPEED = re.compile(r"_sp(\d+\.?\d*)$")
"""What `schatten features` adds to the id of a copy at another speed."""


@dataclass(frozen=True)
class _Said:
    """An utterance as it was recorded."""

    name: str
    speaker: str
    seconds: float
    order: bytes
    """Its place among the speaker's utterances; it follows from seed and name alone."""


def said(cut: Cut) -> str:
    """Return the utterance that a cut is a copy of, in speed or style; its own id if it is none."""
    return str((cut.custom or {}).get("copy_of") or _SPEED.sub("", cut.id))


def chosen(cuts: Iterable[Cut], hours: float, seed: int) -> tuple[frozenset[str], TrainedOn]:
    """Choose utterances of `hours` from a training split; return their names, and what they are.

    Copies in other speeds and styles count once. The last utterance chosen is the one that reaches
    `hours`.

    Errors: `UserError` if the split has fewer hours.
    """
    every = _ordered(_recorded(cuts, seed))
    total = sum(one.seconds for one in every) / 3600
    if hours > total:
        raise UserError(
            f"the training split has {total:.3f} hours, and the training wants hours: {hours:g}: "
            "lower it, or remove it to take all"
        )
    seconds, part = 0.0, list[_Said]()
    for one in every:
        if seconds >= 3600 * hours:
            break
        seconds += one.seconds
        part.append(one)
    found = TrainedOn(
        hours=round(seconds / 3600, 6),
        utterances=len(part),
        speakers=len({one.speaker for one in part}),
        of_hours=round(total, 6),
        of_utterances=len(every),
        of_speakers=len({one.speaker for one in every}),
    )
    return frozenset(one.name for one in part), found


def only(cuts: CutSet, names: frozenset[str]) -> CutSet:
    """Return the cuts of the named utterances, with all of their copies."""
    return cuts.filter(_Of(names))


@dataclass(frozen=True)
class _Of:
    """A filter that other processes can be sent."""

    names: frozenset[str]

    def __call__(self, cut: Cut) -> bool:
        return said(cut) in self.names


def _recorded(cuts: Iterable[Cut], seed: int) -> list[_Said]:
    """Return each utterance once, at the speed of its recording."""
    found: dict[str, _Said] = {}
    for cut in cuts:
        name, speed = said(cut), _SPEED.search(cut.id)
        if name not in found or cut.id == name:  # the recording's own seconds, where it is there
            seconds = round(cut.duration * (float(speed[1]) if speed else 1.0), 3)
            speaker = cut.supervisions[0].speaker or name
            order = hashlib.sha256(f"{seed} {name}".encode()).digest()
            found[name] = _Said(name, speaker, seconds, order)
    return list(found.values())


def _ordered(every: list[_Said]) -> list[_Said]:
    """Order utterances by how long their speakers have spoken before them, each in own order."""
    by_speaker: dict[str, list[_Said]] = defaultdict(list)
    for one in every:
        by_speaker[one.speaker].append(one)
    keyed: list[tuple[float, bytes, _Said]] = []
    for some in by_speaker.values():
        before = 0.0
        for one in sorted(some, key=lambda each: each.order):
            keyed.append((before, one.order, one))
            before += one.seconds
    return [one for _, _, one in sorted(keyed, key=lambda entry: entry[:2])]
