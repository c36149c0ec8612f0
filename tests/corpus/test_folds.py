"""Folds by speaker: who is dealt where, the recipes of folds, their data, and the table."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from small_corpora import make_recipe, write_audio, write_table

from schatten import recipe as recipes
from schatten.artifacts import Score
from schatten.corpus import make
from schatten.corpus.fingerprint import fingerprint
from schatten.corpus.folds import parts_of
from schatten.errors import UserError
from schatten.recipe.layout import Layout
from schatten.report.folds import levers, lines_of
from schatten.runtime.files import read_jsonl
from schatten.score.counts import Counts, write_counts
from schatten.score.run import beside

Corpus = Callable[..., Path]


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write a recipe with three folds; return its name."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "recipes/mine/small.yaml"
    path.parent.mkdir(parents=True)
    made = make_recipe(folds={"count": 3}, tables={"language_models": ["lm"]})
    path.write_text(yaml.safe_dump(made.model_dump(mode="json", exclude_unset=True)))
    return "mine/small"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five speakers in train and dev, and one in test."""
    root = tmp_path / "corpus"
    rows = []
    for number, speaker in enumerate(["anna", "anna", "bert", "carl", "dora", "emil", "test"]):
        split = "test" if speaker == "test" else "dev" if speaker == "emil" else "train"
        path = f"{speaker}{number}.wav"
        rows.append(
            {"id": f"u{number}", "path": path, "speaker": speaker, "split": split, "text": "yes"}
        )
        write_audio(root / path, 0.2)
    write_table(root, rows)
    return root


def test_parts_have_nearly_as_many_utterances() -> None:
    speakers = Counter({"a": 10, "b": 6, "c": 5, "d": 5, "e": 4})
    part = parts_of(speakers, 3)
    assert part == {"a": 1, "b": 2, "c": 3, "d": 3, "e": 2}
    with pytest.raises(UserError, match="2 speakers cannot be dealt into 3 folds: lower"):
        parts_of(Counter("ab"), 3)


def test_each_speaker_is_held_out_once(recipe: str, folder: Path, tmp_path: Path) -> None:
    held_out, keys = [], set()
    for number in (1, 2, 3):
        fold = recipes.load(f"{recipe}.fold{number}")
        assert fold.splits.all == ("train", "dev", "held_out")
        data = tmp_path / f"data{number}"
        make(fold, folder, data)
        speakers = {
            split: {
                row["supervisions"][0]["speaker"]
                for row in read_jsonl(data / f"{split}.cuts.jsonl.gz")
            }
            for split in fold.splits.all
        }
        assert not speakers["train"] & (speakers["dev"] | speakers["held_out"])
        assert set().union(*speakers.values()) == {"anna", "bert", "carl", "dora", "emil"}
        held_out += sorted(speakers["held_out"])
        keys.add(fingerprint(fold, folder))
    assert sorted(held_out) == ["anna", "bert", "carl", "dora", "emil"]
    whole = recipes.load(recipe)
    assert whole.splits.all == ("train", "dev", "test")
    without = whole.model_copy(update={"folds": None})
    assert len(keys) == 3
    assert fingerprint(whole, folder) == fingerprint(without, folder) not in keys


@pytest.mark.parametrize(
    ("change", "name", "message"),
    [
        ({}, "small.fold4", "has the folds 1 to 3, and no fold 4"),
        ({"folds": None}, "small.fold1", "has no folds: write for instance"),
        ({"corpus": {"source": "lhotse"}}, "small.fold1", "folds are of a corpus of source tsv or"),
        ({"folds": {"count": 2}}, "small", "folds.count: Input should be greater than or equal"),
        ({}, "other.fold1", "other.yaml does not exist: give recipe="),
    ],
)
def test_folds_that_are_not_there(recipe: str, change: dict, name: str, message: str) -> None:
    path = Path("recipes/mine/small.yaml")
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **change}))
    with pytest.raises(UserError, match=message):
        recipes.load(f"mine/{name}")


def test_the_table_pools_all_folds(recipe: str) -> None:
    with pytest.raises(UserError, match="run `snakemake -j8 wer_tables --config recipe=mine/small"):
        list(lines_of(recipe, Path("results")))
    for number, (words, errors) in enumerate([(100, 10), (50, 10), (100, 5)], 1):
        layout = Layout("mine", f"small.fold{number}", "")
        fold = recipes.load(f"{recipe}.fold{number}")
        for decoder, lm in (("greedy", "none"), ("lexicon", "lm")):
            score = Score(
                wer=100 * errors / words,
                cer=0,
                words=words,
                substitutions=errors,
                deletions=0,
                insertions=0,
                wer_interval=(0, 1),
                cer_interval=(0, 1),
            )
            score.write(layout.score(fold.start("dense", 1), decoder, lm, "held_out"))
    heading, greedy, words = list(lines_of(recipe, Path("results")))
    assert heading.split()[-2:] == ["all", "sd"]
    assert greedy.startswith("dense, whole, greedy none")
    assert words.split()[-5:] == ["10.00", "20.00", "5.00", "10.00", "7.64"]


def write_fold(name: str, number: int, system: str, errors: Callable[[str], int]) -> None:
    """Write a score of 8 utterances of each of 8 speakers; `errors`: those of their ten words."""
    fold = recipes.load(f"{name}.fold{number}")
    layout = Layout("mine", f"{name.partition('/')[2]}.fold{number}", "")
    path = layout.score(fold.start(system, 1), "lexicon", "lm", "held_out")
    greedy = layout.score(fold.start(system, 1), "greedy", "none", "held_out")
    rows = []
    for one in range(8):
        speaker = f"s{number}{one}"
        wrong = errors(speaker)
        rows += [Counts(f"{speaker}u{u}", speaker, 10, wrong, 0, 0, 40, wrong) for u in range(8)]
    total = sum(row.errors for row in rows)
    rate = 100 * total / (10 * len(rows))
    score = Score(
        wer=rate,
        cer=0,
        words=10 * len(rows),
        substitutions=total,
        deletions=0,
        insertions=0,
        wer_interval=(0, 1),
        cer_interval=(0, 1),
    )
    for one in (path, greedy):
        score.write(one)
    write_counts(beside(path, ".utterances.csv"), rows)


def test_levers_are_compared_on_the_speakers_of_all_folds(recipe: str) -> None:
    """One lever helps each speaker, one helps half of them and hurts the others."""
    content = yaml.safe_load(Path("recipes/mine/small.yaml").read_text())
    content["systems"]["masks"] = {"model": "small"}
    Path("recipes/mine/small.yaml").write_text(yaml.safe_dump(content))
    other = {**content, "systems": {"rooms": {"model": "small"}}, "tables": {"baseline": "rooms"}}
    Path("recipes/mine/other.yaml").write_text(yaml.safe_dump(other))
    for number in (1, 2, 3):
        write_fold(recipe, number, "dense", lambda name: 2)
        write_fold(recipe, number, "masks", lambda name: 1)
        write_fold("mine/other", number, "rooms", lambda name: 4 * (int(name[-1]) % 2))
    heading, *lines = levers([recipe, "mine/other"], "dense", Path("results"))
    assert heading.endswith("against dense")
    rows = {line.split(",")[0]: line for line in lines}
    assert list(rows) == ["masks", "dense", "rooms"], "best first, equal ones as given"
    assert rows["dense"].split()[-3:] == ["20.00", "0.00", "base"]
    assert "10.00   0.00   -10.00 [-10.00, -10.00] by speakers, p 0.00" in rows["masks"]
    low, high = rows["rooms"].partition("[")[2].partition("]")[0].split(", ")
    assert "20.00   0.00   +0.00 [" in rows["rooms"]
    assert float(low) < -3 and float(high) > 3, "24 speakers, each 20 points better or worse"
    with pytest.raises(UserError, match="'none' is no whole model of these recipes"):
        list(levers([recipe], "none", Path("results")))
    Path("recipes/mine/other.yaml").write_text(yaml.safe_dump({**other, "folds": {"count": 4}}))
    with pytest.raises(UserError, match="mine/other has other folds than mine/small"):
        list(levers([recipe, "mine/other"], "dense", Path("results")))
