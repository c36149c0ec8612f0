"""Time of a training step of a recipe's model, with W = U V of full rank against dense."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from schatten import models
from schatten.compress import factor_fully, l2_penalty, trace_norm_penalty
from schatten.errors import UserError
from schatten.models import AcousticModel
from schatten.recipe import Recipe
from schatten.recipe.models import FEATURE_BINS
from schatten.train.objectives.ctc import ctc_losses
from schatten.units import characters
from schatten_bench.training_step import clock_of, fastest_in_turns

UTTERANCE_SECONDS = 8
"""Length of the made-up utterances: about that of read sentences."""
LABELS_A_SECOND = 12
"""Characters of English, spaces counted."""
PRECISION = {"32": None, "16-mixed": torch.float16, "bf16-mixed": torch.bfloat16}


@dataclass(frozen=True)
class ModelStepTimes:
    """A step of a model: forward, CTC, penalty, backward, Adam."""

    device: str
    utterances: int
    dense: float
    """Seconds with l2: CPU time, on a GPU by the clock."""
    factored: float
    """Seconds with the trace norm."""


def time_model_step(
    recipe: Recipe, system: str, batch_seconds: float | None, rounds: int, device: str
) -> ModelStepTimes:
    """Time the model of a system on noise, in batches of its training's size by default.

    The fastest of `rounds` counts, which take turns; data, clipping and logs are left out.
    """
    settings = recipe.system(system)
    if recipe.unit_set(settings.units) is not None:
        raise UserError(
            f"{system} writes {settings.units}, whose number depends on the corpus: time a system "
            "of characters with the same model"
        )
    training = recipe.trainings[settings.training]
    torch.set_num_threads(training.torch_threads)
    place = torch.device(device)
    utterances = max(1, int((batch_seconds or training.batch_seconds) / UTTERANCE_SECONDS))
    steps = {}
    for form in ("dense", "factored"):
        torch.manual_seed(1)
        model = models.build(
            recipe.models[settings.model], characters(recipe.text.alphabet), settings.layout
        )
        if form == "factored":
            factor_fully(model.bank)
        steps[form] = _step(model.to(place).train(), utterances, PRECISION[training.precision])
    seconds = fastest_in_turns(steps, rounds, clock_of(place))
    threads = f"CPU, threads: {training.torch_threads}"
    named = torch.cuda.get_device_name(place) if place.type == "cuda" else threads
    return ModelStepTimes(named, utterances, seconds["dense"], seconds["factored"])


def _step(model: AcousticModel, count: int, mixed: torch.dtype | None) -> Callable[[], None]:
    place = next(model.parameters()).device
    bins = FEATURE_BINS[model.settings.feature]
    features = torch.randn(count, 100 * UTTERANCE_SECONDS, bins, device=place)
    lengths = torch.full((count,), features.shape[1], device=place)
    room = int(model.output_lengths(lengths)[0]) // 2
    size = min(room, LABELS_A_SECOND * UTTERANCE_SECONDS)
    labels = [torch.randint(1, len(model.units), (size,)) for _ in range(count)]
    penalty = trace_norm_penalty if _is_factored(model) else l2_penalty
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-5, fused=True)

    def step() -> None:
        optimiser.zero_grad()
        with torch.autocast(place.type, mixed, enabled=mixed is not None):
            log_probs, frames = model(features, lengths)
        loss = ctc_losses(log_probs, frames, labels).sum() / count
        (loss + penalty(model.bank, 0.01, 0.01)).backward()
        optimiser.step()

    return step


def _is_factored(model: AcousticModel) -> bool:
    return any(weight.is_factored for _, weight in model.bank.items())
