"""Zeros, weights, bytes and WER of pruned models, and sparsity by matrix."""

from dataclasses import dataclass

from schatten.artifacts.history import StoredMatrix
from schatten.report.captions import origin
from schatten.report.collect import Experiment, Result
from schatten.report.columns import Column, Table, line, number, words
from schatten.report.wer import wer_columns

_BEFORE = ("system", "units", "penalty", "rank", "seed")
"""First keys of the columns that name a model."""
_RATES = ("wer_{lm}", "wer_low", "difference", "difference_low", "per_greedy", "cer_greedy")


@dataclass(frozen=True)
class MatrixRow:
    """One large matrix of a pruned model."""

    result: Result
    name: str
    stored: StoredMatrix
    predicted: float | None
    """Share of zeros that a threshold was to end with, from the reference's weights."""

    @property
    def error(self) -> float | None:
        """Share of zeros minus the predicted one."""
        if self.predicted is None or self.stored.zeros is None:
            return None
        return self.stored.zeros - self.predicted


def sparsity_table(experiment: Experiment) -> Table[Result]:
    """Return a line for each pruned model, on the main test split."""
    split = experiment.recipe.splits.test[0]
    columns = _columns(experiment)
    lines = tuple(line(columns, one) for one in _pruned(experiment))
    return Table(f"Pruned models, split {split}", columns, lines)


def sparsity_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table of pruned models."""
    return [
        "Zeros: share of the entries of the large matrices, or of their factors, that a mask keeps "
        "at zero; of the model: of all of its parameters. MB int8: those matrices in int8, with an "
        "index of one bit for each block and a scale of 4 bytes for each row. The engine's "
        "files leave out blocks of 16x4 alone.",
        origin(experiment),
    ]


def prediction_table(experiment: Experiment) -> Table[MatrixRow]:
    """Return a line for each matrix whose sparsity was predicted."""
    columns = _matrix_columns()
    rows = [row for one in _pruned(experiment) for row in _matrices(one)]
    lines = tuple(line(columns, row) for row in rows if row.predicted is not None)
    return Table("Predicted and achieved sparsity", columns, lines)


def prediction_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table of predictions."""
    return [
        "Predicted: the share of the reference model's blocks below the last threshold of the "
        "training (Narang et al., 2017), known before it begins: `schatten predict-sparsity`.",
        origin(experiment),
    ]


def _pruned(experiment: Experiment) -> list[Result]:
    split = experiment.recipe.splits.test[0]
    return [one for one in experiment.results(split) if _zeros(one) is not None]


def _columns(experiment: Experiment) -> tuple[Column[Result], ...]:
    found = {column.keys[0]: column for column in wer_columns(experiment)}
    rate = f"wer_{experiment.main_lm}" if experiment.main_lm else "wer_greedy"
    after = (rate if key == "wer_{lm}" else key for key in _RATES)
    return (
        *(found[key] for key in _BEFORE if key in found),
        *zeros_columns(),
        number("weights left", "nonzeros", _nonzeros, digits=0),
        number("MB int8", "int8_megabytes", _megabytes, digits=3),
        *(found[key] for key in after if key in found),
    )


def zeros_columns() -> tuple[Column[Result], ...]:
    """Return the columns of the shares of zeros: of the pruned matrices, and of the model."""
    return (
        number("zeros (%)", "zeros_percent", _zeros),
        number("of the model (%)", "zeros_of_model_percent", _zeros_of_model),
    )


def _matrix_columns() -> tuple[Column[MatrixRow], ...]:
    return (
        words("system", "system", lambda r: r.result.model.node.system),
        words("rank", "rank", lambda r: r.result.model.node.label),
        words("seed", "seed", lambda r: r.result.model.node.seed),
        words("matrix", "matrix", lambda r: r.name),
        number("predicted (%)", "predicted_percent", lambda r: _percent(r.predicted)),
        number("achieved (%)", "zeros_percent", lambda r: _percent(r.stored.zeros)),
        number("difference", "difference_points", lambda r: _percent(r.error), signed=True),
    )


def _matrices(result: Result) -> list[MatrixRow]:
    history = result.model.history
    predicted = {}
    if history.epochs:
        predicted = (history.epochs[-1].model_extra or {}).get("predicted_sparsity", {})
    return [
        MatrixRow(result, name, stored, predicted.get(name))
        for name, stored in history.stored_parameters.items()
        if stored.zeros is not None
    ]


def _zeros(result: Result) -> float | None:
    history = result.model.history
    entries = sum(one.entries for one in history.sparse_matrices)
    return _percent(history.zeros / entries) if entries else None


def _zeros_of_model(result: Result) -> float | None:
    history = result.model.history
    return _percent(history.zeros / history.stored_numbers) if history.zeros else None


def _nonzeros(result: Result) -> int:
    return sum(one.count or 0 for one in result.model.history.sparse_matrices)


def _megabytes(result: Result) -> float:
    return sum(one.int8_bytes or 0 for one in result.model.history.sparse_matrices) / 1e6


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
