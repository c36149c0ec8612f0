"""The corpus as a whole: the same bytes however it is made, and splits that share nothing."""

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import soundfile
from lhotse import CutSet
from pydantic import ValidationError

from schatten.corpus.voicesearch import assemble, grammar, make
from schatten.corpus.voicesearch.plan import draw_queries, lm_sentences, plan_split
from schatten.errors import UserError
from schatten.recipe import Recipe, load
from schatten.recipe.voicesearch import VoiceSearchCorpus
from schatten.runtime.files import read_jsonl, read_lines

pytestmark = pytest.mark.xdist_group("corpus")
"""The corpora of the fixtures are made once, not by each worker."""
SPLITS = ("train", "dev", "test")
CORPUS = {
    "source": "voicesearch_like",
    "grammar": "commands",
    "lm_sentences": 400,
    "block": 4,
    "train": {"utterances": 8, "copies": 2, "accents": ["en-us"], "variants": ["m1", "f1"]},
    "dev": {"utterances": 3, "accents": ["en-us"], "variants": ["m6"]},
    "test": {"utterances": 3, "accents": ["en-us", "en"], "variants": ["f2", "klatt3"]},
    "noise": {"share": 0.8},
    "reverberation": {"share": 0.5, "rooms": 3},
}


def recipe(corpus: dict[str, Any] | None = None, **splits: Any) -> Recipe:
    return Recipe.model_validate(
        {
            "title": "test",
            "corpus": {**CORPUS, **(corpus or {})},
            "splits": splits,
            "models": {"m": {"type": "lstm", "lstm": [4]}},
            "trainings": {"default": {"epochs": 1, "batch_seconds": 1, "learning_rate": 1}},
            "systems": {"dense": {"model": "m"}},
            "language_models": {"lm": {}},
        }
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("made")
    make(recipe(), output, 2)
    return output


def content(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_number_of_processes_changes_no_byte(corpus: Path, tmp_path: Path) -> None:
    make(recipe(), tmp_path, 1)
    assert content(tmp_path) == content(corpus)
    assert not list(corpus.glob(".*"))


def test_cuts_hold_what_was_planned(corpus: Path) -> None:
    for split, count in (("train", 16), ("dev", 3), ("test", 3)):
        cuts = list(CutSet.from_file(corpus / f"{split}.cuts.jsonl.gz"))
        conditions = {row["id"]: row for row in read_jsonl(corpus / f"{split}.conditions.jsonl.gz")}
        assert len(cuts) == len(conditions) == count
        for cut in cuts:
            source = cut.recording.sources[0].source
            info = soundfile.info(corpus / source)
            assert (info.samplerate, info.channels, info.subtype) == (16000, 1, "PCM_16")
            assert source.startswith("audio/") and cut.duration == info.frames / 16000
            assert cut.supervisions[0].speaker == conditions[cut.id]["voice"]
            assert cut.supervisions[0].text == conditions[cut.id]["text"]


def test_copies_differ_in_sound_alone(corpus: Path) -> None:
    cuts = list(CutSet.from_file(corpus / "train.cuts.jsonl.gz"))
    for first, second in zip(cuts[::2], cuts[1::2], strict=True):
        assert first.supervisions[0].text == second.supervisions[0].text
        assert first.supervisions[0].speaker == second.supervisions[0].speaker
        one, other = (
            (corpus / cut.recording.sources[0].source).read_bytes() for cut in (first, second)
        )
        assert one != other


def test_text_holds_each_query_once_a_line_and_no_held_out_one(corpus: Path) -> None:
    text = {name: read_lines(corpus / "text" / f"{name}.txt.gz") for name in (*SPLITS, "corpus")}
    assert [len(text[split]) for split in SPLITS] == [8, 3, 3]
    assert len(text["corpus"]) == 8 + 400
    assert set(text["train"]) <= set(text["corpus"])
    assert not (set(text["dev"]) | set(text["test"])) & set(text["corpus"])


def _stop(*_arguments: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `made`, in which all was spoken but no table was written."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(assemble, "_write_tables", _stop)
        make(recipe(), folder / "made", 2)
    shutil.copytree(folder / "made", folder / "kept")
    return folder


@pytest.fixture
def interrupted(stopped: Path) -> Path:
    """An interrupted corpus. Its notes hold its path, so each test has it at the same place."""
    shutil.rmtree(stopped / "made")
    shutil.copytree(stopped / "kept", stopped / "made")
    return stopped / "made"


def test_an_interrupted_corpus_is_gone_on_with(corpus: Path, interrupted: Path) -> None:
    assert not list(interrupted.glob("*.gz"))
    spoken = {path: path.stat().st_mtime_ns for path in (interrupted / "audio").rglob("*.*")}
    assert spoken
    (interrupted / ".work" / "dev-000000.job.json").write_text("left by a killed process")
    make(recipe(), interrupted, 2)
    assert {path: path.stat().st_mtime_ns for path in spoken} == spoken
    assert content(interrupted) == content(corpus)


def test_a_corpus_whose_recordings_were_removed_meanwhile_is_made_whole(
    corpus: Path, interrupted: Path
) -> None:
    """Snakemake removes the outputs of a killed step, but not the notes of finished blocks."""
    shutil.rmtree(interrupted / "audio")
    make(recipe(), interrupted, 2)
    assert content(interrupted) == content(corpus)


def test_splits_share_no_query_and_no_voice_at_full_size() -> None:
    settings = VoiceSearchCorpus(source="voicesearch_like", lm_sentences=3000)
    rules = grammar.load(settings.grammar)
    queries = draw_queries(settings, dict.fromkeys(settings.spoken, rules))
    held_out = [query for split in ("dev", "test", "test_accent") for query in queries[split]]
    assert len(set(held_out)) == len(held_out) == 1600
    assert not set(held_out) & set(queries["train"])
    assert not set(held_out) & set(lm_sentences(settings, rules, set(held_out)))
    assert sum(len(query.split()) for query in queries["test"]) >= 5000
    voices = {
        split: {
            u.voice
            for block in plan_split(settings, split, queries[split])
            for u in block.utterances
        }
        for split in settings.spoken
    }
    assert len(voices["train"]) > 200
    assert sum(map(len, voices.values())) == len(set().union(*voices.values()))
    assert {voice.split("+")[0] for voice in voices["test_accent"]} == {"en-gb-scotland"}


def test_a_draw_depends_on_the_seed_and_the_utterance_alone() -> None:
    settings = VoiceSearchCorpus.model_validate(CORPUS)
    rules = grammar.load("commands")
    queries = draw_queries(settings, dict.fromkeys(SPLITS, rules))["train"]
    more = settings.model_copy(
        update={"train": settings.train.model_copy(update={"utterances": 20}), "block": 5}
    )
    longer = draw_queries(more, dict.fromkeys(SPLITS, rules))["train"]
    assert longer[:8] == queries
    spoken = [u for block in plan_split(settings, "train", queries) for u in block.utterances]
    spoken_more = [u for block in plan_split(more, "train", longer) for u in block.utterances]
    assert [u.voice for u in spoken_more[:8]] == [u.voice for u in spoken]
    other = settings.model_copy(update={"seed": 2})
    assert draw_queries(other, dict.fromkeys(SPLITS, rules))["train"] != queries


def test_a_grammar_that_is_too_small_is_said() -> None:
    settings = VoiceSearchCorpus.model_validate({**CORPUS, "max_words": 3})
    many = settings.model_copy(
        update={"dev": settings.dev.model_copy(update={"utterances": 10000})}
    )
    with pytest.raises(UserError, match="'commands' gives too few queries of 3 words or less"):
        draw_queries(many, dict.fromkeys(SPLITS, grammar.load("commands")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dev": {"utterances": 3, "accents": ["en-us"], "variants": ["f1"]}}, "share the voice"),
        ({"train": {**CORPUS["train"], "accents": ["en-gb-scotland"]}}, "train speaks en-gb-scot"),
        ({"train": {**CORPUS["train"], "vocal_tract": {"low": 0.5, "high": 1}}}, "from 0.7 to"),
        ({"noise": {"kinds": ["recording"]}}, "need each other"),
        ({"noise": {"snr": {"low": 9, "high": 3}}}, "low 9 is above high 3"),
        ({"reverberation": {"distance": {"low": 1, "high": 9}}}, "from 0.1 to 2.5"),
        ({"reverberation": {"reverberation_time": {"low": 0, "high": 1}}}, "0.15 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        recipe(change)


def test_unknown_voices_and_splits_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    unknown = {"utterances": 3, "accents": ["en-us"], "variants": ["nobody"]}
    with pytest.raises(UserError, match="no variant 'nobody'"):
        make(recipe({"dev": unknown}), tmp_path, 1)
    with pytest.raises(UserError, match="makes no split 'eval'"):
        make(recipe(test=["eval"]), tmp_path, 1)
    assert not list(tmp_path.iterdir())


def test_recordings_serve_as_noise_and_rooms(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "sound.wav", [0.5, 0.0, 0.2, -0.1] * 4000, 16000)
    folder = {"directory": str(tmp_path)}
    settings = {
        "block": 8,
        "noise": {"share": 1.0, "kinds": ["recording"], **folder},
        "reverberation": {"share": 1.0, **folder},
    }
    make(recipe(settings), tmp_path / "out", 2)
    with gzip.open(tmp_path / "out" / "train.conditions.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    assert all(row["noise"]["kind"] == "recording" and row["room"] is not None for row in rows)


@pytest.mark.parametrize("experiment", ["smoke", "tiny", "small", "full"])
def test_packaged_recipes_train_on_no_variant_or_accent_of_their_own_tests(
    experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    settings = load(f"voicesearch_like/{experiment}").corpus
    assert isinstance(settings, VoiceSearchCorpus)
    variants = [set(split.variants) for split in settings.spoken.values()]
    assert sum(map(len, variants)) == len(set().union(*variants))
    heard = {a for name, s in settings.spoken.items() if name != "test_accent" for a in s.accents}
    assert not heard & set(settings.test_accent.accents)
