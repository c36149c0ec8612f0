"""Writing and reading artifacts: atomic, the same bytes, damaged ones refused by name."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from schatten.cli import main
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
        ("\ufeffa\r\r\nb", ["a", "b"]),
        ("a\rb\r", ["a", "b"]),
        ("a\u2028b\x85c\x0cd\n", ["a\u2028b\x85c\x0cd"]),
    ],
)
def test_lines_end_with_line_feeds_alone(tmp_path: Path, text: str, lines: list[str]) -> None:
    (tmp_path / "text").write_bytes(text.encode())
    assert files.read_lines(tmp_path / "text") == lines


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "cp1252"])
def test_another_encoding_is_named_with_the_command_that_converts_it(
    tmp_path: Path, encoding: str
) -> None:
    (tmp_path / "a b").write_bytes("né".encode(encoding))
    with pytest.raises(UserError, match="not UTF-8") as caught:
        files.read_text(tmp_path / "a b")
    assert f"'{tmp_path}/a b' > NEW" in str(caught.value)
    if encoding != "cp1252":
        assert f"it is {encoding.upper()}" in str(caught.value)


def sources() -> dict[str, str]:
    paths = Path(files.__file__).parents[1].rglob("*.py")
    return {f"{path.parent.name}/{path.name}": path.read_text("utf-8") for path in paths}


OURS = {
    "style/processes.py",
    "page/__init__.py",
    "features/pieces.py",
    "train/recognition.py",
    "corpus/contents.py",
    "lm/reader.py",
}
"""They read jobs, notes and assets of ours, not what a user writes; so does all of `runtime`."""


def test_text_of_users_is_opened_in_one_place() -> None:
    other = re.compile(
        r"\.read_text\(|encoding=|(?<!gzip\.)(?<!tarfile\.)(?<!wave\.)(?<!os\.)\bopen\((?![^)]*[\"']\w*b)"
    )
    ways = [
        f"{name}: {line.strip()}"
        for name, text in sources().items()
        if name not in OURS and not name.startswith("runtime/")
        for line in text.splitlines()
        if other.search(line)
    ]
    assert ways == []


def test_forms_of_letters_are_made_in_one_place() -> None:
    makers = [name for name, text in sources().items() if "unicodedata.normalize" in text]
    assert makers == ["schatten/letters.py"]


def test_an_output_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    output = tmp_path / "file/figures.md"
    command = ["schatten", "figure-page", "--recipe", "own/default", "--output", str(output)]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit, match="1"):
        main()
    said = capsys.readouterr().err
    assert said.startswith(f"schatten: {tmp_path / 'file'} cannot be read or written (")
    assert said.count("\n") == 1
