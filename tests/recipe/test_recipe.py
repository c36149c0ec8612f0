"""The schema: wrong recipes are refused in readable lines, right ones name their artifacts."""

from pathlib import Path

import pytest
import yaml

from schatten import recipe
from schatten.corpus.fingerprint import fingerprint
from schatten.errors import UserError
from schatten.recipe.describe import settings_page
from schatten.recipe.layout import Layout, decodings, table_nodes
from schatten.recipe.step_settings import (
    corpus_settings,
    decode_settings,
    decode_wfst_settings,
    lm_settings,
    tune_settings,
    tune_wfst_settings,
    units_settings,
    validate_settings,
)

ROOT = Path(__file__).parents[2]

GOOD = """
title: A test
corpus: {source: tsv}
models:
  small: {type: lstm, lstm: [8]}
trainings:
  default: {epochs: 3, batch_seconds: 10, learning_rate: 0.1}
systems:
  dense: {model: small}
  tn:
    model: small
    penalty: {type: trace_norm, lambda_rec: 0.1}
    ranks: [{tau: 0.5}, {rank: 4}]
    stage2: {epochs: 1}
language_models:
  big: {}
  little: {order: 2}
"""


def write(folder: Path, old: str = "", new: str = "", name: str = "r.yaml") -> str:
    assert old in GOOD
    path = folder / name
    path.write_text(GOOD.replace(old, new) if old else GOOD)
    return str(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs: 3,", "epoch: 3, epochs: 3,", r"trainings.default.epoch: there is no such key"),
        ("epochs: 3", "epochs: many", r"trainings.default.epochs: .*integer"),
        ("{model: small}", "{model: big}", r"systems.dense.model: there is no 'big'; .*small"),
        ("lambda_rec: 0.1", "lambda: 0.1", r"penalty.lambda: there is no such key"),
        ("type: trace_norm,", "type: none,", "penalty none has no lambda"),
        ("    stage2: {epochs: 1}\n", "", "no stage2"),
        ("{epochs: 1}", "{transition: early}", "needs at_epoch"),
        ("{model: small}", "{model: small, factorization: six}", "six joins .* of one width"),
        ("{order: 2}", "{prune: {}}", "exactly one of threshold, ngrams and megabytes"),
        (
            "title: A test",
            "title: A test\ndecoding: {wfst: {first_pass: tiny}}",
            r"decoding.wfst.first_pass: there is no 'tiny'; there are big, little",
        ),
        (
            "little: {order: 2}",
            "little: {decoder: open}\ndecoding: {wfst: {first_pass: little}}",
            r"decoding.wfst.first_pass: little is of characters",
        ),
        (
            "title: A test",
            "title: A test\ntables: {stages: true}",
            "tables.stages: no system has a step `sequence`",
        ),
        ("title: A test", "title: [", "is not YAML"),
        ("source: tsv", "source: tape", "corpus: .*'tape'"),
    ],
)
def test_wrong_recipes_are_refused_by_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as refusal:
        recipe.load(write(tmp_path, old, new))
    assert "r.yaml" in str(refusal.value)


_WRONG = {
    "decoding.beam": ("title: A test\ndecoding: {beam: 20000}", "equal to 10000"),
    "decoding.beam_threshold": ("title: A test\ndecoding: {beam_threshold: 500}", "equal to 300"),
    "decoding.word_bonuses.1": ("title: A test\ndecoding: {word_bonuses: [0, .nan]}", "finite"),
    "decoding.lm_weights.0": ("title: A test\ndecoding: {lm_weights: [.inf]}", "finite"),
    "tables.margin": ("title: A test\ntables: {margin: .inf}", "finite"),
    "figures.beam.beams.0": ("title: A test\nfigures: {beam: {beams: [10001, 5]}}", "10000"),
    "speed_perturbation": ("title: A test\nspeed_perturbation: []", "at least 1"),
    "splits.test": ("title: A test\nsplits: {test: []}", "at least 1"),
    "text.alphabet": ("title: A test\ntext: {alphabet: ''}", "at least 1"),
}


@pytest.mark.parametrize("key", _WRONG)
def test_values_that_a_later_step_would_refuse_are_refused_at_once(
    tmp_path: Path, key: str
) -> None:
    new, reason = _WRONG[key]
    with pytest.raises(UserError, match=rf"\n  {key}: .*{reason}"):
        recipe.load(write(tmp_path, "title: A test", new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("learning_rate: 0.1", "learning_rate: .inf", "default.learning_rate: .*finite"),
        ("learning_rate: 0.1", "learning_rate: 0.1, precision: 8", "precision: .*'bf16-mixed'"),
        ("{model: small}", "{model: small, seeds: []}", "dense.seeds: .*at least 1"),
        ("{model: small}", "{model: small, seeds: [2, 2]}", "dense.seeds: a seed .*twice"),
        ("{rank: 4}", "{ranks: []}", "ranks.*at least 1"),
        ("{rank: 4}", "{tau: 0.50}", "tn.ranks: tau0.50 stands there twice"),
        ("lstm: [8]", "lstm: []", "small.lstm.lstm: .*at least 1"),
        ("lstm: [8]", "lstm: [8], dropout: 1.0", "dropout: .*less than 1"),
        ("  big: {}\n  little: {order: 2}", "  {}", "language_models: .*at least 1"),
    ],
)
def test_what_no_training_can_use_is_refused_by_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        recipe.load(write(tmp_path, old, new))


@pytest.mark.parametrize(
    ("tau", "label"),
    [
        ("0.9", "tau0.90"),
        ("0.604", "tau0.604"),
        ("0.996", "tau0.996"),
        ("1", "tau1.00"),
        ("1.0e-5", "tau0.00001"),
    ],
)
def test_no_two_ranks_have_one_label(tmp_path: Path, tau: str, label: str) -> None:
    loaded = recipe.load(write(tmp_path, "{rank: 4}", f"{{tau: {tau}}}, {{tau: 0.601}}"))
    labels = [node.variant for node in loaded.nodes("tn", 1) if node.name == "stage2"]
    assert labels == ["tau0.50@e3", f"{label}@e3", "tau0.601@e3"]
    assert loaded.systems["tn"].truncations[1].spoken_rank == label.replace("tau", "tau ")


def test_no_two_thresholds_of_a_curve_have_one_name(tmp_path: Path) -> None:
    curve = "{language_model: big, thresholds: [1.0e-7, 1.0000001e-7], quantize_bits: [8]}"
    figures = f"title: A test\nfigures: {{lm_curve: {curve}}}"
    names = [*recipe.load(write(tmp_path, "title: A test", figures)).lm_variants]
    assert len(set(names)) == len(names)
    assert "big.1e-07.own.8bit" in names and "big.1.0000001e-07.own.8bit" in names


def test_a_missing_recipe_lists_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(UserError, match=r"one of .*voicesearch_like/tiny"):
        recipe.load("voicesearch_like/nothing")


def test_extends_takes_the_rest_and_null_takes_away(tmp_path: Path) -> None:
    write(tmp_path)
    child = tmp_path / "child.yaml"
    child.write_text(
        "extends: r\ntitle: A child\nsystems: {tn: null}\n"
        "trainings: {default: {epochs: 5}}\nlanguage_models: {little: {order: 3}}\n"
    )
    loaded = recipe.load(str(child))
    assert (loaded.title, list(loaded.systems)) == ("A child", ["dense"])
    assert loaded.trainings["default"].epochs == 5
    assert loaded.trainings["default"].learning_rate == 0.1
    assert loaded.language_models["little"].order == 3
    (tmp_path / "r.yaml").write_text("extends: child\n")
    with pytest.raises(UserError, match="extends itself"):
        recipe.load(str(child))


def test_nodes_and_paths_spell_the_experiment(tmp_path: Path) -> None:
    loaded = recipe.load(write(tmp_path))
    found = table_nodes(loaded)
    assert [node.path for node in found] == [
        "dense/seed1/whole/stage1",
        "tn/seed1/whole/stage1",
        "tn/seed1/tau0.50@e3/factored",
        "tn/seed1/tau0.50@e3/stage2",
        "tn/seed1/rank4@e3/factored",
        "tn/seed1/rank4@e3/stage2",
    ]
    layout = Layout("c", "e", "key")
    assert str(layout.am(found[0])) == "results/c/e/am/dense/seed1/stage1"
    assert str(layout.am(found[3])) == "results/c/e/am/tn/seed1/tau0.50@e3/stage2"
    assert layout.weights(found[2], "big") == layout.weights(found[3], "big")
    assert decodings(loaded, found[2]) == [("greedy", "none"), ("lexicon", "big")]
    assert decodings(loaded, loaded.start("tn", 1))[2] == ("lexicon", "little")


def test_searching_a_graph_changes_its_own_steps_alone(tmp_path: Path) -> None:
    plain, title = recipe.load(write(tmp_path)), "title: A test"
    beam = f"{title}\ndecoding: {{wfst: {{beam: 9}}}}"
    narrow = recipe.load(write(tmp_path, title, beam, "narrow.yaml"))
    for part in (tune_settings, decode_settings):
        assert part(narrow, "lexicon") == part(plain, "lexicon")
    for part in (tune_wfst_settings, decode_wfst_settings):
        assert part(narrow) != part(plain)
    graph = recipe.load(write(tmp_path, "big: {}", "big: {decoder: wfst}", "graph.yaml"))
    assert lm_settings(graph, "big") == lm_settings(plain, "big")
    assert decodings(graph, table_nodes(graph)[0])[1] == ("wfst", "big")


def test_the_page_of_settings_is_that_of_the_schema() -> None:
    page = (ROOT / "docs/settings.md").read_text()
    assert page == settings_page(), "run `schatten settings > docs/settings.md`"


def test_a_curve_adds_language_models_that_are_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    curve = "{language_model: big, thresholds: [1.0e-6], quantize_bits: [8]}"
    path.write_text(f"{GOOD}figures: {{lm_curve: {curve}}}\n")
    loaded = recipe.load(str(path))
    made = set(loaded.language_models) - set(loaded.table_language_models)
    assert made == {"big.whole.8bit", "big.1e-06.own.8bit", "big.1e-06.witten_bell.8bit"}
    assert loaded.language_models["big.whole.8bit"].prune is None
    pruned = loaded.language_models["big.1e-06.witten_bell.8bit"]
    assert pruned.prune is not None
    assert (pruned.prune.threshold, pruned.prune.megabytes) == (1e-6, None)
    assert (pruned.quantize_bits, pruned.order) == (8, loaded.language_models["big"].order)


def test_a_curve_of_a_missing_language_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(GOOD + "figures: {lm_curve: {language_model: lost}}\n")
    with pytest.raises(UserError, match=r"lm_curve.language_model: there is no 'lost'"):
        recipe.load(str(path))


DS2 = {"type": "deep_speech_2", "convolutions": [], "gru": [8], "fully_connected": 4}


@pytest.mark.parametrize(
    ("shape", "changes", "message"),
    [
        (DS2, {"factorization": "projection"}, "projection is of LSTM stacks"),
        ({"projection": [4]}, {}, "1 widths for 2 LSTMs"),
        ({"projection": [4, 9]}, {}, "a projection of 9 is wider than its LSTM of 8"),
        ({"projection": [4, 4]}, {"factorization": "projection"}, "which are factors already"),
        ({"projection": [4, 4]}, {"ranks": [{"rank": 2}], "stage2": {}}, "give it no ranks"),
    ],
)
def test_projections_that_cannot_be_are_refused(
    tmp_path: Path, shape: dict, changes: dict, message: str
) -> None:
    content = yaml.safe_load(Path(write(tmp_path)).read_text())
    shape = shape if "type" in shape else {"type": "lstm", "lstm": [8, 8], **shape}
    content["models"]["other"] = shape
    content["systems"]["dense"] = {"model": "other", **changes}
    path = tmp_path / "lstm.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(UserError, match=message):
        recipe.load(str(path))


def test_experiments_with_other_models_share_what_the_validator_says(tmp_path: Path) -> None:
    plain = recipe.load(write(tmp_path))
    other = recipe.load(write(tmp_path, "lstm: [8]}", "lstm: [8], keep_every: 5}", "other.yaml"))
    assert plain.models != other.models
    assert validate_settings(plain) == validate_settings(other)


SPOKEN = "corpus: {source: voicesearch_like, grammar: mine.grammar}"


def test_a_grammar_of_the_recipes_own_is_part_of_the_corpus_settings(tmp_path: Path) -> None:
    path = write(tmp_path, "corpus: {source: tsv}", SPOKEN)
    loaded = recipe.load(path)
    assert loaded.folder == tmp_path
    with pytest.raises(UserError, match=r"mine.grammar does not exist: write it, or correct"):
        corpus_settings(loaded)
    names = []
    for rules in ("query = a\n", "query = b\n"):
        (tmp_path / "mine.grammar").write_text(rules)
        names.append((fingerprint(loaded), corpus_settings(loaded)))
    assert names[0][0] != names[1][0] and names[0][1] != names[1][1]
    (tmp_path / "moved").mkdir()
    (tmp_path / "mine.grammar").rename(tmp_path / "moved/mine.grammar")
    moved = recipe.load(write(tmp_path / "moved", "corpus: {source: tsv}", SPOKEN))
    assert (fingerprint(moved), corpus_settings(moved)) == names[1], "its place does not matter"
    assert str(tmp_path) not in corpus_settings(moved)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ("{a: {type: syllables}}", r"units.a: .*'syllables'"),
        ("{a: {type: phones, count: 3}}", r"units.a.phones.count: there is no such key"),
        ("{a: {type: phones, unknown: guess}}", r"units.a.phones.unknown: .*'espeak' or 'refuse'"),
        ("{a: {type: pieces, count: 1}}", r"units.a.pieces.count: .*greater"),
        ("{a/b: {type: phones}}", r"units.a/b"),
    ],
)
def test_wrong_units_are_refused(tmp_path: Path, units: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        recipe.load(write(tmp_path, "title: A test", f"title: A test\nunits: {units}"))


def test_the_settings_of_units_are_those_of_one_set(tmp_path: Path) -> None:
    units = "units: {a: {type: phones}, b: {type: pieces, count: 50}}"
    loaded = recipe.load(write(tmp_path, "title: A test", f"title: A test\n{units}"))
    assert '"count":50' in units_settings(loaded, "b")
    assert '"language":"en-us"' in units_settings(loaded, "a")


def test_the_settings_of_units_follow_the_content_of_their_lexicon(tmp_path: Path) -> None:
    units = "units: {a: {type: phones, lexicon: mine.tsv}}"
    loaded = recipe.load(write(tmp_path, "title: A test", f"title: A test\n{units}"))
    with pytest.raises(UserError, match=r"mine.tsv does not exist: write it, or correct the units"):
        units_settings(loaded, "a")
    found = set()
    for line in ("a\tAH\n", "a\tEY\n"):
        (tmp_path / "mine.tsv").write_text(line)
        found.add(units_settings(loaded, "a"))
    assert len(found) == 2


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = Path(write(tmp_path))
    plain = recipe.load(str(path))
    path.write_bytes("\ufeff".encode() + path.read_bytes().replace(b"\n", b"\r\n"))
    assert recipe.load(str(path)) == plain
