"""Provenance records: every verb leaves them, readers check them, `explain` follows them."""

import io
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import soundfile
import yaml
from rich.console import Console

from schatten import recipe as recipes
from schatten.errors import UserError
from schatten.recipe import step_settings
from schatten.recipe.step_settings import OF_VERB, WITHOUT_RECIPE, of_verb
from schatten.runtime import explain, files, provenance, seals
from schatten.runtime.provenance import recorded

ROOT = Path(__file__).parents[2]
OWN = recipes.load(str(ROOT / "recipes/own/default.yaml"))


def copy(source: Path, output: Path, twice: bool = False) -> None:
    """A verb: writes what it reads."""
    files.write_text(output, files.read_text(source) * (2 if twice else 1))


COPY = recorded("copy", copy)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder in which `a` was made of a file from outside, and `b` of `a`."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    (tmp_path / "outside.txt").write_text("text\n")
    COPY(source=tmp_path / "outside.txt", output=Path("results/a.txt"))
    COPY(source=Path("results/a.txt"), output=Path("results/more/b.txt"), twice=True)
    return Path("results")


def shown(path: Path) -> str:
    out = io.StringIO()
    explain.show(explain.chain(path), Console(file=out, width=300))
    return out.getvalue()


def test_a_record_says_how_and_of_what(results: Path, tmp_path: Path) -> None:
    record = seals.read_record(results / "more/b.txt")
    assert record is not None
    assert record["verb"] == "copy"
    assert record["seal"]["bytes"] == 10
    assert [entry["path"] for entry in record["inputs"]] == ["../a.txt"]
    assert record["inputs"][0]["seal"] == seals.seal(results / "a.txt").as_json()
    assert record["peak_memory_mb"] > 1
    assert record["seconds"] >= 0
    assert record["cpu_seconds"] > 0
    assert record["began"].endswith("+00:00")
    assert record["versions"]["torch"].startswith("2.")
    assert record["commit"]
    outside = seals.read_record(results / "a.txt")
    assert outside is not None
    assert outside["inputs"][0]["path"] == str(tmp_path / "outside.txt")


def test_artifacts_themselves_hold_no_time(results: Path) -> None:
    before = (results / "a.txt").read_bytes()
    record = seals.record_of(results / "a.txt").read_bytes()
    COPY(source=Path("../outside.txt"), output=results / "a.txt")
    assert (results / "a.txt").read_bytes() == before
    assert seals.record_of(results / "a.txt").read_bytes() != record


def test_the_chain_goes_back_to_what_came_from_outside(results: Path, tmp_path: Path) -> None:
    chain = explain.chain(results / "more/b.txt")
    assert explain.problems(chain) == []
    lines = shown(results / "more/b.txt").splitlines()
    tree = [line for line in lines if ".txt  " in line]
    assert [line.lstrip("└─\xa0 ").split("  ")[0] for line in tree] == [
        "results/more/b.txt",
        "results/a.txt",
        str(tmp_path / "outside.txt"),
    ]
    content = json.loads(explain.as_json(chain))
    assert [*content["records"]] == ["results/more/b.txt", "results/a.txt"]
    assert content["sources"] == [{"path": str(tmp_path / "outside.txt"), "note": "from outside"}]


def test_the_steps_of_a_chain_are_added_up(results: Path) -> None:
    for path, seconds in (("a.txt", 60.0), ("more/b.txt", 30.0)):
        record = seals.read_record(results / path)
        assert record is not None
        assert 0 < record["startup_cpu_seconds"] <= record["cpu_seconds"]
        changed = {**record, "seconds": seconds, "cpu_seconds": 2 * seconds}
        changed["startup_cpu_seconds"] = 6.0
        if path == "a.txt":  # a record of an earlier version
            del changed["startup_cpu_seconds"]
        seals.record_of(results / path).write_text(json.dumps(changed))
    assert explain.costs(explain.chain(results / "more/b.txt"))["copy"].steps == 2
    out = io.StringIO()
    explain.show_costs(explain.chain(results / "more/b.txt"), Console(file=out, width=100))
    verb, whole = (line.split() for line in out.getvalue().splitlines()[1:])
    assert verb[:5] == ["copy", "2", "1.5", "3.0", "10.0"]
    assert whole[1:5] == verb[1:5]
    assert float(whole[5]) > 1


def cut_short(path: Path) -> None:
    path.write_text(path.read_text()[: path.stat().st_size // 2])


def edit(path: Path) -> None:
    status = path.stat()
    path.write_text(path.read_text().upper())
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


@pytest.mark.parametrize(
    ("change", "name", "said"),
    [
        (cut_short, "results/a.txt", "it has 2 bytes, not 5"),
        (edit, "results/a.txt", "its bytes are others"),
        (Path.unlink, "results/a.txt", "it does not exist"),
        (cut_short, "../outside.txt", "it has 2 bytes, not 5, since it was read"),
        (Path.unlink, "../outside.txt", "it does not exist"),
        (cut_short, "results/more/b.txt", "it has 5 bytes, not 10"),
        (cut_short, "results/.a.txt.provenance.json", "is damaged"),
    ],
)
def test_explain_says_where_the_chain_is_broken(
    results: Path, change: object, name: str, said: str
) -> None:
    assert callable(change)
    change(Path(name))
    output = shown(results / "more/b.txt")
    assert "BROKEN" in output
    [line] = [line for line in output.splitlines() if line.startswith("broken at")]
    assert said in line
    assert Path(name).name.removeprefix(".").split(".")[0] in line


def test_an_input_made_again_with_another_content_breaks_the_chain(results: Path) -> None:
    Path("../outside.txt").write_text("other\n")
    COPY(source=Path("../outside.txt"), output=results / "a.txt")
    [(path, problem)] = explain.problems(explain.chain(results / "more/b.txt"))
    assert path == results / "a.txt"
    assert problem == "it was made again, with another content, since it was read"


def test_copying_or_touching_a_file_breaks_nothing(results: Path) -> None:
    os.utime(results / "a.txt", (1, 1))
    COPY(source=results / "a.txt", output=results / "more/b.txt", twice=True)
    assert explain.problems(explain.chain(results / "more/b.txt")) == []


@pytest.mark.parametrize("change", [cut_short, edit])
def test_a_damaged_artifact_is_refused_before_the_verb_begins(
    results: Path, change: object
) -> None:
    assert callable(change)
    change(results / "a.txt")
    began = []
    verb = recorded("copy", lambda source, output: began.append(source))
    with pytest.raises(UserError, match=r"results/a\.txt is not what was written there .*remove"):
        verb(source=results / "a.txt", output=Path("c.txt"))
    assert began == []
    with pytest.raises(UserError, match="is not what was written there"):
        files.read_text(results / "a.txt")


def test_a_damaged_output_is_simply_made_again(results: Path) -> None:
    cut_short(results / "more/b.txt")
    COPY(source=results / "a.txt", output=results / "more/b.txt", twice=True)
    assert files.read_text(results / "more/b.txt") == "text\ntext\n"


def test_without_its_record_an_edited_file_is_taken_as_it_is(results: Path) -> None:
    edit(results / "a.txt")
    seals.record_of(results / "a.txt").unlink()
    assert files.read_text(results / "a.txt") == "TEXT\n"
    assert explain.problems(explain.chain(results / "more/b.txt"))


def test_a_verb_that_fails_leaves_no_record_of_what_it_replaced(results: Path) -> None:
    def fail(output: Path) -> None:
        files.write_text(output, "half of the work")
        raise UserError("no more")

    with pytest.raises(UserError, match="no more"):
        recorded("fail", fail)(output=results / "a.txt")
    assert seals.read_record(results / "a.txt") is None


def test_a_project_may_be_moved(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = Path.cwd().rename(Path.cwd().with_name("moved"))
    monkeypatch.chdir(moved)
    assert explain.problems(explain.chain(results / "more/b.txt")) == []


def test_scratch_and_what_was_removed_again_are_no_inputs(tmp_path: Path) -> None:
    def scratch(output: Path) -> None:
        files.write_text(output.with_name(".scratch") / "x", "x")
        files.write_text(output.with_name("y"), files.read_text(output.with_name(".scratch") / "x"))
        files.write_text(output, files.read_text(output.with_name("y")))
        output.with_name("y").unlink()

    recorded("scratch", scratch)(output=tmp_path / "out.txt")
    record = seals.read_record(tmp_path / "out.txt")
    assert record is not None
    assert record["inputs"] == []
    assert len(list(tmp_path.rglob("*.provenance.json"))) == 1


def test_a_folder_of_recordings_is_sealed_by_names_and_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data, names = Path("data"), ["audio/a.wav", "audio/b.wav"]

    def make(output: Path) -> None:
        (output / "audio").mkdir(parents=True)
        for name in names:
            soundfile.write(output / name, [0.0] * 160, 16000)
        rows = [{"recording": {"sources": [{"source": name}]}} for name in names]
        files.write_jsonl(output / "train.cuts.jsonl.gz", rows)
        seals.wrote(output / "audio")

    def features(cuts: Path, output: Path) -> None:
        seals.reading_recordings(cuts, cuts.parent, names)
        files.write_text(output, "features")

    recorded("make", make)(output=data)
    recorded("features", features)(cuts=data / "train.cuts.jsonl.gz", output=data / "x.lca")
    assert explain.chain(data / "audio/a.wav").path == data / "audio"
    assert "2 recordings, 728 bytes, listed in data/train.cuts.jsonl.gz" in shown(data / "x.lca")
    cut_short_bytes(data / "audio/b.wav")
    assert explain.problems(explain.chain(data / "x.lca")) == [
        (data, "recordings changed since they were read")
    ]
    [(_, problem)] = explain.problems(explain.chain(data / "audio/b.wav"))
    assert problem == "it holds 2 files of 727 bytes, not the same 2 files of 728 bytes"
    (data / "audio/b.wav").unlink()
    assert "data/audio/b.wav does not exist" in shown(data / "x.lca")


def cut_short_bytes(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def test_what_has_no_record_cannot_be_explained(results: Path) -> None:
    for name, said in (("nowhere", "does not exist"), ("../outside.txt", "no provenance record")):
        with pytest.raises(UserError, match=said):
            explain.chain(Path(name))


def touch(path: Path) -> None:
    """Do what Snakemake does to the outputs of a step."""
    later = path.stat().st_mtime_ns + 5_000_000
    os.utime(path, ns=(later, later))


def test_what_was_touched_is_hashed_once(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []
    seal = seals.seal

    def count(path: Path) -> seals.Seal:
        hashed.append(path)
        return seal(path)

    monkeypatch.setattr(seals, "seal", count)
    for name in ("a.txt", "more/b.txt"):
        touch(results / name)
    seals.refuse_damaged([results])
    assert hashed == [results / "a.txt", results / "more/b.txt"]
    seals.refuse_damaged([results])
    seals.reading(results / "a.txt")
    assert explain.problems(explain.chain(results / "more/b.txt")) == []
    assert [path for path in hashed if path.name != "outside.txt"] == hashed[:2]


@pytest.mark.parametrize("as_old", [False, True])
def test_damage_is_found_in_what_was_touched_and_checked(results: Path, as_old: bool) -> None:
    path = results / "a.txt"
    touch(path)
    seals.refuse_damaged([results])
    path.write_text("TEXT\n")
    if as_old:  # file and record of the same age, as after `touch` or `cp -r`
        for one in (path, seals.record_of(path)):
            os.utime(one, ns=(2**60, 2**60))
    with pytest.raises(UserError, match="its bytes are others"):
        seals.refuse_damaged([results])
    touch(path)
    with pytest.raises(UserError, match="its bytes are others"):
        seals.reading(path)


def test_the_recipe_and_the_commit_are_those_that_a_step_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "recipe.yaml"
    content = (ROOT / "recipes/own/default.yaml").read_text()
    path.write_text(content)
    commits = iter(["before", "after", "later"])
    monkeypatch.setattr(provenance, "_commit", lambda: next(commits))

    def settings(verb: str, options: Mapping[str, Any]) -> str:
        return recipes.load(options["recipe"]).title

    def work(recipe: str, output: Path) -> None:
        path.write_text(content.replace("title: ", "title: Edited "))
        loaded = recipes.load(recipe)
        commit = provenance.machine_and_commit()["commit"]
        files.write_json(output, {"title": loaded.title, "commit": commit})

    verb = recorded("work", work, settings)
    for commit in ("before", "after"):
        title = recipes.load(str(path)).title
        verb(recipe=str(path), output=tmp_path / "made.json")
        record = seals.read_record(tmp_path / "made.json")
        assert record is not None
        assert json.loads((tmp_path / "made.json").read_text()) == {
            "title": title,
            "commit": commit,
        }
        assert (record["settings"], record["commit"]) == (title, commit)
    assert title.startswith("Edited ")
    assert provenance.commit() == "later"


def test_the_settings_are_those_that_matter_to_the_verb(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    content = yaml.safe_load((ROOT / "recipes/own/default.yaml").read_text())
    path.write_text(yaml.safe_dump(content))

    def settings(verb: str, options: Mapping[str, Any]) -> Any:
        return of_verb(verb, recipes.load(options["recipe"]), options)

    def train(recipe: str, system: str, seed: int, node: str | None, output: Path) -> None:
        path.write_text("edited meanwhile")
        files.write_text(output, "model")

    verb = recorded("train", train, settings)
    verb(recipe=str(path), system="trace_norm", seed=3, node=None, output=tmp_path / "model.pt")
    record = seals.read_record(tmp_path / "model.pt")
    assert record is not None
    assert record["format"] == 2
    assert record["settings"]["step"] == "train"
    assert record["settings"]["settings"][0] == 3
    assert record["settings"]["settings"][3]["lambda_rec"] == 0.01


@pytest.mark.parametrize(
    ("verb", "options", "settings"),
    [
        ("decode", {"decoder": "greedy"}, step_settings.settings("decode")),
        ("decode", {"decoder": "units"}, step_settings.settings("decode")),
        ("decode", {"decoder": "wfst"}, step_settings.decode_wfst_settings(OWN)),
        ("decode", {"decoder": "lexicon"}, step_settings.decode_settings(OWN, "lexicon")),
        ("decode", {"decoder": "open"}, step_settings.decode_settings(OWN, "open")),
        ("recognize", {"lm": None}, step_settings.settings("decode")),
        ("recognize", {"lm": Path("lm")}, step_settings.decode_settings(OWN, "engine")),
        ("tune", {"graph": Path("graph")}, step_settings.tune_wfst_settings(OWN)),
        ("tune", {"graph": None}, step_settings.tune_settings(OWN, "open")),
        ("tune", {"lexicon": Path("lexicon")}, step_settings.tune_settings(OWN, "lexicon")),
        ("beams", {"lexicon": Path("lexicon")}, step_settings.beams_settings(OWN, "lexicon")),
        ("figure-page", {}, step_settings.page_settings(OWN)),
        ("device-table", {}, step_settings.device_table_settings(OWN)),
    ],
)
def test_each_verb_records_the_settings_of_what_it_does(
    verb: str, options: dict[str, Any], settings: str
) -> None:
    assert of_verb(verb, OWN, options) == json.loads(settings)


def test_every_verb_that_writes_an_artifact_of_a_recipe_has_settings() -> None:
    names = set(OF_VERB) | set(WITHOUT_RECIPE)
    rules = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    called = set(re.findall(r"schatten ((?:lm |device )?[a-z-]+) -", rules))
    assert called - names == {"bench-decoder", "device count", "device bench"}


def test_a_run_refuses_damaged_artifacts_whoever_reads_them(results: Path) -> None:
    seals.refuse_damaged([results, Path("nowhere")])
    cut_short(results / "more/b.txt")
    cut_short(seals.record_of(results / "a.txt"))
    with pytest.raises(UserError) as error:
        seals.refuse_damaged([results])
    assert [line.split(":")[0] for line in str(error.value).splitlines()[1:]] == [
        "  results/a.txt",
        "  results/more/b.txt",
    ]
    (results / "a.txt").unlink()
    (results / "more/b.txt").unlink()
    seals.refuse_damaged([results])
