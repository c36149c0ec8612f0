"""The recipe's `chain`: a list of steps. For each seed it becomes a tree of nodes.

A list inside a chain is a branching. The steps after that list are run after each of its entries.
An entry of a branching is a step, a chain (a list), or `stop`. `stop` ends the chain.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Tag, model_validator
from typing_extensions import TypeAliasType

from schatten.recipe.base import Settings, tag
from schatten.recipe.steps import (
    Adapt,
    Need,
    Prune,
    Quantize,
    RemoveUnits,
    Sequence,
    Step,
    Train,
    Truncate,
)

if TYPE_CHECKING:
    from schatten.recipe import Recipe
    from schatten.recipe.systems import System

WHOLE = "whole"
"""Name in paths and tables of a model that was not compressed."""


class ChainEntry(Settings):
    """One step of a chain: exactly one of these keys."""

    train: Train | None = None
    """Train the model, or continue its training."""
    truncate: Truncate | None = None
    """Truncate the large matrices to a lower rank."""
    prune: Prune | None = None
    """Set the smallest weights of the large matrices to zero."""
    remove_units: RemoveUnits | None = None
    """Remove whole units of the layers. The model becomes smaller and stays dense."""
    quantize: Quantize | None = None
    """Continue training with quantized passes, as the engine computes in int8 or int4."""
    sequence: Sequence | None = None
    """Train with a sequence criterion, on hypotheses that the model finds in the training
    speech."""
    adapt: Adapt | None = None
    """Train with a sequence criterion on a split of another domain."""

    @model_validator(mode="before")
    @classmethod
    def _empty_steps_are_all_defaults(cls, data: Any) -> Any:
        """Read `train:` without a value as `train: {}`."""
        if isinstance(data, dict):
            return {key: {} if value is None else value for key, value in data.items()}
        if not isinstance(data, ChainEntry):
            raise ValueError(f"{data!r} is no step: write for instance `train:`")
        return data

    @model_validator(mode="after")
    def _one_step(self) -> "ChainEntry":
        if len(self.model_fields_set) != 1:
            raise ValueError(f"give one step an entry, of: {', '.join(type(self).model_fields)}")
        return self

    @property
    def step(self) -> Step:
        """The step of this entry."""
        found: Step = getattr(self, next(iter(self.model_fields_set)))
        return found


def entry_of(step: Step) -> ChainEntry:
    """Return a chain entry with this step, without validation."""
    return ChainEntry.model_construct({step.kind}, **{step.kind: step})


def _kind_of(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "branches"
    return "stop" if value == "stop" else "step"


Link = TypeAliasType(
    "Link",
    Annotated[
        Annotated[ChainEntry, Tag(tag("step"))]
        | Annotated[Literal["stop"], Tag(tag("stop"))]
        | Annotated["tuple[Link, ...]", Tag(tag("branches"))],
        Discriminator(lambda value: tag(_kind_of(value))),
    ],
)
"""A step, a branching, or `stop` inside a branching."""


def _a_list(value: Any) -> Any:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("give a list of steps that begins with `train`")
    return value


Chain = Annotated[tuple[Link, ...], BeforeValidator(_a_list)]


@dataclass(frozen=True)
class Node:
    """One model of a system: a prefix of its chain, and a seed.

    Nodes are equal if system, seed and folder are equal. All properties follow from `step` and
    `parent`; none is parsed from a path.
    """

    system: str
    system_settings: "System" = field(compare=False, repr=False)
    seed: int
    folder: str
    """Folder of its model below `am/SYSTEM/seedN`, such as `stage1` or `tau0.60@e12/stage2`."""
    recipe: "Recipe" = field(compare=False, repr=False)
    step: Step = field(compare=False, repr=False)
    parent: "Node | None" = field(compare=False, repr=False)
    labels: tuple[str, ...] = field(compare=False, repr=False)
    """Parts of its path that are also in the paths of later nodes."""
    is_only_start: bool = field(compare=False, repr=False)
    """Whether it is the only node of its chain without a parent."""
    rest: tuple[Link, ...] = field(compare=False, repr=False)
    """The chain after this node."""

    @cached_property
    def children(self) -> "tuple[Node, ...]":
        """The nodes that start from this one."""
        return tuple(
            _starts(self.recipe, (self.system, self.system_settings), self.seed, self, self.rest)
        )

    @cached_property
    def name(self) -> str:
        """Last part of its path, such as `stage1`, `factored` or `stage2`."""
        return self.step.name_in(self)

    @property
    def spoken_name(self) -> str:
        """The name in messages, such as `stage 2`."""
        return self.step.spoken(self)

    @property
    def units(self) -> str:
        """Name of the unit set that its model writes."""
        return self.system_settings.units

    @property
    def variant(self) -> str:
        """The compression steps up to this node, as in paths; `whole` if there are none."""
        return "/".join(self.labels) or WHOLE

    @property
    def path(self) -> str:
        """`SYSTEM/seedN/VARIANT/NAME`: its folder below `decode/`, `logprobs/` and others."""
        return f"{self.system}/seed{self.seed}/{self.variant}/{self.name}"

    @cached_property
    def label(self) -> str:
        """Its name in tables: the variant, and also the node's name if variants repeat."""
        nodes = self.recipe.nodes(self.system, self.seed)
        tuned = [one for one in nodes if one.is_final and one.compression == self.compression]
        return self.variant if len(tuned) <= 1 else f"{self.variant}/{self.name}"

    @property
    def compression(self) -> "Node | None":
        """The last node, up to this one, whose step made the model smaller; None without one."""
        return next((node for node in reversed(self.chain) if node.step.compresses), None)

    @property
    def is_final(self) -> bool:
        """Whether the model is a result: not if it was just compressed and is trained further."""
        return not (self.step.compresses and any(not c.step.compresses for c in self.children))

    @property
    def final(self) -> "Node":
        """The node whose tuned decoding weights this one uses."""
        if self.is_final:
            return self
        return next(child for child in self.children if not child.step.compresses)

    @property
    def before(self) -> "Node | None":
        """The parent if it is not a result; else None."""
        return None if self.parent is None or self.parent.is_final else self.parent

    @property
    def chain(self) -> "tuple[Node, ...]":
        """The nodes from the start of the chain to this one."""
        return (*(self.parent.chain if self.parent else ()), self)

    @property
    def start(self) -> "Node":
        """The node at the start of the chain."""
        return self.chain[0]

    @property
    def truncation(self) -> Truncate | None:
        """The last truncation up to this node; None without one."""
        steps = (node.step for node in reversed(self.chain))
        return next((step for step in steps if isinstance(step, Truncate)), None)

    @property
    def is_compressed(self) -> bool:
        """Whether a step up to this node makes the model smaller."""
        return self.compression is not None

    @property
    def deployed(self) -> str:
        """The precision of its model on a device: int8, or that of its quantized passes."""
        return self.step.deployed

    @property
    def precision(self) -> str:
        """The precision in which torch computes with its model: that of its quantised passes."""
        return self.step.precision

    @property
    def needs(self) -> dict[str, Need]:
        """Inputs of its step, by the verb's option for each."""
        return self.step.needs(self)

    @property
    def settings(self) -> str:
        """All settings that determine its result, as JSON, for the rule's param and the record."""
        return self.step.settings(self)

    @property
    def kept_epochs(self) -> tuple[int, ...]:
        """Epochs whose models are kept besides that of the last epoch."""
        return self.step.kept_epochs(self)

    @property
    def title(self) -> str:
        """What its step does, for messages, such as `train stage 2 of l2 at tau 0.70`."""
        said = f"{self.step.spoken_kind} {self.spoken_name} of {self.system}"
        if self.step.compresses:
            said = f"{self.step.spoken_kind} {self.system} to {self.spoken_name}"
        elif self.compression is not None:
            said += f" at {self.compression.spoken_name}"
        seeds = self.system_settings.seeds
        return said if len(seeds) == 1 else f"{said}, seed {self.seed}"


Named = tuple[str, "System"]
"""The name of a system and its settings."""


def nodes_of(recipe: "Recipe", named: Named, seed: int) -> tuple[Node, ...]:
    """Return all nodes of a system's chain, each parent before its children."""
    found: list[Node] = []

    def visit(node: Node) -> None:
        found.append(node)
        for child in node.children:
            visit(child)

    for start in _starts(recipe, named, seed, None, named[1].links):
        visit(start)
    return tuple(found)


def _starts(
    recipe: "Recipe", named: Named, seed: int, parent: Node | None, chain: tuple[Link, ...]
) -> Iterator[Node]:
    """Yield the nodes that follow `parent`; without a parent, the first nodes of the chain."""
    pairs = list(_firsts(chain))
    for step, rest in pairs:
        is_only = parent is None and len(pairs) == 1
        draft = Node(*named, seed, "", recipe, step, parent, (), is_only, rest)
        yield _placed(draft)


def _firsts(chain: tuple[Link, ...]) -> Iterator[tuple[Step, tuple[Link, ...]]]:
    """Yield each step that a chain can begin with, and the chain after that step."""
    if not chain:
        return
    first, rest = chain[0], chain[1:]
    if isinstance(first, ChainEntry):
        yield first.step, rest
    elif not isinstance(first, str):
        for branch in first:
            if isinstance(branch, ChainEntry):
                yield branch.step, rest
            elif not isinstance(branch, str):
                yield from _firsts((*branch, *rest))


def _placed(draft: Node) -> Node:
    """Return a node with labels and folder, which follow from its step and its parent."""
    step, parent = draft.step, draft.parent
    labels = () if parent is None else parent.labels
    if parent is not None and not parent.step.compresses:
        labels += _label(parent)
    if step.compresses and step.problem(draft) is None:
        labels += _label(draft)
    return replace(draft, labels=labels, folder="/".join((*labels, step.name_in(draft))))


def _label(node: Node) -> tuple[str, ...]:
    label = node.step.label_in(node)
    return () if label is None else (label,)


def chain_problem(recipe: "Recipe", name: str, system: "System") -> str | None:
    """Return in a sentence what is wrong with a system's chain; None if nothing is."""
    links = system.links
    if problem := _end_problem(links, is_whole=True):
        return problem
    if not list(_firsts(links)):
        return "it has no step: begin with `train`"
    seen: dict[str, Node] = {}
    for node in nodes_of(recipe, (name, system), system.seeds[0]):
        if node.parent is None and not isinstance(node.step, Train):
            return f"it begins with `{node.step.kind}`: begin with `train`"
        if problem := node.step.problem(node):
            return problem
        if node.folder in seen:
            mend = "remove one" if node.step.compresses else "give one of them another `name`"
            return f"two of its nodes would lie in {node.folder}: {mend}"
        seen[node.folder] = node
    return None


def _end_problem(chain: tuple[Link, ...], *, is_whole: bool = False) -> str | None:
    """Return what is wrong with `stop` and with branches in a chain; None if nothing is."""
    for place, link in enumerate(chain):
        if link == "stop" and (is_whole or place < len(chain) - 1):
            return "`stop` ends a branch: put it into a list of branches, or at the end of one"
        if isinstance(link, ChainEntry | str):
            continue
        if all(branch == "stop" for branch in link):
            return "a list of branches holds no step: remove it"
        for branch in link:
            if not isinstance(branch, ChainEntry | str) and (problem := _end_problem(branch)):
                return problem
    return None
