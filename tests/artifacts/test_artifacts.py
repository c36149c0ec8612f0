"""Artifacts against files that were written before they had classes (`data/`)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from artifact_files import check, kind_of

from schatten import artifacts
from schatten.artifacts import (
    Artifact,
    Choice,
    Epoch,
    History,
    LmInfo,
    Manifest,
    Measured,
    Score,
    SearchErrors,
    TextCounts,
    Tiers,
    Validation,
    Weights,
    read_by_name,
    write_list,
)
from schatten.errors import UserError
from schatten.runtime.files import read_json, write_json

DATA = Path(__file__).parent / "data"
SINGLE = [path for path in sorted(DATA.glob("*.json")) if kind_of(path)]
"""All files that hold one artifact."""
OTHERS = {"summary.json", "search_errors.json"}


@pytest.mark.parametrize("path", SINGLE, ids=lambda path: path.name)
def test_a_file_that_is_read_and_written_has_the_same_bytes(path: Path, tmp_path: Path) -> None:
    check(path, tmp_path / "again.json")


def test_every_kind_of_file_has_a_sample() -> None:
    assert {path.name for path in DATA.iterdir()} - {path.name for path in SINGLE} == OTHERS
    sampled = {kind_of(path) for path in SINGLE} | {TextCounts, SearchErrors}
    parts = {one for kind in sampled if kind for one in _parts(kind)}
    exported = {one for one in vars(artifacts).values() if isinstance(one, type)}
    assert exported - {Artifact} == sampled | parts


def _parts(kind: type[Artifact]) -> set[type[Artifact]]:
    """Return the classes of an artifact's fields and of theirs, and those it extends."""
    found: set[type[Artifact]] = {one for one in kind.mro() if issubclass(one, Artifact)}
    for field in kind.model_fields.values():
        for one in vars(artifacts).values():
            if isinstance(one, type) and one is not kind and one.__name__ in str(field.annotation):
                found |= {one, *_parts(one)}
    return found - {Artifact}


def test_counts_of_texts_have_the_same_bytes(tmp_path: Path) -> None:
    assert read_by_name(DATA / "summary.json", TextCounts)["grammar"].lines == 5000
    check(DATA / "summary.json", tmp_path / "again.json")


def test_search_errors_have_the_same_bytes(tmp_path: Path) -> None:
    path = DATA / "search_errors.json"
    found = [SearchErrors.checked(one, path) for one in read_json(path)]
    assert found[0].errors[0].better == ("call", "rome")
    write_list(tmp_path / "again.json", found)
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_what_was_read_is_what_the_files_say() -> None:
    history = History.read(DATA / "history.stage2.json")
    assert (history.system, history.seed, history.stage) == ("l2", 1, "stage2")
    assert history.seconds_per_epoch == history.training_seconds / len(history.epochs)
    assert History.read(DATA / "history.factored.json").seconds_per_epoch is None
    assert Score.read(DATA / "score.json").wer_interval == (46.9348, 63.2918)
    assert LmInfo.read(DATA / "info.pruned.json").megabytes == pytest.approx(0.020887)
    assert Manifest.read(DATA / "manifest.json").search == {
        "beam": 50,
        "beam_threshold": 25.0,
        "lm_weight": 0.8,
        "token_beam": 15,
        "word_bonus": 2.0,
    }
    assert Measured.read(DATA / "measured.qemu-a53.json").speed_up is None
    assert len(Choice.read(DATA / "choice.json").chosen) == 4
    assert Tiers.read(DATA / "tiers.json").tiers[0].system == "dense"


def test_only_what_was_given_is_written(tmp_path: Path) -> None:
    info = {"ngrams": [3, 2], "bytes": {"bin": 7}}
    LmInfo(ngrams=[3, 2], bytes={"bin": 7}).write(tmp_path / "info.json")
    assert read_json(tmp_path / "info.json") == info
    LmInfo(ngrams=[3, 2], bytes={"bin": 7}, threshold=None).write(tmp_path / "info.json")
    assert read_json(tmp_path / "info.json") == {**info, "threshold": None}


@pytest.mark.parametrize("loss", [float("inf"), float("nan"), 1e-300])
def test_odd_numbers_are_written_as_json_writes_them(loss: float, tmp_path: Path) -> None:
    Epoch(dev_cer=1.0, matrices={}, dev_loss=loss).write(tmp_path / "epoch.json")
    written = {"dev_cer": 1.0, "dev_loss": loss, "matrices": {}}
    assert (tmp_path / "epoch.json").read_text() == json.dumps(written, indent=2) + "\n"


def test_an_epoch_keeps_what_a_technique_measured(tmp_path: Path) -> None:
    record = {"epoch": 1, "dev_cer": 9.5, "matrices": {}, "sparsity": {"gru0_rec": 0.75}}
    Epoch.model_validate(record).write(tmp_path / "epoch.json")
    assert read_json(tmp_path / "epoch.json") == record


def test_fields_of_later_versions_are_ignored_and_those_of_earlier_may_lack(tmp_path: Path) -> None:
    path = tmp_path / "artifact.json"
    write_json(path, {"lm_weight": 0.5, "word_bonus": 1, "of_later": 2})
    assert Weights.read(path) == Weights(lm_weight=0.5, word_bonus=1.0)
    sizes = {"utterances": 1, "words": 2, "hours": 0.5, "speakers": 1}
    write_json(path, {"splits": {"dev": sizes}})
    assert Validation.read(path).splits["dev"].words == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"word_bonus": 1}', r"w\.json is not what this version of schatten writes \(lm_weight: "),
        ("[1]", r"w\.json is not what this version of schatten writes \(: "),
        ('{"lm_weight": 1', r"w\.json is not JSON"),
    ],
)
def test_other_files_are_refused_in_a_sentence(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(content)
    with pytest.raises(UserError, match=message):
        Weights.read(tmp_path / "w.json")
    with pytest.raises(UserError, match=r"w\.json"):
        read_by_name(tmp_path / "w.json", TextCounts)
    if "not JSON" not in message:
        with pytest.raises(UserError, match=r"w\.json holds no lm_weight and word_bonus"):
            Weights.read_tuned(tmp_path / "w.json")


def test_artifacts_are_read_without_torch() -> None:
    code = "import sys, schatten.artifacts; print(*{'torch', 'lhotse', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
