"""The base class of the steps of a chain: label, inputs, settings, result version."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from schatten.recipe.base import Name, Settings
from schatten.recipe.pruning import Pruning, ThresholdPruning
from schatten.recipe.techniques import (
    OwnCode,
    Techniques,
    distillation_of,
    initialise_of,
    reference_of,
)
from schatten.runtime.files import canonical_json

if TYPE_CHECKING:
    from schatten.recipe.chain import Node
    from schatten.recipe.training import Training


@dataclass(frozen=True)
class Features:
    """A step reads the features of a split, of the kind that the system's model uses."""

    split: str


@dataclass(frozen=True)
class Statistics:
    """A step reads the statistics of the training features."""


@dataclass(frozen=True)
class Spellings:
    """A step reads the spellings of words in the system's unit set; characters need no file."""


@dataclass(frozen=True)
class Model:
    """A step reads a model: that of its parent, or of another system."""

    node: "Node"
    epoch: int | None = None
    """Epoch whose kept model is read; None for the final model."""


@dataclass(frozen=True)
class Hypotheses:
    """A step reads the hypotheses that the model before it finds for its training speech."""

    node: "Node"
    """The node that owns the artifact: the first one of those that read the same hypotheses."""


@dataclass(frozen=True)
class Given:
    """A step reads a file that the recipe names. No step of the workflow makes it."""

    path: Path


Need = Features | Statistics | Spellings | Model | Hypotheses | Given


class Step(Settings):
    """One step of a chain. Its methods take the node that it makes."""

    kind: ClassVar[str]
    """The step's key in the YAML."""
    log_name: ClassVar[str]
    """File name of the log beside the model."""
    compresses: ClassVar[bool]
    """Whether the step makes the model smaller; a step that trains does not."""

    @property
    def spoken_kind(self) -> str:
        """What the step does, as a verb for the job's message."""
        return self.kind

    @abstractmethod
    def name_in(self, node: "Node") -> str:
        """Return the last part of the node's path."""

    @abstractmethod
    def label_in(self, node: "Node") -> str | None:
        """Return the part of the path that all later nodes have too, if there is one."""

    @abstractmethod
    def needs(self, node: "Node") -> dict[str, Need]:
        """Return the step's inputs, by its verb's option for each."""

    @abstractmethod
    def settings(self, node: "Node") -> str:
        """Return all settings that determine the result, as JSON, for the rule and the record."""

    @abstractmethod
    def spoken(self, node: "Node") -> str:
        """Return the step's name in messages, such as `stage 2` or `tau 0.70`."""

    @abstractmethod
    def problem(self, node: "Node") -> str | None:
        """Return what is wrong with the step at this place of its chain; None if nothing is."""

    @property
    def deployed(self) -> str:
        """The precision of the model on a device."""
        return "int8"

    @property
    def precision(self) -> str:
        """The precision in which torch computes with the model."""
        return "fp32"

    def kept_epochs(self, node: "Node") -> tuple[int, ...]:
        """Return the epochs whose models are kept besides the last; empty if nothing trains."""
        return ()


class TrainingStep(Step):
    """A step that trains, run by `schatten train`."""

    compresses: ClassVar[bool] = False
    log_name: ClassVar[str] = "train.log"

    training: Name | None = None
    """One of `trainings`; by default that of the system."""
    techniques: Techniques = ()
    """Techniques that change the training, in the order in which they act."""

    @abstractmethod
    def training_in(self, node: "Node") -> "Training":
        """Return the settings of the training."""

    @abstractmethod
    def epochs_in(self, node: "Node") -> int:
        """Return the number of epochs of the training."""

    def models_of_techniques(self, node: "Node") -> "dict[str, Need]":
        """Return the models of other systems that techniques read."""
        found: dict[str, Need] = {}
        if distillation := distillation_of(self.techniques):
            found["teacher"] = Model(node.recipe.teacher(distillation.teacher, node.seed))
        if reference := reference_of(self.techniques):
            found["reference"] = Model(node.recipe.teacher(reference, node.seed))
        if source := initialise_of(self.techniques):
            found["start"] = Model(node.recipe.teacher(source.system, node.seed))
        return found

    def technique_problems(self, node: "Node") -> Iterator[str]:
        """Yield what is wrong with the techniques at this place of the chain."""
        training, epochs = self.training_in(node), self.epochs_in(node)
        for entry in self.techniques:
            if isinstance(entry.settings, Pruning | ThresholdPruning):
                yield from entry.settings.problems(epochs, training.weight_average_epochs)
        if node.parent is None:
            return
        if any(one.trace_norm for one in self.techniques):
            yield "trace_norm trains W = U V from the start: put it into the first `train`"
        if initialise_of(self.techniques) is not None:
            yield "initialise gives a model its first weights: put it into the first `train`"


def missing_code(*codes: OwnCode | None) -> Iterator[str]:
    """Yield what is wrong with code of one's own: its file is not there."""
    for code in codes:
        if code is not None and not code.file.is_file():
            yield f"{code.file} does not exist: name your Python file"


def settings_of(step: str, version: int, *values: Any) -> str:
    """Return the canonical JSON of a step's settings and its result version."""
    return canonical_json({"step": step, "version": version, "settings": values})


def first_of(node: "Node") -> "Node":
    """Return the node at the start of a node's chain."""
    while node.parent is not None:
        node = node.parent
    return node
