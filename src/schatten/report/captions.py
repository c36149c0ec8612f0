"""The notes below the tables: title, size of the data, and meaning of the columns."""

from collections.abc import Callable
from datetime import UTC, datetime

from schatten.artifacts import Validation, read
from schatten.recipe import Recipe
from schatten.recipe.layout import lexicon_models
from schatten.recipe.ranks import (
    FixedRank,
    FixedRanks,
    ParameterBudget,
    ParameterTarget,
    Rank,
    VarianceShare,
)
from schatten.recipe.rates import choosing_lm, greedy_rate, has_unit_errors, trained_rate, unit_rate
from schatten.recipe.units import Tied
from schatten.report.collect import Experiment
from schatten.report.columns import percent
from schatten.report.settings import settings_notes
from schatten.report.times import CONVERGED
from schatten.runtime.provenance import commit
from schatten.score.paired import SPEAKERS_NEEDED

LOSS = (
    "Penalty: the loss is CTC summed over an utterance, averaged over the batch; λ multiplies "
    "½‖W‖² (l2) or ½(‖U‖² + ‖V‖²) (trace_norm, W = UV) in that scale."
)
RANK = (
    "Rank: whole is a model that was not truncated; tau0.60@e12 keeps the smallest rank with 60 % "
    "of the variance of each large matrix after epoch 12 of the training before (stage 1), and "
    "then trains on (stage 2). Before stage 2: right after the last truncation, with the decoding "
    "weights of the model that it is trained to."
)

RULES: tuple[tuple[Callable[[Rank], bool], str], ...] = (
    (
        lambda rule: isinstance(rule, VarianceShare) and rule.rule == "below",
        "tau0.60below keeps the largest rank that holds no more than that share",
    ),
    (
        lambda rule: isinstance(rule, FixedRank | FixedRanks),
        "rank64 and ranks64-48 keep those ranks",
    ),
    (
        lambda rule: isinstance(rule, ParameterTarget),
        "params500000 keeps the same share in all matrices, so that the model has at most 500,000 "
        "parameters",
    ),
    (
        lambda rule: isinstance(rule, ParameterBudget),
        "budget500000 takes the ranks that together lose the least with at most 500,000 parameters",
    ),
    (
        lambda rule: rule.activations,
        "rules that end in act weigh errors by the inputs of each matrix on training speech",
    ),
)
"""Rules other than `tau0.60`, and their explanation in captions."""
TAUGHT = (
    "Taught by: the loss is (1 - w) CTC + w t² KL(teacher ‖ student), frame by frame at "
    "temperature t; "
)


def wer_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table of word error rates."""
    recipe = experiment.recipe
    notes = [*_caption(recipe), _data(experiment), LOSS]
    if orders := _matrix_orders(experiment):
        notes += [RANK, *_rules(recipe), f"Ranks kept are those of {'; or of '.join(orders)}."]
    notes += _teachers(recipe)
    notes += [_decoding(recipe), _comparison(recipe), *settings_notes(experiment)]
    return [*notes, origin(experiment)]


def _rules(recipe: Recipe) -> list[str]:
    """Explain those of the recipe's ranks that RANK does not."""
    rules = [rank for system in recipe.systems.values() for rank in system.ranks]
    said = [text for applies, text in RULES if any(applies(rule) for rule in rules)]
    return [f"Other ranks: {'; '.join(said)}."] if said else []


def _teachers(recipe: Recipe) -> list[str]:
    """Say how systems learn from others, if any does."""
    said = [
        f"w = {one.distill.weight:g}, t = {one.distill.temperature:g} for {name}"
        for name, one in recipe.systems.items()
        if one.distill is not None
    ]
    return [f"{TAUGHT}{', '.join(said)}."] if said else []


def _matrix_orders(experiment: Experiment) -> list[str]:
    """Return the matrices that ranks are listed for, once for each order that there is."""
    compressed = (model for model in experiment.models if model.is_compressed)
    return list(dict.fromkeys(", ".join(m.history.stored_parameters) for m in compressed))


def cost_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table of costs."""
    return [
        "Seconds are wall-clock time of training, with the loss on "
        f"{experiment.recipe.splits.dev} and the spectra after each epoch; trainings that ran at "
        "the same time share the machine. With the steps before: the sum over a chain; a training "
        "that was truncated early counts up to that epoch.",
        origin(experiment),
    ]


def systems_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the manifest of systems."""
    grids = [
        f"Grid {name}: the {grid.best.count} points of each penalty with the lowest greedy "
        f"{greedy_rate(experiment.recipe, grid.units)} on "
        f"{experiment.recipe.splits.dev} after stage 1 (the mean of seeds "
        f"{', '.join(map(str, grid.seeds))}) continue, with the listed seeds and ranks. The "
        "others end there, and no test split is decoded with them."
        for name, grid in experiment.recipe.grids.items()
    ]
    return [LOSS, *grids, origin(experiment)]


def times_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table of times."""
    return [
        "A line holds the trainings that differ only in λ or seed. Numbers are means of their "
        "wall-clock time; trainings that ran at the same time shared the machine. Converged: "
        f"the first epoch whose {trained_rate(experiment.recipe)} on "
        f"{experiment.recipe.splits.dev} is within {percent(CONVERGED - 1)} of the training's "
        "best. Of unpenalised: seconds per epoch "
        "against those of the same model without a penalty. For comparison: the trace norm paper "
        "(Kliegl et al., 2018) reports stage 2 seven times (l2) and ten times (trace norm) faster "
        "than stage 1.",
        origin(experiment),
    ]


def ranks_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table of ranks."""
    orders = "; or of ".join(_matrix_orders(experiment))
    return [
        RANK,
        f"Ranks kept are those of {orders}.",
        _comparison(experiment.recipe),
        origin(experiment),
    ]


def factorizations_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table of factorizations."""
    return [
        "Systems of a line differ only in the factorization: split has a factored matrix for each "
        "gate, partial one for the recurrent and one for the other matrices of a layer, joint one "
        "for all matrices that read the same vector.",
        LOSS,
        origin(experiment),
    ]


def tiers_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table of tiers."""
    return [
        "A tier is a limit on parameters. The model within it that has the lowest "
        f"{_chosen_by(experiment)} on "
        f"{experiment.recipe.splits.dev} represents it. The choice does not use test.",
        _comparison(experiment.recipe),
        origin(experiment),
    ]


def _chosen_by(experiment: Experiment) -> str:
    lm = choosing_lm(experiment.recipe)
    return f"greedy {greedy_rate(experiment.recipe)}" if lm is None else f"WER with {lm}"


def _caption(recipe: Recipe) -> list[str]:
    return [recipe.tables.caption] if recipe.tables.caption else []


def _data(experiment: Experiment) -> str:
    names = experiment.recipe.splits.all
    validation = read(experiment.layout.validation, Validation)
    return "Data: " + "; ".join(_size(name, validation) for name in names) + "."


def _size(split: str, validation: Validation) -> str:
    size = validation.splits[split]
    return (
        f"{split} {size.utterances} utterances, {size.words} words, {size.hours:.2f} h, "
        f"{size.speakers} speakers"
    )


def _decoding(recipe: Recipe) -> str:
    return (
        f"Decoding: greedy has no lexicon and no LM{_lexicon(recipe)}; LM weight and word bonus "
        f"tuned on {recipe.splits.dev} for each row and LM."
        f"{_open(recipe)}{_wfst(recipe)}{_per(recipe)} "
        "Unknown words are out of the main LM's lexicon; their WER is what their own errors add "
        "to it."
    )


def _lexicon(recipe: Recipe) -> str:
    """Say how a lexicon is searched, if a language model of the tables has one."""
    search = recipe.decoding
    if not lexicon_models(recipe):
        return ""
    return (
        "; with an LM, the engine's prefix beam search over its lexicon, "
        f"beam {search.beam}, threshold {search.beam_threshold:g}, "
        f"{search.token_beam} units a frame"
    )


def _per(recipe: Recipe) -> str:
    """Say what PER or UER is, if a unit set writes no words without a lexicon."""
    if not has_unit_errors(recipe):
        return ""
    rate = unit_rate(recipe)
    what = "phones" if rate == "PER" else "phones, or of tied phones,"
    return (
        f" {rate}: error rate of the {what} on the best path, against each word's main "
        f"pronunciation; phones write no words without a lexicon.{_tied(recipe)}"
    )


def _tied(recipe: Recipe) -> str:
    """Say of systems over tied phones that they are for a server."""
    found = {name: recipe.unit_set(one.units) for name, one in recipe.systems.items()}
    tied = [name for name, units in found.items() if isinstance(units, Tied)]
    if not tied:
        return ""
    return (
        f" {', '.join(tied)}: over tied phones, as on a server, meant as an upper bound; the "
        "engine does not search them, so no device runs such a row. Error rates of tied phones and "
        "of phones do not compare."
    )


def _open(recipe: Recipe) -> str:
    """Say which language models are of characters, if any."""
    models = recipe.language_models
    found = [name for name in recipe.table_language_models if models[name].decoder == "open"]
    if not found:
        return ""
    return f" {', '.join(found)}: n-grams of characters, searched without a lexicon."


def _wfst(recipe: Recipe) -> str:
    """Say which language models are searched as graphs, if any."""
    models, search = recipe.language_models, recipe.decoding.wfst
    found = [name for name in recipe.table_language_models if models[name].decoder == "wfst"]
    first = search.first_pass
    alone = [name for name in found if first in (None, name)]
    rescored = [name for name in found if name not in alone]
    said = ""
    if alone:
        said += f" {', '.join(alone)}: best path through one decoding graph, beam {search.beam:g}."
    if rescored:
        said += (
            f" {', '.join(rescored)}: lattices of the decoding graph of {first}, beams "
            f"{search.beam:g} and {search.lattice_beam:g}, rescored."
        )
    return said


def _comparison(recipe: Recipe) -> str:
    tables = recipe.tables
    main = next(iter(recipe.table_language_models), "no LM")
    return (
        f"Comparison: S/D/I, intervals and differences are those of WER with {main}; "
        f"{percent(tables.confidence)} bootstrap intervals from {tables.bootstrap_samples} samples "
        f"of utterances, paired for the difference to {tables.baseline} of the same seed "
        f"(of its first, where it has no such seed). {verdicts(recipe)}"
        "; whole speakers are drawn where speakers repeat. Speakers are drawn for the verdict in "
        f"points and for p, too, on a split with {SPEAKERS_NEEDED} speakers or more: its paired "
        "interval of speakers is given."
        + (" In the line of a mean, trainings are drawn as well." if _has_seeds(recipe) else "")
    )


def _has_seeds(recipe: Recipe) -> bool:
    """Tell whether a system has several seeds."""
    return any(len(system.seeds) > 1 for system in recipe.systems.values())


def verdicts(recipe: Recipe) -> str:
    """Say what the verdicts on a system mean, and by which margins; without the full stop."""
    tables = recipe.tables
    return (
        f"Not worse: the upper end is below {tables.margin:g} points. Tie: the interval holds zero "
        "and neither end reaches the margin. Undecided: it holds both zero and the margin. "
        f"Relative: the difference in % of {tables.baseline}'s errors, judged by a margin of "
        f"{percent(tables.relative_margin)}"
    )


def origin(experiment: Experiment) -> str:
    """Return when, at which commit and of what a table was made."""
    layout = experiment.layout
    return (
        f"Made {datetime.now(UTC):%Y-%m-%d} at commit {commit()} from recipe "
        f"{layout.corpus}/{layout.experiment}, data {layout.data_key}."
    )
