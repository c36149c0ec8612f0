"""The table of the engine: sizes and errors of exported models, by precision.

The engine recognises the words from sound on this machine; every CPU gives the same words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schatten.artifacts import Exported, Reliability, Score, read
from schatten.recipe.chain import Node
from schatten.recipe.layout import engine_decodings, lexicon_models
from schatten.report.captions import origin
from schatten.report.collect import Experiment
from schatten.report.columns import Column, Table, interval, line, number, percent, words
from schatten.report.wer import of_words
from schatten.score.paired import Difference, paired_difference
from schatten.score.run import beside

NOTE = (
    "Decoded by the engine (C++), which computes features and log-probabilities of its own; LM "
    "weight and word bonus are those tuned for fp32. int8: weights by row, activations by frame. "
    "Minus fp32: points of WER more than the same model in fp32 in the engine, and the deletions "
    "and insertions among its words that make them. Latency is the algorithmic one: from the "
    "first sample of an output frame until that frame is known."
)
CALIBRATION = (
    "ECE: expected calibration error of the words' confidences (Guo et al., 2017, equation 3, ten "
    "bins) with the first language model, divided by the temperature that was tuned on dev; at "
    "most 0.05 is the goal. A score that an earlier version decoded has none."
)
INT4 = (
    "int4: large matrices in 4 bits, convolutions and the output in 8. A step `quantize` trains "
    "with such weights; the other models are rounded after their training."
)


@dataclass(frozen=True)
class EngineResult:
    """An exported model on a test split."""

    node: Node
    precision: str
    split: str
    exported: Exported
    greedy: Score
    with_lm: dict[str, Score]
    """By language model, the main one first."""
    reference: Score
    """Score by torch's log-probabilities, with the main language model or greedily."""
    fp32: Score | None
    """The engine's score of the model in fp32; None if that was not asked for."""
    reliability: Reliability | None
    """Of the words with the main language model; None in results of earlier versions."""
    loss: Difference | None
    """Difference of int8 or int4 to fp32, both by the engine."""

    @property
    def main(self) -> Score:
        """The score with the main language model; greedy where there is none."""
        return next(iter(self.with_lm.values()), self.greedy)


def engine_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table."""
    systems = experiment.recipe.systems.values()
    narrow = [INT4] if any("int4" in system.precisions for system in systems) else []
    sure = [CALIBRATION] if main_model(experiment) is not None else []
    return [NOTE, *sure, *narrow, origin(experiment)]


def engine_tables(experiment: Experiment) -> list[Table[EngineResult]]:
    """Return a table for each test split; none if no system names a precision."""
    columns = _columns(experiment)
    found = {split: engine_results(experiment, split) for split in experiment.recipe.splits.test}
    return [
        Table(f"Engine, split {split}", columns, tuple(line(columns, result) for result in results))
        for split, results in found.items()
        if results
    ]


def engine_results(experiment: Experiment, split: str) -> list[EngineResult]:
    """Return the engine's results on a split, in the order of the recipe."""
    recipe = experiment.recipe
    return [
        _result(experiment, model.node, precision, split)
        for model in experiment.models
        for precision in dict.fromkeys(one for one, _ in engine_decodings(recipe, model.node))
    ]


def _result(experiment: Experiment, node: Node, precision: str, split: str) -> EngineResult:
    layout, main = experiment.layout, main_model(experiment)
    has_fp32 = "fp32" in node.system_settings.precisions

    def score(lm: str, precision: str = precision) -> Score:
        return read(layout.score(node, "engine", lm, split, precision), Score)

    return EngineResult(
        node,
        precision,
        split,
        experiment.exported(node, precision),
        score("none"),
        {name: score(name) for name in lexicon_models(experiment.recipe)},
        experiment.score(node, main, split),
        score(main or "none", "fp32") if has_fp32 and precision != "fp32" else None,
        _reliability(experiment, node, split, precision),
        _loss(experiment, node, split, precision) if has_fp32 and precision != "fp32" else None,
    )


def _reliability(
    experiment: Experiment, node: Node, split: str, precision: str
) -> Reliability | None:
    main = main_model(experiment)
    if main is None:
        return None
    path = experiment.layout.reliability(node, main, split, precision)
    return read(path, Reliability) if path.is_file() else None


def main_model(experiment: Experiment) -> str | None:
    """Return the language model that precisions are compared with."""
    return next(iter(lexicon_models(experiment.recipe)), None)


def _loss(experiment: Experiment, node: Node, split: str, precision: str) -> Difference:
    layout, tables = experiment.layout, experiment.recipe.tables
    fp32, own = (
        beside(
            layout.score(node, "engine", main_model(experiment) or "none", split, one),
            ".utterances.csv",
        )
        for one in ("fp32", precision)
    )
    return paired_difference(fp32, own, tables.bootstrap_samples, tables.confidence)


def _columns(experiment: Experiment) -> tuple[Column[EngineResult], ...]:
    return (
        words(None, "split", lambda r: r.split),
        words("system", "system", lambda r: r.node.system),
        words("rank", "rank", lambda r: r.node.label),
        words("seed", "seed", lambda r: r.node.seed),
        words("precision", "precision", lambda r: r.precision),
        number("MB", "megabytes", lambda r: r.exported.bytes / 1e6, digits=3),
        number("latency (ms)", "latency_ms", _latency, digits=0),
        *[_wer(name) for name in lexicon_models(experiment.recipe)],
        Column("S/D/I", ("substitutions", "deletions", "insertions"), _errors, _joined),
        number("minus fp32", "loss", lambda r: r.loss.points if r.loss else None, signed=True),
        interval(
            f"{percent(experiment.recipe.tables.confidence)} paired",
            "loss",
            lambda r: r.loss.by_utterance if r.loss else None,
            signed=True,
        ),
        _more("deletions"),
        _more("insertions"),
        *([_calibration()] if main_model(experiment) is not None else []),
        number("WER greedy", "wer_greedy", lambda r: of_words(r.greedy, "wer")),
        number("WER torch", "wer_torch", lambda r: r.reference.wer),
    )


def _latency(result: EngineResult) -> float:
    return 1000 * result.exported.latency.seconds


def _wer(name: str) -> Column[EngineResult]:
    return number(f"WER {name}", f"wer_{name}", lambda r: r.with_lm[name].wer)


def _errors(result: EngineResult) -> tuple[int, ...]:
    main = result.main
    return (main.substitutions, main.deletions, main.insertions)


def _joined(values: Sequence[object]) -> str:
    return "/".join(map(str, values))


def _calibration() -> Column[EngineResult]:
    def get(result: EngineResult) -> float | None:
        found = result.reliability
        return None if found is None else found.expected_calibration_error

    return number("ECE", "expected_calibration_error", get, digits=4)


def _more(kind: str) -> Column[EngineResult]:
    """Return the column of additional errors of one kind, against fp32, in percent of the words."""

    def get(result: EngineResult) -> float | None:
        if result.fp32 is None:
            return None
        more = getattr(result.main, kind) - getattr(result.fp32, kind)
        return 100 * float(more) / result.main.words

    return number(f"{kind} minus fp32", f"loss_{kind}", get, signed=True)
