"""Hypotheses of an artifact: the comparisons they make, and files that are refused."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from schatten.errors import UserError
from schatten.recipe.steps import Sequence
from schatten.runtime.files import write_jsonl
from schatten.train.graph_loss import graph_losses
from schatten.train.hypotheses import Comparisons
from schatten.train.recognition import _grammar, _symbols, _unigrams
from schatten.units.graph import linear
from schatten.units.spelled import SpelledUnits

SPELLED = SpelledUnits.of_characters("abc")
ROW = {
    "id": "u1",
    "best": ["a b", "a c", "c"],
    "start": 0,
    "arcs": [[0, 1, "a"], [1, 2, "b"], [1, 2, "c"]],
    "finals": [2],
}


def written(folder: Path, *rows: Any, units: Any = None) -> Path:
    head = {"log_probabilities": {"a": -1.0}, "units": units or SPELLED.units.stored()}
    path = folder / "hypotheses.jsonl.gz"
    write_jsonl(path, [head, *rows])
    return path


@pytest.mark.parametrize(
    ("step", "costs"),
    [
        (Sequence(), {1, 2, 3}),
        (Sequence(criterion="smbr", risk="words"), {1}),
        (Sequence(criterion="smbr"), {1}),
    ],
)
def test_costs_of_the_list_or_of_the_lattice(
    step: Sequence, costs: set[int], tmp_path: Path
) -> None:
    found = Comparisons(written(tmp_path, ROW), step, SPELLED).of("u1", "a b")
    assert found.wrong is not None and found.wrong.final_weights is not None
    weighed = {round(2.718281828 ** float(one)) for one in found.wrong.final_weights}
    assert weighed <= costs and weighed
    assert len(found.wrong.finals) < len(found.hypotheses.finals), "the reference costs nothing"


def test_mmi_weighs_no_costs_and_a_lone_reference_has_none(tmp_path: Path) -> None:
    empty = {"id": "u2", "best": [], "start": 0, "arcs": [], "finals": []}
    path = written(tmp_path, ROW, empty)
    assert Comparisons(path, Sequence(criterion="mmi"), SPELLED).of("u1", "a b").wrong is None
    for step in (Sequence(), Sequence(criterion="smbr")):
        alone = Comparisons(path, step, SPELLED).of("u2", "a b")
        assert alone.wrong is None
        assert alone.hypotheses.units.tolist() == alone.reference.units.tolist()


LISTS = {
    "without it": ["a c", "c"],
    "with it": ["a b", "a c"],
    "twice": ["a b", "a c", "a b"],
    "nothing said": ["", "c"],
}


@pytest.mark.parametrize("best", LISTS.values(), ids=list(LISTS))
@pytest.mark.parametrize("criterion", ["mwer", "smbr", "mmi"])
def test_the_reference_is_among_the_hypotheses_once(
    criterion: Any, best: list[str], tmp_path: Path
) -> None:
    """The sum over all hypotheses is that over each of them, taken once, and the reference."""
    arcs: dict[tuple[str, ...], int] = {(): 0}
    rows = []
    for words in dict.fromkeys(tuple(one.split()) for one in best):
        for place, word in enumerate(words):
            if words[: place + 1] not in arcs:
                arcs[words[: place + 1]] = len(arcs)
                rows.append([arcs[words[:place]], arcs[words[: place + 1]], word])
    finals = sorted({arcs[tuple(one.split())] for one in best})
    row = {"id": "u1", "best": best, "start": 0, "arcs": rows, "finals": finals}
    step = Sequence(criterion=criterion, lm_weight=0.5)
    found = Comparisons(written(tmp_path, row), step, SPELLED).of("u1", "a b")

    frames = torch.randn(1, 7, len(SPELLED.units), generator=torch.manual_seed(3))
    log_probs, length = frames.double().log_softmax(-1), torch.tensor([7])
    sums = [
        0.5 * -1.0 * words.count("a")
        - graph_losses(log_probs, length, [linear(SPELLED.labels(" ".join(words)))])[0]
        for words in {("a", "b"), *(tuple(one.split()) for one in best)}
    ]
    every = -graph_losses(log_probs, length, [found.hypotheses])[0]
    assert float(every) == pytest.approx(float(torch.stack(sums).logsumexp(0)), abs=1e-9)
    reference = -graph_losses(log_probs, length, [found.reference])[0]
    alone = graph_losses(log_probs, length, [linear(SPELLED.labels("a b"))])[0]
    assert float(reference) == pytest.approx(-0.5 - float(alone), abs=1e-9)


def test_an_utterance_of_no_words_is_compared_too(tmp_path: Path) -> None:
    """A transcript may be empty: each word of a hypothesis is then an error."""
    found = Comparisons(written(tmp_path, ROW), Sequence(), SPELLED).of("u1", "")
    assert found.wrong is not None and found.wrong.final_weights is not None
    weighed = {round(math.exp(one)) for one in found.wrong.final_weights}
    assert weighed == {1, 2}


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="other units"):
        Comparisons(written(tmp_path, ROW, units=["<blank>", " ", "x"]), Sequence(), SPELLED)
    with pytest.raises(UserError, match="no hypotheses of u9"):
        Comparisons(written(tmp_path, ROW), Sequence(), SPELLED).of("u9", "a")
    write_jsonl(tmp_path / "odd.jsonl", [ROW])
    with pytest.raises(UserError, match="holds no hypotheses"):
        Comparisons(tmp_path / "odd.jsonl", Sequence(), SPELLED)


def test_unigrams_sum_to_one_and_are_a_grammar_of_one_state() -> None:
    from collections import Counter
    from math import exp

    unigrams, end = _unigrams(Counter({"a": 3, "b": 1}), 2)
    assert sum(map(exp, unigrams.values())) + exp(end) == pytest.approx(1)
    grammar = _grammar(_symbols(sorted(unigrams), SPELLED), unigrams, end)
    assert (grammar.states, grammar.arcs) == (1, 2)
