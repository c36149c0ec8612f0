"""Cuts, hypotheses and counts for the tests of scoring."""

import gzip
import json
from pathlib import Path

from schatten.score.counts import Counts
from schatten.transcripts import Utterance

TEXTS = {
    "kim-1": "call jon now",
    "kim-2": "play some jazz",
    "lee-1": "what time is it",
    "lee-2": "stop",
}
HYPOTHESES = """kim-1 call john
kim-2 play some jazz
lee-1 what the time is it
lee-2
"""
LEXICON = "call\tc a l l\nplay\tp l a y\nsome\ts o m e\nnow\tn o w\n"


def speaker(name: str) -> str:
    return name.partition("-")[0]


def write_cuts(path: Path, texts: dict[str, str]) -> Path:
    cuts = [
        {
            "id": f"{name}-cut",
            "supervisions": [{"id": name, "speaker": speaker(name), "text": text}],
        }
        for name, text in texts.items()
    ]
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, cuts)).encode()))
    return path


def utterance(text: str, name: str = "kim-1") -> Utterance:
    return Utterance(name, speaker(name), tuple(text.split()))


def counts(name: str, words: int, substitutions: int = 0) -> Counts:
    return Counts(name, speaker(name), words, substitutions, 0, 0, 5 * words, substitutions)
