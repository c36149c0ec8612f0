"""The settings of each step: the part of a recipe that matters to it. Only they make it run again.

The settings of a step are canonical JSON, with the step's result version. They are the param of its
rule, part of the key of a training's state, and part of the verb's provenance record. `of_verb`
returns them by verb. For the steps of a chain they come from the classes in `recipe.steps`.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from schatten.errors import UserError, known
from schatten.recipe import Recipe
from schatten.recipe.corpus import own_files
from schatten.recipe.figures import page
from schatten.recipe.steps import Sequence, settings_of
from schatten.recipe.tables import has_compression
from schatten.recipe.units import Grams, Tied, lexicon_of
from schatten.runtime.files import sha256

RESULT_VERSION = {
    "corpus": 1,
    "units": 1,
    "align": 1,
    "tie": 1,
    "lexicon": 1,
    "validate": 2,
    "features": 1,
    "statistics": 1,
    "lm": 1,
    "graph": 1,
    "logprobs": 2,
    "export": 1,
    "tune": 1,
    "tune_lexicon": 2,
    "decode": 1,
    "decode_lexicon": 2,
    "beams": 1,
    "beams_lexicon": 2,
    "bundle": 2,
    "score": 2,
    "choose": 1,
    "table": 8,
    "figure": 5,
    "figure_page": 2,
    "report": 2,
    "tiers": 1,
    "measure": 1,
    "device_table": 3,
    "instructions": 1,
    "accept": 1,
    "accept_recordings": 1,
    "commands_table": 1,
}
"""Result versions. A version is raised by one if a change of the code changes a step's results.

A search over a lexicon has versions of its own, because its results change independently of those
of other searches.
"""

COMPRESSION_VERSION = 1
"""Raised by one when tables and figures change where models are pruned or quantised."""


def settings(step: str, *values: Any) -> str:
    """Return the canonical JSON of a step's settings and its result version."""
    return settings_of(step, RESULT_VERSION[step], *values)


def corpus_settings(recipe: Recipe) -> str:
    """Return the settings of the corpus step."""
    corpus = recipe.corpus.model_dump(mode="json", exclude={"shared_speakers", "low_rates"})
    own = [sha256(path) for path in own_files(recipe.corpus, recipe.folder)]
    fold = [] if recipe.fold is None else [[recipe.fold[0], _plain(recipe.fold[1])]]
    return settings("corpus", corpus, _plain(recipe.splits), _plain(recipe.text), *own, *fold)


def units_settings(recipe: Recipe, name: str) -> str:
    """Return the settings of a set of units, and the SHA-256 of its lexicon.

    Errors: `UserError` for characters and tied phones, if the recipe has no such set, or if the
    lexicon does not exist.
    """
    chosen = recipe.unit_set(name)
    if chosen is None:
        raise UserError("characters spell words themselves: leave `schatten units` out")
    if isinstance(chosen, Tied):
        raise UserError(f"{name} are tied phones: make them with `schatten align`, then `tie`")
    lexicon = lexicon_of(chosen, recipe.folder)
    alphabet = [recipe.text.alphabet] if isinstance(chosen, Grams) else []
    own = [] if lexicon is None else [sha256(lexicon)]
    return settings("units", _plain(chosen), *alphabet, *own)


def align_settings(recipe: Recipe, name: str) -> str:
    """Return the settings of the statistics of a set of tied phones; the model is an input."""
    return settings("align", recipe.tied_set(name).hours)


def tie_settings(recipe: Recipe, name: str) -> str:
    """Return the settings of the tree of a set of tied phones; the statistics are an input."""
    tied = recipe.tied_set(name)
    return settings("tie", tied.leaves, tied.minimum)


def validate_settings(recipe: Recipe) -> str:
    """Return the settings of the validator. Models are not among them: experiments share data."""
    data = [_plain(one) for one in (recipe.corpus, recipe.splits, recipe.text)]
    return settings("validate", *data, recipe.speed_perturbation)


def features_settings(recipe: Recipe, split: str) -> str:
    """Return the settings of the features of a split; `UserError` if there is no such split."""
    known("split", split, recipe.splits.all)
    speeds = recipe.speed_perturbation if split == recipe.splits.train else (1.0,)
    return settings("features", speeds)


def lm_settings(recipe: Recipe, lm: str) -> str:
    """Return the settings of a language model."""
    model = _plain(recipe.language_model(lm))
    if model["decoder"] == "wfst":  # the same model as for the lexicon's search
        model["decoder"] = "lexicon"
    return settings("lm", model)


def graph_settings(recipe: Recipe) -> str:
    """Return the settings of a decoding graph; language model and lexicon are inputs."""
    return settings("graph", recipe.text.alphabet)


def _searched(step: str, decoder: str, *values: Any) -> str:
    version = RESULT_VERSION[f"{step}_lexicon" if decoder == "lexicon" else step]
    return settings_of(step, version, *values)


def tune_settings(recipe: Recipe, decoder: str) -> str:
    """Return the settings for tuning decoding weights, for a beam search by name."""
    return _searched("tune", decoder, _beam_search(recipe))


def decode_settings(recipe: Recipe, decoder: str) -> str:
    """Return the settings of a beam search by name; the tuned weights are an input."""
    search = {k: v for k, v in _beam_search(recipe).items() if k not in _GRID}
    return _searched("decode", decoder, search)


def tune_wfst_settings(recipe: Recipe) -> str:
    """Return the settings for tuning decoding weights of a graph search."""
    grid = {name: _plain(recipe.decoding)[name] for name in _GRID}
    return settings("tune", grid, _plain(recipe.decoding.wfst))


def decode_wfst_settings(recipe: Recipe) -> str:
    """Return the settings of a graph search."""
    return settings("decode", _plain(recipe.decoding.wfst))


def decoder_settings(recipe: Recipe, decoder: str) -> str:
    """Return the settings of a search by the decoder's name; greedy decoding has none."""
    if decoder in ("greedy", "units"):
        return settings("decode")
    if decoder == "wfst":
        return decode_wfst_settings(recipe)
    return decode_settings(recipe, decoder)


_GRID = ("lm_weights", "word_bonuses")


def _beam_search(recipe: Recipe) -> dict[str, Any]:
    return {name: value for name, value in _plain(recipe.decoding).items() if name != "wfst"}


def bundle_settings(recipe: Recipe) -> str:
    """Return the settings of a bundle: those of the engine's search, and grammars of commands."""
    grammars = [] if recipe.commands is None else _grammars(recipe)
    return settings("bundle", _beam_search(recipe), *grammars)


def beams_settings(recipe: Recipe, decoder: str) -> str:
    """Return the settings of the curve over beam widths of a search."""
    curve = recipe.figures.beam
    plain = None if curve is None else _plain(curve)
    return _searched("beams", decoder, plain, _beam_search(recipe))


def score_settings(recipe: Recipe) -> str:
    """Return the settings of scores: those of their intervals."""
    tables = recipe.tables
    of_characters = ["characters"] if recipe.text.words == "characters" else []
    return settings("score", tables.confidence, tables.bootstrap_samples, *of_characters)


def choose_settings(recipe: Recipe, grid: str) -> str:
    """Return the settings for choosing a grid's best points."""
    return settings("choose", recipe.grid(grid).best.count)


def tiers_settings(recipe: Recipe) -> str:
    """Return the settings for choosing the tiers' models."""
    return settings("tiers", recipe.tables.tiers, recipe.tables.baseline)


def device_table_settings(recipe: Recipe) -> str:
    """Return the settings of the table of devices."""
    return settings("device_table", recipe.title, recipe.tables.tiers)


def accept_settings(recipe: Recipe) -> str:
    """Return the settings of the acceptance of synthetic commands: levels, and the grammar."""
    levels = () if recipe.commands is None else recipe.commands.levels
    return settings("accept", levels, *_grammars(recipe))


def accept_recordings_settings(recipe: Recipe) -> str:
    """Return the settings of the acceptance of recorded commands: noise, levels, grammar."""
    recordings = None if recipe.commands is None else recipe.commands.recordings
    plain = None if recordings is None else _plain(recordings)
    return settings("accept_recordings", plain, *_grammars(recipe))


def commands_table_settings(recipe: Recipe) -> str:
    """Return the settings of the table of commands: title and published results."""
    name = None if recipe.commands is None else recipe.commands.published
    published = [] if name is None else [sha256(recipe.folder / name)]
    return settings("commands_table", recipe.title, *published)


def _grammars(recipe: Recipe) -> list[str]:
    return [sha256(path) for path in own_files(recipe.corpus, recipe.folder)]


def table_settings(recipe: Recipe) -> str:
    """Return the settings of the tables: captions, and what rows say about their systems."""
    return settings("table", *_shown(recipe))


def figure_settings(recipe: Recipe) -> str:
    """Return the settings of the figures: those of the tables, and those of `figures`."""
    return settings("figure", *_shown(recipe), _plain(recipe.figures))


def report_settings(recipe: Recipe) -> str:
    """Return the settings of the report: those of the tables."""
    return settings("report", *_shown(recipe))


def page_settings(recipe: Recipe) -> str:
    """Return the settings of the page of figures: the text of the page."""
    return settings("figure_page", page(recipe))


def _shown(recipe: Recipe) -> tuple[Any, ...]:
    of_characters = ("characters",) if recipe.text.words == "characters" else ()
    compression = (f"compression {COMPRESSION_VERSION}",) if has_compression(recipe) else ()
    stages = ("stages",) if recipe.tables.stages else ()
    tables = recipe.tables.model_dump(mode="json", exclude={"compression", "stages"})
    return recipe.title, tables, _plain(recipe.splits), *of_characters, *compression, *stages


def _plain(settings: Any) -> Any:
    return settings.model_dump(mode="json")


Options = Mapping[str, Any]


def _beam_decoder(options: Options) -> str:
    return "lexicon" if options.get("lexicon") else "open"


def _node_settings(recipe: Recipe, options: Options) -> str:
    return recipe.node(options["system"], options["seed"], options["node"]).settings


def _hypotheses_settings(recipe: Recipe, options: Options) -> str:
    node = recipe.node(options["system"], options["seed"], options["node"])
    if not isinstance(node.step, Sequence):
        raise UserError(f"{node.path} reads no hypotheses: name a node of `sequence` or `adapt`")
    return node.step.hypotheses_settings(node)


OF_VERB: dict[str, Callable[[Recipe, Options], str]] = {
    "corpus": lambda recipe, _: corpus_settings(recipe),
    "units": lambda recipe, options: units_settings(recipe, options["name"]),
    "align": lambda recipe, options: align_settings(recipe, options["name"]),
    "tie": lambda recipe, options: tie_settings(recipe, options["name"]),
    "validate": lambda recipe, _: validate_settings(recipe),
    "features": lambda recipe, options: features_settings(recipe, options["split"]),
    "lm build": lambda recipe, options: lm_settings(recipe, options["lm"]),
    "lm lexicon": lambda recipe, _: settings("lexicon"),
    "graph": lambda recipe, _: graph_settings(recipe),
    "train": _node_settings,
    "truncate": _node_settings,
    "prune": _node_settings,
    "remove-units": _node_settings,
    "hypotheses": _hypotheses_settings,
    "tune": lambda recipe, options: (
        tune_wfst_settings(recipe)
        if options.get("graph")
        else tune_settings(recipe, _beam_decoder(options))
    ),
    "decode": lambda recipe, options: decoder_settings(recipe, str(options["decoder"])),
    "recognize": lambda recipe, options: decoder_settings(
        recipe, "engine" if options.get("lm") else "greedy"
    ),
    "beams": lambda recipe, options: beams_settings(recipe, _beam_decoder(options)),
    "bundle": lambda recipe, _: bundle_settings(recipe),
    "score": lambda recipe, _: score_settings(recipe),
    "choose": lambda recipe, options: choose_settings(recipe, options["grid"]),
    "tiers": lambda recipe, _: tiers_settings(recipe),
    "table": lambda recipe, _: table_settings(recipe),
    "figure": lambda recipe, _: figure_settings(recipe),
    "commands accept": lambda recipe, _: accept_settings(recipe),
    "commands test": lambda recipe, _: accept_recordings_settings(recipe),
    "commands table": lambda recipe, _: commands_table_settings(recipe),
    "report": lambda recipe, _: report_settings(recipe),
    "figure-page": lambda recipe, _: page_settings(recipe),
    "device-table": lambda recipe, _: device_table_settings(recipe),
}
"""Functions that return a verb's settings from the recipe and the verb's other options."""
WITHOUT_RECIPE = {
    "statistics": "statistics",
    "logprobs": "logprobs",
    "export": "export",
    "device measure": "measure",
    "device estimate": "measure",
    "device instructions": "instructions",
}
"""The steps of verbs that take no recipe. Their only setting is the result version."""


def of_verb(verb: str, recipe: Recipe | None, options: Options) -> Any:
    """Return the settings of a verb for its provenance record; None if none are known."""
    if recipe is None:
        step = WITHOUT_RECIPE.get(verb)
        return None if step is None else json.loads(settings(step))
    found = OF_VERB.get(verb)
    return None if found is None else json.loads(found(recipe, options))
