"""The recipe's `ranks`: rules for truncating a system's matrices; each gives a row of the table."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from schatten.recipe.base import Positive, Settings, tag


class RankRule(Settings):
    """The base class of rank rules."""

    activations: bool = False
    """Weigh errors by the second moment of each matrix's inputs, measured on training speech."""

    label_format: ClassVar[str]
    """The rule and its number, for `label`."""
    spoken_format: ClassVar[str]
    """The rule and its number, for `spoken`."""

    @property
    def rule_label(self) -> str:
        """The rule and its number, for `label`."""
        return self.label_format.format_map(self.model_dump())

    @property
    def label(self) -> str:
        """The name in paths and tables."""
        return f"{self.rule_label}{'act' if self.activations else ''}"

    @property
    def spoken(self) -> str:
        """The rule as a person says it, with its number."""
        return f"{self.rule_spoken}{self.weighting}"

    @property
    def weighting(self) -> str:
        """Whether errors are weighted, for `spoken`."""
        return ", weighted by inputs" if self.activations else ""

    @property
    def rule_spoken(self) -> str:
        """The rule and its number, for `spoken`."""
        return self.spoken_format.format_map(self.model_dump())


class VarianceShare(RankRule):
    """Keep in each matrix the rank whose singular values hold a share of the variance."""

    tau: Annotated[float, Field(gt=0, le=1)]
    """Share of the sum of squared singular values."""
    rule: Literal["reach", "below"] = "reach"
    """`reach`: the smallest rank that reaches the share (the trace norm paper, Kliegl et al.,
    2018); `below`: the largest rank that does not exceed it (Prabhavalkar et al., 2016)."""

    @property
    def rule_label(self) -> str:
        """`tau0.60`, or `tau0.60below`."""
        return f"tau{digits(self.tau)}{'below' if self.rule == 'below' else ''}"

    @property
    def rule_spoken(self) -> str:
        """`tau 0.60`."""
        return f"tau {digits(self.tau)}{' from below' if self.rule == 'below' else ''}"


def digits(share: float) -> str:
    """Write a share with all of its digits, two after the point at least, and no exponent."""
    whole, _, digits = format(Decimal(repr(share)), "f").partition(".")
    return f"{whole}.{digits:0<2}"


class FixedRank(RankRule):
    """Keep the same rank in every matrix that it makes smaller."""

    rank: Positive
    """The rank."""
    label_format = "rank{rank}"
    spoken_format = "rank {rank}"


class FixedRanks(RankRule):
    """Keep a given rank in each matrix that it makes smaller."""

    ranks: tuple[Positive, ...] = Field(min_length=1)
    """The ranks, in the model's order of its matrices (`ranks kept` in the table)."""

    @property
    def rule_label(self) -> str:
        """`ranks80-105-130`."""
        return f"ranks{'-'.join(map(str, self.ranks))}"

    @property
    def rule_spoken(self) -> str:
        """`ranks 80, 105, 130`."""
        return f"ranks {', '.join(map(str, self.ranks))}"


class ParameterTarget(RankRule):
    """Keep the same share of variance in all matrices, chosen so that the model has a given size.

    Section 3.2.3 of the trace norm paper.
    """

    parameters: Positive
    """Largest number of parameters of the whole model."""
    label_format = "params{parameters}"
    spoken_format = "{parameters:,} parameters"


class ParameterBudget(RankRule):
    """Spread parameters over the matrices so that together they lose the least."""

    budget: Positive
    """Largest number of parameters of the whole model."""
    label_format = "budget{budget}"
    spoken_format = "a budget of {budget:,} parameters"


_KINDS = {
    "tau": VarianceShare,
    "rank": FixedRank,
    "ranks": FixedRanks,
    "parameters": ParameterTarget,
    "budget": ParameterBudget,
}


def _kind_of(value: Any) -> str | None:
    """Return the tag of a rule by the key that only it has; None if there is none."""
    for key, kind in _KINDS.items():
        if isinstance(value, kind) or (isinstance(value, dict) and key in value):
            return tag(key)
    return None


Rank = Annotated[
    Annotated[VarianceShare, Tag(tag("tau"))]
    | Annotated[FixedRank, Tag(tag("rank"))]
    | Annotated[FixedRanks, Tag(tag("ranks"))]
    | Annotated[ParameterTarget, Tag(tag("parameters"))]
    | Annotated[ParameterBudget, Tag(tag("budget"))],
    Discriminator(
        _kind_of,
        custom_error_type="no_rank_rule",
        custom_error_message=f"give one rank rule, of: {', '.join(_KINDS)}",
    ),
]
"""A rank rule, by the key that only it has."""


def _no_label_twice(ranks: tuple[RankRule, ...]) -> tuple[RankRule, ...]:
    labels = [rank.label for rank in ranks]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise ValueError(f"{twice} stands there twice: remove one")
    return ranks


Ranks = Annotated[tuple[Rank, ...], AfterValidator(_no_label_twice)]
"""Rank rules, each with a row of its own."""
