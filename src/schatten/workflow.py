"""What the Snakefile knows: the recipe, the paths, and which part of the recipe makes a step run.

The one module that knows of Snakemake; of the verbs only `show` asks it, for the data key. It
imports nothing heavy, as it runs whenever Snakemake starts.
"""

import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schatten import recipe as recipes
from schatten.corpus.fingerprint import fingerprint
from schatten.device.devices import all_devices, device_names
from schatten.errors import UserError
from schatten.recipe import Recipe, parts
from schatten.recipe.corpus import makes_audio
from schatten.recipe.figures import ON_DEV, drawn
from schatten.recipe.layout import (
    WHOLE,
    Layout,
    Row,
    baseline_row,
    beam_models,
    bundle_lm,
    curve_models,
    decodings,
    engine_decodings,
    grid_rows,
    lexicon_models,
    rows,
    search_with,
    transitions,
)
from schatten.recipe.tables import written
from schatten.report.choice import chosen_systems, chosen_tiers
from schatten.runtime import gpus
from schatten.runtime.seals import record_of

DEFAULT_RECIPE = "voicesearch_like/tiny"
KEYS = ("recipe", "corpus_dir", "results", "devices")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Workflow:
    """One experiment's workflow."""

    name: str
    """The recipe as the verbs take it."""
    recipe: Recipe
    layout: Layout
    corpus_dir: Path | None
    devices: tuple[str, ...] = ("host",)
    """Devices to measure: names of YAMLs in arm/devices."""
    is_cached: bool = False
    """Whether corpus, features and language models are shared by workflows (`--cache`)."""

    @property
    def corpus_option(self) -> str:
        """`--corpus-dir DIR`, quoted, where the recipe reads recordings; else nothing."""
        return (
            "" if self.corpus_dir is None else f"--corpus-dir {shlex.quote(str(self.corpus_dir))}"
        )

    @property
    def makes_audio(self) -> bool:
        """Whether the corpus step writes audio of its own."""
        return makes_audio(self.recipe.corpus)

    @property
    def audio_option(self) -> str:
        """`--corpus-dir DIR` where cuts name audio by its place in the corpus folder."""
        return "" if self.makes_audio else self.corpus_option

    @property
    def splits(self) -> tuple[str, ...]:
        """Every split, training first."""
        return self.recipe.splits.all

    @property
    def corpus_files(self) -> dict[str, Path]:
        """What the corpus step writes: cuts, normalised texts, and audio where it makes some."""
        return self.layout.corpus_files(self.splits, with_audio=self.makes_audio)

    def outputs(self, **files: Path) -> dict[str, Path]:
        """Name a step's files; with their provenance records where they go to a cache."""
        records = {f"{name}_record": record_of(path) for name, path in files.items()}
        return files | (records if self.is_cached else {})

    @property
    def rows(self) -> list[Row]:
        """Every model in the tables that no choice has to be made for."""
        return rows(self.recipe)

    def chosen_rows(self, checkpoints: Any) -> list[Row]:
        """The models of the grids' best points; Snakemake is told to choose them first."""
        chosen = [
            system
            for grid in self.recipe.grids
            for system in chosen_systems(Path(checkpoints.choose.get(grid=grid).output[0]))
        ]
        return [row for row in rows(self.recipe, chosen) if row.system in chosen]

    @property
    def baseline(self) -> Row:
        """The model on whose log-probabilities decoders are compared."""
        return baseline_row(self.recipe)

    @property
    def lexicon_model(self) -> str:
        """The language model that decoders are compared with."""
        return lexicon_models(self.recipe)[0]

    def grid_scores(self, grid: str) -> list[Path]:
        """The scores on dev that a grid's best are chosen by."""
        dev = self.recipe.splits.dev
        rows = grid_rows(self.recipe, grid)
        return [self.layout.score(row, "greedy", "none", dev) for row in rows]

    @property
    def ranks(self) -> list[str]:
        """Every rank's name in paths."""
        labels = {WHOLE: None}
        for system in self.recipe.systems.values():
            epochs = self.recipe.trainings[system.training].epochs
            labels.update(dict.fromkeys(transitions(system, epochs)))
        return list(labels)

    @property
    def measured_ranks(self) -> list[str]:
        """Names of ranks that weigh errors by inputs measured on training speech."""
        return [rank for rank in self.ranks if "act@" in rank]

    @property
    def plain_ranks(self) -> list[str]:
        """Names of the others."""
        return [rank for rank in self.ranks if "act@" not in rank]

    def results(self, rows: Sequence[Row]) -> list[Path]:
        """What the tables read of some models: scores, models and histories."""
        scores = [
            self.layout.score(row, decoder, lm, split)
            for row in rows
            for decoder, lm in decodings(self.recipe, row)
            for split in self.recipe.splits.test
        ]
        return [*scores, *self.layout.trained(rows), *self._engine_results(rows)]

    def listings(self, rows: Sequence[Row]) -> list[Path]:
        """What the scores of some models write for people, which no step reads."""
        return [
            path
            for row in rows
            for decoder, lm in decodings(self.recipe, row)
            for split in self.recipe.splits.test
            for path in self.layout.listings(row, decoder, lm, split)
        ]

    def _engine_results(self, rows: Sequence[Row]) -> list[Path]:
        """What the engine's table reads of some models: scores, sizes and latencies."""
        pairs = [(row, *pair) for row in rows for pair in engine_decodings(self.recipe, row)]
        scores = [
            self.layout.score(row, "engine", lm, split, precision)
            for row, precision, lm in pairs
            for split in self.recipe.splits.test
        ]
        exported = {self.layout.exported(row, precision) for row, precision, _ in pairs}
        return [*scores, *(path.with_suffix(".json") for path in sorted(exported))]

    def dev_scores(self, rows: Sequence[Row], kind: str) -> list[Path]:
        """Greedy scores on dev of some models, where a kind of figure, or tiers, need them."""
        if kind not in ON_DEV and not (kind == "tables" and self.recipe.tables.tiers):
            return []
        dev = self.recipe.splits.dev
        return [self.layout.score(row, "greedy", "none", dev) for row in rows]

    def bundles(self, rows: Sequence[Row]) -> list[Path]:
        """The manifests of the bundles of some models, where they have a language model."""
        lm = bundle_lm(self.recipe)
        final = [row for row in rows if row.is_final and lm is not None]
        return [self.layout.bundle(row, str(lm)) / "manifest.json" for row in final]

    def table_bundles(self, rows: Sequence[Row]) -> list[Path]:
        """The same, where the tables show them."""
        return self.bundles(rows) if "bundles" in written(self.recipe) else []

    def tier_inputs(self, rows: Sequence[Row]) -> list[Path]:
        """What says which models stand for the tiers."""
        final = [row for row in rows if row.is_final]
        return [*self.layout.trained(final), *self.dev_scores(final, "tables")]

    def tier_rows(self, checkpoints: Any) -> list[Row]:
        """The models that stand for the tiers; Snakemake is told to choose them first."""
        return chosen_tiers(Path(checkpoints.tiers.get().output[0]))

    def device_results(self, rows: Sequence[Row]) -> list[Path]:
        """What the table of devices reads of some models: bundles, words, sizes, times."""
        layout, split, found = self.layout, self.recipe.splits.test[0], []
        for row in rows:
            found.append(layout.exported(row, "int8").with_suffix(".json"))
            for lm in lexicon_models(self.recipe):
                found.append(layout.bundle(row, lm) / "manifest.json")
                found.append(layout.score(row, "engine", lm, split, "int8"))
                found += [layout.measured(device, row, lm) for device in self.devices]
        return found

    @property
    def emulated(self) -> list[str]:
        """Devices that qemu emulates, of which times are modelled."""
        return [name for name, device in all_devices().items() if device.runner == "qemu"]

    @property
    def timed(self) -> list[str]:
        """The others."""
        return [name for name in all_devices() if name not in self.emulated]

    def is_here(self, device: str) -> bool:
        """Whether a device is this host, which needs no cross-compiler."""
        return all_devices()[device].runner == "host"

    def curve_inputs(self, kind: str) -> list[Path]:
        """What a curve is drawn from."""
        recipe, layout, row = self.recipe, self.layout, baseline_row(self.recipe)
        if kind == "beam":
            return [layout.beams(*search_with(recipe, x)) for x in beam_models(recipe)]
        splits = (recipe.splits.dev, recipe.splits.test[0])
        found = []
        for lm in curve_models(recipe):
            search = search_with(recipe, lm)
            found += [layout.score(row, *search, split) for split in splits]
            found += [layout.weights(row, lm, search[0]), layout.lm(lm) / "info.json"]
        return found

    @property
    def figures(self) -> list[Path]:
        """The figures that the recipe has the systems for."""
        return [self.layout.tables / f"{kind}.png" for kind in drawn(self.recipe)]

    @property
    def tables(self) -> list[Path]:
        """The tables that the recipe has the systems for, in each of their formats."""
        names, endings = written(self.recipe), ("md", "csv", "tex")
        return [self.layout.tables / f"{name}.{ending}" for name in names for ending in endings]

    @property
    def sizes(self) -> list[Path]:
        """Sizes of the data and of every language model in the tables."""
        languages = self.recipe.table_language_models
        return [self.layout.validation, *(self.layout.lm(x) / "info.json" for x in languages)]

    @property
    def choices(self) -> list[Path]:
        """Which points of each grid go on, and the points."""
        points = [row for grid in self.recipe.grids for row in grid_rows(self.recipe, grid)]
        return [*map(self.layout.choice, self.recipe.grids), *self.layout.trained(points)]

    @property
    def gpus_each(self) -> int:
        """GPUs a training takes: one where the machine has any; `schatten run` says how many."""
        return min(1, gpus.count())

    def row(self, wildcards: Any) -> Row:
        """The row that a rule's wildcards name."""
        return Row(wildcards.system, int(wildcards.seed), wildcards.rank, wildcards.stage)

    def final_row(self, system: str, seed: str, rank: str) -> Row:
        """The trained model of a rank: that of stage 1 for the whole rank, else of stage 2."""
        return Row(system, int(seed), rank, "stage1" if rank == WHOLE else "stage2")

    def features(self, system: str, split: str) -> Path:
        """Features of a split as a system's model reads them."""
        return self.layout.features(parts.model_of(self.recipe, system).feature, split)

    def statistics(self, system: str) -> Path:
        """Statistics of the training features of a system."""
        return self.layout.statistics(parts.model_of(self.recipe, system).feature)

    def factored_source(self, system: str, seed: str, rank: str) -> Path:
        """The model of stage 1 that is factored: its last, or that of the rank's epoch."""
        folder = self.layout.am(Row(system, int(seed), WHOLE, "stage1"))
        kept = parts.transition_epochs(self.recipe, system)
        if not kept:
            return folder / "model.pt"
        return folder / f"e{parts.factored_epoch(self.recipe, system, rank)}.pt"

    @property
    def students(self) -> list[str]:
        """Systems that learn from another one's model."""
        return [name for name, one in self.recipe.systems.items() if one.distill is not None]

    @property
    def others(self) -> list[str]:
        """Systems that do not."""
        return [name for name in self.recipe.systems if name not in self.students]

    def teacher(self, system: str, seed: str) -> Path:
        """The model a student learns from: of its own seed, or of the teacher's first."""
        distill = self.recipe.systems[system].distill
        assert distill is not None
        seeds = self.recipe.systems[distill.teacher].seeds
        chosen = int(seed) if int(seed) in seeds else seeds[0]
        return self.layout.am(Row(distill.teacher, chosen, WHOLE, "stage1")) / "model.pt"

    def torch_threads(self, system: str) -> int:
        """CPU threads of a system's trainings: a constant of the experiment."""
        return self.recipe.trainings[self.recipe.systems[system].training].torch_threads

    def search_lexicon(self, lm: str) -> list[Path]:
        """The lexicon that is searched with a language model; none for one of characters."""
        searched = self.recipe.language_models[lm].decoder == "lexicon"
        return [self.layout.lm(lm) / "lexicon"] if searched else []

    def graph(self, lm: str) -> Path:
        """The decoding graph that is searched for a language model's column."""
        return self.layout.graph(self.recipe.decoding.wfst.first_pass or lm)

    def rescoring_lm(self, lm: str) -> list[Path]:
        """The model that rescores the graph's lattices, where the graph has another one."""
        if self.recipe.decoding.wfst.first_pass in (None, lm):
            return []
        return [self.layout.lm(lm) / "bin"]

    def known_words(self, lm: str) -> Path:
        """Lexicon of the words that a language model has seen; greedy: those of the main one."""
        name = self.recipe.table_language_models[0] if lm == "none" else lm
        return self.layout.lm(name) / "lexicon"

    def lm_text(self, name: str) -> Path:
        """The text a language model is estimated on."""
        return self.layout.text(
            self.recipe.splits.train
            if self.recipe.language_models[name].text == "train"
            else self.recipe.language_models[name].text
        )


def scaled(amount: int) -> Callable[[Any, int], int]:
    """Return a resource that a step asks for: `amount` at first, twice that at its second try ...

    It matters where a scheduler enforces memory (`mem_mb`) or time (`runtime`, minutes) and the
    profile lets steps try again (`retries`).
    """
    return lambda wildcards, attempt: amount * attempt


def workflow_of(config: dict[str, Any], *, is_cached: bool = False) -> Workflow:
    """Read what `--config` says; `is_cached`: Snakemake was given `--cache`.

    Errors: `UserError` for an unknown key, a wrong recipe or a missing corpus folder.
    """
    unknown = sorted(set(config) - set(KEYS))
    if unknown:
        raise UserError(
            f"--config knows no {', '.join(unknown)}: it takes {', '.join(KEYS)}; "
            "settings of the experiment stand in the recipe's YAML"
        )
    name = _text(config, "recipe", DEFAULT_RECIPE)
    recipe = recipes.load(name)
    corpus_dir = Path(_text(config, "corpus_dir", "")) if "corpus_dir" in config else None
    if corpus_dir is not None and recipe.corpus.source == "voicesearch_like":
        raise UserError(f"{name} makes its own speech: leave corpus_dir out")
    path = recipes.path_of(name).absolute()
    _check_names(path, _text(config, "results", "results"))
    layout = Layout(
        path.parent.name,
        path.stem,
        fingerprint(recipe, corpus_dir),
        Path(_text(config, "results", "results")),
    )
    devices = device_names(_text(config, "devices", "host"))
    is_cached = is_cached and "SNAKEMAKE_OUTPUT_CACHE" in os.environ
    return Workflow(name, recipe, layout, corpus_dir, devices, is_cached)


def _text(config: dict[str, Any], key: str, default: str) -> str:
    """Return a value of `--config`, which Snakemake reads as YAML: `1e3` comes as a number."""
    value = config.get(key, default)
    if not isinstance(value, str | Path):
        raise UserError(f"--config {key} is not text but {value!r}: write it with more quotes")
    return str(value)


def _check_names(recipe: Path, results: str) -> None:
    """Refuse names that would mean something else in a pattern of paths."""
    for name in (recipe.parent.name, recipe.stem):
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{recipe}: {name!r} becomes a folder of results, so it takes letters, digits, "
                "`_`, `.` and `-`, a letter or digit first: rename it"
            )
    if not results or results.startswith("-") or set(results) & set("{}\n*?["):
        raise UserError(
            f"--config results={results!r} cannot be a folder of results: name one that does not "
            "begin with `-`, and holds no braces, brackets, stars, question marks or line ends"
        )
