"""The package: whole, checkable, the same bytes again; its scripts find the program that fits."""

import os
import platform
import subprocess
import tarfile
from pathlib import Path

import pytest
from project import ROOT

from schatten.errors import UserError
from schatten.export import package
from schatten.export.bundle import bundle
from schatten.recipe.decoding import Decoding
from schatten.runtime.files import read_json, write_json

HERE = platform.machine()
PROGRAM = '#!/bin/sh\necho "$0" "$@"\n'
CLEAN = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A package of a bundle, for this machine and another one; its programs print arguments."""
    content = {
        "model": b"GGUF" + bytes(200),
        "lm": b"mmap lm http://kheafield.com/code format version 5\n",
        "lexicon": b"call\tc a l l\n",
    }
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    write_json(tmp_path / "weights", {"lm_weight": 0.8, "word_bonus": -1.5, "tried": []})
    sources = {name: tmp_path / name for name in (*content, "weights")}
    bundle(**sources, settings=Decoding(beam=40), output=tmp_path / "bundle")
    (tmp_path / "program").write_text(PROGRAM)
    pack(tmp_path, tmp_path / "package")
    return tmp_path / "package"


def pack(folder: Path, output: Path) -> str:
    programs = {HERE: folder / "program", "armv7": folder / "program"}
    licences = {"NOTICE": ROOT / "NOTICE", "licences/own.txt": ROOT / "LICENSE"}
    return package.pack(folder / "bundle", programs, "# Card\n", "Voice", licences, output)


def run(folder: Path, *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
    environment = {**CLEAN, **more}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_all_is_there_and_sha256sum_accepts_it(made: Path) -> None:
    assert run(made, "sha256sum", "--check", "--quiet", "SHA256SUMS").returncode == 0
    names = {p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file()}
    sums = {line.split("  ")[1] for line in (made / "SHA256SUMS").read_text().splitlines()}
    assert names - sums == {"SHA256SUMS"}
    manifest = read_json(made / "manifest.json")
    assert set(manifest["files"]) == {"model.gguf", "lm.bin", "lexicon.txt"}
    readme = (made / "README.md").read_text()
    assert readme.startswith("# Voice\n") and f"for {HERE} and armv7." in readme


def test_the_archive_holds_the_folder_and_is_the_same_again(made: Path, tmp_path: Path) -> None:
    archive = made.with_name("package.tar.gz")
    first = archive.read_bytes()
    said = pack(tmp_path, made)
    assert archive.read_bytes() == first
    assert f"{len(first) / 1e6:.2f} MB, for {HERE} and armv7" in said
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "elsewhere", filter="data")
    there = tmp_path / "elsewhere/package"
    assert run(there, "sha256sum", "--check", "--quiet", "SHA256SUMS").returncode == 0
    assert os.access(there / "recognize.sh", os.X_OK)


def test_its_scripts_run_the_program_of_this_machine(made: Path) -> None:
    done = run(made.parent, "package/recognize.sh", "--json", "query one.wav")
    options = "--beam 40 --beam-threshold 25 --lm-weight 0.8 --token-beam 15 --word-bonus -1.5"
    files = "--manifest H/manifest.json --lm H/lm.bin --lexicon H/lexicon.txt H/model.gguf"
    expected = f"H/bin/{HERE}/schatten-recognize {options} {files} --json query one.wav\n"
    assert sorted(done.stdout.split()) == sorted(expected.replace("H/", "package/").split())
    other = run(made.parent, "package/recognize.sh", SCHATTEN_RECOGNIZE="/bin/echo")
    assert "--lm package/lm.bin" in other.stdout


def test_a_microphone_is_piped_into_it(made: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "arecord").write_text('#!/bin/sh\necho "$@" > arguments\n')
    (tools / "arecord").chmod(0o755)
    done = run(made, "./listen.sh", "-D", "hw:1", PATH=f"{tools}:/usr/bin:/bin")
    assert done.returncode == 0 and done.stdout.endswith("--partial --silence 0.8\n")
    assert (made / "arguments").read_text() == "-q -t raw -r 16000 -c 1 -f S16_LE -D hw:1\n"
    (made / "my words.tsv").write_text("zoltan\n")
    more = ("--words", "my words.tsv", "--gate", "-D", "hw:2")
    done = run(made, "./listen.sh", *more, PATH=f"{tools}:/usr/bin:/bin")
    assert done.stdout.endswith("--partial --silence 0.8 --gate --words my words.tsv\n")
    assert (made / "arguments").read_text() == "-q -t raw -r 16000 -c 1 -f S16_LE -D hw:2\n"
    done = run(made, "./listen.sh", "--words", PATH=f"{tools}:/usr/bin:/bin")
    assert done.returncode == 1
    assert done.stderr.endswith("--words needs a file of words, and there is none named ''\n")
    tools.joinpath("arecord").unlink()
    for name in ("dirname", "uname"):
        (tools / name).symlink_to(Path("/usr/bin") / name)
    done = run(made, "/bin/sh", "./listen.sh", PATH=str(tools))
    assert done.returncode == 1
    assert done.stderr.endswith("is missing: run sudo apt-get install alsa-utils\n")


def test_a_machine_without_a_program_is_told_so(made: Path) -> None:
    (made / f"bin/{HERE}/schatten-recognize").unlink()
    done = run(made, "./recognize.sh", "query.wav")
    assert done.returncode == 1
    assert f"there is no program for {HERE} here" in done.stderr


def test_a_program_that_is_missing_is_named(made: Path, tmp_path: Path) -> None:
    programs = {"aarch64": tmp_path / "nowhere"}
    with pytest.raises(UserError, match=r"build_engine\.sh --target aarch64"):
        package.pack(tmp_path / "bundle", programs, "", "", {}, tmp_path / "other")
    assert not (tmp_path / "other").exists()
