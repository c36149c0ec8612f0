from pathlib import Path

import numpy as np
import pytest
from toy_decoding import RECIPE, clear_values, log_probs, write_cuts
from typer.testing import CliRunner, Result

from schatten.cli.decode import app
from schatten.decode.logprobs import LogProbs, write_logprobs
from schatten.errors import UserError
from schatten.runtime.files import read_json, write_json
from schatten.units import BLANK, Units

DECODING = "decoding: {beam: 20, lm_weights: [0.2, 0.6, 1.0], word_bonuses: [-1.0, 0.0, 1.0]}"
TEXTS = {"kim-2": "ba a ab", "kim-1": "cab", "lee-1": "abb ba"}


@pytest.fixture
def folder(tmp_path: Path, arpa: Path, lexicon: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "toy.yaml").write_text(RECIPE + DECODING)
    values = {name: clear_values(text, 0.8) for name, text in TEXTS.items()}
    write_logprobs(tmp_path / "dev.npz", log_probs(values))
    write_cuts(tmp_path / "dev.cuts.jsonl.gz", TEXTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    verb, *rest = arguments
    return CliRunner().invoke(app, [verb, "--recipe", "toy.yaml", *rest])


SEARCH = ("--lm", "toy.arpa", "--lexicon", "lexicon")
DECODE = ("decode", "--logprobs", "dev.npz", "--output", "dev.hyp.txt", "--decoder")


@pytest.mark.parametrize("decoder", ["lexicon", "flashlight"])
def test_tune_decode_score(decoder: str, folder: Path, program: Path) -> None:
    split, searcher = ("--logprobs", "dev.npz", "--cuts", "dev.cuts.jsonl.gz"), str(program)
    tuned = call("tune", *split, *SEARCH, "--program", searcher, "--output", "w.json")
    assert tuned.exit_code == 0
    options = ("--program", searcher) if decoder == "lexicon" else ()
    result = call(*DECODE, decoder, *SEARCH, *options, "--weights", "w.json")
    assert result.exit_code == 0
    assert "3 utterances, 1.9 s of audio decoded" in result.output
    expected = "kim-1 cab\nkim-2 ba a ab\nlee-1 abb ba\n"
    assert (folder / "dev.hyp.txt").read_text() == expected
    files = ("--hypotheses", "dev.hyp.txt", "--cuts", "dev.cuts.jsonl.gz")
    result = call("score", *files, "--lexicon", "lexicon", "--output", "dev.score.json")
    assert result.exit_code == 0
    assert "WER 0.00 % (0.00 to 0.00)" in result.output
    assert read_json(folder / "dev.score.json")["out_of_lexicon"]["count"] == 0


def test_several_splits_in_one_process(folder: Path, program: Path) -> None:
    write_json(folder / "w.json", {"lm_weight": 1.0, "word_bonus": 0.0})
    values = {"kim-3": clear_values("ba", 0.8)}
    write_logprobs(folder / "test.npz", log_probs(values))
    write_cuts(folder / "test.cuts.jsonl.gz", {"kim-3": "ba"})
    search = (*SEARCH, "--program", str(program), "--weights", "w.json")
    more = ("--logprobs", "test.npz", "--output", "test.hyp.txt")
    assert call(*DECODE, "lexicon", *search).exit_code == 0
    alone = (folder / "dev.hyp.txt").read_bytes()
    assert call(*DECODE, "lexicon", *search, *more).exit_code == 0
    assert (folder / "dev.hyp.txt").read_bytes() == alone
    assert (folder / "test.hyp.txt").read_text() == "kim-3 ba\n"
    files = ("--hypotheses", "dev.hyp.txt", "--hypotheses", "test.hyp.txt")
    files = (*files, "--cuts", "dev.cuts.jsonl.gz", "--cuts", "test.cuts.jsonl.gz")
    outputs = ("--output", "dev.score.json", "--output", "test.score.json")
    assert call("score", *files, *outputs, "--lexicon", "lexicon").exit_code == 0
    scores = [read_json(folder / f"{name}.score.json") for name in ("dev", "test")]
    assert [one["utterances"] for one in scores] == [3, 1]
    refused = call("score", *files, "--output", "dev.score.json")
    assert refused.exit_code == 2
    assert "2 times --hypotheses, but 1 times --output" in " ".join(refused.output.split())


def test_open_tune_and_decode_take_no_lexicon(folder: Path, character_arpa: Path) -> None:
    lm = ("--lm", str(character_arpa))
    split = ("--logprobs", "dev.npz", "--cuts", "dev.cuts.jsonl.gz")
    assert call("tune", *split, *lm, "--output", "w.json").exit_code == 0
    assert call(*DECODE, "open", *lm, "--weights", "w.json").exit_code == 0
    expected = "kim-1 cab\nkim-2 ba a ab\nlee-1 abb ba\n"
    assert (folder / "dev.hyp.txt").read_text() == expected


@pytest.mark.parametrize("rescoring", [(), ("--lm", "toy.arpa")])
def test_graph_tune_decode(rescoring: tuple[str, ...], folder: Path) -> None:
    result = call("graph", "--arpa", "toy.arpa", "--lexicon", "lexicon", "--output", "graph.fst")
    assert result.exit_code == 0
    assert "TLG" in result.output
    split = ("--logprobs", "dev.npz", "--cuts", "dev.cuts.jsonl.gz", "--output", "w.json")
    search = ("--graph", "graph.fst", *rescoring)
    assert call("tune", *split, *search).exit_code == 0
    result = call(*DECODE, "wfst", *search, "--weights", "w.json")
    assert result.exit_code == 0
    assert "3 utterances, 1.9 s of audio decoded" in result.output
    expected = "kim-1 cab\nkim-2 ba a ab\nlee-1 abb ba\n"
    assert (folder / "dev.hyp.txt").read_text() == expected
    assert call("tune", *split, *search, "--lexicon", "lexicon").exit_code == 2
    assert call("tune", *split).exit_code == 2


def test_a_missing_program_is_named_with_what_builds_it(folder: Path) -> None:
    write_json(folder / "w.json", {"lm_weight": 1.0, "word_bonus": 0.0})
    result = call(*DECODE, "lexicon", *SEARCH, "--weights", "w.json")
    assert ".tools/engine/bin/decode_logprobs cannot be run" in str(result.exception)
    assert "scripts/build_engine.sh" in str(result.exception)


def test_greedy_decodes_without_a_lexicon(folder: Path) -> None:
    values = {"lee-1": clear_values("bcb a"), "kim-1": clear_values("")}
    write_logprobs(folder / "dev.npz", log_probs(values))
    assert call(*DECODE, "greedy").exit_code == 0
    assert (folder / "dev.hyp.txt").read_text() == "kim-1\nlee-1 bcb a\n"


def test_phones_are_decoded_to_phones_alone(folder: Path) -> None:
    """Greedy text is refused in one sentence: phones write no words without a lexicon."""
    phones = Units("phones", (BLANK, "K", "AO"), None)
    best = np.log(np.eye(3, dtype=np.float32)[[1, 0, 2, 2]] * 0.9 + 0.02)
    split = LogProbs(["kim-1"], np.array([4]), best, phones, 0.04)
    write_logprobs(folder / "dev.npz", split)
    assert call(*DECODE, "units").exit_code == 0
    assert (folder / "dev.hyp.txt").read_text() == "kim-1 K AO\n"
    refused = call(*DECODE, "greedy").exception
    assert isinstance(refused, UserError)
    assert str(refused).startswith("phones write no words without a lexicon: decode with a lang")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lexicon",), "needs --lm and --lexicon and --weights"),
        (("lexicon", *SEARCH), "needs --weights"),
        (("flashlight", *SEARCH), "needs --weights"),
        (("flashlight", *SEARCH, "--weights", "w", "--program", "p"), "takes no --program"),
        (("open", "--lexicon", "lexicon"), "needs --lm and --weights"),
        (("open", *SEARCH, "--weights", "lexicon"), "takes no --lexicon"),
        (("open", "--lm", "l", "--weights", "w", "--program", "p"), "takes no --program"),
        (("wfst", "--lm", "toy.arpa"), "needs --graph and --weights"),
        (("wfst", *SEARCH, "--graph", "g", "--weights", "w"), "takes no --lexicon"),
        (("lexicon", *SEARCH, "--graph", "g", "--weights", "w"), "takes no --graph"),
        (("greedy", *SEARCH), "takes no --lexicon and --lm"),
        (("units", *SEARCH), "takes no --lexicon and --lm"),
        (("magic",), "not one of 'greedy'"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    arguments: tuple[str, ...], message: str, folder: Path
) -> None:
    result = call(*DECODE, *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert not (folder / "dev.hyp.txt").exists()
