"""Which part of a recipe matters to which step: nothing else makes a step run again.

A part is canonical JSON, with the step's result version. Rules take it as a param, trainings as
a part of their state's key.
"""

import json
from collections.abc import Mapping
from inspect import signature
from typing import Any

from schatten.recipe import Recipe
from schatten.recipe.figures import page
from schatten.recipe.layout import transitions
from schatten.recipe.model import APPLY_BELOW, APPLY_RECURRENT_BELOW, DeepSpeech2, Lstm, Penalty
from schatten.recipe.ranks import Rank
from schatten.recipe.training import Training
from schatten.runtime.files import canonical_json

RESULT_VERSION = {
    "corpus": 1,
    "validate": 2,
    "features": 1,
    "statistics": 1,
    "lm": 1,
    "graph": 1,
    "train": 2,
    "factor": 1,
    "calibration": 1,
    "stage2": 2,
    "logprobs": 1,
    "export": 1,
    "tune": 1,
    "decode": 1,
    "beams": 1,
    "bundle": 2,
    "score": 2,
    "choose": 1,
    "table": 4,
    "figure": 4,
    "figure_page": 1,
    "tiers": 1,
    "measure": 1,
    "device_table": 1,
}
"""Raised by one when a change of the code changes a step's results."""


def part(step: str, *values: Any) -> str:
    """Return the canonical JSON of a step's settings and its result version."""
    return canonical_json({"step": step, "version": RESULT_VERSION[step], "settings": values})


def part_of_verb(verb: str, recipe: Recipe, options: Mapping[str, Any]) -> Any:
    """Return the settings that matter to a verb, for its record: those of its `STEP_part` here.

    That function's arguments are named like the verb's options. A verb without one has its
    result version, or the whole recipe.
    """
    step = verb.partition(" ")[0]
    settings = globals().get(f"{step}_part")
    names = [] if settings is None else list(signature(settings).parameters)[1:]
    if settings is not None and set(names) <= set(options):
        return json.loads(settings(recipe, *(options[name] for name in names)))
    return json.loads(part(step)) if step in RESULT_VERSION else _plain(recipe)


def corpus_part(recipe: Recipe) -> str:
    """Settings of the corpus step."""
    corpus = recipe.corpus.model_dump(mode="json", exclude={"shared_speakers", "low_rates"})
    return part("corpus", corpus, _plain(recipe.splits), _plain(recipe.text))


def validate_part(recipe: Recipe) -> str:
    """Settings of the validator: the corpus's, as experiments with other models share its data."""
    data = [_plain(one) for one in (recipe.corpus, recipe.splits, recipe.text)]
    return part("validate", *data, recipe.speed_perturbation)


def features_part(recipe: Recipe, split: str) -> str:
    """Settings of the features of a split."""
    speeds = recipe.speed_perturbation if split == recipe.splits.train else (1.0,)
    return part("features", speeds)


def lm_part(recipe: Recipe, lm: str) -> str:
    """Settings of a language model."""
    settings = _plain(recipe.language_models[lm])
    if settings["decoder"] == "wfst":  # the same model as for the lexicon's search
        settings["decoder"] = "lexicon"
    return part("lm", settings)


def graph_part(recipe: Recipe) -> str:
    """Settings of a decoding graph; the language model and its lexicon come from their step."""
    return part("graph", recipe.text.alphabet)


def train_part(recipe: Recipe, system: str, seed: int) -> str:
    """Settings of stage 1 of a system."""
    settings = recipe.systems[system]
    return part(
        "train",
        seed,
        _shape(model_of(recipe, system)),
        _trained(recipe.trainings[settings.training], settings.penalty),
        _plain(settings.penalty),
        settings.factorization,
        recipe.text.alphabet,
        transition_epochs(recipe, system),
        *([] if settings.distill is None else [_plain(settings.distill)]),
    )


def factor_part(recipe: Recipe, system: str, rank: str) -> str:
    """Settings of the truncation of a system to a rank."""
    rule = rank_of(recipe, system, rank)
    return part("factor", rule.model_dump(mode="json", exclude_defaults=True))


def calibration_part(recipe: Recipe, system: str, rank: str) -> str:
    """Settings of the truncation of a system to a rank that looks at its inputs on speech."""
    training = recipe.trainings[recipe.systems[system].training]
    batches = training.batch_seconds, training.epoch_parts
    return part("calibration", factor_part(recipe, system, rank), *batches)


def stage2_part(recipe: Recipe, system: str, seed: int, rank: str) -> str:
    """Settings of stage 2 of a system at a rank."""
    settings = recipe.systems[system]
    training = recipe.trainings[settings.training]
    stage2 = _plain(settings.stage2)
    if stage2.pop("apply_factors"):
        stage2["apply_below"] = APPLY_BELOW, APPLY_RECURRENT_BELOW
    if stage2["at_epoch"] is not None:
        stage2["at_epoch"] = factored_epoch(recipe, system, rank)
    return part("stage2", seed, _trained(training, settings.penalty), stage2)


def tune_part(recipe: Recipe) -> str:
    """Settings of the tuning of decoding weights."""
    return part("tune", _beam_search(recipe))


def decode_part(recipe: Recipe) -> str:
    """Settings of the search; the weights come from the tuning."""
    return part("decode", {k: v for k, v in _beam_search(recipe).items() if k not in _GRID})


def tune_wfst_part(recipe: Recipe) -> str:
    """Settings of the tuning of decoding weights for the search of a graph."""
    grid = {name: _plain(recipe.decoding)[name] for name in _GRID}
    return part("tune", grid, _plain(recipe.decoding.wfst))


def decode_wfst_part(recipe: Recipe) -> str:
    """Settings of the search of a graph."""
    return part("decode", _plain(recipe.decoding.wfst))


_GRID = ("lm_weights", "word_bonuses")


def _beam_search(recipe: Recipe) -> dict[str, Any]:
    return {name: value for name, value in _plain(recipe.decoding).items() if name != "wfst"}


def bundle_part(recipe: Recipe) -> str:
    """Settings of a bundle: how the engine is to search."""
    return part("bundle", _beam_search(recipe))


def beams_part(recipe: Recipe) -> str:
    """Settings of the curve over beams; a recipe may have none."""
    beam = recipe.figures.beam
    return part("beams", None if beam is None else _plain(beam), _beam_search(recipe))


def score_part(recipe: Recipe) -> str:
    """Settings of the scores: how intervals are made."""
    tables = recipe.tables
    return part("score", tables.confidence, tables.bootstrap_samples)


def choose_part(recipe: Recipe, grid: str) -> str:
    """Settings of the choice of a grid's best points."""
    return part("choose", recipe.grids[grid].best.count)


def tiers_part(recipe: Recipe) -> str:
    """Settings of the choice of the tiers' models."""
    return part("tiers", recipe.tables.tiers, recipe.tables.baseline)


def device_table_part(recipe: Recipe) -> str:
    """Settings of the table of devices."""
    return part("device_table", recipe.title, recipe.tables.tiers)


def table_part(recipe: Recipe) -> str:
    """Settings of the tables: captions, and what the rows say of their systems."""
    return part("table", *_shown(recipe))


def figure_part(recipe: Recipe) -> str:
    """Settings of the figures: those of the tables, and what is drawn besides."""
    return part("figure", *_shown(recipe), _plain(recipe.figures))


def page_part(recipe: Recipe) -> str:
    """Settings of the page of figures: itself."""
    return part("figure_page", page(recipe))


def _shown(recipe: Recipe) -> tuple[Any, ...]:
    return recipe.title, _plain(recipe.tables), _plain(recipe.splits)


def model_of(recipe: Recipe, system: str) -> DeepSpeech2 | Lstm:
    """Return the shape of a system's model."""
    return recipe.models[recipe.systems[system].model]


def rank_of(recipe: Recipe, system: str, label: str) -> Rank:
    """Return the rank rule that a path's label names."""
    return _transitions(recipe, system)[label][0]


def factored_epoch(recipe: Recipe, system: str, label: str) -> int:
    """Return the epoch of stage 1 that a path's rank comes from."""
    return _transitions(recipe, system)[label][1]


def _transitions(recipe: Recipe, system: str) -> dict[str, tuple[Rank, int]]:
    settings = recipe.systems[system]
    return transitions(settings, recipe.trainings[settings.training].epochs)


def transition_epochs(recipe: Recipe, system: str) -> list[int]:
    """Epochs of stage 1 whose models are kept to be factored, besides the last."""
    stage2 = recipe.systems[system].stage2
    if stage2 is None or stage2.at_epoch is None:
        return []
    return list(stage2.factored_epochs(0))


def _shape(model: DeepSpeech2 | Lstm) -> Any:
    unset = {"highest_frequency"} if model.highest_frequency is None else set()
    return model.model_dump(mode="json", exclude=unset)


def _trained(training: Training, penalty: Penalty) -> Any:
    absent = {"hold_epochs": training.hold_epochs, "first_label_after": training.first_label_after}
    unset = {name for name, value in absent.items() if not value}
    factored = penalty.type == "trace_norm"
    if training.factor_warmup is None or not factored:
        unset.add("factor_warmup")
    if training.factor_learning_rate_ratio == 1 or not factored:
        unset.add("factor_learning_rate_ratio")
    return training.model_dump(mode="json", exclude=unset)


def _plain(settings: Any) -> Any:
    return settings.model_dump(mode="json")
