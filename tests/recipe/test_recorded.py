"""Settings in records, compared with those of a recipe."""

import json
from pathlib import Path
from typing import Any

import pytest
from project import ROOT

from schatten import recipe as recipes
from schatten.recipe import step_settings
from schatten.recipe.recorded import Recorded
from schatten.runtime import files, seals

OWN = recipes.load(str(ROOT / "recipes/own/default.yaml"))


def write(path: Path, **changes: Any) -> Path:
    """Write an artifact with a record of a greedy decoding."""
    files.write_text(path, "words")
    record = {
        "format": 2,
        "verb": "decode",
        "command": "schatten decode --recipe own/default --decoder greedy --output=x",
        "settings": json.loads(step_settings.settings("decode")),
        "seal": seals.seal(path).as_json(),
        **changes,
    }
    files.write_json(seals.record_of(path), record)
    return path


OTHER = {"step": "decode", "version": 0, "settings": []}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"settings": OTHER}, "version was 0, is 1"),
        ({"settings": OTHER, "format": None}, None),
        ({"settings": OTHER, "format": 1}, None),
        ({"settings": None}, None),
        ({"settings": OTHER, "verb": "statistics", "command": "schatten statistics"}, "step was"),
        ({"settings": OTHER, "verb": "bench", "command": "schatten bench"}, None),
        ({"settings": OTHER, "verb": "train", "command": "schatten train"}, None),
        (
            {
                "settings": OTHER,
                "verb": "train",
                "command": "schatten train --system gone --seed 1 --node stage1",
            },
            None,
        ),
        ({"settings": OTHER, "verb": "train", "command": "schatten 'train"}, None),
        (
            {
                "settings": json.loads(OWN.start("trace_norm", 3).settings),
                "verb": "train",
                "command": "schatten train --seed=3 --system 'trace_norm' --node stage1",
            },
            None,
        ),
    ],
)
def test_only_what_is_known_is_compared(
    tmp_path: Path, changes: dict[str, Any], said: str | None
) -> None:
    path = write(tmp_path / "test.hyp.txt", **changes)
    found = [str(change) for change in Recorded(OWN).changes([tmp_path])]
    assert [one.partition(said or "?")[0] for one in found] == ([f"{path}: "] if said else [])


def test_a_message_names_few_differences(tmp_path: Path) -> None:
    settings = json.loads(OWN.start("trace_norm", 3).settings)
    settings["version"] = 0
    settings["settings"][3] = dict.fromkeys(settings["settings"][3], "x" * 99)
    command = "schatten train --seed=3 --system trace_norm --node stage1"
    write(tmp_path / "model.pt", verb="train", command=command, settings=settings)
    (change,) = Recorded(OWN).changes([tmp_path])
    assert str(change).count(" was ") == 3
    assert str(change).endswith(" and 1 more")
    assert len(str(change)) < len(str(tmp_path)) + 250
