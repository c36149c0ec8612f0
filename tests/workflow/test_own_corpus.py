"""recipes/own from a table of recordings to a folder for a board, in a project folder."""

import csv
import json
import os
import platform
import subprocess
from pathlib import Path

import pytest
from project import BIN, ROOT

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow"), pytest.mark.nightly]

USED = {"train": 60, "dev": 10, "test": 10}
MINE = """
extends: default
title: Some letters and numbers
corpus: {manifest: lists/mine.tsv, columns: {id: name}}
speed_perturbation: [1.0]
models: {deep_speech_2: {gru: [48, 48, 48], fully_connected: 48}}
trainings: {default: {epochs: 2, batch_seconds: 60}}
systems: {trace_norm: {ranks: [{tau: 0.70}], stage2: {epochs: 1}}}
"""
"""What a user writes into mine.yaml: smaller and shorter than default.yaml, as this is a test."""


def write_corpus(an4: Path, folder: Path) -> Path:
    """Write a table of the first utterances of each split, with links to their recordings."""
    with (an4 / "transcripts.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    lines = ["name\tpath\tspeaker\tsplit\ttext"]
    for split, count in USED.items():
        for row in [row for row in rows if row["split"] == split][:count]:
            path = folder / "lists" / row["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(an4 / row["path"])
            lines.append("\t".join(row[k] for k in ("utt_id", "path", "speaker", "split", "text")))
    (folder / "lists/mine.tsv").write_text("\n".join(lines) + "\n")
    return folder


def test_from_a_table_to_a_board(corpora: Path, tmp_path: Path) -> None:
    folder = write_corpus(corpora / "an4", tmp_path / "corpus")

    def run(*command: object, home: Path = tmp_path / "speech") -> str:
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [*map(str, command)],
            cwd=home,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    run("schatten", "init", "speech", home=tmp_path)
    home = tmp_path / "speech"
    (home / "recipes/own/mine.yaml").write_text(MINE)
    mine = ("--recipe", "own/mine", "--corpus-dir", folder)
    run("schatten", "run", "wer_tables", "-j2", *mine)

    shown = run("schatten", "show", *mine)
    assert shown.count("int8 in the engine") == 3, "dense, the trace norm whole and truncated"
    tables = home / "results/own/mine/tables"
    with (tables / "wer.csv").open() as file:
        systems = {row["system"] for row in csv.DictReader(file)}
    assert systems == {"dense", "trace_norm"}
    with (tables / "bundles.csv").open() as file:
        assert len(list(csv.DictReader(file))) >= 2
    curves = run("schatten", "curves", "own/mine")
    assert curves.count("/seed1/") >= 3

    here = platform.machine()
    run("schatten", "pack", *mine, "--target", here, "--output", "voice")
    run("sha256sum", "--check", "--quiet", "SHA256SUMS", home=home / "voice")
    sound = next((folder / "lists").rglob("test/*.flac"))
    heard = run("./recognize.sh", "--json", sound, home=home / "voice").splitlines()
    assert "text" in json.loads(heard[0])
