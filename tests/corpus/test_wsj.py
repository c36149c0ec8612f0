"""The discs of the Wall Street Journal, in small: both layouts, both codings of audio."""

import gzip
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lhotse import CutSet
from shorten import sphere
from small_corpora import make_recipe, tone

from schatten.corpus import make
from schatten.corpus.fingerprint import fingerprint
from schatten.corpus.validate import validate
from schatten.corpus.wsj_text import has_verbalised_punctuation, words_of
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.runtime.files import read_json, read_lines

SPLITS = {"train": "si284", "dev": "dev93", "test": ["eval92"]}
SAMPLES = tone(1.5)

AUDIO = {
    "11-1.1/wsj0/si_tr_s/01i/01ic0201.wv1",
    "11-1.1/wsj0/si_tr_s/01i/01ic0202.wv1",
    "13-1.1/wsj1/si_tr_s/46n/46nc0301.wv1",
    "13-1.1/wsj1/si_tr_s/46n/46nc0302.wv1",
    "13-16.1/WSJ1/SI_DT_20/4K0/4K0C0301.WV1",
    "11-13.1/wsj0/si_et_20/440/440c0401.wv1",
}
TEXTS = {
    "11-13.1/wsj0/doc/indices/train/tr_s_wv1.ndx": (
        ";; File: tr_s_wv1.ndx\n;;\n"
        "11_1_1:wsj0/si_tr_s/01i/01ic0201.wv1\n"
        "11_1_1:wsj0/si_tr_s/01i/01ic0202.wv1\n"
        "11_2_1:wsj0/si_tr_s/401/401c0201.wv1\n"
    ),
    "13-34.1/wsj1/doc/indices/si_tr_s.ndx": (
        "13_1_1: wsj1/si_tr_s/46n/46nc0301.wv1\n13_1_1: wsj1/si_tr_s/46n/46nc0302.wv1\n"
    ),
    "13-34.1/wsj1/doc/indices/h1_p0.ndx": "13_16_1:wsj1/si_dt_20/4k0/4k0c0301.wv1\n",
    "11-13.1/wsj0/doc/indices/test/nvp/si_et_20.ndx": "11_13_1: /wsj0/si_et_20/440/440c0401\n",
    "11-13.1/wsj0/transcrp/dots/si_tr_s/01i/01ic0200.dot": (
        "[loud_breath] It isn\\'t I\\. B\\. M\\. ~ (01ic0201)\nWell ,COMMA yes .PERIOD (01ic0202)\n"
    ),
    "13-34.1/wsj1/trans/wsj1/si_tr_s/46n/46nc0300.dot": (
        "<The> the *Dow* fe(ll)- fell (46nc0301)\n[cough] [door_slam>] (46nc0302)\n"
    ),
    "13-34.1/wsj1/trans/wsj1/si_dt_20/4k0/4k0c0300.dot": "Ten %PERCENT . more (4k0c0301)\n",
    "11-13.1/wsj0/transcrp/dots/si_et_20/440/440c0400.dot": "Stocks rose (440C0401)\n",
}
LM_TEXT = "<s.1>\nTHE MARKET FELL TEN .POINT FIVE\nIN 1987 IT FELL\n"


def write_discs(folder: Path, layout: str, compressed: bool) -> Path:
    """Write the corpus: `discs` as they came, or `merged` into wsj0 and wsj1."""
    for path in AUDIO:
        place(folder, path, layout).write_bytes(sphere(SAMPLES, compressed))
    for path, text in TEXTS.items():
        place(folder, path, layout).write_text(text)
    disc_text = "13-32.1/wsj1/doc/lng_modl/lm_train/np_data/87/w7_001.z"
    place(folder, disc_text, layout).write_bytes(gzip.compress(LM_TEXT.encode(), mtime=0))
    return folder


def place(folder: Path, path: str, layout: str) -> Path:
    disc, _, rest = path.partition("/")
    release = "csr_1" if disc.startswith("11") else "csr_2_comp"
    whole = folder / release / path if layout == "discs" else folder / rest.lower()
    whole.parent.mkdir(parents=True, exist_ok=True)
    return whole


def wsj(**settings: Any) -> Recipe:
    return make_recipe(corpus={"source": "wsj", **settings}, splits=SPLITS)


def texts(data: Path) -> dict[str, str]:
    cuts = [cut for path in data.glob("*.jsonl.gz") for cut in CutSet.from_file(path)]
    return {cut.id: cut.supervisions[0].text for cut in cuts}


@pytest.mark.parametrize("layout", ["discs", "merged"])
def test_both_layouts_are_read(tmp_path: Path, layout: str) -> None:
    discs = write_discs(tmp_path / "wsj", layout, compressed=False)
    data = tmp_path / "data"
    make(wsj(), discs, data, jobs=2)
    assert texts(data) == {
        "01ic0201": "it isn't i b m",
        "46nc0301": "the the dow fe fell",
        "4k0c0301": "ten percent more",
        "440c0401": "stocks rose",
    }
    assert read_json(data / "left_out.json") == {
        "noise alone (training)": 1,
        "verbalised punctuation": 1,
    }
    corpus = read_lines(data / "text/corpus.txt.gz")
    assert corpus[-1] == "the market fell ten point five"
    assert read_json(data / "text/summary.json")["np_data/87/w7_001.z"]["left_out"] == 1
    report = validate(wsj(), data, None)
    assert report.splits["si284"].utterances == 2
    assert (report.left_out or {})["verbalised punctuation"] == 1


def test_distorted_copies_lie_beside_the_audio(tmp_path: Path) -> None:
    discs = write_discs(tmp_path / "wsj", "discs", compressed=False)
    data = tmp_path / "data"
    noise = {"share": 1, "kinds": ["white"]}
    recipe = wsj(multi_style={"copies": 1, "noise": noise, "reverberation": {"share": 0}})
    make(recipe, discs, data)
    shutil.rmtree(discs)
    assert validate(recipe, data, None).splits["si284"].utterances == 2
    cuts = CutSet.from_file(data / "si284.cuts.jsonl.gz")
    names = ["01ic0201", "01ic0201-copy1", "46nc0301", "46nc0301-copy1"]
    assert [cut.id for cut in cuts] == names
    assert not any(Path(cut.recording.sources[0].source).is_absolute() for cut in cuts)


def test_audio_lies_beside_the_cuts_and_outlives_the_discs(tmp_path: Path) -> None:
    discs = write_discs(tmp_path / "wsj", "discs", compressed=False)
    make(wsj(), discs, tmp_path / "data")
    shutil.rmtree(discs)
    cuts = CutSet.from_file(tmp_path / "data/dev93.cuts.jsonl.gz")
    [cut] = cuts.with_recording_path_prefix(tmp_path / "data")
    np.testing.assert_array_equal(cut.load_audio()[0] * 32768, SAMPLES)
    assert cut.supervisions[0].speaker == "4k0"


def test_verbalised_punctuation_is_kept_on_demand(tmp_path: Path) -> None:
    discs = write_discs(tmp_path / "wsj", "merged", compressed=False)
    make(wsj(verbalised_punctuation=True, disc_text=False), discs, tmp_path / "data")
    assert texts(tmp_path / "data")["01ic0202"] == "well comma yes period"
    assert len(read_lines(tmp_path / "data/text/corpus.txt.gz")) == 3


needs_sph2pipe = pytest.mark.skipif(
    shutil.which("sph2pipe") is None, reason="sph2pipe is not on the PATH: lhotse install-sph2pipe"
)


@needs_sph2pipe
@pytest.mark.parametrize("size", [1200, 9000])
def test_compressed_audio_cut_short_is_named(tmp_path: Path, size: int) -> None:
    discs = write_discs(tmp_path / "wsj", "merged", compressed=True)
    path = discs / "wsj0/si_et_20/440/440c0401.wv1"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UserError, match=r"1 x recordings cannot be read") as caught:
        make(wsj(), discs, tmp_path / "data")
    assert "440c0401.wv1" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 3


@needs_sph2pipe
def test_shorten_compressed_audio_is_decoded_exactly(tmp_path: Path) -> None:
    discs = write_discs(tmp_path / "wsj", "discs", compressed=True)
    make(wsj(), discs, tmp_path / "data")
    cuts = CutSet.from_file(tmp_path / "data/si284.cuts.jsonl.gz")
    for cut in cuts.with_recording_path_prefix(tmp_path / "data"):
        np.testing.assert_array_equal(cut.load_audio()[0] * 32768, SAMPLES)


def test_without_sph2pipe_the_refusal_names_the_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    discs = write_discs(tmp_path / "wsj", "discs", compressed=True)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UserError, match="lhotse install-sph2pipe"):
        make(wsj(), discs, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_missing_discs_recordings_and_transcripts_are_named(tmp_path: Path) -> None:
    discs = write_discs(tmp_path / "wsj", "merged", compressed=False)
    (discs / "wsj1/si_tr_s/46n/46nc0301.wv1").unlink()
    with pytest.raises(UserError, match=r"wsj1/si_tr_s/46n/46nc0301\.wv1"):
        make(wsj(), discs, tmp_path / "data")
    write_discs(discs, "merged", compressed=False)
    (discs / "wsj0/transcrp/dots/si_et_20/440/440c0400.dot").unlink()
    with pytest.raises(UserError, match=r"no transcript(.|\n)*440c0401"):
        make(wsj(), discs, tmp_path / "data")
    shutil.rmtree(discs / "wsj1")
    with pytest.raises(UserError, match="LDC94S13A"):
        make(wsj(), discs, tmp_path / "data")


def test_a_recording_cut_short_is_named(tmp_path: Path) -> None:
    discs = write_discs(tmp_path / "wsj", "merged", compressed=False)
    path = discs / "wsj0/si_et_20/440/440c0401.wv1"
    path.write_bytes(path.read_bytes()[:9024])
    with pytest.raises(
        UserError, match=r"440c0401.wv1 cannot be read \(cut short: 4000 of 24000 samples\)"
    ):
        make(wsj(), discs, tmp_path / "data")


def test_the_fingerprint_is_that_of_the_lists_and_not_of_the_layout(tmp_path: Path) -> None:
    discs = write_discs(tmp_path / "discs", "discs", compressed=False)
    merged = write_discs(tmp_path / "merged", "merged", compressed=True)
    assert fingerprint(wsj(), discs) == fingerprint(wsj(), merged)
    (merged / "wsj1/doc/indices/h1_p0.ndx").write_text("13_16_1:wsj1/other.wv1\n")
    assert fingerprint(wsj(), discs) != fingerprint(wsj(), merged)


def test_unknown_sets_are_refused(tmp_path: Path) -> None:
    discs = write_discs(tmp_path / "wsj", "merged", compressed=False)
    with pytest.raises(UserError, match=r"no set 'train'.*eval92"):
        fingerprint(make_recipe(corpus={"source": "wsj"}), discs)


@pytest.mark.parametrize(
    ("transcript", "words"),
    [
        (
            "[loud_breath] And new [<door_slam] ones [phone_ring/] rang [/phone_ring]",
            "And new ones rang",
        ),
        ("isn\\'t \\'tis", "isn't 'tis"),
        ("a *misread* !loud wo:rd", "a misread loud word"),
        ("<taken> back re(port)- -(re)port", "taken back re- -port"),
        ("%PERCENT .POINT . ~", "PERCENT POINT"),
        (
            'go --DASH \\(LEFT-PAREN see \\)RIGHT-PAREN \\"END-QUOTE',
            "go DASH LEFT PAREN see RIGHT PAREN END QUOTE",
        ),
        ("[cough] ~", ""),
    ],
)
def test_marks_of_the_transcripts(transcript: str, words: str) -> None:
    assert words_of(transcript) == words


@pytest.mark.parametrize(
    ("transcript", "spoken"),
    [
        ("Well ,COMMA yes", True),
        ("yes .period", True),
        ('\\"double-quote no \\"close-quote', True),
        ("ten %PERCENT and one .POINT two", False),
        ("the 'em dash isn\\'t a comma. period", False),
        ("re(port)- the mark", False),
    ],
)
def test_verbalised_punctuation_is_seen(transcript: str, spoken: bool) -> None:
    assert has_verbalised_punctuation(transcript) is spoken


@pytest.mark.parametrize(
    ("changed", "settings", "matters"),
    [
        ("11-13.1/wsj0/transcrp/dots/si_tr_s/01i/01ic0200.dot", {}, True),
        ("13-32.1/wsj1/doc/lng_modl/lm_train/np_data/87/w7_001.z", {}, True),
        ("13-32.1/wsj1/doc/lng_modl/lm_train/np_data/87/w7_001.z", {"disc_text": False}, False),
        ("13-34.1/wsj1/doc/readme.gz", {}, False),
    ],
)
def test_the_fingerprint_follows_the_text_that_is_used(
    tmp_path: Path, changed: str, settings: dict[str, bool], matters: bool
) -> None:
    discs = write_discs(tmp_path / "wsj", "discs", compressed=False)
    path = place(discs, changed, "discs")
    if not path.exists():
        path.write_bytes(b"ab")
    name = fingerprint(wsj(**settings), discs)
    path.write_bytes(path.read_bytes()[::-1])
    assert (fingerprint(wsj(**settings), discs) != name) is matters
