"""A part of the training split of some hours: nested, balanced by speaker, counted."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from lhotse import CutSet, MonoCut, SupervisionSegment
from small_data import write_data
from toy_training import toy

from schatten import recipe as recipes
from schatten.errors import UserError
from schatten.features.store import read_features
from schatten.train.steps import read_history
from schatten.train.steps import train as train_node
from schatten.train.subset import chosen, only, said

HOUR = 3600.0


def cut(name: str, speaker: str, seconds: float, copy_of: str | None = None) -> MonoCut:
    speech = SupervisionSegment(name, name, 0, seconds, text="a", speaker=speaker)
    custom = None if copy_of is None else {"copy_of": copy_of}
    return MonoCut(name, 0, seconds, 0, supervisions=[speech], custom=custom)


def some_cuts(speeds: Sequence[float] = (1.0,)) -> list[MonoCut]:
    """Four speakers: one has 3 utterances, the others 40, of 5 to 14 seconds, at each speed."""
    cuts = []
    for speaker, utterances in (("anna", 3), ("bert", 40), ("carl", 40), ("dora", 40)):
        for number in range(utterances):
            name = f"{speaker}{number}"
            seconds = 5.0 + (7 * number + 3 * utterances) % 10
            for speed in speeds:
                suffix = "" if speed == 1.0 else f"_sp{speed}"
                cuts.append(cut(f"{name}{suffix}", speaker, seconds / speed))
    return cuts


def test_parts_are_nested_and_of_their_hours() -> None:
    cuts = some_cuts()
    length = {one.id: one.duration for one in cuts}
    whole = sum(length.values())
    parts = [chosen(cuts, share * whole / HOUR, 1) for share in (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)]
    for (names, _), (more, _) in pairwise(parts):
        assert names < more
    for (names, found), share in zip(parts, (0.05, 0.1, 0.2, 0.4, 0.8, 1.0), strict=True):
        seconds = sum(length[name] for name in names)
        assert share * whole - 1e-6 <= seconds < share * whole + max(length.values())
        assert found.hours == pytest.approx(seconds / HOUR, abs=1e-6)
        assert (found.utterances, found.of_utterances, found.of_speakers) == (len(names), 123, 4)
        assert found.of_hours == pytest.approx(whole / HOUR, abs=1e-6)
    assert parts[-1][0] == set(length)


def test_speakers_have_the_same_time_until_they_have_given_all() -> None:
    cuts = some_cuts()
    names, found = chosen(cuts, 400 / HOUR, 3)
    given = dict.fromkeys(("anna", "bert", "carl", "dora"), 0.0)
    for one in cuts:
        if one.id in names:
            given[one.supervisions[0].speaker or ""] += one.duration
    assert found.speakers == 4
    everything = sum(one.duration for one in cuts if one.id.startswith("anna"))
    assert given.pop("anna") == everything
    assert max(given.values()) - min(given.values()) <= 14 + 14


def test_the_seed_alone_decides() -> None:
    cuts = some_cuts()
    first, _ = chosen(cuts, 0.05, 1)
    assert chosen(reversed(cuts), 0.05, 1)[0] == first, "not the order of the manifest"
    assert chosen(cuts, 0.05, 2)[0] != first


def test_copies_follow_their_utterance_and_count_once() -> None:
    plain, fast = some_cuts(), some_cuts((0.9, 1.0, 1.1))
    names, found = chosen(plain, 0.1, 1)
    assert chosen(fast, 0.1, 1) == (names, found)
    without = [one for one in fast if said(one) != one.id]
    assert chosen(without, 0.1, 1)[0] == names, "the recording's own speed need not be there"
    noisy = cut("bert1-noise1", "bert", 6.0, copy_of="bert1")
    kept = only(CutSet.from_cuts([*fast, noisy]), frozenset({"bert1"}))
    assert sorted(kept.ids) == ["bert1", "bert1-noise1", "bert1_sp0.9", "bert1_sp1.1"]
    assert chosen([*plain, noisy], 0.1, 1) == (names, found)


def test_more_hours_than_there_are_is_refused() -> None:
    with pytest.raises(UserError, match=r"has 0\.\d+ hours, and .* wants hours: 2: lower"):
        chosen(some_cuts(), 2.0, 1)


def test_a_training_hears_its_part_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The history says which part; settings of trainings without hours stay as they were."""
    (train, dev), statistics, path = write_data(tmp_path)
    settings = path.read_text()
    before = recipes.load(str(path)).start("dense", 1).settings
    assert '"hours"' not in before
    path.write_text(settings.replace("epochs: 2", "epochs: 1\n    hours: 0.003"))
    node = recipes.load(str(path)).start("dense", 1)
    assert '"hours": 0.003' in json.dumps(json.loads(node.settings))
    inputs = {"train": train, "dev": dev, "statistics": statistics}
    train_node(node, inputs, tmp_path / "out/model.pt")
    part = read_history(tmp_path / "out/model.pt").trained_on
    assert part is not None
    names, expected = chosen(read_features(train), 0.003, 1)
    assert part == expected
    assert part.utterances == len(names) < part.of_utterances == 40
    assert f"trained on {part}" in capsys.readouterr().out
    assert "of 40 utterances" in str(part)


def test_fewer_hours_are_fewer_steps(tmp_path: Path) -> None:
    model, whole = toy(tmp_path / "whole", [])
    other, part = toy(tmp_path / "part", [], hours=0.003)
    assert 0 < part[0]["steps"] < whole[0]["steps"]
    pairs = zip(model.parameters(), other.parameters(), strict=True)
    assert not all(torch.equal(one, two) for one, two in pairs)
