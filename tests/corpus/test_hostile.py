"""Corpora from outside: no command of theirs runs, and nothing is written outside the output."""

import gzip
import json
from pathlib import Path

import pytest
from lhotse import CutSet
from small_corpora import make_recipe, tone, write_audio, write_table

from schatten.corpus import make
from schatten.errors import UserError
from schatten.features.store import compute, read_cuts

NAME = "-x; touch pwned; $(touch pwned) 'a' \"b\""


def rows(audio: str) -> list[dict[str, str]]:
    return [
        {"id": f"{split};$(touch", "path": audio, "speaker": NAME, "split": split, "text": "yes"}
        for split in ("train", "dev", "test")
    ]


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("suffix", ["wav", "flac", "sph"])
def test_the_name_of_a_recording_is_no_command(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shorten import sphere

    monkeypatch.chdir(tmp_path)
    corpus = Path(NAME)
    path = corpus / f"{NAME}.{suffix}"
    write_table(corpus, rows(path.name))
    if suffix == "sph":
        path.write_bytes(sphere(tone(1.0), compressed=False))
    else:
        write_audio(path)
    make(make_recipe(), corpus, Path("data"))
    count = compute(Path("data/train.cuts.jsonl.gz"), corpus, "mel40", (1.0,), Path("f/t.jsonl.gz"))
    assert count == 1
    assert not list(tmp_path.rglob("pwned"))


def test_a_manifest_may_name_recordings_elsewhere_but_writes_nothing_there(tmp_path: Path) -> None:
    write_audio(tmp_path / "elsewhere/x.wav")
    corpus = tmp_path / "corpus"
    write_table(corpus, rows("../elsewhere/x.wav"))
    before = tree(tmp_path)
    make(make_recipe(), corpus, tmp_path / "data")
    compute(
        tmp_path / "data/train.cuts.jsonl.gz", corpus, "mel40", (1.0,), tmp_path / "f/t.jsonl.gz"
    )
    new = tree(tmp_path) - before
    assert {name.split("/")[0] for name in new} == {"data", "f"}


def cuts_manifest(path: Path, source: dict[str, object]) -> None:
    recording = {
        "id": "r",
        "sources": [source],
        "sampling_rate": 16000,
        "num_samples": 16000,
        "duration": 1.0,
    }
    supervision = {"id": "u", "recording_id": "r", "start": 0, "duration": 1.0, "text": "yes"}
    cut = {
        "id": "u",
        "start": 0,
        "duration": 1.0,
        "channel": 0,
        "recording": recording,
        "supervisions": [supervision],
        "type": "MonoCut",
    }
    with gzip.open(path, "wt") as file:
        file.write(json.dumps(cut) + "\n")


def test_a_manifest_of_commands_is_refused(tmp_path: Path) -> None:
    source = {"type": "command", "channels": [0], "source": f"touch {tmp_path}/pwned"}
    for split in ("train", "dev", "test"):
        cuts_manifest(tmp_path / f"{split}.jsonl.gz", source)
    with pytest.raises(UserError, match="is not one plain file"):
        make(make_recipe(corpus={"source": "lhotse"}), tmp_path, tmp_path / "data")
    assert not (tmp_path / "pwned").exists()


def test_a_folder_called_pipe_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("pipe:touch pwned;")
    folder.mkdir()
    cuts_manifest(folder / "a.jsonl.gz", {"type": "file", "channels": [0], "source": "x.wav"})
    cuts = read_cuts(folder / "a.jsonl.gz")
    assert isinstance(cuts, CutSet)
    assert [cut.id for cut in cuts] == ["u"]
    assert not list(tmp_path.rglob("pwned"))


def test_a_model_that_holds_code_is_refused(tmp_path: Path) -> None:
    import torch

    from schatten.models import load

    class Code:
        def __reduce__(self) -> tuple[object, tuple[str, ...]]:
            return Path.touch, (tmp_path / "pwned",)  # type: ignore[return-value]

    torch.save({"state": Code()}, tmp_path / "model.pt")
    with pytest.raises(UserError, match="is no whole model file"):
        load(tmp_path / "model.pt")
    assert not (tmp_path / "pwned").exists()
