"""Times of words where the true times are known: speech of tones, each of which is a unit.

A model that is written by hand hears in each frame which tone there is. Its outputs are sure, so
that the times of words must be those of the tones, within a frame of the model, and exactly those
of the best alignment. Grams count in every segmentation; a word may be said in any.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from schatten import models
from schatten.decode.align import best_states
from schatten.export.run import export
from schatten.features.extractors import extractor
from schatten.models import AcousticModel
from schatten.recipe.models import FEATURE_BINS, Lstm
from schatten.units import BLANK, Units, characters
from schatten.units.graph import linear, segmentations

GRAMS = Units("grams", (BLANK, " ", "a", "b", "c", "ab", "ca", "abc"), " ")
KINDS = {
    "grams": GRAMS,
    "characters": characters("abc"),
    "phones": Units("phones", (BLANK, "a", "b", "c"), None),
}
STRIDE = 8
"""Frames of 10 ms of an output: 80 ms, as Gram-CTC has."""
SECONDS = STRIDE / 100
FREQUENCIES = (300.0, 600.0, 1000.0, 1500.0, 2200.0, 3200.0, 4700.0)
"""Of the units, in their order."""
WORDS = {
    "grams": ("abc", "cab", "ca", "aab", "b", "bca"),
    "characters": ("abc", "cab", "ca", "aab", "b", "bca"),
    "phones": ("abc", "bac", "c", "aabc", "bbac"),
}
"""Of each kind; without a separator, `c` ends each word, so that no other words sound alike."""


def arpa(words: Sequence[str]) -> str:
    """Return a language model that tells nothing."""
    lines = ["\\data\\", f"ngram 1={len(words) + 3}", "ngram 2=1", "", "\\1-grams:"]
    lines += ["-5\t<unk>\t0", "-99\t<s>\t0", "-1\t</s>\t0", *(f"-1\t{word}\t0" for word in words)]
    lines += ["", "\\2-grams:", f"-1\t{words[0]} {words[0]}", "", "\\end\\", ""]
    return "\n".join(lines)


def tone(number: int, frames: int) -> np.ndarray:
    """Return a tone of some frames of 10 ms, with soft ends."""
    samples = np.arange(160 * frames)
    ends = np.minimum(1, np.minimum(samples, samples[::-1]) / 80)
    return 0.25 * ends * np.sin(2 * np.pi * FREQUENCIES[number] * samples / 16000)


def heard(units: Units) -> AcousticModel:
    """Return a model whose cell of each unit is open where most of the frames have its tone."""
    count = len(units) - 1
    bins = FEATURE_BINS["mel40"]
    levels = np.array(
        [extractor("mel40").extract(tone(one, 40), 16000)[5:-5].mean(0) for one in range(count)]
    )
    of_units = levels.argmax(1)
    assert len(set(of_units.tolist())) == count
    own = levels[range(count), of_units]
    others = np.where(np.eye(count, dtype=bool), -16.0, levels[:, of_units]).max(0)
    assert (own - others).min() > 4
    mean = torch.zeros(bins)
    mean[of_units] = torch.from_numpy((own + others) / 2).float()

    settings = Lstm(type="lstm", feature="mel40", stack=STRIDE, keep_every=STRIDE, lstm=(count,))
    model = models.build(settings, units, "partial")
    model.set_statistics(mean, torch.ones(bins))
    candidates = torch.zeros(4 * count, STRIDE, bins)
    for cell, place in enumerate(of_units.tolist()):
        candidates[2 * count + cell, :, place] = 1.0
    matrices = {
        "lstm0.nonrec": candidates.flatten(1),
        "lstm0.rec": torch.zeros(4 * count, count),
    }
    with torch.no_grad():
        model.bank.fill(matrices)
        # Gates are in, forget, candidate, out: all but the second are open.
        model.biases[0].copy_(torch.tensor([10.0, -10.0, 0.0, 10.0]).repeat_interleave(count))
        model.output.weight.zero_()
        model.output.bias.zero_()
        model.output.weight[1:] = 20 * torch.eye(count)
    return model.eval()


@dataclass(frozen=True)
class Spoken:
    """Words said in tones."""

    words: list[str]
    times: list[tuple[float, float]]
    """When the first tone of each word begins, and the last one ends, in seconds."""
    sound: np.ndarray


def spoken(units: Units, seed: int) -> Spoken:
    """Say some words: grams at random, tones of 1 to 3 outputs, and silence between some."""
    random = np.random.default_rng(seed)
    words = [str(word) for word in random.choice(WORDS[units.kind], size=5)]
    sounds, at, times, last = [np.zeros(160 * int(random.integers(0, 40)))], 0.0, [], ""
    at = len(sounds[0]) / 16000

    def say(name: str) -> tuple[float, float]:
        nonlocal at, last
        silence = int(random.integers(0, 3)) * STRIDE
        if name == last or not random.integers(0, 4):
            silence += 2 * STRIDE
        frames = int(random.integers(STRIDE + 4, 3 * STRIDE))
        sounds.extend([np.zeros(160 * silence), tone(units.index[name] - 1, frames)])
        begin = at + silence / 100
        at, last = begin + frames / 100, name
        return begin, at

    for number, word in enumerate(words):
        if number and units.separator is not None:
            say(units.separator)
        parts = [say(name) for name in drawn_parts(word, units, random)]
        times.append((parts[0][0], parts[-1][1]))
    return Spoken(words, times, np.concatenate([*sounds, np.zeros(16000)]))


def drawn_parts(word: str, units: Units, random: np.random.Generator) -> list[str]:
    """Return a segmentation of a word into units."""
    parts = []
    while word:
        fitting = [name for name in units.names[1:] if word.startswith(name)]
        parts.append(str(random.choice(fitting)))
        word = word[len(parts[-1]) :]
    return parts


def aligned(units: Units, words: list[str], log_probs: np.ndarray) -> list[tuple[float, float]]:
    """Return the times of words in the best of all paths that write them, in seconds."""
    if units.kind == "phones":
        labels = [units.index[letter] for word in words for letter in word]
        graph, ends = linear(labels), list(itertools.accumulate(map(len, words)))
    else:
        text = " ".join(words)
        graph = segmentations(units.encode(text), units.grams)
        ends = list(itertools.accumulate(len(word) + 1 for word in words))
    path = best_states(log_probs, graph)
    assert path is not None
    found: list[list[int]] = [[] for _ in words]
    letters = 0
    for state, run in itertools.groupby(range(len(path)), key=lambda frame: path[frame]):
        unit = int(graph.units[state])
        if not unit:
            continue
        word = next(place for place, end in enumerate(ends) if letters < end)
        if units.names[unit] != units.separator:
            found[word] += run
        letters += len(units.letters([unit]))
    return [(frames[0] * SECONDS, (frames[-1] + 1) * SECONDS) for frames in found]


@pytest.fixture(scope="module", params=list(KINDS))
def opened(request: pytest.FixtureRequest, engine, tmp_path_factory: pytest.TempPathFactory):
    """A model by hand, opened in the engine with its language model."""
    units, folder = KINDS[request.param], tmp_path_factory.mktemp(request.param)
    return units, *opened_in(folder, engine, units)


def opened_in(folder: Path, engine, units: Units):
    models.save(heard(units), folder / "model.pt")
    export(folder / "model.pt", "fp32", folder / "model.gguf")
    words = WORDS[units.kind]
    (folder / "lm.arpa").write_text(arpa(words))
    lexicon = "".join(f"{word}\t{' '.join(word)}\n" for word in words)
    (folder / "lexicon").write_text(lexicon)
    model = engine.open(folder / "model.gguf")
    return model, model.language_model(folder / "lm.arpa", folder / "lexicon")


@pytest.mark.parametrize("seed", range(6))
def test_words_have_the_times_of_their_sounds(opened, seed: int) -> None:
    units, model, lm = opened
    said = spoken(units, seed)
    stream = model.stream(lm=lm, lm_weight=0.5, word_bonus=0.0, silence_seconds=0)
    _, log_probs = stream.whole((said.sound * 32767).astype(np.int16))
    assert [word for word, _, _ in stream.words] == said.words
    times = [(start, end) for _, start, end in stream.words]
    assert np.abs(np.array(times) - said.times).max() < SECONDS
    assert times == pytest.approx(aligned(units, said.words, log_probs), abs=1e-6)


def test_later_utterances_go_on_in_time(opened) -> None:
    """Times count from the stream's start, and words without a language model have the same."""
    units, model, lm = opened
    said = spoken(units, 9)
    sound = (said.sound * 32767).astype(np.int16)
    stream = model.stream(lm=lm, lm_weight=0.5, word_bonus=0.0, silence_seconds=0)
    stream.whole(sound)
    first = np.array([times for _, *times in stream.words])
    stream.restart()
    stream.whole(sound)
    later = np.array([times for _, *times in stream.words]) - len(sound) / 16000
    assert later == pytest.approx(first, abs=1e-6)
    greedy = model.stream(silence_seconds=0)
    greedy.whole(sound)
    if units.separator is not None:  # else each phone is shown as a word
        assert np.array([times for _, *times in greedy.words]) == pytest.approx(first, abs=1e-6)
