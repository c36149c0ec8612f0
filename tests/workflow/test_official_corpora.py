"""The recipes of LibriSpeech's official parts, on a small copy of their folders."""

import csv
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
import soundfile
import yaml
from project import Project

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

PARTS = {
    "train": ("train-clean-100", "train-clean-360", "train-other-500"),
    "dev": ("dev-clean",),
    "test": ("test-clean", "test-other"),
}
EACH = 20
"""Utterances of a part; the corpus has more of all splits."""
MODEL = {
    "type": "deep_speech_2",
    "feature": "mel80",
    "convolutions": [{"channels": 8, "kernel": [5, 7], "stride": [2, 4]}],
    "gru": [48],
    "fully_connected": 48,
}


@pytest.fixture
def librispeech(corpora: Path, tmp_path: Path) -> Path:
    """Return recordings of read books, dealt by reader to the parts of the official folders."""
    source = corpora / "librispeech_all"
    if not source.is_dir():
        pytest.skip(f"no {source}")
    with (source / "transcripts.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    folder = tmp_path / "LibriSpeech"
    for split, parts in PARTS.items():
        chosen = [row for row in rows if row["split"] == split]
        place = {who: parts[n % len(parts)] for n, who in enumerate(readers(chosen))}
        count: Counter[str] = Counter()
        for row in chosen:
            part = place[row["speaker"]]
            count[part] += 1
            if count[part] <= EACH:
                write(folder / part, row, source)
    with gzip.open(folder / "librispeech-lm-norm.txt.gz", "wt") as file:
        file.writelines(f"{row['text']}\n" for row in rows if row["split"] == "train")
    return folder


def readers(rows: list[dict[str, str]]) -> list[str]:
    return sorted({row["speaker"] for row in rows})


def write(part: Path, row: dict[str, str], source: Path) -> None:
    """Write a recording as FLAC, and its line."""
    reader, chapter, _ = row["utt_id"].split("-")
    folder = part / reader / chapter
    folder.mkdir(parents=True, exist_ok=True)
    samples, rate = soundfile.read(source / row["path"])
    soundfile.write(folder / f"{row['utt_id']}.flac", samples, rate)
    with (folder / f"{reader}-{chapter}.trans.txt").open("a") as file:
        file.write(f"{row['utt_id']} {row['text']}\n")


@pytest.mark.parametrize(
    ("recipe", "parts"), [("full_100", 1), ("full_460", 2), ("full", 3)], ids=str
)
@pytest.mark.nightly
def test_the_official_parts_give_a_table(
    project: Project, librispeech: Path, recipe: str, parts: int
) -> None:
    """All is the recipe's but the size of models, epochs, precision and the grid of search."""
    lambdas = {"lambda_rec": 0.01, "lambda_nonrec": 0.01}
    small = {
        "extends": recipe,
        "models": {"deep_speech_2": MODEL},
        "trainings": {"default": {"epochs": 2, "batch_seconds": 60, "precision": "32"}},
        "systems": {
            kind: {
                "chain": [
                    {"train": {"techniques": [{kind: lambdas}]}},
                    {"truncate": {"tau": 0.8}},
                    {"train": {"epochs": 1}},
                ]
            }
            for kind in ("l2", "trace_norm")
        },
        "language_models": {"fourgram": {"discount_fallback": True}},
        "decoding": {"lm_weights": [0.5], "word_bonuses": [0.0, 2.0]},
    }
    (project.path / "recipes/librispeech/mini.yaml").write_text(yaml.safe_dump(small))
    mine = ("--recipe", "librispeech/mini", "--corpus-dir", str(librispeech))
    status, output = project.run("schatten", "run", "wer_tables", *mine)
    assert status == 0, output
    tables = project.path / "results/librispeech/mini/tables"
    with (tables / "wer.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["split"] for row in rows} == {"test_clean", "test_other"}
    assert {row["system"] for row in rows} == {"l2", "trace_norm"}
    (report,) = (project.path / "results/librispeech").glob("*/validation.json")
    splits = json.loads(report.read_text())["splits"]
    counts = {split: splits[split]["utterances"] for split in splits}
    assert counts == {"train": EACH * parts, "dev": EACH, "test_clean": EACH, "test_other": EACH}


def test_the_official_parts_are_planned(project: Project, tmp_path: Path) -> None:
    """Without the corpus: folders of one chapter, whose recordings a dry run does not open."""
    folder = tmp_path / "LibriSpeech"
    for number, part in enumerate(part for parts in PARTS.values() for part in parts):
        chapter = folder / part / str(number) / "1"
        chapter.mkdir(parents=True)
        (chapter / f"{number}-1.trans.txt").write_text(f"{number}-1-0000 GO ON\n")
    gzip.open(folder / "librispeech-lm-norm.txt.gz", "wt").close()
    plan = ("schatten", "run", "wer_tables", "-n", "--recipe", "librispeech/full")
    status, output = project.run(*plan, "--corpus-dir", str(folder))
    assert status == 0, output
    assert output.count("would run train") == 4
    status, output = project.run(*plan, "--corpus-dir", str(tmp_path))
    assert status != 0
    assert "train-clean-100 has no READER/CHAPTER/*.trans.txt: unpack" in output
