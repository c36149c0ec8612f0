"""Time of a factored training step against the dense one of the same shape, as ratios.

Every variant does the same work in one run: forward, backward and Adam's step, in turns, so that
a busy machine slows all alike; ratios are of the fastest rounds.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from schatten.compress import WeightBank, trace_norm_penalty
from schatten.compress.bank import Matrix
from schatten.compress.truncate import factor_fully
from schatten.models.acoustic import orthogonal_gates, xavier
from schatten.models.layers import GruBiases, run_gru


@dataclass(frozen=True)
class Shape:
    """A GRU layer's step: frames, utterances, inputs, hidden units."""

    frames: int
    batch: int
    inputs: int
    hidden: int

    def __str__(self) -> str:
        return f"{self.frames} x {self.batch} x {self.inputs} x {self.hidden}"


SHAPES = (
    Shape(100, 16, 320, 128),
    Shape(100, 16, 160, 192),
    Shape(100, 8, 768, 1024),
    Shape(150, 32, 640, 768),
)


class Layer(nn.Module):
    """One GRU layer in three forms."""

    def __init__(self, shape: Shape, form: str) -> None:
        """`form`: dense, factored (W = U V formed once a step), or loop (a frame at a time)."""
        super().__init__()
        self.form = form
        matrices = [
            Matrix("nonrec", xavier(shape.hidden, shape.inputs, 3), "x", gates=3),
            Matrix("rec", orthogonal_gates(shape.hidden, 3), "h", recurrent=True, gates=3),
        ]
        self.bank = WeightBank(matrices, "partial")
        self.biases = GruBiases(shape.hidden)
        if form == "factored":
            factor_fully(self.bank)

    def forward(self, x: Tensor) -> Tensor:
        """Return the states (N, T, H) of inputs (N, T, C)."""
        matrices = self.bank.form()
        if self.form == "loop":
            return loop_gru(x, matrices["nonrec"], matrices["rec"], self.biases)
        return run_gru(x, matrices["nonrec"], matrices["rec"], self.biases)

    def penalty(self) -> Tensor:
        """Return the trace norm penalty; zero where nothing is factored."""
        return trace_norm_penalty(self.bank, 0.01, 0.01)


def loop_gru(x: Tensor, nonrec: Tensor, rec: Tensor, biases: GruBiases) -> Tensor:
    """Run a GRU over x (N, T, C) step by step in Python: (N, T, H)."""
    input_bias, state_bias = biases()
    state, states = x.new_zeros(x.shape[0], rec.shape[1]), []
    for frame in (x @ nonrec.T + input_bias).unbind(1):
        reset, update, new = frame.chunk(3, -1)
        u_reset, u_update, u_new = (state @ rec.T + state_bias).chunk(3, -1)
        r, z = torch.sigmoid(reset + u_reset), torch.sigmoid(update + u_update)
        state = torch.lerp(torch.tanh(new + r * u_new), state, z)
        states.append(state)
    return torch.stack(states, 1)


def compare(rounds: int, threads: int) -> list[tuple[Shape, dict[str, float]]]:
    """Return the seconds of the fastest step of each form, for every shape."""
    torch.set_num_threads(threads)
    return [(shape, _fastest(shape, rounds)) for shape in SHAPES]


def _fastest(shape: Shape, rounds: int) -> dict[str, float]:
    torch.manual_seed(1)
    x = torch.randn(shape.batch, shape.frames, shape.inputs)
    steps = {form: _step(Layer(shape, form), x) for form in ("dense", "factored", "loop")}
    times: dict[str, list[float]] = {form: [] for form in steps}
    for _ in range(rounds + 1):
        for form, step in steps.items():
            start = time.perf_counter()
            step()
            times[form].append(time.perf_counter() - start)
    return {form: min(found[1:]) for form, found in times.items()}


def _step(layer: Layer, x: Tensor) -> Callable[[], None]:
    optimiser = torch.optim.Adam(layer.parameters(), lr=1e-4)

    def step() -> None:
        optimiser.zero_grad()
        (layer(x).square().mean() + layer.penalty()).backward()
        optimiser.step()

    return step
