from pathlib import Path

import numpy as np
import pytest
from toy_decoding import (
    RECIPE,
    UNITS,
    WORDS,
    acoustic_scores,
    lm_score,
    log_probs,
    random_values,
    write_cuts,
)
from toy_graphs import toy_graph
from typer.testing import CliRunner, Result

from schatten.cli.search import app
from schatten.decode.exact import ExactScorer
from schatten.decode.logprobs import write_logprobs
from schatten.decode.search_errors import errors_table, find_search_errors
from schatten.decode.weights import Weights
from schatten.runtime.files import read_json, read_jsonl, write_json
from schatten.transcripts import Utterance, write_hypotheses

WEIGHTS = Weights(0.7, 0.5)
DECODING = "decoding: {beam_threshold: 200, token_beam: 5}"
WIDE = ("--reference-beam", "500", "--reference-lattice-beam", "500", "-n", "100")


def values_of(number: int) -> np.ndarray:
    return random_values(np.random.default_rng(number), frames=6)


def ranked(number: int) -> list[tuple[str, ...]]:
    """Sentences by their score, the best first, by brute force."""
    scores = {
        words: acoustic + 0.7 * lm_score(words) + 0.5 * len(words)
        for words, acoustic in acoustic_scores(values_of(number)).items()
        if set(words) <= set(WORDS)
    }
    return sorted(scores, key=lambda words: -scores[words])


@pytest.fixture
def folder(tmp_path: Path, arpa: Path, lexicon: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "toy.yaml").write_text(RECIPE + DECODING)
    write_logprobs(tmp_path / "dev.npz", log_probs({f"kim-{n}": values_of(n) for n in range(8)}))
    write_cuts(tmp_path / "dev.cuts.jsonl.gz", {f"kim-{n}": "ba a" for n in range(8)})
    toy_graph(tmp_path / "graph.fst", arpa, lexicon)
    write_json(tmp_path / "w.json", {"lm_weight": 0.7, "word_bonus": 0.5})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(verb: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [verb, *arguments])


def search_errors(*arguments: str) -> Result:
    files = ("--logprobs", "dev.npz", "--cuts", "dev.cuts.jsonl.gz", "--graph", "graph.fst")
    search = ("--lm", "toy.arpa", "--lexicon", "lexicon", "--weights", "w.json")
    return call("search-errors", "--recipe", "toy.yaml", *files, *search, *arguments)


def test_errors_are_those_of_brute_force(folder: Path, program: Path) -> None:
    outputs = {f"kim-{n}": ranked(n)[0 if n % 3 else 1] for n in range(8)}
    write_hypotheses(folder / "other.txt", outputs)
    searcher = ("--program", str(program))
    options = ("--hypotheses", "other=other.txt", "--beam", "1", "--beam", "5000", *searcher)
    result = search_errors(*WIDE, *options, "--flashlight", "--output", "errors.json")
    assert result.exit_code == 0, result.output
    other, narrow, wide, _, wide_flashlight = read_json(folder / "errors.json")
    wrong = {error["utterance"]: tuple(error["better"]) for error in other["errors"]}
    assert wrong == {f"kim-{n}": ranked(n)[0] for n in (0, 3, 6)}
    assert other["search_errors_per_thousand_words"] == pytest.approx(1000 * 3 / 16)
    assert (narrow["decoder"], wide["decoder"]) == ("lexicon, beam 1", "lexicon, beam 5000")
    assert narrow["search_errors"] > wide["search_errors"] == 0
    assert wide_flashlight["decoder"] == "flashlight, beam 5000"
    assert wide_flashlight["search_errors"] == 0
    assert "lexicon, beam 5000                 0" in result.output
    result = search_errors(*WIDE, *options, "--every", "3", "--output", "errors.json")
    assert read_json(folder / "errors.json")[0]["words"] == 2 * 3
    assert read_json(folder / "errors.json")[0]["search_errors"] == 3
    narrow = ("--beam", "5000", "--token-beam", "1", *searcher)
    result = search_errors(*WIDE, *narrow, "--output", "errors.json")
    assert read_json(folder / "errors.json")[0]["search_errors"] > 0


def test_a_better_output_of_one_decoder_is_an_error_of_the_other(arpa: Path, lexicon: Path) -> None:
    scorer = ExactScorer(lexicon, arpa, UNITS, WEIGHTS, "sum")
    first, second = ranked(1)[:2]
    outputs = {"good": {"kim-1": first}, "bad": {"kim-1": second}}
    references = [Utterance("kim-1", "kim", ("ba", "a"))]
    found = find_search_errors(
        log_probs({"kim-1": values_of(1)}), references, outputs, lambda values: [], scorer
    )
    assert [len(each.errors) for each in found] == [0, 1]
    assert found[1].errors[0].better == first
    assert found[1].words_per_thousand > 0
    assert errors_table(found).count("\n") == 2


def test_nothing_to_compare_and_files_that_do_not_fit_are_refused(folder: Path) -> None:
    assert "give --beam or --hypotheses" in str(search_errors().exception)
    (folder / "part.txt").write_text("kim-1 ba\n")
    assert "part.txt lacks 7 utterances" in str(
        search_errors("--hypotheses", "x=part.txt").exception
    )
    assert search_errors("--hypotheses", "part.txt").exit_code == 2


def test_lattices_and_nbest(folder: Path, arpa: Path) -> None:
    graph = ("--logprobs", "dev.npz", "--graph", "graph.fst", "--weights", "w.json")
    beams = ("--beam", "500", "--lattice-beam", "500")
    output = ("--output", "dev.lattices.jsonl.gz")
    result = call("lattices", "--recipe", "toy.yaml", *graph, *beams, *output)
    assert result.exit_code == 0
    assert "8 lattices" in result.output
    rescoring = ("--lattices", "dev.lattices.jsonl.gz", "--lm", "toy.arpa", "--weights", "w.json")
    result = call(
        "nbest", *rescoring, "-n", "4", "--output", "n.jsonl", "--output-words", "hyp.txt"
    )
    assert result.exit_code == 0
    rows = read_jsonl(folder / "n.jsonl")
    assert [row["id"] for row in rows] == [f"kim-{n}" for n in range(8)]
    scores = [hypothesis["score"] for hypothesis in rows[2]["nbest"]]
    assert len(scores) == 4
    assert scores == sorted(scores, reverse=True)
    best = max(
        acoustic + 0.7 * lm_score(words) + 0.5 * len(words)
        for words, acoustic in acoustic_scores(values_of(2), max).items()
        if set(words) <= set(WORDS)
    )
    assert scores[0] == pytest.approx(best, abs=1e-3)
    line = (folder / "hyp.txt").read_text().splitlines()[2]
    assert line == " ".join(["kim-2", *rows[2]["nbest"][0]["words"]])


def test_what_is_no_lattice_is_refused(folder: Path) -> None:
    (folder / "x.jsonl").write_text('{"id": "kim-1", "arcs": [[0]]}\n')
    rescoring = ("--lm", "toy.arpa", "--weights", "w.json", "--output", "n.jsonl")
    assert "x.jsonl holds no lattices" in str(
        call("nbest", "--lattices", "x.jsonl", *rescoring).exception
    )
