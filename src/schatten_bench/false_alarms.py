"""Rejection of what is no command: what it costs, and how often noise and other speech pass it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from schatten.audio.reading import read
from schatten.bundles import COMMANDS
from schatten.corpus.tsv import Places, read_rows
from schatten.decode.sound import read_mono
from schatten.device.commands import CLEAN, Command
from schatten.device.devices import Payload, bundle_payload
from schatten.device.listening import SILENCE, Answers, Listener, Recording
from schatten.errors import UserError
from schatten.runtime.files import write_json, write_text
from schatten_bench.unspoken import Unspoken

ROOMS = 16
"""Rooms of each noise: a collection of ten minutes of noise makes five hours."""
LOST = 0.02
"""Share of the commands that the rule may lose where it is chosen."""
_SEE_EVIDENCE = ("--gate-evidence", "1e-6")
"""The engine tells its evidence where it has a gate; this one lets everything pass."""
_TABLE = Places({"path": ("path",)}, optional=(), filled=("path",))


@dataclass(frozen=True)
class Rule:
    """When something that was heard counts as a command."""

    edits: int
    """Most words that may differ from the nearest sentence of the grammar."""
    evidence: float
    """Least evidence of speech (`schatten_evidence` of schatten.h), 0 to 1."""

    def accepts(self, answer: dict[str, Any]) -> bool:
        """Whether an utterance, as the engine's JSON has it, is a command."""
        command = answer["command"]
        return (
            bool(answer["text"])
            and command["edits"] <= self.edits
            and answer["evidence"] >= self.evidence
        )


@dataclass(frozen=True)
class Level:
    """Commands at a level of noise, under a rule."""

    level: str
    commands: int
    right: int
    """Commands whose slots are right, whether the rule accepts them or not."""
    kept: int
    """Those of them that it accepts."""
    wrong: int
    """Commands that it accepts with wrong slots."""


@dataclass(frozen=True)
class Alarms:
    """Sound that holds no command."""

    name: str
    hours: float
    without: int
    """Utterances in which words were heard."""
    alarms: int
    """Those that the rule takes for a command."""


@dataclass(frozen=True)
class Rejection:
    """Results of a bundle."""

    rule: Rule
    levels: list[Level]
    alarms: list[Alarms]


def listener_of(program: Path, bundle: Path, jobs: int) -> Listener:
    """Return the engine with a bundle of commands.

    Errors: `UserError` if the folder is no bundle, or one without commands.
    """
    if not (bundle / COMMANDS).is_file():
        raise UserError(f"{bundle} has no {COMMANDS}: give a bundle of a recipe with `commands`")
    plain = bundle_payload(bundle)
    payload = Payload(
        {**plain.files, COMMANDS: bundle / COMMANDS}, ("--commands", COMMANDS, *plain.words)
    )
    return Listener(program, payload, jobs)


def choose(listener: Listener, commands: Sequence[Recording], lost: float = LOST) -> Rule:
    """Return the strictest rule that loses at most a share `lost` of some commands.

    Half of the share is given to edits, the rest to the evidence. Noise and other speech have no
    say, so that they can be measured on. Errors: `UserError` where the engine fails.
    """
    answers = [_one(some) for some in listener.answers(commands, *_SEE_EVIDENCE).utterances]
    edits = sorted(answer["command"]["edits"] if answer["text"] else 10**6 for answer in answers)
    most = edits[max(0, math.ceil(len(edits) * (1 - lost / 2)) - 1)]
    near = [one["evidence"] for one in answers if one["text"] and one["command"]["edits"] <= most]
    spare = max(0, math.floor(len(answers) * lost) - (len(answers) - len(near)))
    return Rule(most, sorted(near)[min(spare, len(near) - 1)] if near else 0.0)


def measure(
    listener: Listener,
    rule: Rule,
    commands: Sequence[Command],
    others: Mapping[str, Sequence[Recording]],
) -> Rejection:
    """Hear commands, and sound without any, under a rule.

    `others`: recordings by kind; each may hold many utterances, which pauses end. Errors:
    `UserError` where the engine fails.
    """
    heard = listener.answers(commands, *_SEE_EVIDENCE).utterances
    levels: dict[str, Level] = {}
    for one, answers in zip(commands, heard, strict=True):
        answer, level = _one(answers), levels.get(one.level, Level(one.level, 0, 0, 0, 0))
        right, kept = answer["command"]["slots"] == one.slots, rule.accepts(answer)
        levels[one.level] = replace(
            level,
            commands=level.commands + 1,
            right=level.right + right,
            kept=level.kept + (right and kept),
            wrong=level.wrong + (kept and not right),
        )
    ends = ("--silence", repr(SILENCE))
    alarms = [
        _alarms(name, listener.answers(some, *ends, *_SEE_EVIDENCE), rule)
        for name, some in others.items()
    ]
    return Rejection(rule, list(levels.values()), alarms)


def speech_of(table: Path) -> list[Unspoken]:
    """Return the recordings of a tab-separated table with a column `path`, relative to it.

    Errors: `UserError` for a wrong or empty table.
    """
    rows = read_rows(table, _TABLE)
    if not rows:
        raise UserError(f"{table} names no recording: write a line for each")
    paths = [table.parent / row["path"] for row in rows]
    return [Unspoken(str(path), _seconds(path), partial(read_mono, path)) for path in paths]


def _seconds(path: Path) -> float:
    samples, rate = read(path)
    return len(samples) / rate


def _one(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the answer to a recording that was heard as one utterance."""
    (answer,) = answers
    return answer


def _alarms(name: str, found: Answers, rule: Rule) -> Alarms:
    utterances = [one for some in found.utterances for one in some]
    return Alarms(
        name,
        found.seconds / 3600,
        sum(bool(one["text"]) for one in utterances),
        sum(rule.accepts(one) for one in utterances),
    )


def as_table(found: Rejection) -> str:
    """Return the results as tables of Markdown."""
    lines = [
        f"A command has at most {found.rule.edits} edits and evidence of at least "
        f"{found.rule.evidence:.3f}, chosen on dev.",
        "",
        "| commands | number | right, nothing rejected (%) | right with rejection (%) "
        "| wrong with rejection (%) |",
        "|---|---|---|---|---|",
    ]
    noisy = [one for one in found.levels if one.level != CLEAN]
    mean = [_sum(noisy)] if len(noisy) > 1 else []
    lines += [_row(one) for one in (*found.levels, *mean)]
    lines += ["", "| sound | hours | utterances with words | false alarms | an hour |"]
    lines.append("|---|---|---|---|---|")
    for alarm in found.alarms:
        rate = alarm.alarms / max(alarm.hours, 1e-9)
        cells = [alarm.name, f"{alarm.hours:.2f}", str(alarm.without), str(alarm.alarms)]
        lines.append(f"| {' | '.join(cells)} | {rate:.1f} |")
    return "\n".join(lines) + "\n"


def _sum(levels: Sequence[Level]) -> Level:
    """Return levels with equally many commands as one: the mean of their shares."""
    return Level(
        f"mean, {levels[0].level.split()[0]} to {levels[-1].level}",
        sum(one.commands for one in levels),
        sum(one.right for one in levels),
        sum(one.kept for one in levels),
        sum(one.wrong for one in levels),
    )


def _row(one: Level) -> str:
    shares = [f"{100 * part / one.commands:.1f}" for part in (one.right, one.kept, one.wrong)]
    return f"| {' | '.join([one.level, str(one.commands), *shares])} |"


def write(found: Rejection, stem: Path) -> None:
    """Write the results as `stem`.md, and as numbers in `stem`.json."""
    write_text(stem.with_suffix(".md"), as_table(found))
    write_json(stem.with_suffix(".json"), asdict(found))
