"""The table of word error rates: a row per system, seed and rank, for each test split.

Nothing in it depends on when or where it was made: two runs are the same when its CSV is the
same, byte for byte. Times, dates and machines are in `cost`.
"""

from collections.abc import Callable, Sequence

from schatten.artifacts import Score
from schatten.recipe.rates import has_unit_errors, names_units, unit_rate
from schatten.report.collect import Experiment, Result, by_seed
from schatten.report.columns import (
    Column,
    Line,
    Table,
    Values,
    interval,
    line,
    number,
    percent,
    words,
)
from schatten.report.columns import summary as summarise
from schatten.report.verdict import verdict


def wer_tables(experiment: Experiment) -> list[Table[Result]]:
    """Return a table for each test split, the main one first."""
    columns = wer_columns(experiment)
    return [
        Table(f"Split {split}", columns, _lines(experiment, columns, experiment.results(split)))
        for split in experiment.recipe.splits.test
    ]


def _lines(
    experiment: Experiment, columns: Sequence[Column[Result]], results: Sequence[Result]
) -> tuple[Line, ...]:
    lines: list[Line] = []
    for group in by_seed(results):
        lines += [line(columns, result) for result in group]
        if len(group) > 1:
            lines += summarise(columns, group, "seed", experiment.pooled(group))
    return tuple(lines)


def wer_columns(experiment: Experiment) -> tuple[Column[Result], ...]:
    """Return the columns for a recipe's language models and confidence."""
    tables = experiment.recipe.tables
    return (
        words(None, "split", lambda r: r.split),
        words("system", "system", lambda r: r.model.node.system),
        *_units(experiment),
        *_made_by(),
        words("rank", "rank", lambda r: r.model.node.label),
        words("seed", "seed", lambda r: r.model.node.seed),
        *_sizes(experiment),
        *_main(experiment, percent(tables.confidence)),
        *[column for name in list(experiment.lm_infos)[1:] for column in _lm(experiment, name)],
        number("WER greedy", "wer_greedy", lambda r: of_words(r.greedy, "wer")),
        *_character_errors(experiment),
        *_unit_errors(experiment),
        *_before_stage2(experiment),
        Column("S/D/I", *_ERRORS),
        *_out_of_lexicon(),
        words("ranks kept", "matrix_ranks", _matrix_ranks),
        *_tuned(),
    )


def _character_errors(experiment: Experiment) -> tuple[Column[Result], ...]:
    """Return the column of greedy CER; where each character is a word, that of words has it."""
    if experiment.recipe.text.words == "characters":
        return ()
    return (number("CER greedy", "cer_greedy", lambda r: of_words(r.greedy, "cer")),)


def of_words(score: Score | None, rate: str) -> float | None:
    """Return a rate of words or characters; None where the score is of units that write none."""
    if score is None or score.units is not None:
        return None
    found: float = getattr(score, rate)
    return found


def _units(experiment: Experiment) -> tuple[Column[Result], ...]:
    """Return the column of unit sets, if there are others than characters."""
    if not names_units(experiment.recipe):
        return ()
    return (words("units", "units", lambda r: r.model.node.units),)


def _unit_errors(experiment: Experiment) -> tuple[Column[Result], ...]:
    """Return the column of the unit error rate, if a set writes no words without a lexicon."""
    if not has_unit_errors(experiment.recipe):
        return ()
    name = f"{unit_rate(experiment.recipe)} greedy"
    return (number(name, "per_greedy", lambda r: r.greedy.wer if r.greedy.units else None),)


def _main(experiment: Experiment, confidence: str) -> tuple[Column[Result], ...]:
    """Return the columns of the comparison: main WER, its interval, difference to the baseline."""
    tables = experiment.recipe.tables
    return (
        *([] if experiment.main_lm is None else _lm(experiment, experiment.main_lm)),
        interval(f"{confidence} interval", "wer", lambda r: r.main.wer_interval),
        number(f"minus {tables.baseline}", "difference", _points, signed=True),
        interval(f"{confidence} paired", "difference", _ends, signed=True),
        interval(
            f"{confidence} paired, of speakers", "difference_speakers", _speaker_ends, signed=True
        ),
        Column(
            None,
            ("p",),
            lambda r: (r.difference.p if r.difference else None,),
            str,
            over_seeds="pooled",
        ),
        Column(
            f"verdict, {tables.margin:g} points",
            ("verdict",),
            lambda r: (_verdict(r, tables.margin),),
            _first,
            over_seeds="pooled",
        ),
        number(None, "relative", lambda r: r.relative.percent if r.relative else None, signed=True),
        interval("relative, paired (%)", "relative", _relative_ends, signed=True),
        Column(
            f"verdict, {percent(tables.relative_margin)} relative",
            ("verdict_relative",),
            lambda r: (_relative_verdict(r, 100 * tables.relative_margin),),
            _first,
            over_seeds="pooled",
        ),
    )


def _made_by() -> tuple[Column[Result], ...]:
    def strengths(result: Result) -> Values:
        penalty = result.model.system.regularizer
        if penalty.type == "none":
            return (None, None)
        return (penalty.lambda_rec, penalty.lambda_nonrec)

    return (
        words("penalty", "penalty", lambda r: r.model.system.learns_by),
        Column(
            "λ rec / nonrec",
            ("lambda_rec", "lambda_nonrec"),
            strengths,
            _pair,
            digits=10,
            over_seeds="same",
        ),
        words("factors", "factorization", _factorization),
    )


def _pair(values: Values) -> str:
    return " / ".join(f"{value:g}" for value in values)


def _factorization(result: Result) -> str | None:
    """Return the factorization if a matrix is factored: in stage 1 (trace norm) or after it."""
    system = result.model.system
    truncated = result.model.node.truncation is not None
    factored = system.regularizer.type == "trace_norm" or truncated
    return system.factorization if factored else None


def _matrix_ranks(result: Result) -> str | None:
    """Return the rank of each large matrix, in the model's order."""
    if not result.model.is_compressed:
        return None
    stored = result.model.history.stored_parameters.values()
    return "/".join("whole" if m.rank is None else str(m.rank) for m in stored)


def _sizes(experiment: Experiment) -> tuple[Column[Result], ...]:
    def parameters(result: Result) -> int:
        return result.model.history.parameters

    baseline = experiment.recipe.tables.baseline
    return (
        number("params (M)", "parameters", parameters, digits=3, scale=1e-6),
        number(
            f"% of {baseline}",
            "share_of_baseline_percent",
            lambda r: 100 * parameters(r) / r.baseline_parameters,
            digits=1,
        ),
        *_megabytes(experiment),
    )


def _megabytes(experiment: Experiment) -> tuple[Column[Result], ...]:
    """Return the column of sizes; with that of precisions where passes are quantised."""

    def value(result: Result) -> float:
        return experiment.megabytes(result.model)

    if not any(system.is_quantized for system in experiment.recipe.systems.values()):
        return (number("MB fp32", "megabytes_fp32", value),)
    return (
        words("precision", "precision", lambda r: r.model.node.precision),
        number("MB", "megabytes", value, digits=3),
    )


def _before_stage2(experiment: Experiment) -> tuple[Column[Result], ...]:
    main_lm = experiment.main_lm

    def greedy(what: str) -> Column[Result]:
        return number(
            f"{what.upper()} greedy before stage 2",
            f"{what}_greedy_before_stage2",
            lambda r: of_words(r.before_greedy, what),
        )

    with_lm: Column[Result] = number(
        f"WER {main_lm} before stage 2",
        "wer_lm_before_stage2",
        lambda r: r.before_lm.wer if r.before_lm else None,
    )
    phones: Column[Result] = number(
        f"{unit_rate(experiment.recipe)} greedy before stage 2",
        "per_greedy_before_stage2",
        lambda r: r.before_greedy.wer if r.before_greedy and r.before_greedy.units else None,
    )
    unit_errors = (phones,) if has_unit_errors(experiment.recipe) else ()
    return greedy("cer"), greedy("wer"), *unit_errors, with_lm


def _lm(experiment: Experiment, name: str) -> tuple[Column[Result], ...]:
    info = experiment.lm_infos[name]
    head = f"WER {name} ({count(info.total)} n-grams, {info.megabytes:.1f} MB)"
    return (
        number(
            head,
            f"wer_{name}",
            lambda r: r.with_lm[name].wer,
        ),
        words(None, f"ngrams_{name}", lambda _: info.total),
        words(None, f"bytes_{name}", lambda _: info.bytes["bin"]),
    )


def count(number: int) -> str:
    """Write a count as people say it: 950, 12 k, 3.4 M."""
    if number >= 1_000_000:
        return f"{number / 1e6:.1f} M"
    return f"{number / 1e3:.0f} k" if number >= 10_000 else str(number)


def _errors(result: Result) -> Values:
    main = result.main
    return (main.substitutions, main.deletions, main.insertions, main.words)


_ERRORS = (
    ("substitutions", "deletions", "insertions", "words"),
    _errors,
    lambda v: f"{v[0]}/{v[1]}/{v[2]}",
)


def _out_of_lexicon() -> tuple[Column[Result], ...]:
    def get(what: str) -> Callable[[Result], float | None]:
        return lambda r: getattr(r.main.out_of_lexicon, what, None)

    return (
        number("unknown words (%)", "out_of_lexicon_percent", get("percent")),
        number("their WER", "wer_out_of_lexicon", get("wer")),
    )


def _tuned() -> tuple[Column[Result], ...]:
    pair = ("lm_weight", "word_bonus")
    return (Column("LM weight / bonus", pair, _weights, _pair),)


def _weights(result: Result) -> Values:
    tuned = result.weights
    return (tuned.lm_weight, tuned.word_bonus) if tuned else (None, None)


def _points(result: Result) -> float | None:
    return result.difference.points if result.difference else None


def _ends(result: Result) -> tuple[float, float] | None:
    return result.difference.by_utterance if result.difference else None


def _speaker_ends(result: Result) -> tuple[float, float] | None:
    return result.difference.by_speaker if result.difference else None


def _verdict(result: Result, margin: float) -> str:
    return verdict(result.difference, margin) if result.difference else "baseline"


def _relative_ends(result: Result) -> tuple[float, float] | None:
    return (result.relative.low, result.relative.high) if result.relative else None


def _relative_verdict(result: Result, margin: float) -> str:
    return verdict(result.relative, margin) if result.relative else "baseline"


def _first(values: Values) -> str:
    return str(values[0])
