"""The table of costs: epochs, seconds and bytes of each model, and where and when it was trained.

What differs between two runs of the same experiment stands here and not in `wer`.
"""

from collections.abc import Callable

from schatten.artifacts import History
from schatten.report.collect import Experiment, Trained
from schatten.report.columns import Column, Table, line, number, words


def cost_table(experiment: Experiment) -> Table[Trained]:
    """Return a line for each model at the end of its training."""
    columns = _columns()
    lines = tuple(line(columns, model) for model in experiment.models)
    return Table("Training", columns, lines)


def _columns() -> tuple[Column[Trained], ...]:
    return (
        words("system", "system", lambda m: m.row.system),
        words("penalty", "penalty", lambda m: m.system.penalty.type),
        words("rank", "rank", lambda m: m.row.rank),
        words("seed", "seed", lambda m: m.row.seed),
        number("stage 1: epochs", "epochs_stage1", lambda m: m.stage1_epochs, digits=0),
        number(
            "stage 1: s per epoch",
            "seconds_per_epoch_stage1",
            lambda m: m.stage1.seconds_per_epoch,
            digits=1,
        ),
        number("stage 1: s", "seconds_stage1", _stage1_seconds, digits=0),
        number("stage 2: epochs", "epochs_stage2", _of_stage2(lambda h: len(h.epochs)), digits=0),
        number(
            "stage 2: s per epoch",
            "seconds_per_epoch_stage2",
            _of_stage2(lambda h: h.seconds_per_epoch),
            digits=1,
        ),
        number("stage 2: s", "seconds_stage2", _stage2_seconds, digits=0),
        number(
            "both: s", "seconds", lambda m: _stage1_seconds(m) + (_stage2_seconds(m) or 0), digits=0
        ),
        number("model.pt (MB)", "megabytes_on_disk", lambda m: m.model_bytes / 1e6),
        words("host", "host", lambda m: m.history.host),
        words("CPU", "cpu", lambda m: m.history.cpu),
        words("torch", "torch", lambda m: m.history.torch),
        words("date", "date", lambda m: m.history.date),
        words("commit", "commit", lambda m: m.history.commit),
    )


def _of_stage2(
    get: Callable[[History], float | None],
) -> Callable[[Trained], float | None]:
    return lambda model: get(model.history) if model.is_compressed else None


_stage2_seconds = _of_stage2(lambda history: history.training_seconds)


def _stage1_seconds(model: Trained) -> float:
    return (model.stage1.seconds_per_epoch or 0.0) * model.stage1_epochs
