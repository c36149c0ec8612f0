from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_decoding import WORDS, clear_values, log_probs, random_values, write_cuts

from schatten.decode.files import SearchFiles
from schatten.decode.logprobs import write_logprobs
from schatten.decode.tune import search_grid, tune
from schatten.decode.weights import Weights, read_weights
from schatten.errors import UserError
from schatten.recipe.decoding import Decoding
from schatten.runtime.files import read_json

LM_WEIGHTS = (0.5, 1.0, 1.5, 2.0)
BONUSES = (-1.0, 0.0, 1.0)
POINTS = [Weights(weight, bonus) for weight in LM_WEIGHTS for bonus in BONUSES]


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), min_size=len(POINTS), max_size=len(POINTS)))
def test_the_best_point_is_the_best_of_its_lines_and_of_all_tried(errors: list[int]) -> None:
    table = dict(zip(POINTS, errors, strict=True))
    tried = search_grid(table.__getitem__, LM_WEIGHTS, BONUSES)
    assert tried.items() <= table.items()
    lowest = min(tried.values())
    best = [point for point, count in tried.items() if count == lowest]
    assert any(
        set(_lines(point)) <= tried.keys() and lowest == min(table[each] for each in _lines(point))
        for point in best
    )


def _lines(point: Weights) -> list[Weights]:
    return [
        each
        for each in POINTS
        if each.lm_weight == point.lm_weight or each.word_bonus == point.word_bonus
    ]


def test_a_valley_is_found_in_fewer_points_than_the_grid_has() -> None:
    weights, bonuses = np.arange(10) / 4, np.arange(-5, 6) / 2
    tried = search_grid(
        lambda point: round(100 * ((point.lm_weight - 2) ** 2 + (point.word_bonus + 2) ** 2)),
        weights.tolist(),
        bonuses.tolist(),
    )
    assert min(tried, key=lambda point: tried[point]) == Weights(2.0, -2.0)
    assert len(tried) <= 40


@pytest.fixture
def dev(tmp_path: Path) -> tuple[Path, Path]:
    """Utterances that are sure of half of their frames, and their transcripts."""
    generator = np.random.default_rng(3)
    values, texts = {}, {}
    for number in range(40):
        words = generator.choice(WORDS, size=generator.integers(1, 4))
        clear = clear_values(" ".join(words))
        values[f"s{number % 4}-{number:02d}"] = clear + random_values(generator, len(clear))
        texts[f"s{number % 4}-{number:02d}"] = " ".join(words)
    write_logprobs(tmp_path / "dev.npz", log_probs(values))
    return tmp_path / "dev.npz", write_cuts(tmp_path / "dev.cuts.jsonl.gz", texts)


@pytest.mark.parametrize("is_engine", [False, True])
def test_chooses_the_fewest_errors_and_says_edges(
    is_engine: bool,
    dev: tuple[Path, Path],
    lexicon: Path,
    arpa: Path,
    program: Path,
    tmp_path: Path,
) -> None:
    grid = Decoding(lm_weights=(0.1, 0.4, 5.0), word_bonuses=(-20.0, 0.0))
    files = SearchFiles(arpa, lexicon, program if is_engine else None)
    tuned = tune(*dev, files, grid)
    tuned.write(tmp_path / "weights.json")
    written = read_json(tmp_path / "weights.json")
    assert read_weights(tmp_path / "weights.json") == tuned.best
    assert written["wer"] == min(point["wer"] for point in written["tried"])
    assert tuned.best.word_bonus == 0.0
    assert written["at_edge"][-1] == "word_bonus 0 is the highest of the grid"
    assert "widen the grid" in tuned.summary


def test_ties_go_to_the_smaller_weights(
    dev: tuple[Path, Path], lexicon: Path, arpa: Path, tmp_path: Path
) -> None:
    texts = {"s1-a": "ba a", "s1-b": "cab"}
    values = {name: clear_values(text, 0.999) for name, text in texts.items()}
    write_logprobs(tmp_path / "clear.npz", log_probs(values))
    cuts = write_cuts(tmp_path / "clear.cuts.jsonl.gz", texts)
    grid = Decoding(lm_weights=(0.6, 0.3, 0.5), word_bonuses=(-0.5, 0.25, 0.5))
    tuned = tune(tmp_path / "clear.npz", cuts, SearchFiles(arpa, lexicon), grid)
    assert tuned.best == Weights(0.3, 0.25)
    assert set(tuned.errors.values()) == {0}
    assert tuned.at_edge == ["lm_weight 0.3 is the lowest of the grid"]


def test_other_utterances_are_refused_by_name(
    dev: tuple[Path, Path], lexicon: Path, arpa: Path, tmp_path: Path
) -> None:
    cuts = write_cuts(tmp_path / "other.cuts.jsonl.gz", {"s0-00": "a", "zz-99": "ba"})
    with pytest.raises(UserError, match=r"lacks 1 utterance \(zz-99\)"):
        tune(dev[0], cuts, SearchFiles(arpa, lexicon), Decoding())
