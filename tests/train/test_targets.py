"""Targets of a training: labels, graphs of several pronunciations, and what is left out."""

from pathlib import Path

import pytest
import torch
from lhotse import CutSet
from small_data import write_data, write_split
from toy_state_graphs import frames_needed

from schatten import models, recipe
from schatten.errors import UserError
from schatten.features.store import read_features
from schatten.runtime.launch import Place
from schatten.train import steps
from schatten.train.data import Utterances
from schatten.train.objectives import Ctc
from schatten.train.targets import Targets
from schatten.units import BLANK, Units, characters
from schatten.units.spelled import SpelledUnits

PHONES = Units("phones", (BLANK, "A", "B", "C"), None)
SPELLED = SpelledUnits(PHONES, {"aa": ((1, 1), (1, 2)), "b": ((2,),), "ca": ((3, 1),)})


def test_only_texts_with_several_pronunciations_have_graphs() -> None:
    targets = Targets(SPELLED, every=True)
    assert targets.labels("aa b").tolist() == [1, 1, 2]
    graph = targets.graph("aa b")
    assert graph is not None
    assert frames_needed(graph) == 4  # A B, blank, B; or A, blank, A B
    assert targets.graph("aa b") is graph, "graphs are held"
    assert targets.graph("b ca") is None
    assert PHONES.frames_needed(targets.shortest("aa b")) == frames_needed(graph)


def test_without_the_option_the_main_pronunciation_counts_alone() -> None:
    targets = Targets(SPELLED)
    assert targets.graph("aa b") is None
    assert targets.shortest("aa") == [1, 1]


def test_the_error_rate_is_called_by_the_units() -> None:
    assert Targets(SPELLED).error_rate == "PER"
    assert Targets(SpelledUnits(characters("ab"), None)).error_rate == "CER"


def test_a_batch_moves_its_tensors_and_keeps_its_graphs(tmp_path: Path) -> None:
    cuts = read_features(write_split(tmp_path, "train", 2, seed=1))
    words = {word: ((1,), (2, 3)) for cut in cuts for word in cut.supervisions[0].text.split()}
    targets = Targets(SpelledUnits(PHONES, words), every=True)
    batch = Utterances(targets, Place())[CutSet.from_cuts(list(cuts))]
    moved = batch.moved(lambda tensors: torch.utils._pytree.tree_map(torch.clone, tensors))
    assert moved.graphs is batch.graphs
    assert moved.graphs is not None
    assert len(moved.graphs) == len(moved.labels) == 2
    assert torch.equal(moved.features, batch.features)
    log_probs = torch.randn(2, 50, 4).log_softmax(-1)
    lengths = torch.tensor([50, 40])
    every = Ctc(PHONES).losses(log_probs, lengths, moved)
    main = Ctc(PHONES).losses(
        log_probs, lengths, Utterances(Targets(targets.spelled), Place())[cuts]
    )
    assert (every < main).all(), "more paths are more probable"


def test_a_model_of_other_units_is_refused(tmp_path: Path) -> None:
    _, statistics, path = write_data(tmp_path)
    node = recipe.load(str(path)).start("dense", 1)
    model = steps.initial_model(node, {"statistics": statistics})
    with pytest.raises(
        UserError,
        match=r"text\.alphabet has other units than the model that dense/seed1",
    ):
        steps.targets_of(node, {}, PHONES)
    assert steps.targets_of(node, {}, model.units).spelled.units == model.units


def test_a_set_of_units_needs_its_inventory(tmp_path: Path) -> None:
    _, _, path = write_data(tmp_path)
    with pytest.raises(UserError, match="the units phones need --units"):
        steps.spelled_units(recipe.load(str(path)), "phones", None)


def test_units_travel_in_the_model(tmp_path: Path) -> None:
    settings = recipe.load(str(write_data(tmp_path)[2]))
    model = models.build(settings.models[settings.systems["dense"].model], PHONES, "partial")
    models.save(model, tmp_path / "model.pt")
    assert models.load(tmp_path / "model.pt").units == PHONES
