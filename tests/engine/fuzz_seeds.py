"""Writes the small sound files that fuzzing starts from: `python tests/engine/fuzz_seeds.py`.

Inputs that once failed lie beside them and are kept by hand.
"""

import hashlib
import json
import struct
import sys
import wave
from pathlib import Path

import numpy as np
import soundfile
import torch

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "arm/fuzz/corpus"
sys.path.insert(0, str(ROOT / "tests"))


def write_models(folder):
    """Write models of every kind of layer and matrix, a few thousand bytes each."""
    from small_models import GRAMS, LETTERS, PHONES, PIECES, make, prune

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
        "rnn": (gru.model_copy(update={"recurrent": "rnn"}), "partial", None, LETTERS),
        "phones": (lstm, "split", 2, PHONES),
        "pieces": (lstm, "split", 2, PIECES),
        "grams": (lstm, "split", 2, GRAMS),
        "sparse": (gru, "partial", None, LETTERS),
    }
    for name, (settings, factorization, rank, units) in kinds.items():
        model = make(settings, factorization, rank, units=units)
        if name == "sparse":
            prune(model, 0.5)
        stored = folder / "model.pt"
        models.save(model, stored)
        for precision in ("fp32", "int8", "int4"):
            output = folder / f"{name}.{precision}.gguf"
            export(stored, precision, output)
            output.with_suffix(".json").unlink()
        stored.unlink()


def write_sounds(folder):
    """Write files of WAV (forms, rates, channels, lengths not known), FLAC and MP3."""
    write_wavs(folder)
    noise = np.random.default_rng(3).normal(scale=0.1, size=(700, 2)).cumsum(axis=0) / 20
    for name, rate, channels, form in (
        ("mono.flac", 16000, 1, "PCM_16"),
        ("stereo.flac", 44100, 2, "PCM_24"),
        ("eight.flac", 8000, 1, "PCM_S8"),
        ("float.wav", 48000, 2, "FLOAT"),
        ("double.wav", 16000, 1, "DOUBLE"),
        ("wide.wav", 96000, 1, "PCM_24"),
        ("mu_law.wav", 8000, 1, "ULAW"),
        ("a_law.wav", 8000, 1, "ALAW"),
        ("mono.mp3", 16000, 1, None),
        ("stereo.mp3", 44100, 2, None),
    ):
        soundfile.write(folder / name, noise[:, :channels].clip(-1, 1), rate, form)
    tagged = b"ID3\4\0\0\0\0\0\3abc" + (folder / "mono.flac").read_bytes()
    (folder / "tagged.flac").write_bytes(tagged)


def write_resamplings(folder):
    """Write rates, seeds of chunks and samples; `fuzz_resampler.cpp` says what the bytes mean."""
    random = np.random.default_rng(6)
    for name, rate in (("low", 4004), ("telephone", 8004), ("disc", 44103), ("high", 192003)):
        head = struct.pack("<HB", (rate - 4000) // 7, len(name))
        (folder / name).write_bytes(head + random.bytes(900))


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

    sound = bytes(range(80))
    extended = struct.pack("<HHIHH", 22, 16, 4, 1, 0) + bytes.fromhex("00001000800000aa00389b71")
    pcm = plain[20:36]
    for name, kind, form, size in (
        ("extensible", b"RIFF", b"\xfe\xff" + pcm[2:] + extended, len(sound)),
        ("rf64", b"RF64", pcm, 2**32 - 1),
        ("rf64_unknown", b"RF64", pcm, 0),
        ("stale", b"RIFF", pcm, 20),
    ):
        wide = b"ds64" + struct.pack("<IQQQI", 28, 0, len(sound), 0, 0)
        chunks = wide + b"LIST" + struct.pack("<I", 3) + b"odd\0"
        chunks += b"fmt " + struct.pack("<I", len(form)) + form
        chunks += b"data" + struct.pack("<I", size) + sound + b"LIST" + bytes(4)
        whole = kind + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks
        (folder / f"{name}.wav").write_bytes(whole)
    (folder / "frames.mp3").write_bytes((b"\xff\xfb\x90\0" + bytes(413)) * 2)
    (folder / "names.txt").write_bytes("gr\u00fcn.wav\nother.wav\n".encode())


def write_streams(folder):
    """Write settings of a stream (model and batch, silence, maximum, chunks) and some sound."""
    random = np.random.default_rng(4)
    for name, settings in (
        ("plain", (0, 0, 0, 1)),
        ("silence", (4, 5, 0, 2)),
        ("maximum", (9, 0, 3, 3)),
        ("both", (15, 2, 9, 4)),
    ):
        sound = (random.normal(size=1200) * 8000 * np.sin(np.arange(1200) / 90)).astype("<i2")
        (folder / name).write_bytes(bytes(settings) + sound.tobytes())


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


def write_words(folder):
    """Write settings of a search, a words file, and frames: new words, phrases, wrong lines."""
    random, of_grams = np.random.default_rng(6), np.random.default_rng(7)
    for name, text in (
        ("plain", "cc\t\t6\nab\t\t-3\n"),
        ("phrases", "a b\t\t4\na b cc\t\t9.5\ncc\tc c\t1\nba\tb c\n"),
        ("crlf", "\ufeffbb\tb b\r\n\r\nbb a b\r\n"),
        ("wrong", "a\t\tnan\n"),
        ("other", "\u00fc\n"),
    ):
        for units, count, draws in ((0, 5, random), (1, 5, random), (2, 8, of_grams)):
            frames = draws.integers(0, 160, size=(40, count), dtype=np.uint8)
            content = bytes((units, 60, 40, 20)) + text.encode() + b"\0" + frames.tobytes()
            (folder / f"{name}{units}").write_bytes(content)


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
    content["schatten_bundle"] = 2
    for name, gate in (
        ("gate", {"decibels": 6.5, "evidence": 0.25}),
        ("loud", {"decibels": 1e99, "evidence": 0.25}),
        ("half", {"decibels": 8}),
    ):
        (folder / name).write_text(json.dumps({**content, "gate": gate}, indent=2))


LEXICONS = {
    "plain": "a\ta\nb\tb\nab\ta b\nba\tb a\ncab\tc a b\n",
    "alike": "a\ta\nb\ta\nab\ta\nab\tb a\nelsewhere\tc\n",
    "unknown": "x\ta\n",
}


def write_searches(folder):
    """Write searches: kind of units, options, a lexicon, and frames that spell letters in noise.

    `fuzz_search.cpp` says what the bytes mean.
    """
    random = np.random.default_rng(1)
    options = bytes([50, 5, 100, 40, 140])  # beam, token beam, threshold, LM weight, word bonus
    for kind, count in ((0, 5), (1, 5), (2, 8)):
        for name, lexicon in LEXICONS.items():
            frames = random.integers(20, 90, size=(30, count), dtype=np.uint8)
            frames[np.arange(30), random.integers(0, count, size=30)] = 2
            head = bytes([kind]) + options + lexicon.encode() + b"\0"
            (folder / f"{name}{kind}").write_bytes(head + frames.tobytes())


def write_endpoints(folder):
    """Write streams: options, and pairs of an amplitude and a length of noise.

    `fuzz_endpoints.cpp` says what the bytes mean.
    """
    sound = bytes([200, 100, 0, 200, 90, 60, 1, 250, 250, 30])
    for name, head in (
        ("greedy", [0, 3, 40, 0, 0, 0, 0, 0, 0, 10]),
        ("search", [1, 3, 40, 0, 40, 140, 50, 0, 0, 10]),
        ("maximum", [1, 0, 0, 50, 40, 140, 50, 0, 1, 3]),
        ("both", [1, 1, 20, 100, 40, 250, 10, 8, 1, 0]),
    ):
        (folder / name).write_bytes(bytes(head) + sound)
    quiet_then_loud = bytes([1, 200, 200, 40])
    (folder / "asleep").write_bytes(bytes([0, 2, 0, 0, 0, 0, 0, 8, 0, 7]) + quiet_then_loud)


def write_commands(folder):
    """Write networks of commands, each with words that were heard; one network has no way."""
    from schatten.grammar import load_own
    from schatten.grammar.network import network_of

    text = folder / "lights.grammar"
    text.write_text(
        "! english articles\n"
        "query = [please] [<how>] <x:state> a <x:place> lamp | <x:state> an <x:place> lamp\n"
        "how = switch | turn\nstate = on | off\nplace = kitchen | old hall | attic\n"
    )
    network = network_of(load_own(text)).as_text(has_articles=True)
    text.unlink()
    for name, lines, heard in (
        ("same", network, "please switch on a kitchen lamp"),
        ("near", network, "turn of an old lamp please"),
        ("none", network, ""),
        ("long", network, "on " * 201),
        ("cut", network[: len(network) // 2], "on an attic lamp"),
        ("no_way", "schatten-commands\t1\t3\t2\t0\nw\t0\t1\tword\n", "word"),
        ("slots", "schatten-commands\t1\t3\t2\t1\nb\t0\t1\tx\nx\t1\t2\tx\nw\t0\t2\tan\n", "a"),
    ):
        (folder / name).write_bytes(lines.encode() + b"\0" + heard.encode())


WRITERS = {
    "commands": write_commands,
    "search": write_searches,
    "endpoints": write_endpoints,
    "model": write_models,
    "sound": write_sounds,
    "resampler": write_resamplings,
    "lexicon": write_lexicons,
    "manifest": write_manifests,
    "stream": write_streams,
    "words": write_words,
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    for kind, write in WRITERS.items():
        (CORPUS / kind).mkdir(parents=True, exist_ok=True)
        write(CORPUS / kind)
