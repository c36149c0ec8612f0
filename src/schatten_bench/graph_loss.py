"""Time of the graph loss against torch's CTC loss, forward and backward, as ratios of one run.

`linear` graphs hold the labels that `ctc_loss` gets; `pronunciations` has words of two to six
labels with one to three spellings, which differ in one label.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from schatten.train.graph_loss import Backend, GraphLosses, losses_of
from schatten.train.objectives.ctc import ctc_losses
from schatten.units.graph import Spelling, StateGraph, linear, pronunciations
from schatten_bench.training_step import clock_of, fastest_in_turns


@dataclass(frozen=True)
class LossShape:
    """A batch: utterances, frames and labels of each, and the model's units."""

    utterances: int
    frames: int
    labels: int
    units: int

    def __str__(self) -> str:
        return f"{self.utterances} x {self.frames} x {self.labels} x {self.units}"


SHAPES = (
    LossShape(16, 400, 60, 40),
    LossShape(16, 400, 60, 800),
    LossShape(12, 90, 24, 40),
    LossShape(12, 45, 24, 40),
)
"""Long utterances, and batches of `lab` at 40 and 80 ms; phones, and many units."""


def time_graph_losses(
    rounds: int, threads: int, device: str = "cpu", backend: Backend = "torch"
) -> Iterator[tuple[LossShape, dict[str, float]]]:
    """Yield the seconds of the fastest `ctc`, `linear` and `pronunciations` of every shape.

    CPU time; on a GPU by the clock. Graphs are built before. Errors: `UserError` without k2.
    """
    torch.set_num_threads(threads)
    of_graphs = losses_of(backend)
    for shape in SHAPES:
        steps = _steps(shape, torch.device(device), of_graphs)
        yield shape, fastest_in_turns(steps, rounds, clock_of(torch.device(device)))


def _steps(
    shape: LossShape, device: torch.device, of_graphs: GraphLosses
) -> dict[str, Callable[[], None]]:
    """Return a step that computes the losses and their gradient, of each kind of loss."""
    generator = np.random.default_rng(1)
    torch.manual_seed(1)
    logits = torch.randn(shape.utterances, shape.frames, shape.units, device=device)
    log_probs = logits.log_softmax(-1).requires_grad_()
    lengths = torch.full((shape.utterances,), shape.frames, device=device)
    drawn = generator.integers(1, shape.units, (shape.utterances, shape.labels))
    labels = list(torch.from_numpy(drawn))
    texts: list[list[int]] = drawn.tolist()
    graphs: dict[str, list[StateGraph]] = {
        "linear": [linear(text) for text in texts],
        "pronunciations": [pronunciations(_words(text, shape.units, generator)) for text in texts],
    }

    def step(losses: Callable[[], Tensor]) -> Callable[[], None]:
        def run() -> None:
            log_probs.grad = None
            losses().sum().backward()

        return run

    steps = {"ctc": step(lambda: ctc_losses(log_probs, lengths, labels))}
    for name, some in graphs.items():
        steps[name] = step(lambda some=some: of_graphs(log_probs, lengths, some))  # type: ignore
    return steps


def _words(text: list[int], units: int, generator: np.random.Generator) -> list[list[Spelling]]:
    """Cut labels into words, and draw up to two more spellings of each."""
    words, start = [], 0
    while start < len(text):
        end = start + int(generator.integers(2, 7))
        spellings = [tuple(text[start:end])]
        for _ in range(generator.integers(0, 3)):
            other = list(spellings[0])
            other[generator.integers(len(other))] = int(generator.integers(1, units))
            spellings.append(tuple(other))
        words.append(spellings)
        start = end
    return words
