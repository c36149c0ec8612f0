"""From a phone model to a model over tied phones, verb by verb, on made-up features."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from small_data import RECIPE, write_split
from small_models import make
from typer.testing import CliRunner

from schatten import models
from schatten.artifacts import FeatureStatistics, Inventory, PhoneTree
from schatten.cli import app
from schatten.errors import UserError
from schatten.features.store import read_features
from schatten.recipe.models import Lstm
from schatten.runtime.files import sha256, write_text
from schatten.units import BLANK, Units
from schatten.units.inventory import PHONES
from schatten.units.spelled import SpelledUnits
from schatten.units.tree import unit_names
from schatten.units.triphones import read_triphones

NAMES = ("AA", "B")
UNITS = Units(PHONES, (BLANK, *NAMES), None)
SETS = """
units:
  phones: {type: phones}
  tied: {type: tied, aligner: ci, leaves: 6, minimum: 5}
systems:
  ci: {model: tiny, units: phones}
  tied: {model: tiny, units: tied}
language_models: {graph: {decoder: wfst}}
tables: {baseline: ci}
"""


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def texts_of(cuts: Path) -> list[str]:
    return [cut.supervisions[0].text for cut in read_features(cuts, every=True)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Hold a recipe, speech, phones that spell it, and an untrained model of these phones."""
    recipe = yaml.safe_load(RECIPE) | yaml.safe_load(SETS)
    recipe["trainings"]["default"]["weight_average_epochs"] = 1
    write_text(tmp_path / "recipe.yaml", yaml.safe_dump(recipe))
    cuts = [write_split(tmp_path, "train", 40, 1), write_split(tmp_path, "dev", 6, 2)]
    words = sorted({word for one in cuts for text in texts_of(one) for word in text.split()})
    phone = dict(zip("ab", NAMES, strict=True))
    lines = [f"{word}\t{' '.join(phone[letter] for letter in word)}\tlexicon\n" for word in words]
    written = tmp_path / "phones/words.phones.tsv"
    write_text(written, "".join(lines))
    Inventory(
        name="phones",
        kind=PHONES,
        names=list(UNITS.names),
        separator=None,
        language="en-us",
        words=written.name,
        words_sha256=sha256(written),
        word_count=len(words),
        origins={"lexicon": len(words)},
    ).write(tmp_path / "phones/inventory.json")
    shape = Lstm(type="lstm", feature="mel40", stack=2, keep_every=2, lstm=(8,))
    models.save(make(shape, units=UNITS), tmp_path / "ci.pt")
    return tmp_path


def align(folder: Path) -> str:
    phones, cuts = folder / "phones/inventory.json", folder / "train.cuts.jsonl.gz"
    where = ("--model", folder / "ci.pt", "--units", phones, "--train", cuts)
    common = ("--recipe", folder / "recipe.yaml", "--set", "tied")
    return run("align", *common, *where, "--output", folder / "tied/triphones.npz")


def tie(folder: Path) -> str:
    files = (
        "--triphones",
        folder / "tied/triphones.npz",
        "--phones",
        folder / "phones/inventory.json",
    )
    common = ("--recipe", folder / "recipe.yaml", "--set", "tied")
    return run("tie", *common, *files, "--output-dir", folder / "tied")


def test_alignments_count_the_triphones_of_the_transcripts(folder: Path) -> None:
    said = align(folder)
    found = read_triphones(folder / "tied/triphones.npz")
    spelled = SpelledUnits.read(folder / "phones/inventory.json")
    expected: Counter[tuple[int, ...]] = Counter()
    for text in texts_of(folder / "train.cuts.jsonl.gz"):
        padded = [0, *spelled.labels(text), 0]
        expected.update(zip(padded, padded[1:], padded[2:], strict=False))
    triphones = map(tuple, found.triphones.tolist())
    assert dict(zip(triphones, found.counts.tolist(), strict=True)) == dict(expected)
    assert found.utterances == 40 and f"{expected.total()} phones of 40 utterances" in said
    assert found.sums.shape == found.squares.shape == (len(expected), 39)
    assert np.isfinite(found.sums).all()


def test_a_model_is_trained_over_the_tied_phones(folder: Path) -> None:
    align(folder)
    assert tie(folder) == "7 units: 6 leaves, 4 questions\n"
    tree = PhoneTree.read(folder / "tied/tree.json")
    assert run("tree", folder / "tied/tree.json").startswith("6 leaves of 2 phones; ")
    picture = (folder / "tied/tree.svg").read_text()
    assert all(f"{name} (" in picture for name in unit_names(tree))
    spelled = SpelledUnits.read(folder / "tied/inventory.json")
    assert spelled.units.kind == "tied" and spelled.spelled_in == UNITS
    assert len(spelled.labels("ab ab")) == 4
    output = folder / "am/model.pt"
    cuts = [
        arg for one in ("train", "dev") for arg in (f"--{one}", folder / f"{one}.cuts.jsonl.gz")
    ]
    statistics = ("--statistics", _statistics(folder))
    where = (*cuts, *statistics, "--units", folder / "tied/inventory.json", "--output", output)
    said = run("train", "--recipe", folder / "recipe.yaml", "--system", "tied", "--seed", 1, *where)
    assert "dev UER" in said
    assert models.load(output).units == spelled.units
    for precision in ("fp32", "int8"):
        export = ["export", "--model", str(output), "--precision", precision]
        with pytest.raises(
            UserError, match="writes tied phones, which graphs search and the engin"
        ):
            CliRunner().invoke(
                app, [*export, "--output", str(folder / "m.gguf")], catch_exceptions=False
            )


def test_the_engine_is_given_no_words_in_tied_phones(folder: Path) -> None:
    align(folder)
    tie(folder)
    units = ["--units", str(folder / "tied/inventory.json"), "--output", str(folder / "words")]
    with pytest.raises(UserError, match="tied are tied phones, which the engine does not search"):
        CliRunner().invoke(app, ["pronounce", "ab", *units], catch_exceptions=False)
    assert not (folder / "words").exists()


def _statistics(folder: Path) -> Path:
    path = folder / "statistics.json"
    FeatureStatistics(mean=[0.0] * 40, deviation=[1.0] * 40).write(path)
    return path


def test_a_tree_that_was_killed_is_made_again_to_the_byte(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    align(folder)
    tie(folder)
    names = ("inventory.json", "tree.json", "tree.svg", "words.tied.tsv", "triphones.npz")
    first = {name: (folder / "tied" / name).read_bytes() for name in names}
    (folder / "tied/inventory.json").unlink()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Inventory, "write", killed)
        CliRunner().invoke(
            app,
            [
                "tie",
                "--recipe",
                str(folder / "recipe.yaml"),
                "--set",
                "tied",
                "--triphones",
                str(folder / "tied/triphones.npz"),
                "--phones",
                str(folder / "phones/inventory.json"),
                "--output-dir",
                str(folder / "tied"),
            ],
        )
    assert not (folder / "tied/inventory.json").exists(), "the inventory is written last"
    align(folder)
    tie(folder)
    assert {name: (folder / "tied" / name).read_bytes() for name in names} == first


def test_damage_and_strangers_are_named(folder: Path) -> None:
    with pytest.raises(UserError, match=r"triphones.npz does not exist: make it with `schatten al"):
        tie(folder)
    align(folder)
    tie(folder)
    tree = folder / "tied/tree.json"
    tree.with_name(".tree.json.provenance.json").unlink()
    PhoneTree.read(tree).model_copy(update={"delay": 99}).write(tree)
    with pytest.raises(
        UserError, match=r"tree.json is damaged \(.*inventory.json was made with an"
    ):
        SpelledUnits.read(folder / "tied/inventory.json")
    (folder / "tied/.triphones.npz.provenance.json").unlink()
    (folder / "tied/triphones.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(UserError, match=r"triphones.npz is damaged \(.*remove it and run again"):
        tie(folder)
    shape = Lstm(type="lstm", feature="mel40", stack=2, keep_every=2, lstm=(8,))
    models.save(make(shape), folder / "ci.pt")
    with pytest.raises(UserError, match=r"ci.pt writes other units than .*words.phones.tsv"):
        align(folder)
