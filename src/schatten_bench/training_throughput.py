"""Audio that a training step of a recipe's model takes a CPU second: as it was, today, with bf16.

The whole step: convolutions, GRUs, CTC, backward, clipping, Adam. Speech is noise in utterances of
the lengths of short queries.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from schatten import models
from schatten import recipe as recipes
from schatten.models import AcousticModel
from schatten.models.deep_speech_2 import DeepSpeech2Model
from schatten.models.layers import ConvolutionLayer
from schatten.models.products import round_products
from schatten.recipe import Recipe
from schatten.recipe.models import FEATURE_BINS, DeepSpeech2
from schatten.recipe.training import Training
from schatten.train.loop import set_up_torch
from schatten.train.objectives.ctc import ctc_losses
from schatten.units import characters
from schatten_bench.former_step import FormerDeepSpeech2
from schatten_bench.training_profile import Profile, profile_step
from schatten_bench.training_step import fastest_in_turns

RECIPES = ("voicesearch_like/tiny", "voicesearch_like/lab")
SYSTEM = "dense"
FRAMES_A_SECOND = 100
LONGEST, SHORTEST = 2.8, 2.5
"""Seconds of the utterances of a batch; batches of these recipes have 5 to 6 % of padding."""
LABELS_A_SECOND = 12
PRODUCT = 1024
"""Rows of the square product whose rate the steps are compared with."""


@dataclass(frozen=True)
class Throughput:
    """A recipe's step, each way, in seconds of CPU time."""

    recipe: str
    audio: float
    """Seconds of audio in the batch."""
    operations: float
    """Additions and multiplications of all products with valid frames."""
    seconds: dict[str, float]
    """Of `former`, `today` and `bf16`."""
    product_rate: float
    """Operations a second of a large fp32 product, timed in the same turns."""


def time_throughput(rounds: int) -> Iterator[Throughput]:
    """Yield the fastest of `rounds` steps of each recipe's model, each way; they take turns."""
    for name in RECIPES:
        recipe = recipes.load(name)
        training = recipe.trainings[recipe.systems[SYSTEM].training]
        set_up_torch(training)
        yield _time(name, recipe, training, rounds)


def profile_ways(recipe_name: str, count: int) -> Iterator[tuple[str, Profile]]:
    """Yield where the time of `count` steps of a recipe's model goes: `former`, then `today`."""
    recipe = recipes.load(recipe_name)
    training = recipe.trainings[recipe.systems[SYSTEM].training]
    set_up_torch(training)
    features, lengths, labels = _batch(recipe, training)
    for way in ("former", "today"):
        model = _model(recipe, former=way == "former")
        step = _step(model, training, features, lengths, labels)
        yield way, profile_step(_rounding(step, False), count)


def _time(name: str, recipe: Recipe, training: Training, rounds: int) -> Throughput:
    features, lengths, labels = _batch(recipe, training)
    steps: dict[str, Callable[[], None]] = {}
    for way in ("former", "today", "bf16"):
        model = _model(recipe, former=way == "former")
        step = _step(model, training, features, lengths, labels)
        steps[way] = _rounding(step, way == "bf16")
    left, right, product = (torch.randn(PRODUCT, PRODUCT) for _ in range(3))
    steps["product"] = _rounding(lambda: torch.mm(left, right, out=product), False)
    seconds = fastest_in_turns(steps, rounds)
    rate = 2 * PRODUCT**3 / seconds.pop("product")
    audio = float(lengths.sum()) / FRAMES_A_SECOND
    return Throughput(name, audio, _operations(model, lengths), seconds, rate)


def _batch(recipe: Recipe, training: Training) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Return features (N, T, C), lengths (N,) and labels of made-up utterances."""
    torch.manual_seed(1)
    model = recipe.models[recipe.systems[SYSTEM].model]
    count = int(training.batch_seconds / LONGEST)
    seconds = torch.linspace(SHORTEST, LONGEST, count)
    lengths = (FRAMES_A_SECOND * seconds).long()
    features = torch.randn(count, int(lengths.max()), FEATURE_BINS[model.feature])
    units = len(characters(recipe.text.alphabet))
    sizes = (LABELS_A_SECOND * seconds).long().tolist()
    return features, lengths, [torch.randint(1, units, (size,)) for size in sizes]


def _model(recipe: Recipe, former: bool) -> DeepSpeech2Model:
    torch.manual_seed(1)
    system = recipe.systems[SYSTEM]
    settings, units = recipe.models[system.model], characters(recipe.text.alphabet)
    if former:
        return FormerDeepSpeech2(cast(DeepSpeech2, settings), units, system.layout).train()
    model: AcousticModel = models.build(settings, units, system.layout)
    return cast(DeepSpeech2Model, model.train())


def _step(
    model: AcousticModel,
    training: Training,
    features: Tensor,
    lengths: Tensor,
    labels: list[Tensor],
) -> Callable[[], None]:
    adam = torch.optim.Adam(model.parameters(), lr=1e-5, fused=True)

    def step() -> None:
        log_probs, frames = model(features, lengths)
        loss = ctc_losses(log_probs, frames, labels).sum() / len(labels)
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), training.gradient_clip)
        adam.step()

    return step


def _rounding(step: Callable[[], object], to_bf16: bool) -> Callable[[], None]:
    def run() -> None:
        round_products(to_bf16)
        step()

    return run


def _operations(model: DeepSpeech2Model, lengths: Tensor) -> float:
    """Return the operations of a step's products: forward, and backward twice as many.

    The gradient of the features is not wanted: the first convolution has one product less.
    """
    total, bins = 0.0, FEATURE_BINS[model.settings.feature]
    for index, module in enumerate(model.convolutions):
        layer = cast(ConvolutionLayer, module)
        lengths, bins = layer.output_lengths(lengths), layer.output_bins(bins)
        places = float(lengths.sum()) * bins
        total += (2 if index == 0 else 3) * places * layer.convolution.weight.numel()
    frames = float(lengths.sum())
    matrices = sum(weight.shape[0] * weight.shape[1] for _, weight in model.bank.items())
    return 2 * (total + 3 * frames * (matrices + model.output.weight.numel()))
