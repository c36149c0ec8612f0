"""About how long a plan takes: from records of the same file, its like, other recipes, or none."""

import json
from pathlib import Path

import pytest

from schatten.runtime.estimate import Planned, Records, makespan, planned, rounded, said


def record(folder: Path, path: str, seconds: float, command: str, began: str = "now") -> None:
    artifact = folder / path
    artifact.parent.mkdir(parents=True, exist_ok=True)
    seal = {"sha256": "", "bytes": 0, "files": 1, "modified_ns": 0}
    content = {"verb": command.split()[1], "command": command, "began": began, "seal": seal}
    beside = artifact.with_name(f".{artifact.name}.provenance.json")
    beside.write_text(json.dumps({**content, "seconds": seconds}))


def step(verb: str, recipe: str, output: str, *inputs: str, threads: int = 1) -> Planned:
    return Planned(verb, f"schatten {verb} --recipe {recipe}", inputs, (output,), threads)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = Path("results")
    for system, seconds in (("a", 100), ("b", 140), ("c", 120)):
        place = f"v/tiny/am/{system}/seed1"
        record(
            folder, f"{place}/stage1/model.pt", seconds, "schatten train --recipe v/tiny", system
        )
        record(folder, f"{place}/tau/stage2/model.pt", 30, "schatten train --recipe v/tiny", system)
    record(folder, "v/tiny/decode/a", 7, "schatten decode --recipe v/tiny")
    # Two files of one step count once.
    for name in ("x", "y"):
        record(folder, f"v/tiny/scores/{name}", 2, "schatten score --recipe v/tiny")
    record(folder, "v/tiny/scores/z", 8, "schatten score --recipe v/tiny --z")
    (folder / "v/tiny/.damaged.provenance.json").write_text("{")
    return folder


def test_the_closest_record_counts(results: Path) -> None:
    records = Records(results)
    for planned_step, expected in (
        (step("train", "v/tiny", "results/v/tiny/am/b/seed1/stage1/model.pt"), (140, True)),
        (step("train", "v/tiny", "results/v/tiny/am/new/seed1/stage1/model.pt"), (120, True)),
        (step("train", "v/tiny", "results/v/tiny/am/new/seed1/tau/stage2/model.pt"), (30, True)),
        (step("decode", "v/tiny", "results/v/tiny/decode/b"), (7, True)),
        (step("decode", "v/other", "results/v/other/decode/b"), (7, False)),
        (step("score", "v/other", "results/v/other/scores/b"), (5, False)),
        (step("export", "v/tiny", "results/v/tiny/model.gguf"), None),
    ):
        assert records.seconds(planned_step) == expected


def test_steps_wait_for_their_inputs_and_for_cores() -> None:
    steps = [
        step("a", "r", "one"),
        step("a", "r", "two"),
        step("a", "r", "three", "one", "two"),
        step("a", "r", "four", "old", threads=4),
    ]
    assert makespan(steps[:3], [10, 20, 5], cores=2) == 25
    assert makespan(steps[:3], [10, 20, 5], cores=1) == 35
    assert makespan(steps, [10, 20, 5, 40], cores=2) == 65
    assert makespan([], [], cores=2) == 0


def test_the_line_says_what_it_rests_on(results: Path) -> None:
    first = step("train", "v/tiny", "results/v/tiny/am/new/seed1/stage1/model.pt")
    second = step("export", "v/tiny", "results/v/tiny/new.gguf", *first.outputs)
    third = step("decode", "v/other", "results/v/other/decode/b", *first.outputs)
    assert said([first], 1) == "1 step, about 2 min on 1 core (1 measured in this recipe)"
    assert said([first, second, third], 2) == (
        "3 steps, about 2 min on 2 cores "
        "(1 measured in this recipe, 1 in other recipes, 1 not known)"
    )
    assert said([second], 2) == "1 step; no records tell yet how long they take"
    assert said([], 2) == ""


def test_jobs_that_only_collect_files_are_no_steps() -> None:
    job = {"shellcmd": "schatten lm prune --x", "rule_name": "p", "input": ["a"], "output": ["b"]}
    rule = {"shellcmd": None, "rule_name": "all", "input": ["b"], "output": []}
    found = planned([{**job, "threads": 2}, rule])
    assert found == [Planned("lm prune", "schatten lm prune --x", ("a",), ("b",), 2)]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.1, "1 s"), (89, "89 s"), (100, "2 min"), (3000, "50 min"), (9000, "2.5 h")],
)
def test_durations_are_rounded(seconds: float, text: str) -> None:
    assert rounded(seconds) == text
