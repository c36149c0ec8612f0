"""Writes the small sound files that fuzzing starts from: `python tests/engine/fuzz_seeds.py`.

Inputs that once failed lie beside them and are kept by hand.
"""

import hashlib
import json
import sys
import wave
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "arm/fuzz/corpus"
sys.path.insert(0, str(ROOT / "tests"))


def write_models(folder):
    """Write models of every kind of layer and matrix, a few thousand bytes each."""
    from small_models import LETTERS, PHONES, PIECES, make

    from schatten import models
    from schatten.export.run import export
    from schatten.recipe.models import Convolution, DeepSpeech2, Lstm

    layer = Convolution(channels=2, kernel=(3, 5), stride=(2, 4))
    sizes = {"feature": "mel40", "convolutions": (layer,), "gru": (5, 4), "fully_connected": 4}
    gru = DeepSpeech2(type="deep_speech_2", **sizes)
    lstm = Lstm(type="lstm", stack=2, lstm=(4, 3))
    kinds = {
        "dense": (gru, "partial", None, LETTERS),
        "joint": (gru, "joint", 2, LETTERS),
        "lstm": (lstm, "split", 2, LETTERS),
        "phones": (lstm, "split", 2, PHONES),
        "pieces": (lstm, "split", 2, PIECES),
    }
    for name, (settings, factorization, rank, units) in kinds.items():
        model = make(settings, factorization, rank, units=units)
        stored = folder / "model.pt"
        models.save(model, stored)
        for precision in ("fp32", "int8"):
            output = folder / f"{name}.{precision}.gguf"
            export(stored, precision, output)
            output.with_suffix(".json").unlink()
        stored.unlink()


def write_wavs(folder):
    """Write WAV files: plain, empty, with other rates and channels, of lengths not known."""
    for name, rate, channels, samples in (
        ("plain", 16000, 1, 40),
        ("empty", 16000, 1, 0),
        ("slow", 8000, 1, 4),
        ("stereo", 16000, 2, 4),
    ):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((channels, 2, rate, 0, "NONE", ""))
            file.writeframes(bytes(range(2 * channels * samples)))
    plain = (folder / "plain.wav").read_bytes()
    for name, size in (("streamed", b"\xff" * 4), ("unsized", bytes(4))):
        changed = plain[:4] + b"\xff" * 4 + plain[8:40] + size + plain[44:]
        (folder / f"{name}.wav").write_bytes(changed)


def write_lexicons(folder):
    """Write lexicons: plain, with homophones and several spellings, with other line ends."""
    for name, text in (
        ("plain", "cab\tc a b\nab\ta b\n"),
        ("spellings", "cab\tc a b\ncab\tc c\na\ta\nba\ta\n\u00fc\ta a a a a a a a\n"),
        ("crlf", "a\ta\r\nb\tb  b\r\n"),
        ("marked", "\ufeffa\ta\n"),
        ("other", "a\tz\n"),
    ):
        (folder / name).write_bytes(text.encode())


def write_manifests(folder):
    """Write manifests that say of `null` that it is empty, or of another length, or nothing."""
    entry = {"bytes": 0, "sha256": hashlib.sha256(b"").hexdigest()}
    for name, files in (
        ("whole", {"model.gguf": {**entry, "bytes": 12}, "null": entry}),
        ("longer", {"null": {**entry, "bytes": 2**64}}),
        ("no_sum", {"null": {"bytes": 0}}),
        ("other", {"lm.bin": entry}),
    ):
        content = {"files": files, "schatten_bundle": 1, "search": {"beam": 200}}
        (folder / name).write_text(json.dumps(content, indent=2))


WRITERS = {
    "model": write_models,
    "wav": write_wavs,
    "lexicon": write_lexicons,
    "manifest": write_manifests,
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    for kind, write in WRITERS.items():
        (CORPUS / kind).mkdir(parents=True, exist_ok=True)
        write(CORPUS / kind)
