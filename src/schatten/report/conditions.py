"""Word error rates by what is known of the utterances: accents, devices, noise, rooms, voices."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schatten.errors import UserError
from schatten.report.captions import origin
from schatten.report.collect import Experiment, Result
from schatten.report.columns import Column, Table, interval, line, number, percent, words
from schatten.report.wer import wer_columns
from schatten.score.counts import read_counts
from schatten.score.summary import WordErrors, word_errors
from schatten.transcripts import read_conditions

_NAMES = ("system", "units", "penalty", "rank", "seed")
"""First keys of columns of `wer` that are shown here too."""
PARTS = 4
"""Of numbers with more values than `FEW`: with as many utterances in each."""
FEW = 8
NOT_KNOWN = "not known"
_ABSENT = object()

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Condition:
    """A model on the utterances of a test split that have something in common."""

    result: Result
    name: str
    """What is known of them."""
    value: str
    errors: WordErrors


def conditions_tables(experiment: Experiment) -> list[Table[Condition]]:
    """Return a table for each test split of which something asked for is known.

    Errors: `UserError` for a condition that no test split has.
    """
    tests = experiment.recipe.splits.test
    splits = {split: read_conditions(experiment.layout.cuts(split)) for split in tests}
    names = experiment.recipe.tables.conditions
    known = {split: _known(rows, names) for split, rows in splits.items()}
    for name in names:
        if not any(name in found for found in known.values()):
            raise UserError(
                f"tables.conditions names {name!r}, of which no test split says anything: "
                f"{_there(splits.values())}"
            )
    columns = _columns(experiment)
    found = []
    for split, groups in known.items():
        rows = _rows(experiment, experiment.results(split), groups)
        lines = tuple(line(columns, row) for row in rows)
        if lines:
            found.append(Table(f"Conditions, split {split}", columns, lines))
    return found


def _there(splits: Iterable[Mapping[str, Row]]) -> str:
    names = {name for rows in splits for row in rows.values() for name in _paths(row)}
    return f"there are {', '.join(sorted(names))}" if names else "give corpus.details"


def _paths(row: Row, before: str = "") -> Iterator[str]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _paths(value, f"{before}{name}.")
        elif before or name != "id":
            yield f"{before}{name}"


def _known(rows: Mapping[str, Row], names: Sequence[str]) -> dict[str, dict[str, set[str]]]:
    """Return the utterances of each value of each condition that a split knows, values in order."""
    found = {}
    for name in names:
        values = {key: _value(row, name) for key, row in rows.items()}
        if any(value is not _ABSENT for value in values.values()):
            found[name] = _groups(values)
    return found


def _value(row: Row, name: str) -> Any:
    """Return what a row says, with dots for tables in tables; `_ABSENT` where it says nothing.

    A null on the way is a value: nothing of the kind was added.
    """
    found: Any = row
    for part in [name] if name in row else name.split("."):
        if found is None:
            return None
        if not isinstance(found, Mapping) or part not in found:
            return _ABSENT
        found = found[part]
    return found


def _groups(values: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the utterances of each value; parts of numbers in their order, others by size."""
    numbers = {key: float(one) for key, one in values.items() if _is_number(one)}
    labels = dict(_labels(numbers))
    for key, one in values.items():
        if key not in labels:
            labels[key] = _word(one)
    groups: dict[str, set[str]] = {}
    for key in sorted(numbers, key=lambda key: (numbers[key], key)):
        groups.setdefault(labels[key], set()).add(key)
    others: dict[str, set[str]] = {}
    for key in labels.keys() - numbers.keys():
        others.setdefault(labels[key], set()).add(key)
    last = [NOT_KNOWN] if NOT_KNOWN in others else []
    order = sorted(others.keys() - set(last), key=lambda label: (-len(others[label]), label))
    return {**groups, **{label: others[label] for label in [*order, *last]}}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _word(value: Any) -> str:
    if value is _ABSENT:
        return NOT_KNOWN
    if value is None or value is False:
        return "none"
    return "some" if value is True or isinstance(value, Mapping | list) else str(value)


def _labels(numbers: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Yield the part of each number: its value where there are few, else the ends of its part."""
    values = np.array(sorted(numbers.values()))
    if len(set(values)) <= FEW:
        yield from ((key, f"{one:g}") for key, one in numbers.items())
        return
    cuts = np.quantile(values, [part / PARTS for part in range(1, PARTS)])
    parts: dict[int, list[str]] = {}
    for key, one in numbers.items():
        parts.setdefault(int(np.searchsorted(cuts, one, side="left")), []).append(key)
    for keys in parts.values():
        inside = [numbers[key] for key in keys]
        yield from ((key, f"{min(inside):.3g} to {max(inside):.3g}") for key in keys)


def _rows(
    experiment: Experiment,
    results: Sequence[Result],
    groups: Mapping[str, Mapping[str, set[str]]],
) -> Iterator[Condition]:
    for result in results:
        counts = read_counts(experiment.counts_path(result.model.node, result.split))
        for name, values in groups.items():
            for value, members in values.items():
                of_value = [each for each in counts if each.utterance in members]
                if of_value:
                    errors = word_errors(of_value, experiment.recipe.tables)
                    yield Condition(result, name, value, errors)


def _columns(experiment: Experiment) -> tuple[Column[Condition], ...]:
    shown = {column.keys[0]: column for column in wer_columns(experiment)}
    confidence = percent(experiment.recipe.tables.confidence)
    return (
        words(None, "split", lambda c: c.result.split),
        *(_of_result(shown[key]) for key in _NAMES if key in shown),
        words("condition", "condition", lambda c: c.name),
        words("value", "value", lambda c: c.value),
        number("utterances", "utterances", lambda c: c.errors.utterances, digits=0),
        number("speakers", "speakers", lambda c: c.errors.speakers, digits=0),
        number("words", "words", lambda c: c.errors.words, digits=0),
        number("WER", "wer", lambda c: c.errors.wer),
        interval(f"{confidence} interval", "wer", lambda c: c.errors.interval),
    )


def _of_result(column: Column[Result]) -> Column[Condition]:
    return column.of(lambda condition: condition.result)


def conditions_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table."""
    lm = experiment.main_lm
    return [
        "Error rates of utterances that have something in common, "
        + (f"with the language model {lm}." if lm else "greedy.")
        + " Values are those that the corpus gives; what it does not say of an utterance is "
        f"`{NOT_KNOWN}`. Numbers with more than {FEW} values are shown in {PARTS} parts with as "
        "many utterances each.",
        "Intervals draw speakers where several speak, and one of them more than once; otherwise "
        "utterances. Groups differ in speakers and words too, so a difference between two of them "
        "has not one cause. Few speakers say little.",
        origin(experiment),
    ]
