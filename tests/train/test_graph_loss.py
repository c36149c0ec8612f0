"""The graph loss beside all paths one by one, finite differences, and torch's CTC loss."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_state_graphs import Words, draw_words, expected_paths, frames_needed

from schatten.train.data import Batch
from schatten.train.graph_loss import graph_losses
from schatten.train.objectives.ctc import Ctc, ctc_losses
from schatten.units import BLANK, Units
from schatten.units.graph import StateGraph, linear, pronunciations

UNITS = 4
FRAMES = 6


def drawn(seed: int) -> tuple[list[Words], Tensor, Tensor]:
    """Return the words of eight utterances, their log-probabilities in float64, and lengths."""
    generator = np.random.default_rng(seed)
    words = [draw_words(generator, UNITS, most=2) for _ in range(8)]
    logits = torch.from_numpy(generator.normal(scale=2.0, size=(8, FRAMES, UNITS)))
    lengths = torch.from_numpy(generator.integers(3, FRAMES + 1, 8))
    return words, logits.log_softmax(-1), lengths


def by_paths(log_probs: Tensor, words: Words) -> float:
    """Return the loss of (frames, units) log-probabilities, path by path."""
    values = log_probs.tolist()
    paths = expected_paths(words, len(values), UNITS)
    scores = [
        math.log(count) + sum(row[unit] for row, unit in zip(values, path, strict=True))
        for path, count in paths.items()
    ]
    return -float(np.logaddexp.reduce(scores)) if scores else math.inf


@pytest.mark.parametrize("seed", range(25))
def test_losses_are_those_of_all_paths(seed: int) -> None:
    words, log_probs, lengths = drawn(seed)
    found = graph_losses(log_probs, lengths, [pronunciations(some) for some in words])
    rows = zip(log_probs, lengths.tolist(), words, strict=True)
    expected = [by_paths(values[:length], some) for values, length, some in rows]
    assert np.isfinite(expected).sum() >= 3, expected
    assert found.tolist() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("leading", [0, 1])
@pytest.mark.parametrize("seed", range(5))
def test_gradients_are_finite_differences(seed: int, leading: int) -> None:
    words, log_probs, lengths = drawn(seed)
    graphs = [pronunciations(some) for some in words]
    fits = [
        row for row, graph in enumerate(graphs) if frames_needed(graph) <= lengths[row] - leading
    ]
    chosen = [graphs[row] for row in fits]
    assert len(chosen) > 1
    weights = torch.arange(1.0, len(chosen) + 1, dtype=torch.float64)

    def loss(values: Tensor) -> Tensor:
        return (weights * graph_losses(values, lengths[fits], chosen, leading)).sum()

    values = log_probs[fits].clone().requires_grad_()
    assert torch.autograd.gradcheck(loss, (values,), eps=1e-6, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("leading", [0, 3])
@pytest.mark.parametrize(("frames", "count"), [(30, 8), (120, 40)])
def test_labels_in_a_row_have_torchs_ctc_loss(frames: int, count: int, leading: int) -> None:
    generator = np.random.default_rng(frames)
    labels = [torch.from_numpy(generator.integers(1, 9, count - n)) for n in range(5)]
    labels[2][:4] = 3
    lengths = torch.tensor([frames - n for n in range(5)])
    logits = torch.from_numpy(generator.normal(size=(5, frames, 9))).float().requires_grad_()
    graphs = [linear(some.tolist()) for some in labels]
    found = graph_losses(logits.log_softmax(-1), lengths, graphs, leading)
    expected = ctc_losses(logits.log_softmax(-1), lengths, labels, leading)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    torch.testing.assert_close(
        gradient, torch.autograd.grad(expected.sum(), logits)[0], rtol=1e-4, atol=1e-4
    )


def test_all_texts_together_are_certain() -> None:
    texts = [
        text
        for length in range(FRAMES)
        for text in itertools.product(range(1, 3), repeat=length)
        if frames_needed(linear(text)) < FRAMES
    ]
    logits = torch.randn(1, FRAMES - 1, 3, dtype=torch.float64, generator=torch.manual_seed(1))
    log_probs = logits.log_softmax(-1).expand(len(texts), -1, -1)
    lengths = torch.full((len(texts),), FRAMES - 1)
    losses = graph_losses(log_probs, lengths, [linear(text) for text in texts])
    assert (-losses).exp().sum().item() == pytest.approx(1.0, abs=1e-12)


def gradient_of(log_probs: Tensor, lengths: Tensor, graphs: list[StateGraph], leading: int = 0):
    values = log_probs.clone().requires_grad_()
    losses = graph_losses(values, lengths, graphs, leading)
    (gradient,) = torch.autograd.grad(losses.sum(), values)
    return losses.detach(), gradient


@pytest.mark.parametrize("leading", [0, 2])
def test_what_does_not_fit_has_an_infinite_loss_and_no_gradient(leading: int) -> None:
    log_probs = torch.randn(4, 5, UNITS, generator=torch.manual_seed(2)).log_softmax(-1)
    log_probs[3, :, 2] = -math.inf
    graphs = [linear([1, 1, 1, 1]), linear([1, 3]), linear([1]), linear([2])]
    lengths = torch.tensor([5, 5, 1 if leading else 0, 5])
    losses, gradient = gradient_of(log_probs, lengths, graphs, leading)
    assert losses.isinf().tolist() == [True, False, True, True]
    assert not gradient[[0, 2, 3]].any()
    alone = gradient_of(log_probs[1:2], lengths[1:2], graphs[1:2], leading)
    torch.testing.assert_close((losses[1:2], gradient[1:2]), alone)


def test_frames_that_are_padding_have_no_gradient() -> None:
    log_probs = torch.randn(2, 7, UNITS, generator=torch.manual_seed(3)).log_softmax(-1)
    _, gradient = gradient_of(log_probs, torch.tensor([7, 4]), [linear([1, 2]), linear([3])])
    assert not gradient[1, 4:].any()
    torch.testing.assert_close(-gradient[0].sum(1), torch.ones(7))
    torch.testing.assert_close(-gradient[1, :4].sum(1), torch.ones(4))


def test_a_broken_models_loss_is_not_hidden() -> None:
    log_probs = torch.zeros(2, 3, UNITS)
    log_probs[0, 1] = math.nan
    losses = graph_losses(log_probs, torch.tensor([3, 3]), [linear([1]), linear([1])])
    assert losses.isnan().tolist() == [True, False]


def test_two_runs_agree_to_the_bit_and_long_ones_stay_exact() -> None:
    generator = np.random.default_rng(4)
    words = [[tuple(generator.integers(1, 30, (2, 4)).tolist())] * 15 for _ in range(3)]
    graphs = [pronunciations([tuple(map(tuple, w)) for w in some]) for some in words]
    lengths = torch.tensor([400, 399, 300])
    log_probs = torch.randn(3, 400, 30, generator=torch.manual_seed(5)).log_softmax(-1)
    losses, gradient = gradient_of(log_probs, lengths, graphs)
    again, gradient_again = gradient_of(log_probs, lengths, graphs)
    assert torch.equal(losses, again)
    assert torch.equal(gradient, gradient_again)
    with torch.no_grad():
        assert torch.equal(graph_losses(log_probs, lengths, graphs), losses)
    exact, exact_gradient = gradient_of(log_probs.double(), lengths, graphs)
    torch.testing.assert_close(losses.double(), exact, rtol=1e-6, atol=0)
    torch.testing.assert_close(gradient.double(), exact_gradient, rtol=0, atol=2e-3)


@pytest.mark.parametrize("leading", [0, 2])
@pytest.mark.parametrize("with_graph", [(), (1, 3), (0, 1, 2, 3)])
def test_the_objective_takes_graphs_where_there_are_any(
    with_graph: tuple[int, ...], leading: int
) -> None:
    logits = torch.randn(4, 12, UNITS, generator=torch.manual_seed(6)).requires_grad_()
    lengths = torch.tensor([12, 11, 10, 9])
    labels = [torch.tensor(some) for some in ([1, 2], [3, 3], [2], [1, 2, 1])]
    graphs = [linear(some.tolist()) if n in with_graph else None for n, some in enumerate(labels)]
    batch = Batch(logits, lengths, labels, list("abcd"), 1.0, 4, graphs)
    ctc = Ctc(Units("phones", (BLANK, "A", "B", "C"), None), leading)
    log_probs = logits.log_softmax(-1)
    found = ctc.losses(log_probs, lengths, batch)
    expected = ctc_losses(log_probs, lengths, labels, leading)
    torch.testing.assert_close(found, expected)
    gradients = [
        torch.autograd.grad(one.sum(), logits, retain_graph=True)[0] for one in (found, expected)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)
    without = replace(batch, graphs=None)
    assert torch.equal(ctc.losses(log_probs, lengths, without), expected)
    assert ctc.on_dev().losses(log_probs, lengths, batch).isfinite().all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")
def test_a_gpu_agrees() -> None:
    words, log_probs, lengths = drawn(6)
    graphs = [pronunciations(some) for some in words]
    losses, gradient = gradient_of(log_probs, lengths, graphs)
    found = gradient_of(log_probs.cuda(), lengths, graphs)
    torch.testing.assert_close((losses, gradient), tuple(one.cpu() for one in found))
