from pathlib import Path

import pytest
from scoring import HYPOTHESES, LEXICON, TEXTS, write_cuts

from schatten.artifacts import Inventory
from schatten.errors import UserError
from schatten.recipe.results import Tables
from schatten.runtime.files import read_json, sha256
from schatten.score.counts import read_counts
from schatten.score.run import score_files
from schatten.transcripts import read_hypotheses
from schatten.units.words import Spelling, write_words

NAMES = ["errors.txt", "hyp.trn", "ref.trn", "score.json", "utterances.csv"]


@pytest.fixture
def cuts(tmp_path: Path) -> Path:
    return write_cuts(tmp_path / "test.cuts.jsonl.gz", TEXTS)


@pytest.fixture
def hypotheses(tmp_path: Path) -> Path:
    path = tmp_path / "test.hyp.txt"
    path.write_text(HYPOTHESES)
    return path


@pytest.fixture
def scored(cuts: Path, hypotheses: Path, tmp_path: Path) -> Path:
    lexicon = tmp_path / "lexicon"
    lexicon.write_text(LEXICON)
    score_files(hypotheses, cuts, tmp_path / "out" / "test.score.json", lexicon, Tables())
    return tmp_path / "out"


def test_counts_and_rates(scored: Path) -> None:
    value = read_json(scored / "test.score.json")
    assert (value["utterances"], value["speakers"], value["words"]) == (4, 2, 11)
    assert (value["substitutions"], value["deletions"], value["insertions"]) == (1, 2, 1)
    assert (value["errors"], value["wer"]) == (4, pytest.approx(36.3636))
    assert value["deletions_percent"] == pytest.approx(18.1818)
    assert value["chars"] == len("call jon now") + len("play some jazz") + 15 + 4
    assert value["char_errors"] == len("h") + len(" ow") + len(" the") + len(
        "stop"
    )  # jon now: john
    assert value["utterances_with_errors"] == 3
    assert value["by_speaker"]["kim"]["wer"] == pytest.approx(33.3333)
    assert value["by_speaker"]["lee"]["errors"] == 2


def test_intervals_hold_the_rate(scored: Path) -> None:
    value = read_json(scored / "test.score.json")
    for name, rate in (("wer", "wer"), ("cer", "cer"), ("wer", "wer_by_speaker")):
        low, high = value[f"{name}_interval{rate.removeprefix(name)}"]
        assert low < value[name] < high
    assert (value["confidence"], value["bootstrap_samples"]) == (0.95, 1000)


def test_words_out_of_the_lexicon(scored: Path) -> None:
    assert read_json(scored / "test.score.json")["out_of_lexicon"] == {
        "count": 7,
        "percent": pytest.approx(63.6364),
        "errors": 2,
        "wer": pytest.approx(18.1818),
        "percent_of_errors": 50.0,
        "wer_of_utterances_without": 0.0,
        "words": ["is", "it", "jazz", "jon", "stop", "time", "what"],
    }


def test_utterances_without_unknown_words_have_a_rate_of_their_own(
    cuts: Path, hypotheses: Path, tmp_path: Path
) -> None:
    lexicon = tmp_path / "lexicon"
    words = "what time is it stop play some call now"
    lexicon.write_text("".join(f"{word}\t{' '.join(word)}\n" for word in words.split()))
    score_files(hypotheses, cuts, tmp_path / "t.score.json", lexicon, Tables())
    value = read_json(tmp_path / "t.score.json")["out_of_lexicon"]
    assert (value["words"], value["errors"]) == (["jazz", "jon"], 1)
    assert value["wer_of_utterances_without"] == 40.0  # lee: 2 errors in 5 words
    text = (tmp_path / "t.errors.txt").read_text()
    said = "2 of 11 words (18.18 %); 1 of them wrong: 9.09 points of WER, 25.0 % of all errors."
    assert f"{said} WER of utterances without them: 40.00\n" in text
    assert "     1       0  jazz\n     1       1  jon\n" in text


def test_without_unknown_words_the_list_says_so(
    cuts: Path, hypotheses: Path, tmp_path: Path
) -> None:
    lexicon = tmp_path / "lexicon"
    words = sorted({word for text in TEXTS.values() for word in text.split()})
    lexicon.write_text("".join(f"{word}\t{' '.join(word)}\n" for word in words))
    score_files(hypotheses, cuts, tmp_path / "t.score.json", lexicon, Tables())
    assert read_json(tmp_path / "t.score.json")["out_of_lexicon"]["wer"] == 0.0
    listed = "Words out of the lexicon: said, wrong, word\n(none)\n"
    assert listed in (tmp_path / "t.errors.txt").read_text()


def test_error_list(scored: Path) -> None:
    text = (scored / "test.errors.txt").read_text()
    assert "kim-1:\tcall (jon->john) (now->*)\n" in text
    assert "lee-1:\twhat (*->the) time is it\n" in text
    assert "kim-2" not in text
    assert "     1  jon -> john\n" in text
    assert text.index("     1  now") < text.index("     1  stop") < text.index("     1  the")
    assert " 40.00      2 /     5      2  lee\n 33.33      2 /     6      2  kim\n" in text


def test_trn_files_and_counts(scored: Path) -> None:
    assert (scored / "test.ref.trn").read_text().splitlines()[3] == "stop (lee-lee-2)"
    assert (scored / "test.hyp.trn").read_text().splitlines()[3] == "(lee-lee-2)"
    rows = read_counts(scored / "test.utterances.csv")
    assert [row.utterance for row in rows] == sorted(TEXTS)
    assert sum(row.errors for row in rows) == 4
    assert sorted(path.name for path in scored.iterdir()) == [f"test.{name}" for name in NAMES]


def test_same_input_same_bytes(scored: Path, cuts: Path, hypotheses: Path) -> None:
    score_files(hypotheses, cuts, scored / "again.score.json", scored.parent / "lexicon", Tables())
    for name in NAMES:
        assert (scored / f"again.{name}").read_bytes() == (scored / f"test.{name}").read_bytes()


def test_one_utterance_a_speaker_has_no_interval_by_speaker(tmp_path: Path) -> None:
    cuts = write_cuts(tmp_path / "c.jsonl.gz", {"kim-1": "call", "lee-1": "play"})
    (tmp_path / "h.txt").write_text("kim-1 call\nlee-1 pay\n")
    score_files(tmp_path / "h.txt", cuts, tmp_path / "t.score.json", None, Tables())
    value = read_json(tmp_path / "t.score.json")
    assert value["wer_interval_by_speaker"] is None
    assert value["out_of_lexicon"] is None


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("kim-1 call\n", r"lacks 3 utterances \(kim-2, lee-1, lee-2\)"),
        (HYPOTHESES + "zoe-1 hi\n", r"has 1 utterance \(zoe-1\)"),
        (HYPOTHESES + "kim-1 call\n", "line 5 has utterance kim-1 for the second time"),
        (HYPOTHESES + "\n", "line 5 has no utterance id"),
    ],
)
def test_other_utterances_are_named(lines: str, message: str, cuts: Path, tmp_path: Path) -> None:
    path = tmp_path / "h.txt"
    path.write_text(lines)
    with pytest.raises(UserError, match=message):
        score_files(path, cuts, tmp_path / "t.score.json", None, Tables())
    assert not (tmp_path / "t.score.json").exists()


@pytest.mark.parametrize(
    ("texts", "message"),
    [({}, "holds no utterance"), ({"kim-1": " "}, "no word in its transcripts")],
)
def test_nothing_to_score_is_said(texts: dict[str, str], message: str, tmp_path: Path) -> None:
    cuts = write_cuts(tmp_path / "c.jsonl.gz", texts)
    (tmp_path / "h.txt").write_text("kim-1 call\n" if texts else "")
    with pytest.raises(UserError, match=message):
        score_files(tmp_path / "h.txt", cuts, tmp_path / "t.score.json", None, Tables())


@pytest.mark.parametrize("line", ['{"id": "x", "supervisions": []}', '{"id": "x"}', "[]", "7"])
def test_cut_without_transcript_is_named(line: str, hypotheses: Path, tmp_path: Path) -> None:
    cuts = tmp_path / "cuts.jsonl"
    cuts.write_text(line + "\n")
    with pytest.raises(UserError, match=r"cuts\.jsonl: cut (x|that is no object) needs exactly"):
        score_files(hypotheses, cuts, tmp_path / "t.score.json", None, Tables())


def test_output_needs_its_name(cuts: Path, hypotheses: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not named NAME\.score\.json"):
        score_files(hypotheses, cuts, tmp_path / "score.txt", None, Tables())


def test_units_are_scored_against_those_of_the_transcripts(cuts: Path, tmp_path: Path) -> None:
    names = ("<blank>", "A", "B")
    words = sorted({word for text in TEXTS.values() for word in text.split()})
    spelled = {
        word: [Spelling(("A", "B"), "lexicon"), Spelling(("B",), "lexicon")] for word in words
    }
    write_words(tmp_path / "words.mine.tsv", spelled)
    inventory = Inventory(
        name="mine",
        kind="phones",
        names=list(names),
        separator=None,
        language="en",
        words="words.mine.tsv",
        words_sha256=sha256(tmp_path / "words.mine.tsv"),
        word_count=len(words),
        origins={"lexicon": 2 * len(words)},
    )
    inventory.write(tmp_path / "inventory.json")
    heard = {"kim-1": "A B A B A B", "kim-2": "A B A B B", "lee-1": "A B " * 4, "lee-2": "B A B"}
    (tmp_path / "h.txt").write_text("".join(f"{name} {units}\n" for name, units in heard.items()))
    output = tmp_path / "t.score.json"
    said = score_files(
        tmp_path / "h.txt", cuts, output, None, Tables(), tmp_path / "inventory.json"
    )
    assert "error rate of phones 9.09 %" in said
    value = read_json(output)
    assert (value["units"], value["words"], value["errors"]) == ("phones", 22, 2)
    assert value["cer"] == value["wer"] == pytest.approx(9.0909)


def test_hypotheses_of_others_are_read_in_one_form(tmp_path: Path) -> None:
    (tmp_path / "hyp").write_bytes("\ufeffa scho\u0308n\r\nb \u0958\r\n".encode())
    found = read_hypotheses(tmp_path / "hyp")
    assert found == {"a": ("sch\u00f6n",), "b": ("\u0915\u093c",)}


def test_where_characters_are_words_both_rates_are_of_characters(tmp_path: Path) -> None:
    texts = {"kim-1": "渐 渐 行 动", "lee-1": "不 便"}
    cuts = write_cuts(tmp_path / "test.cuts.jsonl.gz", texts)
    (tmp_path / "test.hyp.txt").write_text("kim-1 渐渐 动\nlee-1 不 便\n")
    output = tmp_path / "t.score.json"
    files = tmp_path / "test.hyp.txt", cuts, output, None, Tables()
    assert "CER 16.67 % (" in score_files(*files, of_characters=True)
    value = read_json(output)
    assert (value["words"], value["errors"], value["deletions"]) == (6, 1, 1)
    assert value["wer"] == value["cer"] == pytest.approx(16.6667)
    assert value["wer_interval"] == value["cer_interval"]
    assert "渐 渐 动 (kim-kim-1)" in (tmp_path / "t.hyp.trn").read_text()
