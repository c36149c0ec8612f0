"""The report: one page, with the numbers of the tables, sound, and nothing that is fetched."""

import base64
import csv
import io
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import soundfile
from fake_sound import SECONDS, make_heard_experiment
from project import ROOT
from typer.testing import CliRunner

from schatten.artifacts import Score, read
from schatten.errors import UserError
from schatten.report import page
from schatten.report.collect import Experiment
from schatten.report.page import board, heard, picture, points, sound, talk, training
from schatten.runtime import files


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    return make_heard_experiment(tmp_path_factory.mktemp("heard"))


@pytest.fixture(scope="module")
def report(spoken: Experiment) -> Path:
    page.write(spoken, page.Sources(None, None, None), spoken.layout.report)
    return spoken.layout.report


class Page(HTMLParser):
    """Tables as rows of the CSV, scripts of JSON, and addresses that a browser would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.scripts: dict[str, str] = {}
        self.addresses: list[str] = []
        self.unnamed: list[str] = []
        self._section = self._script = ""
        self._row: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.addresses += [given[name] for name in ("src", "href", "poster") if given.get(name)]
        if tag == "details":
            self._section = given.get("id", "")
        if tag == "tr":
            self._row = []
        if tag in ("th", "td") and self._row is not None and self._section.startswith("table-"):
            raw = given.get("data-keys" if tag == "th" else "data-raw")
            self._row += [] if raw is None else raw.split("\t")
        if tag == "script":
            self._script = given.get("id", "other")
        if tag in ("img", "svg") and not (given.get("alt") or given.get("aria-label")):
            self.unnamed.append(tag)

    def handle_endtag(self, tag):
        if tag == "tr" and self._row:
            self.tables.setdefault(self._section.removeprefix("table-"), []).append(self._row)
        if tag == "script":
            self._script = ""

    def handle_data(self, data):
        if self._script:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data


@pytest.fixture(scope="module")
def read_page(report: Path) -> Page:
    return Page(report.read_text())


@pytest.fixture(scope="module")
def data(read_page: Page):
    return json.loads(read_page.scripts["data-json"])


def test_every_table_has_the_numbers_of_its_csv(spoken, read_page):
    written = sorted(path.stem for path in spoken.layout.tables.glob("*.csv"))
    assert sorted(read_page.tables) == written and "wer" in written
    for name in written:
        rows = list(csv.reader(io.StringIO((spoken.layout.tables / f"{name}.csv").read_text())))
        found = read_page.tables[name]
        assert [row for n, row in enumerate(found) if n == 0 or row != rows[0]] == rows, name


def test_nothing_is_fetched(report, read_page):
    text = report.read_text()
    assert all(one.startswith(("#", "data:")) for one in read_page.addresses)
    assert "default-src 'none'" in text and "connect-src data:;" in text
    assert not re.search(r"@import|url\(\s*['\"]?(?!data:|#)http", text.partition("<script")[0])


def test_what_stands_in_scripts_cannot_end_them(report):
    text = report.read_text()
    assert text.count("</script>") == text.count("<script") == 4
    assert page._json({"a": "</script><!--"}) == '{"a":"\\u003c/script>\\u003c!--"}'


def test_pictures_are_described(read_page, report):
    assert read_page.unnamed == []
    charts = re.findall(r'<div[^>]*class="chart[ "][^>]*>', report.read_text())
    assert len(charts) >= 3
    assert all('role="img"' in one and "aria-label=" in one for one in charts)


def test_points_have_the_scores_of_the_artifacts(spoken, data):
    found = {(p["split"], p["model"], p["precision"], p["lm"]): p for p in data["points"]}
    assert len(found) == len(data["points"])
    node = spoken.recipe.node("dense", 1, "stage1")
    for precision, decoder in (("int8", "engine"), ("fp32", "lexicon")):
        score = read(spoken.layout.score(node, decoder, "large", "test", precision), Score)
        point = found["test", node.path, precision, "large"]
        assert (point["wer"], point["low"], point["high"]) == (score.wer, *score.wer_interval)
    assert found["test", node.path, "int8", "large"]["megabytes"] == 1.1
    assert found["test", node.path, "fp32", "large"]["verdict"] == "baseline"


def test_one_point_of_a_model_is_its_bundle(spoken, data):
    for split in spoken.recipe.splits.test:
        rows = [one for one in data["points"] if one["split"] == split]
        shipped = [one for one in rows if one["shipped"]]
        assert sorted(one["model"] for one in shipped) == sorted(m.node.path for m in spoken.models)
        by_model = {one["model"]: one for one in shipped}
        assert by_model["dense/seed1/whole/stage1"]["precision"] == "int8"
        trace = by_model["trace/seed1/whole/stage1"]
        assert trace["precision"] == "fp32" and "int8 was not decoded" in trace["note"]
        assert trace["shipped"]["megabytes"] == 4.5015
        assert trace["shipped"]["speed_up"] is None, "nothing was measured"


def test_a_board_that_was_measured_is_named(spoken):
    node = spoken.recipe.node("dense", 1, "stage1")
    about = {
        **{"device": "A board", "cpu": None, "is_modelled": False, "utterances": 1},
        **{"differing": 0, "audio_seconds": 1.0, "speed_up": 12.5, "acoustic_share": 0.5},
        **{"peak_megabytes": 7.5, "load_seconds": 0.1, "first_seconds": 0.1},
        **{"final_seconds": 0.1, "date": "2030-01-02"},
    }
    path = spoken.layout.measured("rpi3", node, "large")
    files.write_json(path, about)
    try:
        shipped = points.shipped_of(spoken, node, {})
        assert shipped is not None
        assert [(one["title"], one["speed_up"]) for one in shipped.boards] == [("A board", 12.5)]
        os.utime(path, (1, 1))
        stale = points.shipped_of(spoken, node, {})
        assert stale is not None and stale.boards == (), "it was of an earlier bundle"
    finally:
        path.unlink()


def test_megahertz_grow_with_the_parameters(spoken, data):
    shipped = {one["model"]: one["shipped"] for one in data["points"] if one["shipped"]}
    whole = shipped["l2/seed1/whole/stage1"]["megahertz"]
    small = shipped["l2/seed1/tau0.40@e12/stage2"]["megahertz"]
    assert 0 < small < whole


def test_the_counted_model_is_that_of_the_page_on_kernels():
    row = f"| cortex-a53, 0 % | {board._ACOUSTIC:,} | 1.00x | {board._WHOLE:,} | 1.00x |"
    assert row in (ROOT / "docs/kernels.md").read_text()


def test_errors_are_those_of_the_scores(spoken, data):
    for split in data["splits"]:
        for one in split["listeners"]:
            system, seed, rest = one["model"].split("/", 2)
            node = spoken.recipe.node(system, int(seed.removeprefix("seed")), rest)
            decoder = "lexicon" if one["precision"] == "fp32" else "engine"
            path = spoken.layout.score(node, decoder, one["lm"], split["split"], one["precision"])
            pairs = [pair for pairs in one["errors"].values() for pair in pairs]
            wrong = [pair for pair in pairs if not isinstance(pair, str)]
            assert len(wrong) == read(path, Score).errors, one["model"]
        words = sum(one["words"] for one in split["utterances"])
        assert words == 300


def test_what_was_heard_is_spelled_by_the_pairs(spoken, data):
    listener = data["splits"][0]["listeners"][0]
    utterances = data["splits"][0]["utterances"]
    place, pairs = next(iter(listener["errors"].items()))
    said = [pair if isinstance(pair, str) else pair[0] for pair in pairs]
    assert " ".join(filter(None, said)) == utterances[int(place)]["text"]


def test_noise_and_rooms_are_those_of_the_corpus_and_recordings_have_none(data):
    made, recorded = (
        [(one["noise"], one["snr"], one["room"]) for one in split["utterances"][:3]]
        for split in data["splits"]
    )
    assert made == [("none", None, False), ("pink", 12.5, True), ("babble", 5.0, False)]
    assert recorded == [(None, None, None)] * 3
    assert {one["corpus"] for split in data["splits"] for one in split["utterances"]} == {None}


def test_of_several_corpora_each_utterance_has_its_part_and_its_own_conditions(tmp_path):
    spoken = make_heard_experiment(tmp_path)
    cuts = spoken.layout.cuts("test")
    rows = files.read_jsonl(cuts)
    for number, row in enumerate(rows):
        row["custom"] = {"corpus": ("spoken", "books")[number % 2]}
    files.write_jsonl(cuts, rows)
    path = cuts.with_name("test.conditions.jsonl.gz")
    files.write_jsonl(path, files.read_jsonl(path)[::2])
    first, second, *_ = heard.heard(spoken, "test").utterances
    assert (first.corpus, first.noise, first.room) == ("spoken", "none", False)
    assert (second.corpus, second.noise, second.snr, second.room) == ("books", None, None, None)


def test_sound_is_opus_of_the_right_length_and_rate(data):
    (first, *_) = data["splits"][0]["sounds"].values()
    packed = base64.b64decode(first)
    with soundfile.SoundFile(io.BytesIO(packed)) as file:
        assert (file.format, file.subtype, file.channels) == ("OGG", "OPUS", 1)
        assert abs(file.frames / file.samplerate - SECONDS) < 0.05
    assert len(packed) * 8 / SECONDS < 40_000, "24 kbit/s and what a short file has besides"


def test_the_worst_utterances_have_sound_first_and_the_note_says_what_is_missing(spoken):
    found = heard.heard(spoken, "test")
    chosen = sound.choose(found, 10 * SECONDS)
    ranked = sorted(range(60), key=lambda place: (-found.errors_of(place), place))
    assert len(chosen) == 10 and set(ranked[:8]) <= set(chosen)
    cuts = spoken.layout.cuts("test")
    made = sound.sounds(found, cuts, cuts.parent, 10 * SECONDS)
    assert sorted(made.by_place) == chosen
    assert made.note.startswith("10 of 60 utterances of test have sound")
    assert sound.choose(found, 1000.0) == list(range(60))
    assert sound.choose(found, 0.0) == []


def test_curves_follow_the_chain(spoken):
    rows = training.curves(spoken)
    stage2 = [row["epoch"] for row in rows if row["training"] == "l2, tau0.60@e12/stage2"]
    assert stage2 == [13, 14, 15, 16]
    early = [row["epoch"] for row in rows if row["training"] == "trace seed 1, tau0.60@e6/stage2"]
    assert early == [7, 8, 9, 10]
    assert {row["matrix"] for row in training.spectra(spoken)} >= {"gru1_rec", "fc_nonrec"}


def test_the_pipeline_is_drawn_and_told(spoken):
    boxes = training.pipeline(spoken)
    drawn = picture.picture(boxes)
    assert drawn.count("<rect") == len(boxes)
    assert drawn.count("<path") == sum(len(box.after) for box in boxes)
    assert [box.detail for box in boxes if box.title == "train" and box.detail] == [
        "4 models",
        "9 models",
    ]
    assert "truncate" in drawn.partition(">")[0], "people who cannot see it read it"


def test_the_page_says_how_to_add_the_engine(report):
    assert "make wasm &amp;&amp; make wer_tables RECIPE=voice/tiny" in report.read_text()


def test_the_engine_and_the_bundles_are_in_the_page(spoken, tmp_path):
    web = tmp_path / "web"
    for name in talk.ENGINE_FILES:
        files.write_bytes(web / name, name.encode())
    for model in spoken.models:
        folder = points.bundle_folder(spoken, model.node)
        assert folder is not None
        for name in ("model.gguf", "lm.bin", "lexicon.txt"):
            files.write_bytes(folder / name, f"{name if name != 'model.gguf' else folder}".encode())
    found = talk.talk(spoken, web)
    assert list(found.bundles) == [model.node.path for model in spoken.models]
    assert found.left_out == 0
    sums = [one["lm"] for one in found.bundles.values()]
    assert len(set(sums)) == 1, "bundles share their language model"
    assert len({one["model"] for one in found.bundles.values()}) == len(spoken.models)


def test_a_recording_that_is_missing_is_named(spoken):
    cuts = spoken.layout.cuts("test")
    with pytest.raises(UserError, match=r"audio/test/\d+\.wav"):
        sound.sounds(heard.heard(spoken, "test"), cuts, cuts.parent / "nowhere", 5.0)


def test_an_engine_with_a_missing_file_is_an_error(spoken, tmp_path):
    with pytest.raises(UserError, match="run `make wasm` again"):
        talk.talk(spoken, tmp_path)


def test_the_verb_writes_the_page(spoken, tmp_path, monkeypatch):
    from schatten.cli.report import app

    root = spoken.layout.results.parent
    monkeypatch.chdir(root)
    places = ["--results", str(spoken.layout.results), "--output", str(tmp_path / "out.html")]
    recipe = ["--recipe", str(root / "recipes/voice/tiny.yaml"), "--data-key", "abc"]
    said = CliRunner().invoke(app, ["report", *recipe, *places])
    assert said.exit_code == 0, said.output
    assert re.search(r"out\.html: \d\.\d MB", said.output)
    assert (tmp_path / "out.html").is_file()
