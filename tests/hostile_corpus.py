"""The smallest corpus that goes through every step, with hostile names, and its two recipes.

Each name would confuse a shell, an option parser or a reader of tables.
"""

from pathlib import Path

import numpy as np
import soundfile
import yaml
from project import Project

RECIPE = "own/least"
MOST = "own/most"
"""The recipe that also has what other steps need: figures, bundles, grids, graphs, tiers."""
CORPUS = "-c; touch pwned; $(touch pwned) `touch pwned` 'one' \"two\" {three} &\n*"
NAMES = (
    "-x;touch",
    "$(id)",
    "a'b",
    'c"d',
    "e&f|g",
    "../up",
    "{h}",
    "#i",
    "j",
    "k",
    "l",
    "m",
    "*",
    "&",
    "~",
    "\\",
)
"""Utterance ids."""
WORDS = ("yes", "no", "stop", "go", "left", "right")
SECONDS = 1.0
CONTENT = {
    "title": "The least corpus",
    "corpus": {"source": "tsv"},
    "models": {"small": {"type": "lstm", "lstm": [8], "keep_every": 3}},
    "trainings": {"default": {"epochs": 2, "batch_seconds": 3, "learning_rate": 0.01}},
    "systems": {
        "dense": {
            "model": "small",
            "ranks": [{"rank": 2}],
            "stage2": {"transition": "early", "at_epoch": 1},
        }
    },
    "language_models": {"bigram": {"order": 2, "discount_fallback": True}},
    "tables": {"baseline": "dense"},
}
MORE = {
    "extends": "least",
    "title": "The least corpus, with every kind of step",
    "systems": {"dense": {"precisions": ["fp32", "int8"]}},
    "grids": {
        "lambda": {
            "model": "small",
            "penalties": {"l2": {"lambda_rec": [0.01], "lambda_nonrec": [0.01]}},
            "best": {"count": 1, "seeds": [1], "ranks": [{"rank": 2}], "stage2": {"epochs": 1}},
        }
    },
    "language_models": {"graph": {"decoder": "wfst", "order": 2, "discount_fallback": True}},
    "figures": {
        "lm_curve": {
            "language_model": "bigram",
            "thresholds": [1.0e-3],
            "histories": ["own"],
            "quantize_bits": [8],
        },
        "beam": {"beams": [5, 10], "rounds": 1},
    },
    "tables": {"bundles": True, "tiers": {"all": 100000}},
}
KINDS = {"wav": "WAV", "flac": "FLAC", "sph": "NIST"}
"""libsndfile's format of a recording by the ending of its name."""


def write_corpus(folder: Path) -> None:
    """Write recordings (noise, so that models of it differ) and their table."""
    rows = ["id\tpath\tspeaker\tsplit\ttext"]
    for number, name in enumerate(NAMES):
        generator = np.random.default_rng(number)
        ending = list(KINDS)[number % len(KINDS)]
        path = f"wavs of; {number % 2}/-{name.replace('/', '')}.{ending}"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        samples = 0.1 * generator.standard_normal(int(16000 * SECONDS))
        soundfile.write(folder / path, samples, 16000, "PCM_16", format=KINDS[ending])
        split = "dev" if number in (12, 13) else "test" if number > 13 else "train"
        text = " ".join(generator.choice(WORDS, 3))
        rows.append(f"{name}\t{path}\tspeaker '{number}\t{split}\t{text}")
    (folder / "transcripts.tsv").write_text("\n".join(rows) + "\n")


def write_recipe(project: Project) -> None:
    """Write the bench's recipes."""
    for name, content in ((RECIPE, CONTENT), (MOST, MORE)):
        path = project.path / f"recipes/{name}.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False))
