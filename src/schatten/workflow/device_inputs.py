"""Inputs of the rules about models in the engine: tiers, devices, sizes and instructions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schatten.errors import UserError
from schatten.recipe.chain import Node
from schatten.recipe.figures import OF_FORMS, ON_DEV, why_not
from schatten.recipe.layout import engine_forms, lexicon_models, search_with
from schatten.recipe.rates import choosing_lm
from schatten.recipe.tables import FORMATS, has_compression
from schatten.runtime.files import sha256
from schatten.workflow.experiment import Experiment


class DeviceInputs(Experiment):
    """An experiment with what its devices and its models for the engine need."""

    def dev_scores(self, nodes: Sequence[Node], kind: str) -> list[Path]:
        """Scores of some models on dev, if a kind of figure or the tiers need them.

        They are greedy, or by `rates.choosing_lm` where tiers are chosen over several unit sets.
        """
        if kind not in ON_DEV and not (kind == "tables" and self.recipe.tables.tiers):
            return []
        dev, lm = self.recipe.splits.dev, choosing_lm(self.recipe) if kind == "tables" else None
        search = search_with(self.recipe, lm)
        return [self.layout.score(node, *search, dev) for node in nodes]

    @property
    def device_tables(self) -> list[Path]:
        """The table of devices in each of its formats."""
        return [self.layout.tables / f"devices.{ending}" for ending in FORMATS]

    def tier_inputs(self, nodes: Sequence[Node]) -> list[Path]:
        """The file that names the models of the tiers."""
        final = [node for node in nodes if node.is_final]
        return [*self.layout.trained(final), *self.dev_scores(final, "tables")]

    def device_results(self, nodes: Sequence[Node]) -> list[Path]:
        """Inputs of the table of devices for some models: bundles, words, sizes, times."""
        layout, split, found = self.layout, self.recipe.splits.test[0], []
        for node in nodes:
            found.append(layout.exported(node, node.deployed).with_suffix(".json"))
            for lm in lexicon_models(self.recipe):
                found.append(layout.bundle(node, lm) / "manifest.json")
                found.append(layout.score(node, "engine", lm, split, node.deployed))
                found += [layout.measured(device, node, lm) for device in self.devices]
        return found

    def device_words(self, wildcards: Any) -> Path:
        """Return what the engine recognised with a model as a device has it."""
        node, split = self.node(wildcards), self.recipe.splits.test[0]
        return self.layout.hypotheses(node, "engine", wildcards.lm, split, node.deployed)

    def forms(self, nodes: Sequence[Node], kind: str) -> list[Path]:
        """Models of the engine, if a table or a figure compares their sizes."""
        wanted = kind in OF_FORMS or (kind == "tables" and has_compression(self.recipe))
        models = [self.layout.exported(*one) for one in self._forms(nodes)] if wanted else []
        return [path for model in models for path in (model, model.with_suffix(".json"))]

    def instructions(self, nodes: Sequence[Node], kind: str) -> list[Path]:
        """Instructions of those models, if a figure shows them."""
        pairs = self._forms(nodes) if kind == "instructions" else []
        return [self.layout.instructions(*pair) for pair in pairs]

    def _forms(self, nodes: Sequence[Node]) -> list[tuple[Node, str]]:
        return [(node, one) for node in nodes for one in engine_forms(self.recipe, node)]

    @property
    def counted(self) -> str:
        """Checksums of the instructions that were counted, with which the table changes.

        They are no inputs: to make tables, nobody should need the emulator.
        """
        if not has_compression(self.recipe):
            return ""
        paths = (self.layout.home / "am").rglob("model.*.instructions.json")
        return "".join(f" {sha256(path)}" for path in sorted(paths))

    @property
    def instruction_figures(self) -> list[Path]:
        """The figure of instructions, if the recipe has models to compare.

        Errors: `UserError` where it has none.
        """
        if reason := why_not(self.recipe, "instructions"):
            raise UserError(f"{self.name} has no figure of instructions: {reason}")
        return [self.layout.tables / "instructions.png"]
