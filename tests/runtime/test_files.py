"""Writing and reading artifacts: atomic, the same bytes, damaged ones refused by name."""

import os
import subprocess
from pathlib import Path

import pytest

from schatten.errors import UserError
from schatten.runtime import files


def test_an_exception_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    files.write_text(path, "before")
    with pytest.raises(ZeroDivisionError), files.atomic_output(path) as beside:
        beside.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_folders_are_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    for name in ("old", "new"):
        with files.atomic_output(path) as beside:
            beside.mkdir()
            (beside / name).touch()
    assert [one.name for one in path.iterdir()] == ["new"]


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    left = [tmp_path / f"{files._PREFIX}{pid}.a.txt" for pid in (dead.pid, os.getppid())]
    for path in left:
        path.touch()
    files.write_text(tmp_path / "a.txt", "x")
    assert [path.exists() for path in left] == [False, True]


def test_gzip_has_no_time_stamp_and_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    files.write_jsonl(path, [{"b": 1, "a": 2}])
    first = path.read_bytes()
    files.write_jsonl(path, [{"a": 2, "b": 1}])
    assert path.read_bytes() == first
    assert files.read_jsonl(path) == [{"a": 2, "b": 1}]
    for damaged in (first[:-6], first[:12] + b"\xff" + first[13:], b"plain"):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"a\.jsonl\.gz"):
            files.read_jsonl(path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing\.json does not exist"):
        files.read_json(tmp_path / "nothing.json")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\r\nb\n", ["a", "b"]),
        ("\n\na\n\n", ["", "", "a", ""]),
        ("a\u2028b\x85c\x0cd\n", ["a\u2028b\x85c\x0cd"]),
    ],
)
def test_lines_end_with_line_feeds_alone(tmp_path: Path, text: str, lines: list[str]) -> None:
    (tmp_path / "text").write_bytes(text.encode())
    assert files.read_lines(tmp_path / "text") == lines
