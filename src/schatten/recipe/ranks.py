"""The recipe's `ranks`: rules for truncating matrices; each gives a row of the table."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from schatten.recipe.base import Positive, Settings, tag


class RankRule(Settings):
    """The base class of rank rules."""

    activations: bool = False
    """Weight errors by the second moment of each matrix's inputs, measured on training speech."""

    label_format: ClassVar[str]
    """Format of the rule and its number, for `label`."""
    spoken_format: ClassVar[str]
    """Format of the rule and its number, for `spoken`."""

    @property
    def rule_label(self) -> str:
        """The rule and its number, for `label`."""
        return self.label_format.format_map(self.model_dump())

    @property
    def label(self) -> str:
        """Name in paths and tables."""
        return f"{self.rule_label}{'act' if self.activations else ''}"

    @property
    def spoken(self) -> str:
        """The rule and its number, for messages."""
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
    """Keep in each matrix the rank at which a share of the variance is kept."""

    tau: Annotated[float, Field(gt=0, le=1)]
    """Share of the variance: of the sum of squared singular values."""
    rule: Literal["reach", "below"] = "reach"
    """`reach`: the smallest rank that reaches the share (the trace norm paper, Kliegl et al.,
    2018). `below`: the largest rank that does not exceed it (Prabhavalkar et al., 2016)."""

    @property
    def rule_label(self) -> str:
        """`tau0.60`, or `tau0.60below`."""
        return f"tau{digits(self.tau)}{'below' if self.rule == 'below' else ''}"

    @property
    def rule_spoken(self) -> str:
        """`tau 0.60`."""
        return f"tau {digits(self.tau)}{' from below' if self.rule == 'below' else ''}"


def digits(share: float) -> str:
    """Return a share as text: all digits, at least two after the point, and no exponent."""
    whole, _, digits = format(Decimal(repr(share)), "f").partition(".")
    return f"{whole}.{digits:0<2}"


class FixedRank(RankRule):
    """Keep the same rank in every matrix that becomes smaller at that rank."""

    rank: Positive
    """The rank."""
    label_format = "rank{rank}"
    spoken_format = "rank {rank}"


class FixedRanks(RankRule):
    """Keep a given rank in each matrix that becomes smaller at that rank."""

    ranks: tuple[Positive, ...] = Field(min_length=1)
    """The rank of each matrix, in the model's order (as in `ranks kept` of the table)."""

    @property
    def rule_label(self) -> str:
        """`ranks80-105-130`."""
        return f"ranks{'-'.join(map(str, self.ranks))}"

    @property
    def rule_spoken(self) -> str:
        """`ranks 80, 105, 130`."""
        return f"ranks {', '.join(map(str, self.ranks))}"


class ParameterTarget(RankRule):
    """Keep the same share of the variance in all matrices, so that the model has a given size.

    Source: the trace norm paper (Kliegl et al., 2018), section 3.2.3.
    """

    parameters: Positive
    """Largest number of parameters of the whole model."""
    label_format = "params{parameters}"
    spoken_format = "{parameters:,} parameters"


class ParameterBudget(RankRule):
    """Choose the ranks that together lose the least, at a given size of the model."""

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
    """Return the tag of a rule, found by the key that only this rule has; None without one."""
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
"""A rank rule. Its kind is found by the key that only this rule has."""


def _no_label_twice(ranks: tuple[RankRule, ...]) -> tuple[RankRule, ...]:
    labels = [rank.label for rank in ranks]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise ValueError(f"{twice} stands there twice: remove one")
    return ranks


Ranks = Annotated[tuple[Rank, ...], AfterValidator(_no_label_twice)]
"""Rank rules. Each one gives a row of the table."""
