"""Inputs and outputs of an experiment's rules, except for the steps of its chains."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schatten.errors import UserError
from schatten.recipe.chain import Node
from schatten.recipe.figures import drawn
from schatten.recipe.layout import (
    ENGINE,
    SEARCHER,
    WEB,
    beam_models,
    bundle_lm,
    compared_columns,
    curve_models,
    decodings,
    engine_decodings,
    lexicon_models,
    search_with,
)
from schatten.recipe.rates import writes_words
from schatten.recipe.tables import FORMATS, TABLES, written
from schatten.recipe.units import Tied
from schatten.runtime.files import sha256
from schatten.workflow.device_inputs import DeviceInputs
from schatten.workflow.experiment import options_of
from schatten.workflow.parts import Part, ScoreRule, known_words, parts, score_rules
from schatten.workflow.step_rules import (
    HypothesesRule,
    StepRule,
    hypotheses_rules,
    step_rules,
)


class Workflow(DeviceInputs):
    """One experiment's workflow: rules take their inputs, outputs and params from here."""

    def step_rules(self, kind: str) -> list[StepRule]:
        """Return the rules of a class of step."""
        return step_rules(self, kind)

    @property
    def hypotheses_rules(self) -> list[HypothesesRule]:
        """The rule that recognises training speech, if a chain compares hypotheses."""
        return hypotheses_rules(self)

    @property
    def parts(self) -> list[Part]:
        """What is decoded in one job: the test splits, dev, the splits of a curve."""
        return parts(self.recipe)

    @property
    def score_rules(self) -> list[ScoreRule]:
        """The rules that score test splits."""
        return score_rules(self)

    @property
    def lexicon_model(self) -> str:
        """The language model that decoders are compared with; `UserError` if none has a lexicon."""
        names = lexicon_models(self.recipe)
        if not names:
            raise UserError(
                f"{self.name} has no language model with `decoder: lexicon` in its tables: add one "
                "to compare searches over a lexicon"
            )
        return names[0]

    def grid_scores(self, wildcards: Any) -> list[Path]:
        """The scores on dev by which a grid's best points are chosen."""
        dev = self.recipe.splits.dev
        nodes = self.points[wildcards.grid]
        return [self.layout.score(node, "greedy", "none", dev) for node in nodes]

    def results(self, nodes: Sequence[Node]) -> list[Path]:
        """Inputs of the tables for some models: scores, models and histories."""
        scores = [
            self.layout.score(node, decoder, lm, split)
            for node in nodes
            for decoder, lm in decodings(self.recipe, node)
            for split in self.recipe.splits.test
        ]
        return [*scores, *self.layout.trained(nodes), *self._engine_results(nodes)]

    def listings(self, nodes: Sequence[Node]) -> list[Path]:
        """Outputs of scoring some models, for people; no step reads them."""
        return [
            path
            for node in nodes
            for decoder, lm in decodings(self.recipe, node)
            for split in self.recipe.splits.test
            for path in self.layout.listings(node, decoder, lm, split)
        ]

    def _engine_results(self, nodes: Sequence[Node]) -> list[Path]:
        """Inputs of the engine's table for some models: scores, sizes and latencies."""
        pairs = [(node, *pair) for node in nodes for pair in engine_decodings(self.recipe, node)]
        scores = [
            self.layout.score(node, "engine", lm, split, precision)
            for node, precision, lm in pairs
            for split in self.recipe.splits.test
        ]
        exported = {self.layout.exported(node, precision) for node, precision, _ in pairs}
        own = {self.layout.exported(x, x.precision) for x in nodes if x.precision != "fp32"}
        return [*scores, *(path.with_suffix(".json") for path in sorted(exported | own))]

    def bundles(self, nodes: Sequence[Node]) -> list[Path]:
        """The manifests of the bundles of some models, if they have a language model."""
        lm = bundle_lm(self.recipe)
        final = [node for node in nodes if node.is_final and lm is not None]
        return [self.layout.bundle(node, str(lm)) / "manifest.json" for node in final]

    def page_inputs(self, nodes: Sequence[Node]) -> list[Path]:
        """Inputs of the report for some models: what they heard, and their bundles."""
        found = self.bundles(nodes)
        for node in nodes:
            if not node.is_final:
                continue
            for decoder, one, precision in compared_columns(self.recipe, node):
                for split in self.recipe.splits.test:
                    found.append(self.layout.hypotheses(node, decoder, one, split, precision))
        return found

    @property
    def page_measurements(self) -> list[str]:
        """Checksums of what `bench` measured, with which the report changes.

        They are no inputs: to make tables, nobody should need the board again.
        """
        paths = (self.layout.home / "devices").rglob("measured.json")
        return [sha256(path) for path in sorted(paths)]

    @property
    def page_engine(self) -> list[Path]:
        """The engine for this machine, which measures bundles, if there are any."""
        return [] if bundle_lm(self.recipe) is None else [ENGINE]

    @property
    def page_web(self) -> list[Path]:
        """The engine in WebAssembly, if it was built."""
        module = WEB / "schatten-engine.wasm"
        return [module] if module.is_file() and self.page_engine else []

    def table_bundles(self, nodes: Sequence[Node]) -> list[Path]:
        """The same, if the tables show them."""
        return self.bundles(nodes) if "bundles" in written(self.recipe) else []

    def accepted(self, nodes: Sequence[Node]) -> dict[Path, str]:
        """Acceptance of commands by the bundles of models in int8, with the names of its rows."""
        commands, lm = self.recipe.commands, bundle_lm(self.recipe)
        if commands is None or lm is None:
            return {}
        speech = [*self.recipe.splits.test]
        if commands.recordings is not None and self.corpus_dir is not None:
            speech.append("recordings")
        return {
            self.layout.accepted(node, lm, one): f"{node.system}, {node.label}, seed {node.seed}"
            for one in speech
            for node in nodes
            if node.is_final and "int8" in node.system_settings.precisions
        }

    @property
    def command_tables(self) -> list[Path]:
        """The table of commands in each of its formats, if what is heard are commands."""
        found = bool(self.accepted(self.table_nodes))
        endings = FORMATS if found else ()
        return [self.layout.tables / f"commands.{ending}" for ending in endings]

    def acceptance_rows(self, wildcards: Any, input: Any) -> str:
        """Return the options that name the rows of the table of commands."""
        rows = self.accepted(self.table_nodes).items()
        return options_of((key, one) for path, name in rows for key, one in _row(path, name))

    def recorded_commands(self, wildcards: Any) -> list[Path]:
        """The table of recorded commands, and the noise that they are tested in."""
        commands, folder = self.recipe.commands, self.corpus_dir
        if commands is None or commands.recordings is None or folder is None:
            return []
        recordings = commands.recordings
        names = (recordings.table, recordings.texts, recordings.noise)
        return [folder / name for name in names if name is not None]

    def curve_inputs(self, wildcards: Any) -> list[Path]:
        """Inputs of a curve."""
        recipe, layout, node = self.recipe, self.layout, self.baseline
        if wildcards.kind == "beam":
            return [layout.beams(*search_with(recipe, x)) for x in beam_models(recipe)]
        splits = (recipe.splits.dev, recipe.splits.test[0])
        found = []
        for lm in curve_models(recipe):
            search = search_with(recipe, lm)
            found += [layout.score(node, *search, split) for split in splits]
            found += [layout.weights(node, lm, search[0]), layout.lm(lm) / "info.json"]
        return found

    @property
    def figures(self) -> list[Path]:
        """The figures that the recipe has the systems for."""
        return [self.layout.tables / f"{kind}.png" for kind in drawn(self.recipe)]

    @property
    def tables(self) -> list[Path]:
        """The tables that the recipe has the systems for, in each of their formats."""
        names = written(self.recipe)
        return [self.layout.tables / f"{name}.{ending}" for name in names for ending in FORMATS]

    @property
    def introduced(self) -> dict[str, str]:
        """What the introduction of `snakemake --report` says of the experiment, by name."""
        return {"title": self.recipe.title, "recipe": self.name}

    def reported(self, paths: Sequence[Path]) -> list[Any]:
        """Mark the tables among some outputs that `snakemake --report` shows: those in HTML."""
        from snakemake.io import report  # here, as the package starts without Snakemake

        return [
            report(
                path,
                category="Tables",
                caption=f"captions/{path.stem}.rst",
                labels={"table": TABLES.get(path.stem, path.stem)},
            )
            if path.suffix == ".html"
            else path
            for path in paths
        ]

    @property
    def sizes(self) -> list[Path]:
        """Sizes of the data and of every language model in the tables."""
        languages = self.recipe.table_language_models
        return [self.layout.validation, *(self.layout.lm(x) / "info.json" for x in languages)]

    @property
    def choices(self) -> list[Path]:
        """The choices of all grids, and the models of their points."""
        points = [node for nodes in self.points.values() for node in nodes]
        return [*map(self.layout.choice, self.recipe.grids), *self.layout.trained(points)]

    def model(self, wildcards: Any) -> Path:
        """The model of the node that wildcards name."""
        return self.layout.model(self.node(wildcards))

    def features(self, wildcards: Any) -> list[Path]:
        """Features of the splits that are scored, as a system's model reads them."""
        model = self.recipe.models[self.recipe.systems[wildcards.system].model]
        return [self.layout.features(model.feature, split) for split in self.recipe.splits.scored]

    def tuning_logprobs(self, wildcards: Any) -> Path:
        """Log-probabilities of dev of the node whose decoding weights wildcards name."""
        return self.layout.logprobs(self.tuned_node(wildcards), self.recipe.splits.dev)

    def weights(self, wildcards: Any) -> Path:
        """Decoding weights for the node that wildcards name, with their language model."""
        node = self.node(wildcards)
        decoder = getattr(wildcards, "decoder", "lexicon")
        return self.layout.weights(node, wildcards.lm, decoder)

    def graph_weights(self, wildcards: Any) -> Path:
        """Decoding weights for the search of a graph."""
        return self.layout.weights(self.node(wildcards), wildcards.lm, "wfst")

    def exported(self, wildcards: Any) -> Path:
        """The node's model for the engine."""
        return self.layout.exported(self.node(wildcards), wildcards.precision)

    def search_program(self, wildcards: Any) -> list[Path]:
        """The engine's search, which decodes with a lexicon; none if nothing searches one."""
        return [SEARCHER] if self.search_lexicon(wildcards) else []

    def search_lexicon(self, wildcards: Any) -> list[Path]:
        """The lexicon that is searched with a language model; none if it is of characters."""
        searched = self.recipe.language_models[wildcards.lm].decoder == "lexicon"
        return [self.lexicon(wildcards)] if searched else []

    def lexicon(self, wildcards: Any) -> Path:
        """The words of a language model, spelled in the units of a system (or the baseline)."""
        return self.layout.lexicon(wildcards.lm, self._units(wildcards))

    def _units(self, wildcards: Any) -> str:
        system: str = getattr(wildcards, "system", self.baseline.system)
        return self.recipe.systems[system].units

    @property
    def spelled_sets(self) -> list[str]:
        """The sets of units that texts alone make: all but tied phones."""
        return [name for name in self.recipe.unit_sets if name not in self.tied_sets]

    @property
    def tied_sets(self) -> list[str]:
        """The sets of tied phones, which a model of the phones makes."""
        sets = {name: self.recipe.unit_set(name) for name in self.recipe.unit_sets}
        return [name for name, units in sets.items() if isinstance(units, Tied)]

    def tied_phones(self, wildcards: Any) -> str:
        """The set of phones that a set of tied phones ties."""
        return self.recipe.tied_set(wildcards.units).phones

    def aligner(self, wildcards: Any) -> dict[str, Path]:
        """The model that aligns speech for a set of tied phones, its phones, and the speech."""
        node, layout = self.recipe.aligner(wildcards.units), self.layout
        feature = self.recipe.models[node.system_settings.model].feature
        return {
            "model": layout.model(node),
            "units": layout.units(node.units),
            "words": layout.pronunciations(node.units),
            "train": layout.features(feature, self.recipe.splits.train),
        }

    def units_read(self, wildcards: Any) -> list[Path]:
        """The inventory of the units that a greedy result is scored in; none if it has words."""
        units = self._units(wildcards)
        if wildcards.lm != "none" or writes_words(self.recipe, units):
            return []
        return [self.layout.units(units)]

    def greedy_decoder(self, wildcards: Any, input: Any) -> str:
        """Return the decoder that writes a system's best path: as words, or as units."""
        return "greedy" if writes_words(self.recipe, self._units(wildcards)) else "units"

    def graph(self, wildcards: Any) -> Path:
        """The decoding graph that is searched for a language model's column."""
        first_pass = self.recipe.decoding.wfst.first_pass or wildcards.lm
        return self.layout.graph(first_pass, self._units(wildcards))

    def rescoring_lm(self, wildcards: Any) -> list[Path]:
        """The model that rescores the graph's lattices, if the graph has another one."""
        if self.recipe.decoding.wfst.first_pass in (None, wildcards.lm):
            return []
        return [self.layout.lm(wildcards.lm) / "bin"]

    def known_words(self, wildcards: Any) -> list[Path]:
        """Lexicon of the words that a language model has seen; greedy: those of the main one."""
        return [] if self.units_read(wildcards) else [known_words(self, wildcards.lm)]

    def lm_text(self, wildcards: Any) -> Path:
        """The text a language model is estimated on."""
        text = self.recipe.language_models[wildcards.lm].text
        return self.layout.text(self.recipe.splits.train if text == "train" else text)


def _row(path: Path, name: str) -> tuple[tuple[str, Any], ...]:
    """Return the options of a row of the table of commands."""
    return ("accepted", path), ("system", name)
