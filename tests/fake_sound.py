"""Sound for the made-up results of `fake_results`: recordings, lengths and noise of each cut."""

import numpy as np
import soundfile
from fake_results import make_experiment

from schatten.report import tables
from schatten.report.collect import Experiment
from schatten.runtime import files

RATE = 16000
SECONDS = 1.5


def make_heard_experiment(folder, content=None) -> Experiment:
    """Make an experiment whose test utterances have sound, and its tables."""
    experiment = make_experiment(folder) if content is None else make_experiment(folder, content)
    recipe, layout = experiment.recipe, experiment.layout
    files.write_jsonl(layout.cuts(recipe.splits.train), [])
    for split in recipe.splits.scored:
        rows = [
            {**row, **_recorded(layout.data, split, number)}
            for number, row in enumerate(files.read_jsonl(layout.cuts(split)))
        ]
        files.write_jsonl(layout.cuts(split), rows)
        if split != recipe.splits.test[-1] or len(recipe.splits.test) == 1:  # that has recordings
            said = [_made(row["id"], number) for number, row in enumerate(rows)]
            files.write_jsonl(layout.data / f"{split}.conditions.jsonl.gz", said)
    files.write_jsonl(layout.cuts(recipe.splits.train), files.read_jsonl(layout.cuts("dev")))
    tables.write(experiment, layout.tables)
    return experiment


def _made(name: str, number: int) -> dict[str, object]:
    """Return the conditions of an utterance as the corpus step writes them."""
    noises = [None, {"kind": "pink", "snr": 12.5}, {"kind": "babble", "snr": 5.0}]
    return {"id": name, "noise": noises[number % 3], "room": (None, 0.25)[number % 2]}


def _recorded(data, split: str, number: int) -> dict[str, object]:
    name = f"audio/{split}/{number}.wav"
    times = np.arange(int(RATE * SECONDS)) / RATE
    (data / name).parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(data / name, 0.3 * np.sin(2 * np.pi * (200 + 10 * number) * times), RATE)
    source = {"type": "file", "channels": [0], "source": name}
    recording = {
        "id": f"u{number:03}",
        "sources": [source],
        "sampling_rate": RATE,
        "num_samples": len(times),
        "duration": SECONDS,
        "channel_ids": [0],
    }
    cut = {"type": "MonoCut", "start": 0, "duration": SECONDS, "channel": 0}
    return {**cut, "recording": recording}
