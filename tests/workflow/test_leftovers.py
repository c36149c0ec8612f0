"""`schatten usage` and `schatten clean`: planted orphans go, and nothing that a recipe needs."""

import json
from pathlib import Path

import pytest
import torch
import yaml
from fake_results import RECIPE, make_experiment
from typer.testing import CliRunner

from schatten.cli import app
from schatten.corpus.fingerprint import fingerprint
from schatten.recipe import load
from schatten.recipe.layout import table_nodes
from schatten.train.state import state_key, training_state
from schatten.workflow import leftovers


def run(*arguments: str, answer: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments, input=answer)
    return result.exit_code, result.output


def plant(path: Path, size: int = 1000) -> Path:
    path.mkdir(parents=True)
    (path / "file").write_bytes(bytes(size))
    return path


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one recipe of recordings and all of its results, under the right key."""
    monkeypatch.chdir(tmp_path)
    make_experiment(Path())
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "transcripts.tsv").write_text("path\ttext\tspeaker\tsplit\n")
    key = fingerprint(load("voice/tiny"), corpus)
    Path("results/voice/abc").rename(f"results/voice/{key}")
    return tmp_path


def test_nothing_of_a_recipe_is_a_leftover(project: Path) -> None:
    before = files(project)
    status, said = run("clean", "--yes", "--corpus-dir", "corpus")
    assert (status, said) == (0, "every folder is needed by a recipe: nothing to remove\n")
    assert files(project) == before


def test_planted_orphans_are_named_with_sizes_and_removed(project: Path) -> None:
    before = files(project)
    (key,) = (path for path in Path("results/voice").iterdir() if path.name != "tiny")
    home = Path("results/voice/tiny")
    planted = [
        plant(Path("results/voice/0123456789/text"), 3_000_000).parent,
        plant(Path("results/voice/old_one/am/dense/seed1")).parents[2],
        plant(Path("results/gone/tiny/am/dense/seed1")).parents[2],
        plant(home / "am/renamed/seed1/stage1").parents[1],
        plant(home / "am/dense/seed7/stage1").parent,
        plant(home / "am/l2/seed1/tau0.30@e12/stage2").parent,
        plant(home / "decode/renamed/seed1/full/stage1/fp32").parents[3],
        plant(home / "tune/renamed/seed1").parent,
        plant(home / "units/old"),
        plant(key / "lm/older"),
        plant(key / "features/mel999"),
    ]
    # Whose records tell no recipe may have been made by a file of another folder.
    kept = plant(Path("results/unknown/tiny/am/dense"))
    for one in (Path("results/voice/old_one"), Path("results/gone/tiny")):
        record = {"command": "schatten train --recipe voice/old_one", "seal": {}}
        record["seal"] = {"sha256": "", "bytes": 0, "files": 1, "modified_ns": 0}
        (one / ".file.provenance.json").write_text(json.dumps(record))
    status, said = run("clean", "--corpus-dir", "corpus", answer="n\n")
    assert status == 0 and "nothing was removed" in said
    listed = [line.split("  ")[-1].partition(":")[0] for line in said.splitlines()]
    assert set(map(str, planted)) <= set(listed)
    assert "   3.0 MB  results/voice/0123456789: data with other settings" in said
    assert before <= files(project) and all(path.exists() for path in planted)
    assert "would remove 3.0 MB" in run("usage", "--corpus-dir", "corpus")[1]
    status, said = run("clean", "--corpus-dir", "corpus", answer="y\n")
    assert (status, said.splitlines()[-1].endswith("removed 11 folders")) == (0, True)
    assert files(project) == before | {project / kept / "file"}
    assert not Path("results/gone").exists(), "folders that became empty go too"


def test_data_of_recordings_is_kept_where_their_folder_is_not_known(project: Path) -> None:
    old = plant(Path("results/voice/0123456789/text"))
    status, said = run("clean", "--yes")
    assert status == 0 and old.exists()
    assert "kept: results/voice: data of all keys are kept, as tiny reads recordings" in said


def test_a_state_that_no_training_goes_on_with_is_removed(project: Path) -> None:
    node = table_nodes(load("voice/tiny"))[0]
    model, read = Path("results/voice/tiny/am") / node.system / "seed1", Path("input")
    output = model / node.folder / "model.pt"
    read.write_text("an input")
    going_on = Path("state") / state_key(node.settings, [read])
    for settings, of in ((node.settings, output), ("{}", output), ("[]", model / "gone/model.pt")):
        with pytest.raises(KeyboardInterrupt), training_state(settings, [read], of):
            raise KeyboardInterrupt
    older = plant(Path("state/0000"))
    elsewhere = plant(Path("state/1111"))
    note = {"output": "/other/model.pt", "inputs": []}
    (elsewhere / "state.json").write_text(json.dumps(note))
    found, doubts = leftovers.leftovers(corpus_dirs=[Path("corpus")])
    assert len(list(Path("state").iterdir())) == 5
    assert {one.path for one in found} == {*Path("state").iterdir()} - {going_on, older, elsewhere}
    assert doubts == [
        "state/0000 does not say what it is of: kept",
        "state/1111 is of /other/model.pt: kept",
    ]
    assert torch.__version__, "the key holds it"


def test_a_recipe_that_cannot_be_read_stops_it(project: Path) -> None:
    old = plant(Path("results/voice/0123456789/text"))
    Path("recipes/voice/other.yaml").write_text(yaml.safe_dump({**RECIPE, "systems": 3}))
    result = CliRunner().invoke(app, ["clean", "--yes"])
    assert result.exit_code != 0 and "other.yaml is not a valid recipe" in str(result.exception)
    assert old.exists()
