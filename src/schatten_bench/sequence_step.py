"""Time of a step of sequence training against a step of CTC, graphs built before (from epoch 2 on).

The whole step: model, criterion, backward, clipping, Adam. Speech is noise. Each utterance has six
words of four phones, and a lattice with alternatives of three of them: as many words as nine of ten
lattices of real training speech have at most.
"""

import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from schatten import models
from schatten import recipe as recipes
from schatten.recipe.models import FEATURE_BINS
from schatten.recipe.steps import Sequence
from schatten.runtime.files import write_jsonl
from schatten.train.data import Batch
from schatten.train.hypotheses import Comparisons
from schatten.train.loop import set_up_torch
from schatten.train.objectives import Ctc, Objective, OverHypotheses
from schatten.units import BLANK, Units
from schatten.units.spelled import SpelledUnits
from schatten_bench.training_step import fastest_in_turns

RECIPE, SYSTEM = "voicesearch_like/sequence", "phones"
UTTERANCES, FRAMES = 12, 280
WORDS, PHONES, ALTERNATIVES = 6, 4, 7
CRITERIA: dict[str, Sequence] = {
    "ctc": Sequence(criterion="ctc"),
    "mwer": Sequence(),
    "smbr, units": Sequence(criterion="smbr"),
    "smbr, words": Sequence(criterion="smbr", risk="words"),
    "smbr, frames": Sequence(criterion="smbr", risk="frames"),
    "mmi": Sequence(criterion="mmi"),
}


def time_sequence_steps(rounds: int) -> dict[str, float]:
    """Return the CPU seconds of the fastest of `rounds` steps by each criterion, in turns."""
    recipe = recipes.load(RECIPE)
    settings = recipe.models[recipe.systems[SYSTEM].model]
    training = recipe.trainings[recipe.systems[SYSTEM].training]
    set_up_torch(training)
    torch.manual_seed(1)
    names = [str(number) for number in range(39)]
    units = Units("phones", (BLANK, *names), None)
    model = models.build(settings, units, "partial").train()
    adam = torch.optim.Adam(model.parameters(), 1e-4, fused=True)
    generator = np.random.default_rng(1)
    spellings = {
        f"w{number}": (tuple(generator.integers(1, len(units), PHONES).tolist()),)
        for number in range(UTTERANCES * WORDS * (1 + ALTERNATIVES))
    }
    spelled = SpelledUnits(units, spellings)
    rows = [_row(number, list(spellings)) for number in range(UTTERANCES)]
    batch = _batch(rows, spelled, FEATURE_BINS[settings.feature])
    objectives = _objectives(rows, spelled)

    def step_of(objective: Objective) -> Callable[[], None]:
        def run() -> None:
            adam.zero_grad()
            log_probs, lengths = model(batch.features, batch.lengths)
            (objective.losses(log_probs, lengths, batch).sum() / UTTERANCES).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), training.gradient_clip)
            adam.step()

        return run

    return fastest_in_turns({name: step_of(one) for name, one in objectives.items()}, rounds)


def _batch(rows: list[dict[str, object]], spelled: SpelledUnits, bins: int) -> Batch:
    texts = [str(row["text"]) for row in rows]
    return Batch(
        features=torch.randn(UTTERANCES, FRAMES, bins),
        lengths=torch.full((UTTERANCES,), FRAMES),
        labels=[torch.tensor(spelled.labels(text)) for text in texts],
        ids=[str(row["id"]) for row in rows],
        seconds=UTTERANCES * FRAMES / 100,
        utterances=UTTERANCES,
        texts=texts,
    )


def _objectives(rows: list[dict[str, object]], spelled: SpelledUnits) -> dict[str, Objective]:
    """Return the objective of each criterion, which read the hypotheses of a file."""
    ctc = Ctc(spelled.units)
    unigrams = dict.fromkeys(spelled.spellings or {}, -6.0)
    head = {"log_probabilities": unigrams, "units": spelled.units.stored()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hypotheses.jsonl"
        write_jsonl(path, [head, *rows])
        return {
            name: OverHypotheses(ctc, step, Comparisons(path, step, spelled).of)
            if step.reads_hypotheses
            else ctc
            for name, step in CRITERIA.items()
        }


def _row(number: int, words: list[str]) -> dict[str, object]:
    """Return a line of the artifact: its reference, a list, and a lattice."""
    own = iter(words[number * WORDS * (1 + ALTERNATIVES) :])
    reference = [next(own) for _ in range(WORDS)]
    arcs = [(place, place + 1, word) for place, word in enumerate(reference)]
    for place in (1, 3, 5):
        arcs += [(place, place + 1, next(own)) for _ in range(ALTERNATIVES)]
    ways = [[word for source, _, word in arcs if source == place] for place in range(WORDS)]
    best = itertools.islice(itertools.product(*(way[:2] for way in ways)), 8)
    return {
        "id": f"u{number}",
        "text": " ".join(reference),
        "best": [" ".join(one) for one in best],
        "start": 0,
        "arcs": arcs,
        "finals": [WORDS],
    }
