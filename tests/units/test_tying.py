"""Tied phones of texts: labels, and graphs of all pronunciations in all their contexts."""

import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from test_graph import paths
from toy_state_graphs import Words, draw_words

from schatten.train.graph_loss import graph_losses
from schatten.units import BLANK, Units
from schatten.units.inventory import PHONES
from schatten.units.tying import Tying

SIZE = 3


def drawn_tying(seed: int, each: int = 2) -> Tying:
    """Draw units of two phones, `each` of them for each, by both neighbours."""
    random = np.random.default_rng([2, seed])
    table = np.zeros((SIZE,) * 3, np.int64)
    for phone in range(1, SIZE):
        table[:, phone] = 1 + (phone - 1) * each + random.integers(0, each, (SIZE, SIZE))
    return Tying(Units(PHONES, (BLANK, "AA", "B"), None), table)


def expected(words: Words, tying: Tying, frames: int) -> Counter[tuple[int, ...]]:
    """Return the paths of all choices of spellings, from all paths that there are."""
    choices = Counter(
        tuple(tying.labels([phone for spelling in choice for phone in spelling]))
        for choice in itertools.product(*(sorted(set(spellings)) for spellings in words))
    )
    found: Counter[tuple[int, ...]] = Counter()
    for path in itertools.product(range(int(tying.table.max()) + 1), repeat=frames):
        found[path] = choices[tuple(unit for unit, _ in itertools.groupby(path) if unit)]
    return Counter({path: count for path, count in found.items() if count})


@pytest.mark.parametrize("seed", range(30))
def test_the_paths_are_those_of_every_choice_of_pronunciations(seed: int) -> None:
    words, tying = draw_words(np.random.default_rng(seed), SIZE), drawn_tying(seed)
    graph = tying.graph(words)
    for frames in range(6):
        assert paths(graph, frames) == expected(words, tying, frames)


@pytest.mark.parametrize("seed", range(10))
def test_the_loss_of_a_text_sums_over_its_pronunciations_in_context(seed: int) -> None:
    words, tying = draw_words(np.random.default_rng(seed), SIZE), drawn_tying(seed)
    units, frames = int(tying.table.max()) + 1, 6
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(1, frames, units, generator=generator, dtype=torch.float64).log_softmax(-1)
    loss = graph_losses(values, torch.tensor([frames]), [tying.graph(words)])
    total = sum(
        count * float(values[0, range(frames), path].sum().exp())
        for path, count in expected(words, tying, frames).items()
    )
    if total:
        assert float(loss[0]) == pytest.approx(-np.log(total), abs=1e-9)
    else:
        assert float(loss[0]) == np.inf


def test_one_unit_for_each_phone_gives_the_paths_of_phones() -> None:
    words = [((1, 2), (2,)), ((2, 1),)]
    tying = drawn_tying(0, each=1)
    assert tying.labels([1, 2, 2]) == [1, 2, 2]
    assert paths(tying.graph(words), 5) == expected(words, tying, 5)


def test_labels_know_their_neighbours_and_the_edges() -> None:
    table = np.arange(27).reshape(3, 3, 3)
    tying = Tying(Units(PHONES, (BLANK, "AA", "B"), None), table)
    assert tying.labels([1, 2, 1]) == [table[0, 1, 2], table[1, 2, 1], table[2, 1, 0]]
    assert tying.labels([]) == []


@pytest.mark.parametrize("words", [[()], [((),)], [((1,), ())]])
def test_words_without_phones_are_refused(words: Words) -> None:
    with pytest.raises(ValueError, match="a word needs spellings of one phone or more"):
        drawn_tying(0).graph(words)


def test_a_long_utterance_is_no_matter_of_recursion(tmp_path: Path) -> None:
    graph = drawn_tying(0).graph([((1, 2), (2, 1, 1))] * 1500)
    assert len(graph) > 3000
