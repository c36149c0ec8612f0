"""Every job of every recipe is planned as the files under golden/ say."""

import re
from itertools import product
from pathlib import Path

import golden_jobs
import pytest
from golden_jobs import COMMAND, GOLDEN, Golden, difference, every
from golden_text import braces, text_of


@pytest.mark.parametrize("golden", every(), ids=lambda golden: golden.name)
def test_jobs_are_planned_as_the_file_says(golden: Golden) -> None:
    if found := difference(golden):
        pytest.fail(found, pytrace=False)


def test_there_are_no_other_files() -> None:
    assert set(GOLDEN.iterdir()) == {golden.path for golden in every()}


def test_a_difference_is_shown_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm = next(golden for golden in every() if golden.name == "arm")
    monkeypatch.setattr(golden_jobs, "GOLDEN", tmp_path)
    text = (GOLDEN / "arm.txt").read_text()
    assert " -j 2 " in text
    arm.path.write_text(text.replace(" -j 2 ", " -j 3 "))
    found = difference(arm)
    assert re.search(r"^-  \$ ctest .* -j 3 ", found, re.MULTILINE)
    assert re.search(r"^\+  \$ ctest .* -j 2 ", found, re.MULTILINE)
    assert found.endswith(f"{COMMAND} arm")


def job(system: str, **changes: object) -> dict[str, object]:
    folder = f"results/a/b/am/{system}/seed1/stage1"
    return {
        "target": None,
        "outputs": [f"{folder}/model.pt"],
        "inputs": ["results/a/b/train.cuts"],
        "params": {"settings": '{"settings":[1],"step":"train","version":1}'},
        "derived": {},
        "shell": f"schatten train --system {system} --seed 1 --output {folder}/model.pt",
        **changes,
    }


def test_jobs_that_differ_in_names_alone_are_one_entry() -> None:
    assert text_of([job("l2"), job("dense")], {"results/a/b": "HOME"}) == [
        "",
        "job {dir}/model.pt",
        "  < HOME/train.cuts",
        "  $ schatten train --system {system} --seed {seed} --output {dir}/model.pt",
        '  settings {"settings": [1], "step": "train", "version": 1}',
        "  = HOME/am/{dense,l2}/seed1/stage1/model.pt",
        "",
        "# Long values",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": ["results/a/b/train.cuts", "results/a/b/teacher.pt"]},
        {"inputs": []},
        {"params": {"settings": '{"settings":[2],"step":"train","version":1}'}},
        {"params": {}},
        {"params": {"settings": '{"settings":[1],"step":"train","version":1}', "more": "x"}},
        {"derived": {"more": "x"}},
        {"shell": "schatten train --system dense --seed 1 --output elsewhere"},
        {"shell": None},
    ],
)
def test_every_change_of_a_job_is_seen(change: dict[str, object]) -> None:
    before, after = [job("dense"), job("l2")], [job("dense", **change), job("l2")]
    assert text_of(before, {}) != text_of(after, {})


def test_long_settings_are_seen_to_the_last_letter() -> None:
    def settings(last: str) -> dict[str, str]:
        return {"settings": f'{{"settings":[{{"a":"{"x" * 200}{last}","b":"{"y" * 200}"}}]}}'}

    one, other = (text_of([job("dense", params=settings(last))], {}) for last in "xy")
    assert len([line for line in one if line not in other]) == 3, "the name twice, and the value"


def expanded(line: str) -> list[str]:
    parts = [part[1:-1].split(",") if "{" in part else [part] for part in line.split("/")]
    return ["/".join(one) for one in product(*parts)]


@pytest.mark.parametrize("left_out", range(0, 120, 7))
def test_paths_in_braces_are_the_paths(left_out: int) -> None:
    names = ("dense", "trace_norm", "l2", "split_and_a_long_name_that_fills_the_line")
    files = ("model.pt", "history.json", "train.log")
    paths = ["/".join(one) for one in product(["am", "bundle"], names, "12345", files)]
    del paths[left_out]
    lines = braces(reversed(paths))
    assert sorted(path for line in lines for path in expanded(line)) == sorted(paths)
    assert len(lines) < 20
