"""The steps `sequence` and `adapt`: sequence-discriminative training on whole hypotheses.

Both continue from the model before them. The hypotheses of that model for the training speech are
an artifact of their own, which `schatten hypotheses` makes.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from schatten.recipe.base import Name, NotNegative, Positive, PositiveFloat, Settings, Share
from schatten.recipe.steps.base import (
    Features,
    Hypotheses,
    Model,
    Need,
    Spellings,
    TrainingStep,
    first_of,
    missing_code,
    settings_of,
)
from schatten.recipe.steps.train import Train, trained, units_settings
from schatten.recipe.techniques import penalty_of
from schatten.recipe.training import APPLY_BELOW, APPLY_RECURRENT_BELOW, Training
from schatten.recipe.units import Grams, Tied

if TYPE_CHECKING:
    from schatten.recipe.chain import Node

Criterion = Literal["mwer", "smbr", "mmi", "ctc"]
Risk = Literal["words", "units", "frames"]


class Recognition(Settings):
    """How hypotheses for the training speech are found."""

    hypotheses: Positive = 8
    """Number of best hypotheses; the reference is added to them."""
    lm_weight: NotNegative = 1.0
    """Weight of the language model of this search: unigrams of the split's transcripts."""
    beam: PositiveFloat = 16.0
    """Beam of the search: paths that score worse than the best by more than this (natural log) are
    pruned."""
    lattice_beam: PositiveFloat = 8.0
    """Beam of the lattices: they keep paths that score worse than the best by at most this (natural
    log)."""


class Sequence(TrainingStep, Recognition):
    """Sequence-discriminative training: it compares hypotheses for the training speech.

    The hypotheses are those that decoding finds, and the reference. Prabhavalkar et al. (2016)
    train like this after CTC, and after the CTC training of truncated models.
    """

    kind: ClassVar[str] = "sequence"
    result_version: ClassVar[int] = 1
    """Raised when the results change."""
    hypotheses_result_version: ClassVar[int] = 1
    """Raised when the hypotheses change."""

    name: Name | None = None
    """Name in paths and tables; by default the criterion."""
    criterion: Criterion = "mwer"
    """The loss. `mwer`: expected word errors of a list of hypotheses. `smbr`: expected errors of a
    lattice. `mmi`: minus the log-posterior of the reference. `ctc`: only CTC, as a control that
    trains for the same time."""
    risk: Risk | None = None
    """Errors that `smbr` counts: `units` (by default), `words`, or `frames`. A frame is an error if
    its unit differs from the reference's."""
    epochs: Positive = 1
    """Number of epochs. With `epoch_parts`, an epoch is one part of the speech."""
    learning_rate: PositiveFloat = 1e-4
    """Highest learning rate, with a new state of Adam. A good value is about the last learning rate
    of the training before."""
    final_learning_rate_ratio: Share = 0.1
    """The learning rate falls exponentially to this share of the highest."""
    warmup_steps: int = Field(default=20, ge=0)
    """Steps over which the learning rate rises linearly."""
    ctc_weight: NotNegative = 0.1
    """Weight of CTC, which is added to the criterion."""
    scale: PositiveFloat = 1.0
    """Factor on the log-probabilities of frames when hypotheses are compared."""
    keep: tuple[Positive, ...] = ()
    """Epochs whose models are kept. Those from which a `truncate` starts are always kept."""
    apply_factors: bool = True
    """Multiply by V and then by U where that is faster than forming W = U V."""

    @model_validator(mode="after")
    def _risk_is_of_lattices(self) -> "Sequence":
        if self.risk is not None and self.criterion != "smbr":
            raise ValueError(f"risk is of smbr: remove it, {self.criterion} has none")
        return self

    @property
    def reads_hypotheses(self) -> bool:
        """Whether the criterion compares hypotheses."""
        return self.criterion != "ctc"

    def train_split(self, node: "Node") -> str:
        """Return the split on which it trains."""
        return node.recipe.splits.train

    def training_in(self, node: "Node") -> Training:
        """Return the settings of the training."""
        base = node.recipe.trainings[self.training or node.system_settings.training]
        own = {
            "epochs": self.epochs,
            "learning_rate": self.learning_rate,
            "final_learning_rate_ratio": self.final_learning_rate_ratio,
            "warmup_steps": self.warmup_steps,
            "hold_epochs": 0.0,
        }
        return base.model_copy(update=own)

    def epochs_in(self, node: "Node") -> int:
        """Return the number of epochs of the training."""
        return self.epochs

    def name_in(self, node: "Node") -> str:
        """Return the name, by default the criterion."""
        return self.name or self.criterion

    def label_in(self, node: "Node") -> str:
        """Return the name."""
        return self.name_in(node)

    def kept_epochs(self, node: "Node") -> tuple[int, ...]:
        """Return the epochs to keep: those in `keep`, and those from which a `truncate` starts."""
        starts = (getattr(child.step, "from_epoch", None) for child in node.children)
        return tuple(dict.fromkeys([*self.keep, *(start for start in starts if start)]))

    def needs(self, node: "Node") -> dict[str, Need]:
        """Return the model, features of the training split and dev, units, and hypotheses."""
        assert node.parent is not None
        found: dict[str, Need] = {
            "model": Model(node.parent),
            "train": Features(self.train_split(node)),
            "dev": Features(node.recipe.splits.dev),
        }
        if node.recipe.unit_set(node.units) is not None:
            found["units"] = Spellings()
        if self.reads_hypotheses:
            found["hypotheses"] = Hypotheses(self.owner_of_hypotheses(node))
        return found | self.models_of_techniques(node)

    def owner_of_hypotheses(self, node: "Node") -> "Node":
        """Return the first node that starts from the same model and reads the same hypotheses."""
        assert node.parent is not None
        wanted = self.hypotheses_settings(node)
        for sibling in node.parent.children:
            step = sibling.step
            if not isinstance(step, Sequence) or not step.reads_hypotheses:
                continue
            if step.hypotheses_settings(sibling) == wanted:
                return sibling
        raise AssertionError("a node is a child of its parent")

    def hypotheses_settings(self, node: "Node") -> str:
        """Return all settings that determine the hypotheses, as JSON."""
        found = Recognition(**{name: getattr(self, name) for name in Recognition.model_fields})
        return settings_of(
            "hypotheses",
            self.hypotheses_result_version,
            self.train_split(node),
            found.model_dump(mode="json"),
            self.parts_in(node),
            *units_settings(node),
        )

    def parts_in(self, node: "Node") -> tuple[int, int]:
        """Return the number of parts of the training split that are used, and of all parts."""
        parts = self.training_in(node).epoch_parts
        return min(self.epochs, parts), parts

    def settings(self, node: "Node") -> str:
        """Return seed, training, criterion, split and techniques."""
        first = first_of(node)
        assert isinstance(first.step, Train)
        own = ("criterion", "ctc_weight", "scale", "risk") if self.reads_hypotheses else ()
        how: dict[str, Any] = {name: getattr(self, name) for name in own}
        kept, plain = self.kept_epochs(node), [one.plain() for one in self.techniques]
        return settings_of(
            "sequence",
            self.result_version,
            node.seed,
            trained(self.training_in(node), penalty_of(first.step.techniques)),
            {name: value for name, value in how.items() if value is not None},
            self.train_split(node),
            *(
                [{"apply_below": (APPLY_BELOW, APPLY_RECURRENT_BELOW)}]
                if self.apply_factors
                else []
            ),
            *([{"techniques": plain}] if plain else []),
            *([{"keep": kept}] if kept else []),
            *units_settings(node),
        )

    def spoken(self, node: "Node") -> str:
        """Return its name."""
        return self.name_in(node)

    def problem(self, node: "Node") -> str | None:
        """Say why it makes no sense at this place of its chain."""
        if self.name == "whole":
            return "`whole` is in paths what was not compressed: give the step another name"
        if node.parent is None:
            return f"it begins with `{self.kind}`: begin with `train`"
        problem = next(self._problems(node), None)
        return None if problem is None else f"{self.name_in(node)}: {problem}"

    def _problems(self, node: "Node") -> Iterator[str]:
        """Yield what is wrong with the settings at this place of the chain."""
        yield from missing_code(*(entry.own for entry in self.techniques))
        for late in (epoch for epoch in self.keep if epoch > self.epochs):
            yield f"keep {late} comes too late, it has {self.epochs} epochs"
        yield from self.technique_problems(node)
        units = node.recipe.unit_set(node.units)
        if self.criterion != "ctc" and isinstance(units, Grams | Tied):
            yield (
                "hypotheses are spelled in characters, phones or pieces, "
                f"not in {units.type}: take criterion ctc, or other units"
            )


class Adapt(Sequence):
    """Sequence-discriminative training on another split: speech of the domain of later use.

    Its keys are those of `sequence`, and `split`. Prabhavalkar et al. (2016) adapt with sMBR on
    speech of the test domain.
    """

    kind: ClassVar[str] = "adapt"

    split: Name = "adapt"
    """Split on which it trains: one of `splits.more`, or the training split."""

    def train_split(self, node: "Node") -> str:
        """Return the split on which it trains."""
        return self.split

    def parts_in(self, node: "Node") -> tuple[int, int]:
        """Return 1 and 1: an epoch is all of the split."""
        return 1, 1

    def training_in(self, node: "Node") -> Training:
        """Return the settings of the training; an epoch is all of the split."""
        return super().training_in(node).model_copy(update={"epoch_parts": 1})

    def name_in(self, node: "Node") -> str:
        """Return the name, by default `adapted`."""
        return self.name or "adapted"

    def problem(self, node: "Node") -> str | None:
        """Say why it makes no sense at this place of its chain."""
        splits = node.recipe.splits
        usable = (splits.train, *splits.more)
        if self.split not in usable:
            return (
                f"{self.name_in(node)}: {self.split} is no split to train on: list it in "
                f"splits.more, or take {' or '.join(usable)}"
            )
        return super().problem(node)
