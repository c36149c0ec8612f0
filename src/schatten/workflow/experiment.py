"""One experiment as its workflow sees it: its options, and the nodes of its systems' chains."""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from schatten.device.devices import all_devices
from schatten.recipe import Recipe
from schatten.recipe.chain import Node
from schatten.recipe.corpus import makes_audio
from schatten.recipe.layout import Layout, baseline_node, grid_nodes, table_nodes
from schatten.recipe.steps import TrainingStep
from schatten.report.choice import chosen_systems, chosen_tiers
from schatten.runtime import gpus
from schatten.runtime.seals import record_of


@dataclass(frozen=True)
class Experiment:
    """An experiment's options, and the nodes that rules find by their wildcards."""

    name: str
    """The recipe as the verbs take it."""
    recipe: Recipe
    layout: Layout
    corpus_dir: Path | None
    devices: tuple[str, ...] = ("host",)
    """Devices to measure: names of YAMLs in arm/devices."""
    is_cached: bool = False
    """Whether corpus, features and language models are shared by workflows (`--cache`)."""
    _known: dict[tuple[str, int], tuple[Node, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def corpus_option(self) -> str:
        """`--corpus-dir DIR`, quoted, where the recipe reads recordings; else nothing."""
        return (
            "" if self.corpus_dir is None else f"--corpus-dir {shlex.quote(str(self.corpus_dir))}"
        )

    @property
    def makes_audio(self) -> bool:
        """Whether the corpus step writes audio."""
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
        """Outputs of the corpus step: cuts, normalised texts, and audio if it makes some."""
        return self.layout.corpus_files(self.splits, with_audio=self.makes_audio)

    def outputs(self, **files: Path) -> dict[str, Path]:
        """Name a step's files, with their provenance records if they go to a cache."""
        records = {f"{name}_record": record_of(path) for name, path in files.items()}
        return files | (records if self.is_cached else {})

    def nodes(self, system: str, seed: int) -> tuple[Node, ...]:
        """Return the nodes of a system's chain for a seed."""
        key = system, seed
        if key not in self._known:
            self._known[key] = self.recipe.nodes(system, seed)
        return self._known[key]

    @cached_property
    def every_node(self) -> tuple[Node, ...]:
        """The nodes of every system with its first seed."""
        systems = self.recipe.systems.items()
        return tuple(node for name, one in systems for node in self.nodes(name, one.seeds[0]))

    def node(self, wildcards: Any) -> Node:
        """Return the node that wildcards name by its path, or by the folder of its model."""
        place = wildcards.node
        for node in self.nodes(wildcards.system, int(wildcards.seed)):
            if place in (node.folder, f"{node.variant}/{node.name}"):
                return node
        return self.recipe.node(wildcards.system, int(wildcards.seed), place)

    def tuned_node(self, wildcards: Any) -> Node:
        """Return the node whose decoding weights have the label that wildcards name."""
        nodes = self.nodes(wildcards.system, int(wildcards.seed))
        return next(one for one in nodes if one.is_final and one.label == wildcards.label)

    @property
    def places(self) -> list[str]:
        """Every value of the wildcard `node`: paths of nodes, and folders of their models."""
        found = [(f"{node.variant}/{node.name}", node.folder) for node in self.every_node]
        return list(dict.fromkeys(place for pair in found for place in pair))

    @property
    def labels(self) -> list[str]:
        """Every value of the wildcard `label`."""
        return list(dict.fromkeys(node.label for node in self.every_node if node.is_final))

    @cached_property
    def table_nodes(self) -> list[Node]:
        """Every model in the tables that needs no choice."""
        return table_nodes(self.recipe)

    def chosen_nodes(self, checkpoints: Any) -> list[Node]:
        """The models of the grids' best points; Snakemake first runs the choice."""
        chosen = [
            system
            for grid in self.recipe.grids
            for system in chosen_systems(Path(checkpoints.choose.get(grid=grid).output[0]))
        ]
        return [node for node in table_nodes(self.recipe, chosen) if node.system in chosen]

    def tier_nodes(self, checkpoints: Any) -> list[Node]:
        """The models of the tiers; Snakemake first runs the choice."""
        return chosen_tiers(self.recipe, Path(checkpoints.tiers.get().output[0]))

    @cached_property
    def baseline(self) -> Node:
        """The model on whose log-probabilities decoders are compared."""
        return baseline_node(self.recipe)

    @property
    def points(self) -> Mapping[str, list[Node]]:
        """The models of each grid's points after stage 1."""
        return {grid: grid_nodes(self.recipe, grid) for grid in self.recipe.grids}

    @property
    def emulated(self) -> list[str]:
        """Devices that qemu emulates; their times are modelled."""
        return [name for name, device in all_devices().items() if device.runner == "qemu"]

    @property
    def timed(self) -> list[str]:
        """Devices whose times are measured."""
        return [name for name in all_devices() if name not in self.emulated]

    def is_here(self, device: str) -> bool:
        """Whether a device is this host, which needs no cross-compiler."""
        return all_devices()[device].runner == "host"

    @property
    def gpus_each(self) -> int:
        """GPUs of a training: one if the machine has any, which `schatten run` finds out."""
        return min(1, gpus.count())

    def torch_threads(self, wildcards: Any) -> int:
        """CPU threads of the training of a node: a constant of the experiment."""
        node = self.node(wildcards)
        assert isinstance(node.step, TrainingStep)
        return node.step.training_in(node).torch_threads


def options_of(pairs: Iterable[tuple[str, Any]]) -> str:
    """Return `--NAME FILE` of each input, quoted for a shell."""
    return " ".join(f"--{name} {shlex.quote(str(path))}" for name, path in pairs)
