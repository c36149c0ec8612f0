"""Time of a factored training step against the dense one of the same shape, as ratios.

Every variant does the same work in one run: forward, backward and Adam's step, in turns. Times are
CPU seconds of all threads, in which other processes do not count; ratios are of the fastest rounds.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from schatten.compress import WeightBank, l2_penalty, trace_norm_penalty
from schatten.compress.bank import Matrix
from schatten.compress.truncate import factor_fully, truncate_to_rank
from schatten.models.acoustic import orthogonal_gates, xavier
from schatten.models.gru import GruBiases, run_fused_gru, run_gru
from schatten.models.layers import apply_right_factor, run_formed_lstm, run_fused_lstm
from schatten.models.packing import Packing
from schatten_bench.former_step import FormerGru

SIZES = (0.75, 0.5, 0.25, 0.1)
"""Sizes of a layer's factors in stage 2, as shares of its non-recurrent matrix."""


@dataclass(frozen=True)
class LayerShape:
    """A GRU layer's step: frames, utterances, inputs, hidden units."""

    frames: int
    batch: int
    inputs: int
    hidden: int

    def __str__(self) -> str:
        return f"{self.frames} x {self.batch} x {self.inputs} x {self.hidden}"

    def rank(self, size: float) -> int:
        """Return the rank at which the non-recurrent factors have a share of the matrix's size."""
        rows = 3 * self.hidden
        return max(1, int(size * rows * self.inputs / (rows + self.inputs)))


SHAPES = (
    LayerShape(100, 16, 320, 128),
    LayerShape(100, 16, 160, 192),
    LayerShape(100, 8, 768, 1024),
    LayerShape(150, 32, 640, 768),
)


CELLS = (128, 192, 256, 384, 512)
"""Cells of the LSTMs that are timed."""
PROJECTIONS = (25, 50, 75)
"""Widths of their projections, in % of the cells."""


class TrainedLayer(Protocol):
    """A layer with a penalty, whose training steps are timed."""

    def __call__(self, x: Tensor) -> Tensor:
        """Return the outputs (N, T, ...) of inputs (N, T, C)."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """Return the parameters to train."""
        ...

    def penalty(self) -> Tensor | float:
        """Return the term that is added to the loss."""
        ...


class GruLayer(nn.Module):
    """One GRU layer as a training has it."""

    def __init__(self, shape: LayerShape, form: str, rank: int | None = None) -> None:
        """`form`: dense, factored as in stage 1, formed, applied, both, former, or torch.

        `factored` forms W = U V once a step, or multiplies by both where a batch has few frames;
        `formed` always forms it. `applied` computes U (V x), `both` applies the recurrent factors
        too, frame by frame. `former` and `torch` are dense, with our GRU as it was and torch's own.
        Factors are of full rank, or of `rank`.
        """
        super().__init__()
        self.form = form
        matrices = [
            Matrix("nonrec", xavier(shape.hidden, shape.inputs, 3), "x", gates=3),
            Matrix("rec", orthogonal_gates(shape.hidden, 3), "h", recurrent=True, gates=3),
        ]
        self.bank = WeightBank(matrices, "partial")
        self.biases = GruBiases(shape.hidden)
        self.is_stage1 = rank is None
        if rank is not None:
            truncate_to_rank(self.bank, rank)
        elif form == "factored":
            factor_fully(self.bank)
        if form in ("applied", "both"):
            self.bank.apply_below = 1.0
        if form == "both":
            self.bank.apply_recurrent_below = 1.0

    def forward(self, x: Tensor) -> Tensor:
        """Return the states (N, T, H) of inputs (N, T, C)."""
        # All utterances are equally long: packed frames are the batch with T first.
        frames = x.transpose(0, 1).flatten(0, 1)
        few = len(frames) if self.form == "factored" else None
        inner = self.bank.right_factors(recurrent=True, frames=few)
        matrices = self.bank.form(inner)
        nonrec, rec = matrices["nonrec"], matrices["rec"]
        if self.form == "torch":
            return run_fused_gru(x, nonrec, rec, self.biases)
        if self.form == "former":
            states: Tensor = FormerGru.apply(x, nonrec, rec, self.biases.input, self.biases.new)
            return states
        frames = apply_right_factor(frames, inner.get("nonrec"))
        packing = Packing(torch.full((x.shape[0],), x.shape[1]), x.shape[1])
        packed = run_gru(frames, packing, nonrec, rec, self.biases, inner.get("rec"))
        return packed.view(x.shape[1], x.shape[0], -1).transpose(0, 1)

    def penalty(self) -> Tensor | float:
        """Return the penalty of its kind of stage 1; nothing in stage 2."""
        if not self.is_stage1:
            return 0.0
        penalty = trace_norm_penalty if self.form == "factored" else l2_penalty
        return penalty(self.bank, 0.01, 0.01)


def time_stage1_forms(rounds: int, threads: int) -> Iterator[tuple[LayerShape, dict[str, float]]]:
    """Yield the seconds of the fastest step of each form of stage 1, for every shape."""
    torch.set_num_threads(threads)
    forms = ("dense", "factored", "former", "torch")
    for shape in SHAPES:
        layers = {form: GruLayer(shape, form) for form in forms}
        yield shape, _fastest(shape, layers, rounds)


@dataclass(frozen=True)
class StepTimesByRank:
    """Seconds of the fastest step of a shape: of stage 1, and of stage 2 by size."""

    shape: LayerShape
    l2: float
    trace_norm: float
    formed: dict[float, float]
    """With W = U V formed once a step, by the size of the non-recurrent factors."""
    applied: dict[float, float]
    """With U (V x) for all frames at once, the recurrent matrix formed."""
    both: dict[float, float]
    """With U (V h) of the state too, at each frame."""


def time_stage2_by_rank(rounds: int, threads: int) -> Iterator[StepTimesByRank]:
    """Yield what stage 2 costs at falling ranks beside stage 1, for every shape."""
    torch.set_num_threads(threads)
    for shape in SHAPES:
        yield _by_rank(shape, rounds)


def _by_rank(shape: LayerShape, rounds: int) -> StepTimesByRank:
    layers = {"l2": GruLayer(shape, "dense"), "trace_norm": GruLayer(shape, "factored")}
    forms = {"formed": "formed", "applied": "applied", "both": "both"}
    for name, form in forms.items():
        layers |= {f"{name} {size}": GruLayer(shape, form, shape.rank(size)) for size in SIZES}
    seconds = _fastest(shape, layers, rounds)
    found = [{size: seconds[f"{name} {size}"] for size in SIZES} for name in forms]
    return StepTimesByRank(shape, seconds["l2"], seconds["trace_norm"], *found)


class ProjectedLstmLayer(nn.Module):
    """One LSTM layer with a projection, as `run` runs it; no penalty."""

    def __init__(self, shape: LayerShape, width: int, run: Callable[..., Tensor]) -> None:
        """Project the states of `shape` to `width`."""
        super().__init__()
        self.run = run
        sizes = ((shape.hidden, shape.inputs, 4), (shape.hidden, width, 4), (width, shape.hidden))
        self.matrices = nn.ParameterList(xavier(*size) for size in sizes)
        self.bias = nn.Parameter(torch.zeros(4 * shape.hidden))

    def forward(self, x: Tensor) -> Tensor:
        """Return the projected states (N, T, r) of inputs (N, T, C)."""
        output: Tensor = self.run(x, *self.matrices, self.bias)
        return output

    def penalty(self) -> float:
        """Return zero."""
        return 0.0


def time_projected_lstms(
    rounds: int, threads: int
) -> Iterator[tuple[LayerShape, int, float, float]]:
    """Yield shape, projection, and seconds of a step of torch's projected LSTM and multiplied out.

    Both do the same: `run_projected_lstm` takes the latter up to `FORMED_UP_TO` cells.
    """
    torch.set_num_threads(threads)
    for cells in CELLS:
        shape = LayerShape(100, 16, 320, cells)
        for share in PROJECTIONS:
            width = cells * share // 100
            runs = {"fused": run_fused_lstm, "formed": run_formed_lstm}
            layers = {name: ProjectedLstmLayer(shape, width, run) for name, run in runs.items()}
            seconds = _fastest(shape, layers, rounds)
            yield shape, width, seconds["fused"], seconds["formed"]


def _fastest(
    shape: LayerShape, layers: Mapping[str, TrainedLayer], rounds: int
) -> dict[str, float]:
    torch.manual_seed(1)
    x = torch.randn(shape.batch, shape.frames, shape.inputs)
    return fastest_in_turns({name: _step(layer, x) for name, layer in layers.items()}, rounds)


def fastest_in_turns(
    steps: Mapping[str, Callable[[], None]],
    rounds: int,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, float]:
    """Return the seconds of the fastest of `rounds` of each step; they take turns, once to warm up.

    `clock` returns seconds; CPU time of this process by default.
    """
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds + 1):
        for name, step in steps.items():
            start = clock()
            step()
            times[name].append(clock() - start)
    return {name: min(found[1:]) for name, found in times.items()}


def clock_of(device: torch.device) -> Callable[[], float]:
    """Return the clock for `fastest_in_turns` on a device: CPU time, on a GPU real time."""
    return time.process_time if device.type == "cpu" else _synchronised


def _synchronised() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


def _step(layer: TrainedLayer, x: Tensor) -> Callable[[], None]:
    optimiser = torch.optim.Adam(layer.parameters(), lr=1e-4)

    def step() -> None:
        optimiser.zero_grad()
        (layer(x).square().mean() + layer.penalty()).backward()
        optimiser.step()

    return step
