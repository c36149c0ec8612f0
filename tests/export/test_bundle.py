"""The bundle: whole, checkable without Python, runnable, the same bytes again."""

import os
import subprocess
from pathlib import Path

import pytest
from project import ROOT
from small_models import deep_speech_2
from small_models import make as make_model

from schatten import models, recipe
from schatten.artifacts import Gate
from schatten.bundles import read_manifest
from schatten.device import gate
from schatten.errors import UserError
from schatten.export.bundle import bundle, commands_of
from schatten.export.run import export
from schatten.recipe.decoding import Decoding
from schatten.runtime import explain, seals
from schatten.runtime.files import read_json, write_json
from schatten.runtime.provenance import recorded

MODEL = b"GGUF" + bytes(2000)
LM = b"mmap lm http://kheafield.com/code format version 5\n" + bytes(5000)
LEXICON = b"call\tc a l l\njon\tj o n\n"


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Path]:
    content = {"model": MODEL, "lm": LM, "lexicon": LEXICON}
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    write_json(tmp_path / "weights", {"lm_weight": 0.8, "word_bonus": -1.5, "tried": []})
    return {name: tmp_path / name for name in (*content, "weights")}


def make(sources: dict[str, Path], output: Path) -> str:
    return bundle(**sources, settings=Decoding(beam=40), output=output)


def test_the_manifest_says_what_is_there(sources: dict[str, Path], tmp_path: Path) -> None:
    said = make(sources, tmp_path / "bundle")
    manifest = read_json(tmp_path / "bundle/manifest.json")
    sizes = {name: entry["bytes"] for name, entry in manifest["files"].items()}
    assert sizes.pop("recognize.sh") < 1000
    assert sizes == {"model.gguf": len(MODEL), "lm.bin": len(LM), "lexicon.txt": len(LEXICON)}
    assert manifest["bytes"] == sum(entry["bytes"] for entry in manifest["files"].values())
    assert f"{manifest['bytes'] / 1e6:.3f} MB" in said
    assert manifest["search"]["lm_weight"] == 0.8
    names = sorted(path.name for path in (tmp_path / "bundle").iterdir())
    assert names == sorted([*manifest["files"], "SHA256SUMS", "manifest.json"])


def test_a_bundle_of_commands_has_their_network(sources: dict[str, Path], tmp_path: Path) -> None:
    network = "schatten-commands\t1\t2\t1\t0\nw\t0\t1\tcall\n"
    folder = tmp_path / "bundle"
    said = bundle(**sources, settings=Decoding(), output=folder, commands=network)
    assert (folder / "commands.txt").read_text() == network
    assert f"commands.txt {len(network)} bytes" in said
    assert '--commands "$here/commands.txt" --manifest' in (folder / "recognize.sh").read_text()
    assert read_json(folder / "manifest.json")["files"]["commands.txt"]["bytes"] == len(network)


def test_the_network_of_a_recipe_is_that_of_its_grammar() -> None:
    found = commands_of(recipe.load(str(ROOT / "recipes/commands/coffee.yaml")))
    assert found is not None and found.startswith("schatten-commands\t1\t")
    assert "\tcoffeeDrink\n" in found and found.splitlines()[0].endswith("\t1")
    assert commands_of(recipe.load(str(ROOT / "recipes/voicesearch_like/smoke.yaml"))) is None


def test_sha256sum_accepts_it_and_notices_damage(sources: dict[str, Path], tmp_path: Path) -> None:
    make(sources, tmp_path / "bundle")
    check = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=tmp_path / "bundle", check=False).returncode == 0
    (tmp_path / "bundle/lm.bin").write_bytes(LM[:-1] + b"x")
    done = subprocess.run(check, cwd=tmp_path / "bundle", capture_output=True, check=False)
    assert done.returncode == 1
    assert b"lm.bin: FAILED" in done.stdout


def test_its_script_hands_all_of_it_to_the_engine(sources: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    make(sources, folder)
    environment = {**os.environ, "SCHATTEN_RECOGNIZE": "echo"}
    run = [folder / "recognize.sh", "--json", "query one.wav"]
    said = subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout
    options = "--lm-weight 0.8 --word-bonus -1.5 --beam 40 --beam-threshold 25 --token-beam 15"
    files = f"--lm {folder}/lm.bin --lexicon {folder}/lexicon.txt {folder}/model.gguf"
    assert said == f"{options} --manifest {folder}/manifest.json {files} --json query one.wav\n"


def test_a_trained_model_is_exported_in_int8(sources: dict[str, Path], tmp_path: Path) -> None:
    models.save(make_model(deep_speech_2(), rank=6), tmp_path / "model.pt")
    make({**sources, "model": tmp_path / "model.pt"}, tmp_path / "bundle")
    export(tmp_path / "model.pt", "int8", tmp_path / "alone.gguf")
    whole = (tmp_path / "alone.gguf").read_bytes()
    assert (tmp_path / "bundle/model.gguf").read_bytes() == whole
    files = read_json(tmp_path / "bundle/manifest.json")["files"]
    assert files["model.gguf"]["bytes"] == len(whole)


def test_same_bytes_again_in_place_of_the_old_ones(
    sources: dict[str, Path], tmp_path: Path
) -> None:
    make(sources, tmp_path / "one")
    (tmp_path / "two").mkdir()
    (tmp_path / "two/old").write_text("left by another version")
    make(sources, tmp_path / "two")
    found = [{p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("one", "two")]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model", b"PK", "model is no GGUF model"),
        ("lm", b"\\data\\", "lm is no KenLM binary"),
        ("lexicon", b"call c a l l\n", "line 1 is not"),
        ("weights", b"{}", "holds no lm_weight"),
        ("model", None, "does not exist"),
    ],
)
def test_other_files_are_refused_by_name(
    name: str, content: bytes | None, message: str, sources: dict[str, Path], tmp_path: Path
) -> None:
    sources[name].unlink() if content is None else sources[name].write_bytes(content)
    with pytest.raises(UserError, match=message):
        make(sources, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_all_of_it_is_explained(
    sources: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recorded("bundle", bundle)(**sources, settings=Decoding(), output=Path("bundle"))
    for path in (Path("bundle"), Path("bundle/manifest.json"), Path("bundle/lm.bin")):
        chain = explain.chain(path)
        assert chain.record is not None
        assert chain.record["verb"] == "bundle"
        assert {link.path.name for link in chain.inputs} == set(sources)
    manifest = tmp_path / "bundle/manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:-1])
    with pytest.raises(UserError, match="it was cut short or edited"):
        read_json(manifest)


def test_thresholds_are_recorded_and_leave_the_other_files_what_they_were(
    sources: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder, thresholds = Path("bundle"), Gate(decibels=7.0, evidence=0.3)
    recorded("bundle", bundle)(**sources, settings=Decoding(), output=folder)
    recorded("choose-gate", gate.keep)(folder=folder, gate=thresholds)
    assert read_manifest(folder).gate == thresholds
    seals.refuse_damaged([tmp_path])
    for name, verb in (("manifest.json", "choose-gate"), ("lm.bin", "bundle"), ("", "bundle")):
        record = explain.chain(folder / name).record
        assert record is not None and record["verb"] == verb
    seal = seals.Seal(**record["seal"])
    assert seals.difference(folder, seal) is None
    (folder / "lm.bin").write_bytes(LM[:-1])
    assert seals.difference(folder, seal) is not None
