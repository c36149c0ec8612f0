"""Criteria over hypotheses beside sums over all hypotheses and all their paths, one by one."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_lattices import SPELLINGS, drawn_words

from schatten.train.hypotheses import Comparison
from schatten.train.objectives.sequence import (
    expected_errors,
    expected_frame_errors,
    posterior_losses,
)
from schatten.units.lattices import Words, counted_once, edits, expanded, of_paths

UNITS, FRAMES = 4, 5
WEIGHTS = {"a": -0.5, "b": -1.0, "ab": -1.5, "c": -0.1}
SEEDS = range(20)


def graph_of(costs: dict[Words, int]) -> Comparison:
    """Return the comparison of hypotheses with their costs; the first is the reference."""
    whole = expanded(of_paths(costs.items()), SPELLINGS.__getitem__, WEIGHTS.__getitem__, None)
    first = [(next(iter(costs)), 0)]
    reference = expanded(of_paths(first), SPELLINGS.__getitem__, WEIGHTS.__getitem__, None)
    return Comparison(whole.graph, whole.weighted(), reference.graph)


def by_frames(costs: dict[Words, int]) -> Comparison:
    found = graph_of(costs)
    return Comparison(found.hypotheses, counted_once(found.hypotheses, UNITS), found.reference)


def drawn(seed: int) -> tuple[dict[Words, int], Tensor]:
    """Return hypotheses that fit the frames with word errors, the reference first, and frames."""
    generator = np.random.default_rng(seed)
    words = [one for one in drawn_words(generator, 8) if len(one) < 3] or [("a",)]
    logits = torch.from_numpy(generator.normal(scale=1.5, size=(1, FRAMES, UNITS)))
    return {one: edits(one, words[0]) for one in words}, logits


def paths_of(words: Words) -> list[tuple[int, ...]]:
    """Return the paths of each choice of spellings; two that write the same units count twice."""
    return [
        path
        for choice in itertools.product(*(SPELLINGS[word] for word in words))
        for path in itertools.product(range(UNITS), repeat=FRAMES)
        if [unit for unit, _ in itertools.groupby(path) if unit] == [u for s in choice for u in s]
    ]


def weigh(words: Words, values: list[list[float]]) -> list[tuple[tuple[int, ...], float]]:
    """Return the paths of words with their probability times the words' weight."""
    own = sum(WEIGHTS[word] for word in words)
    return [
        (path, math.exp(own + sum(row[unit] for row, unit in zip(values, path, strict=True))))
        for path in paths_of(words)
    ]


LENGTHS = torch.tensor([FRAMES])


def found_by(kind: str, some: dict[Words, int], log_probs: Tensor) -> Tensor:
    if kind == "frames":
        return expected_frame_errors(log_probs, LENGTHS, [by_frames(some)])
    if kind == "posterior":
        return posterior_losses(log_probs, LENGTHS, [graph_of(some)])
    return expected_errors(log_probs, LENGTHS, [graph_of(some)])


def by_hand(kind: str, some: dict[Words, int], log_probs: Tensor) -> float:
    values = log_probs[0].tolist()
    every = {words: weigh(words, values) for words in some}
    total = sum(weight for paths in every.values() for _, weight in paths)
    reference = every[next(iter(some))]
    whole = sum(weight for _, weight in reference)
    if kind == "posterior":
        return -math.log(whole / total)
    if kind == "frames":
        has = [[0.0] * UNITS for _ in range(FRAMES)]
        for path, weight in reference:
            for frame, unit in enumerate(path):
                has[frame][unit] += weight / whole
        return (
            sum(
                weight * sum(1 - has[frame][unit] for frame, unit in enumerate(path))
                for paths in every.values()
                for path, weight in paths
            )
            / total
        )
    return (
        sum(some[words] * weight for words, paths in every.items() for _, weight in paths) / total
    )


@pytest.mark.parametrize("kind", ["errors", "frames", "posterior"])
@pytest.mark.parametrize("seed", SEEDS)
def test_values_are_those_of_all_hypotheses(kind: str, seed: int) -> None:
    some, logits = drawn(seed)
    log_probs = logits.log_softmax(-1)
    tolerance = 1e-8 if kind == "frames" else 1e-9  # frames: a cost of 0 counts as 1e-10
    expected = by_hand(kind, some, log_probs)
    assert found_by(kind, some, log_probs).tolist() == pytest.approx([expected], abs=tolerance)


@pytest.mark.parametrize("kind", ["errors", "posterior"])
@pytest.mark.parametrize("seed", range(6))
def test_gradients_are_finite_differences(kind: str, seed: int) -> None:
    some, logits = drawn(seed)
    logits.requires_grad_()
    found_by(kind, some, logits.log_softmax(-1)).sum().backward()
    assert logits.grad is not None
    step = 1e-5
    for place in itertools.product(range(FRAMES), range(UNITS)):
        sides = []
        for way in (step, -step):
            moved = logits.detach().clone()
            moved[0][place] += way
            sides.append(float(found_by(kind, some, moved.log_softmax(-1)).sum()))
        slope = (sides[0] - sides[1]) / (2 * step)
        assert float(logits.grad[0][place]) == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("cost", [0, 2])
def test_equal_costs_have_no_gradient(cost: int) -> None:
    some, logits = drawn(3)
    assert len(some) > 2
    logits.requires_grad_()
    found = found_by("errors", dict.fromkeys(some, cost), logits.log_softmax(-1))
    found.sum().backward()
    assert found.tolist() == pytest.approx([cost])
    assert logits.grad is not None
    assert float(logits.grad.abs().max()) < 1e-12


def test_a_constant_on_all_costs_changes_no_gradient() -> None:
    some, logits = drawn(3)
    slopes = []
    for constant in (0, 5):
        own = logits.clone().requires_grad_()
        costs = {words: cost + constant for words, cost in some.items()}
        found_by("errors", costs, own.log_softmax(-1)).sum().backward()
        assert own.grad is not None
        slopes.append(own.grad)
    assert float(slopes[0].abs().max()) > 1e-3
    torch.testing.assert_close(slopes[0], slopes[1], atol=1e-10, rtol=0)


def test_a_hypothesis_too_long_for_the_frames_costs_nothing() -> None:
    _, logits = drawn(0)
    log_probs = logits.log_softmax(-1)[:, :1].requires_grad_()
    one = graph_of({("a",): 0, ("a", "b", "ab"): 3})
    found = expected_errors(log_probs, torch.tensor([1]), [one])
    found.sum().backward()
    assert found.tolist() == [0.0]
    assert log_probs.grad is not None
    assert bool(log_probs.grad.isfinite().all())
