"""What every step of a chain has: its label, its needs, its settings, its result version."""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from schatten.recipe.base import Name, Settings
from schatten.recipe.techniques import Techniques
from schatten.runtime.files import canonical_json

if TYPE_CHECKING:
    from schatten.recipe.chain import Node
    from schatten.recipe.training import Training


@dataclass(frozen=True)
class Features:
    """A step reads the features of a split, as the system's model reads them."""

    split: str


@dataclass(frozen=True)
class Statistics:
    """A step reads the statistics of the training features."""


@dataclass(frozen=True)
class Spellings:
    """A step reads how the system's unit set writes words; characters need no file."""


@dataclass(frozen=True)
class Model:
    """A step reads a model: the one that its parent ends with, or another system's."""

    node: "Node"
    epoch: int | None = None
    """Epoch whose kept model it is; None for the model at the end."""


@dataclass(frozen=True)
class Hypotheses:
    """A step reads what the model before it recognises in its training speech."""

    node: "Node"
    """The node whose artifact they are: the first of those that start from one model."""


@dataclass(frozen=True)
class Given:
    """A step reads a file that the recipe names: no step of the workflow makes it."""

    path: Path


Need = Features | Statistics | Spellings | Model | Hypotheses | Given


class Step(Settings):
    """One step of a chain; its methods are given the node that it makes."""

    kind: ClassVar[str]
    """The key in the YAML."""
    log_name: ClassVar[str]
    """Name of the log beside the model."""
    compresses: ClassVar[bool]
    """Whether the step makes the model smaller; a step that trains does not."""

    @property
    def spoken_kind(self) -> str:
        """The verb of what it does, in the job's message."""
        return self.kind

    @abstractmethod
    def name_in(self, node: "Node") -> str:
        """Return the last part of the node's path."""

    @abstractmethod
    def label_in(self, node: "Node") -> str | None:
        """Return the part of the path that all later nodes have too; None for nothing."""

    @abstractmethod
    def needs(self, node: "Node") -> dict[str, Need]:
        """Return the step's inputs, by the option of its verb."""

    @abstractmethod
    def settings(self, node: "Node") -> str:
        """Return all that determines the result, as JSON, for the rule's param and the record."""

    @abstractmethod
    def spoken(self, node: "Node") -> str:
        """Return what people call the step in its chain: `stage 2`, `tau 0.70`."""

    @abstractmethod
    def problem(self, node: "Node") -> str | None:
        """Say why the step makes no sense at this place of its chain; None if it does."""

    @property
    def deployed(self) -> str:
        """The precision in which a device has the model."""
        return "int8"

    @property
    def precision(self) -> str:
        """The precision in which torch computes with the model."""
        return "fp32"

    def kept_epochs(self, node: "Node") -> tuple[int, ...]:
        """Return the epochs whose models are kept beside the last; none if nothing trains."""
        return ()


class TrainingStep(Step):
    """A step that trains: `schatten train` does it."""

    compresses: ClassVar[bool] = False
    log_name: ClassVar[str] = "train.log"

    training: Name | None = None
    """One of `trainings`; the system's by default."""
    techniques: Techniques = ()
    """Techniques that change the training, in this order."""

    @abstractmethod
    def training_in(self, node: "Node") -> "Training":
        """Return the settings of the training."""

    @abstractmethod
    def epochs_in(self, node: "Node") -> int:
        """Return the epochs of the training."""


def settings_of(step: str, version: int, *values: Any) -> str:
    """Return the canonical JSON of a step's settings and its result version."""
    return canonical_json({"step": step, "version": version, "settings": values})


def first_of(node: "Node") -> "Node":
    """Return the node at the start of a node's chain."""
    while node.parent is not None:
        node = node.parent
    return node
