"""The decision tree that ties triphones: which of them share a unit, seen in training or not.

Each phone has a tree of its own, and all grow together: again and again the leaf is split whose
best question gains the most likelihood of diagonal Gaussians (Young, Odell, Woodland: Tree-based
state tying for high accuracy acoustic modelling, 1994, section 4), until there are as many leaves
as wished. A whole phone is tied, no states of it, as in the context-dependent phones of Rao,
Senior, Sak: Flat start training of CD-CTC-SMBR LSTM RNN acoustic models (2016).
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from schatten.artifacts import PhoneTree, TreeNode
from schatten.errors import UserError
from schatten.units.questions import questions
from schatten.units.triphones import Triphones

_FLOOR = 1e-3
"""Smallest variance of a feature, as a share of its variance over all tokens: a few equal tokens
must not look infinitely likely."""
_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


@dataclass
class _Node:
    phone: int
    rows: NDArray[np.int64]
    """Triphones in it."""
    tokens: int
    split: tuple[int, int, float] | None = None
    """Side, question and gain of its best split, if one leaves enough tokens on both sides."""
    parts: "tuple[_Node, _Node] | None" = field(default=None, repr=False)
    """Yes and no."""


def grow(found: Triphones, leaves: int, minimum: int) -> PhoneTree:
    """Return the tree of `leaves` leaves at most, each with `minimum` tokens unless a whole phone.

    Triphones that were not seen reach the leaf that the questions lead them to. Errors: `UserError`
    for fewer leaves than phones, as each phone has one at least.
    """
    names, count = found.phones, len(found.phones) - 1
    if leaves < count:
        raise UserError(f"leaves: {leaves} are too few for {count} phones: take more")
    asked = questions(names)
    grower = _Grower(found, list(asked.values()), minimum)
    roots = [
        grower.node(phone, np.flatnonzero(found.triphones[:, 1] == phone))
        for phone in range(1, count + 1)
    ]
    waiting = [entry for number, root in enumerate(roots) for entry in _entry(root, number)]
    heapq.heapify(waiting)
    made = count
    for number in range(leaves - count):
        if not waiting:
            break
        _, _, node = heapq.heappop(waiting)
        node.parts = grower.parted(node)
        for side, part in enumerate(node.parts):
            for entry in _entry(part, made + 2 * number + side):
                heapq.heappush(waiting, entry)
    classes = {name: [names[place] for place in sorted(those)] for name, those in asked.items()}
    return PhoneTree(
        phones=list(names),
        questions=classes,
        nodes=_numbered(roots, names, list(asked)),
        tokens=found.tokens,
        triphones=len(found.counts),
        delay=found.delay,
    )


def _entry(node: _Node, number: int) -> list[tuple[float, int, _Node]]:
    """Return what waits to be split; equal gains in the order of their making."""
    return [] if node.split is None else [(-node.split[2], number, node)]


class _Grower:
    def __init__(self, found: Triphones, asked: list[frozenset[int]], minimum: int) -> None:
        self._found, self._minimum = found, minimum
        member = np.zeros((len(asked), len(found.phones)), bool)
        for question, places in enumerate(asked):
            member[question, list(places)] = True
        self._member = member
        self._sums = np.column_stack((found.counts, found.sums, found.squares))
        total = self._sums.sum(0)
        size = found.sums.shape[1]
        spread = total[1 + size :] / total[0] - (total[1 : 1 + size] / total[0]) ** 2
        self._floor = np.maximum(_FLOOR * spread, 1e-12)

    def node(self, phone: int, rows: NDArray[np.int64]) -> _Node:
        """Return a leaf with its best split."""
        node = _Node(phone, rows, int(self._found.counts[rows].sum()))
        if node.tokens >= 2 * self._minimum and len(rows) > 1:
            node.split = self._best(rows)
        return node

    def _best(self, rows: NDArray[np.int64]) -> tuple[int, int, float] | None:
        sums = self._sums[rows]
        sides = [self._member[:, self._found.triphones[rows, column]] for column in (0, 2)]
        yes = np.concatenate(sides).astype(np.float64) @ sums
        no = sums.sum(0) - yes
        allowed = np.minimum(yes[:, 0], no[:, 0]) >= self._minimum
        if not allowed.any():
            return None
        whole = self._likelihood(sums.sum(0)[None])
        gains = self._likelihood(yes[allowed]) + self._likelihood(no[allowed]) - whole
        best = int(gains.argmax())
        if gains[best] <= 0:
            return None
        side, question = divmod(int(np.flatnonzero(allowed)[best]), len(self._member))
        return side, question, float(gains[best])

    def _likelihood(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-likelihood (K,) of tokens by their own Gaussian, without its constants.

        `sums` (K, 1 + 2 D): counts, sums, sums of squares. Constants are the same for all tokens.
        """
        size = (sums.shape[1] - 1) // 2
        counts = sums[:, :1]
        variances = sums[:, 1 + size :] / counts - (sums[:, 1 : 1 + size] / counts) ** 2
        logs: NDArray[np.float64] = np.log(np.maximum(variances, self._floor)).sum(1)
        return -0.5 * counts[:, 0] * logs

    def parted(self, node: _Node) -> tuple[_Node, _Node]:
        """Return the leaves that a leaf's best question makes: yes and no."""
        assert node.split is not None
        side, question, _ = node.split
        neighbours = self._found.triphones[node.rows, 2 * side]
        is_in = self._member[question, neighbours]
        return self.node(node.phone, node.rows[is_in]), self.node(node.phone, node.rows[~is_in])


def _numbered(roots: list[_Node], names: tuple[str, ...], asked: list[str]) -> list[TreeNode]:
    """Return all nodes, the roots first, in the order of the phones; then yes before no."""
    nodes: list[TreeNode | None] = [None] * len(roots)
    for number, root in enumerate(roots):
        leaves, name = Counter[str](), names[root.phone]
        waiting = [(number, root)]
        while waiting:
            place, node = waiting.pop()
            if node.parts is None:
                leaves[name] += 1
                whole = root.parts is None
                unit = name if whole else f"{name}.{leaves[name]}"
                nodes[place] = TreeNode(phone=name, tokens=node.tokens, unit=unit)
                continue
            assert node.split is not None
            side, question, gain = node.split
            yes, no = len(nodes), len(nodes) + 1
            nodes += [None, None]
            nodes[place] = TreeNode(
                phone=name,
                tokens=node.tokens,
                side=_SIDES[side],
                question=asked[question],
                gain=round(gain, 3),
                yes=yes,
                no=no,
            )
            waiting += [(no, node.parts[1]), (yes, node.parts[0])]
    return [node for node in nodes if node is not None]


def unit_names(tree: PhoneTree) -> list[str]:
    """Return the names of the leaves, phone by phone, yes before no: `AA.1`, `AA.2` ..."""
    return [node.unit for _, node in walk(tree) if node.unit is not None]


def walk(tree: PhoneTree) -> Iterator[tuple[int, TreeNode]]:
    """Yield every node with its depth: phone by phone, a node before its parts, yes before no."""
    for root in range(len(tree.phones) - 1):
        waiting = [(0, root)]
        while waiting:
            depth, place = waiting.pop()
            node = tree.nodes[place]
            yield depth, node
            if node.yes is not None and node.no is not None:
                waiting += [(depth + 1, node.no), (depth + 1, node.yes)]


def table_of(tree: PhoneTree) -> NDArray[np.int64]:
    """Return the unit of every triphone, (P, P, P) by left, phone and right.

    Place 0 of a neighbour is the edge of an utterance. Units are numbered from 1 in the order of
    `unit_names`; 0 is the blank, for the phone 0 alone.
    """
    size = len(tree.phones)
    places = {name: place for place, name in enumerate(tree.phones)}
    units = {name: number for number, name in enumerate(unit_names(tree), start=1)}
    table = np.zeros((size, size, size), np.int64)
    for root in range(size - 1):
        waiting = [(root, np.ones((size, size), bool))]
        while waiting:
            place, reached = waiting.pop()
            node = tree.nodes[place]
            if node.unit is not None:
                table[:, root + 1][reached] = units[node.unit]
                continue
            assert node.yes is not None and node.no is not None and node.question is not None
            member = np.zeros(size, bool)
            member[[places[name] for name in tree.questions[node.question]]] = True
            said_yes = member[:, None] if node.side == "left" else member[None, :]
            waiting += [(node.yes, reached & said_yes), (node.no, reached & ~said_yes)]
    return table


def asked_most(tree: PhoneTree) -> list[tuple[str, int, float]]:
    """Return the questions that split, with how often and their gain, the largest gain first.

    A question is `left nasal`; the gain is in natural logs of likelihood.
    """
    times, gains = Counter[str](), defaultdict[str, float](float)
    for node in tree.nodes:
        if node.question is not None:
            name = f"{node.side} {node.question}"
            times[name] += 1
            gains[name] += node.gain or 0.0
    return [(name, times[name], gain) for name, gain in sorted(gains.items(), key=lambda x: -x[1])]


def as_lines(tree: PhoneTree) -> list[str]:
    """Return the tree for people: its size, every question in its place, and what split most."""
    units = unit_names(tree)
    lines = [
        f"{len(units)} leaves of {len(tree.phones) - 1} phones; {tree.tokens} tokens, "
        f"{tree.triphones} triphones seen; spikes {tree.delay * 10} ms after their phones"
    ]
    for depth, node in walk(tree):
        what = node.unit or f"{node.side} {node.question}?"
        about = f"{node.tokens} tokens" + ("" if node.gain is None else f", gain {node.gain:.0f}")
        phone = f"{node.phone}: " if not depth and node.unit is None else ""
        lines.append(f"{'  ' * (depth + 1)}{phone}{what}  ({about})")
    lines.append("questions that split, the largest gain first:")
    lines += [f"  {name}  {times} times, gain {gain:.0f}" for name, times, gain in asked_most(tree)]
    return lines
