"""WER after CTC, after sequence training, after adaptation: a line for each rank.

After table 1 of Prabhavalkar et al. (2016). Beside each stage is its control, which trains as long.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from schatten.recipe.chain import Node
from schatten.recipe.steps import Adapt, Sequence, Train
from schatten.report.captions import origin
from schatten.report.collect import Experiment, Result
from schatten.report.columns import Column, Table, interval, line, number, percent, words
from schatten.report.wer import wer_columns
from schatten.score.paired import Difference

_NAMES = ("split", "system", "units", "rank", "seed", "parameters", "share_of_baseline_percent")
"""First keys of columns of `wer` that are shown here too, of the model after CTC."""


@dataclass(frozen=True)
class Stages:
    """The models of one rank, one after the other, on a test split."""

    ctc: Result
    """After CTC, before sequence training."""
    longer: Result | None
    """After CTC for as long as sequence training: its control."""
    sequence: Result | None
    """After sequence training."""
    adapted: dict[str, Result]
    """After each step `adapt` that follows, by its name."""
    by_sequence: Difference | None
    """Sequence training minus its control."""
    by_adapting: Difference | None
    """The first step `adapt` minus the second one."""

    @property
    def criterion(self) -> str | None:
        """The criterion of sequence training."""
        step = self.sequence and self.sequence.model.node.step
        return step.criterion if isinstance(step, Sequence) else None


def stages_tables(experiment: Experiment) -> list[Table[Stages]]:
    """Return a table for each test split, with a line for each model after CTC and criterion."""
    columns, found = _columns(experiment), []
    for split in experiment.recipe.splits.test:
        lines = tuple(line(columns, row) for row in _rows(experiment, split))
        found.append(Table(f"Stages, split {split}", columns, lines))
    return found


def _rows(experiment: Experiment, split: str) -> Iterator[Stages]:
    results = {result.model.node: result for result in experiment.results(split)}
    for node, result in results.items():
        if not isinstance(node.step, Train) or not any(map(_is_sequence, node.children)):
            continue
        after = [child for child in node.children if _is_sequence(child)]
        controls = [child for child in after if not _reads_hypotheses(child)]
        longer = results[controls[0]] if controls else None
        criteria: list[Result | None] = [results[one] for one in after if _reads_hypotheses(one)]
        for sequence in criteria or [None]:
            last = sequence or longer
            assert last is not None
            children = last.model.node.children
            adapted = {one.name: results[one] for one in children if isinstance(one.step, Adapt)}
            first, second = next(pairwise(adapted.values()), (None, None))
            yield Stages(
                ctc=result,
                longer=longer,
                sequence=sequence,
                adapted=adapted,
                by_sequence=_minus(experiment, sequence, longer),
                by_adapting=_minus(experiment, first, second),
            )


def _is_sequence(node: Node) -> bool:
    return isinstance(node.step, Sequence) and not isinstance(node.step, Adapt)


def _reads_hypotheses(node: Node) -> bool:
    return isinstance(node.step, Sequence) and node.step.reads_hypotheses


def _minus(experiment: Experiment, one: Result | None, control: Result | None) -> Difference | None:
    if one is None or control is None:
        return None
    return experiment.compared([control.model.node], [one.model.node], one.split).points


def _columns(experiment: Experiment) -> tuple[Column[Stages], ...]:
    shown = {column.keys[0]: column for column in wer_columns(experiment)}
    confidence = percent(experiment.recipe.tables.confidence)
    return (
        *(_of_ctc(shown[key]) for key in _NAMES if key in shown),
        number("WER after CTC", "wer_ctc", lambda s: s.ctc.main.wer),
        number("after more CTC", "wer_longer", lambda s: _wer(s.longer)),
        words("criterion", "criterion", lambda s: s.criterion),
        number("after sequence training", "wer_sequence", lambda s: _wer(s.sequence)),
        *_difference("minus more CTC", "sequence", confidence, lambda s: s.by_sequence),
        *map(_adapted, _names(experiment)),
        *_difference("first minus second", "adapted", confidence, lambda s: s.by_adapting),
    )


def _difference(
    header: str, key: str, confidence: str, get: Callable[[Stages], Difference | None]
) -> tuple[Column[Stages], ...]:
    """Return the columns of a difference in points, and of its interval."""

    def points(stages: Stages) -> float | None:
        found = get(stages)
        return None if found is None else found.points

    def ends(stages: Stages) -> tuple[float, float] | None:
        found = get(stages)
        return None if found is None else (found.low, found.high)

    return (
        number(header, f"{key}_difference", points, signed=True),
        interval(f"{confidence} paired", f"{key}_difference", ends, signed=True),
    )


def _of_ctc(column: Column[Result]) -> Column[Stages]:
    return column.of(lambda stages: stages.ctc)


def _names(experiment: Experiment) -> list[str]:
    """Return the names of the steps `adapt`, in the order of the recipe."""
    nodes = [model.node for model in experiment.models]
    return list(dict.fromkeys(node.name for node in nodes if isinstance(node.step, Adapt)))


def _adapted(name: str) -> Column[Stages]:
    return number(f"after {name}", f"wer_{name}", lambda s: _wer(s.adapted.get(name)))


def _wer(result: Result | None) -> float | None:
    return None if result is None else result.main.wer


def stages_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table."""
    lm = experiment.main_lm
    search = f"with the language model {lm}" if lm else "greedily"
    return [
        f"WER {search}. More CTC trains as long as sequence training does, from the same model: "
        "it is the control. First minus second: of the two steps `adapt`, in the order of their "
        "columns. Differences are of the same utterances, in points.",
        "Hypotheses cannot be found over tied phones, so their lines have CTC alone, and adapt "
        "with it after more CTC.",
        origin(experiment),
    ]
