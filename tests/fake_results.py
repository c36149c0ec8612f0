"""A small tree of results in the workflow's layout: scored by the real scorer, without training."""

import csv
import io
import random
import shutil
from dataclasses import replace
from pathlib import Path

import yaml

from schatten.recipe import Recipe, load
from schatten.recipe.chain import WHOLE, Node
from schatten.recipe.hours import hours_of
from schatten.recipe.layout import (
    Layout,
    baseline_node,
    curve_models,
    decodings,
    engine_decodings,
    engine_forms,
    grid_nodes,
    lexicon_models,
    search_with,
    table_nodes,
)
from schatten.recipe.systems import System
from schatten.recipe.tables import has_compression
from schatten.report import choice
from schatten.report.choice import tier_node
from schatten.report.collect import Experiment
from schatten.report.tiers import choose_tiers
from schatten.runtime import files
from schatten.score.run import score_files

RANKS = [{"tau": 0.9}, {"tau": 0.6}, {"tau": 0.4}]
RECIPE = {
    "title": "Voice search, tiny",
    "corpus": {"source": "tsv"},
    "splits": {"test": ["test", "test_accent"]},
    "models": {
        "gru": {
            "type": "deep_speech_2",
            "convolutions": [{"channels": 8, "kernel": [5, 5]}],
            "gru": [64, 64],
            "fully_connected": 64,
        }
    },
    "trainings": {"default": {"epochs": 12, "batch_seconds": 60, "learning_rate": 0.001}},
    "systems": {
        "dense": {"model": "gru", "precisions": ["fp32", "int8"]},
        "l2": {
            "model": "gru",
            "precisions": ["int8"],
            "penalty": {"type": "l2", "lambda_rec": 0.01, "lambda_nonrec": 0.02},
            "ranks": RANKS,
            "stage2": {"epochs": 4},
        },
        "trace": {
            "model": "gru",
            "penalty": {"type": "trace_norm", "lambda_rec": 0.01, "lambda_nonrec": 0.02},
            "ranks": RANKS,
            "stage2": {"epochs": 4, "at_epoch": 6},
            "seeds": [1, 2],
        },
    },
    "language_models": {
        "large": {},
        "small": {"order": 3, "prune": {"megabytes": 1}},
        "letters": {"order": 6, "decoder": "open"},
    },
    "tables": {"caption": "A caption with 50 % of_everything.", "bootstrap_samples": 100},
}
LAB = {
    **RECIPE,
    "title": "A laboratory",
    "splits": {"test": ["test"]},
    "models": {
        **RECIPE["models"],  # type: ignore[dict-item]
        "little": {**RECIPE["models"]["gru"], "gru": [24, 24]},  # type: ignore[index]
        "other": {**RECIPE["models"]["gru"], "gru": [60, 68]},  # type: ignore[index]
    },
    "systems": {
        "dense": {"model": "gru"},
        "little": {"model": "little"},
        "other": {"model": "other"},
        "plain": {"model": "gru", "ranks": RANKS[1:], "stage2": {"epochs": 4}},
        **{
            f"early_{penalty}": {
                "model": "gru",
                "penalty": {"type": penalty, "lambda_rec": 0.01, "lambda_nonrec": 0.02},
                "ranks": RANKS[1:2],
                "stage2": {"transition": "early", "at_epoch": [3, 6, 9]},
            }
            for penalty in ("l2", "trace_norm")
        },
        **{
            kind: {
                "model": "gru",
                "penalty": {"type": "trace_norm", "lambda_rec": 0.01, "lambda_nonrec": 0.02},
                "factorization": kind,
                "ranks": RANKS,
                "stage2": {"epochs": 4},
            }
            for kind in ("split", "partial", "joint")
        },
    },
    "grids": {
        "lambda": {
            "model": "gru",
            "penalties": {
                "l2": {"lambda_rec": [0.001, 0.01], "lambda_nonrec": [0, 0.01, 0.1]},
                "trace_norm": {"lambda_rec": [0.001, 0.01], "lambda_nonrec": [0, 0.003, 0.03]},
            },
            "best": {"count": 2, "seeds": [1, 2], "ranks": RANKS[1:], "stage2": {"epochs": 4}},
        }
    },
    "language_models": {"large": {}},
    "tables": {
        "bootstrap_samples": 100,
        "tiers": {"big": 1_000_000, "none": 1000},
        "bundles": True,
    },
    "figures": {
        "lm_curve": {"language_model": "large", "thresholds": [1e-7, 1e-6]},
        "beam": {"beams": [5, 50]},
    },
}
"""Comparisons of the papers (a grid, transitions, factorizations, small dense models), curves."""
LEXICON = "call\tc a l l\nfind\tf i n d\nthe\tt h e\nnearest\tn e a r e s t\n"
"""All words that are said, but `bank`."""
MATRICES = ("fc_nonrec", "gru0_nonrec", "gru0_rec", "gru1_nonrec", "gru1_rec")
DENSE = 2_100_000
SHARES = {WHOLE: 1.0, "tau0.90": 0.66, "tau0.60": 0.33, "tau0.40": 0.18}
ERRORS = {WHOLE: 0.08, "tau0.90": 0.08, "tau0.60": 0.1, "tau0.40": 0.2}
"""Share of words that are wrong at a rank, with a language model."""


def make_experiment(folder: Path, content: dict[str, object] = RECIPE) -> Experiment:
    """Write a recipe and its whole tree of results below `folder`."""
    path = folder / "recipes/voice/tiny.yaml"
    files.write_text(path, yaml.safe_dump(content, sort_keys=False))
    recipe = load(str(path))
    layout = Layout("voice", "tiny", "abc", folder / "results")
    _write_data(recipe, layout)
    for node in table_nodes(recipe, _choose(recipe, layout)):
        _write_model(recipe.systems[node.system], layout, node)
        _write_score(recipe, layout, node, ("greedy", "none", recipe.splits.dev))
        for split in recipe.splits.test:
            for decoder, lm in decodings(recipe, node):
                _write_score(recipe, layout, node, (decoder, lm, split))
            for precision, lm in engine_decodings(recipe, node):
                _write_score(recipe, layout, node, ("engine", lm, split), precision)
                about = {"bytes": 4_000_000 if precision == "fp32" else 1_100_000}
                about |= {"latency": {"seconds": 0.155}}
                files.write_json(layout.exported(node, precision).with_suffix(".json"), about)
        for precision in engine_forms(recipe, node) if has_compression(recipe) else ():
            _write_form(layout, node, precision)
        if node.is_final:
            _write_bundle(layout, node, recipe.table_language_models[0])
    _write_curves(recipe, layout)
    return Experiment(recipe, layout)


def _write_form(layout: Layout, node: Node, precision: str) -> None:
    """Write a model for the engine; three quarters of a compressed model's file are zeros."""
    path, content = layout.exported(node, precision), random.Random(node.path).randbytes(4000)
    zeros = 3000 if node.is_compressed else 0
    files.write_bytes(path, content[zeros:] + bytes(zeros))
    latency = {"seconds": 0.155, "stride_frames": 4}
    about = {"bytes": path.stat().st_size, "latency": latency}
    files.write_json(path.with_suffix(".json"), about)


def _write_bundle(layout: Layout, node: Node, lm: str) -> None:
    sizes = {"model.gguf": 500_000, "lm.bin": 4_000_000, "lexicon.txt": 1000, "recognize.sh": 500}
    manifest = {"files": {name: {"bytes": size} for name, size in sizes.items()}}
    total = {"bytes": sum(sizes.values())}
    files.write_json(layout.bundle(node, lm) / "manifest.json", {**manifest, **total})


def add_devices(experiment: Experiment, measured: dict[str, dict[str, object]]) -> list[Node]:
    """Write what `snakemake bench` leaves: tiers, words of the engine, measurements by device."""
    recipe, layout = experiment.recipe, experiment.layout
    tiers = choose_tiers(experiment)
    files.write_json(layout.tiers, tiers.model_dump(mode="json"))
    chosen = list(dict.fromkeys(tier_node(recipe, tier) for tier in tiers.tiers))
    for node in chosen:
        about = {"bytes": 1_100_000, "latency": {"seconds": 0.155}}
        files.write_json(layout.exported(node, "int8").with_suffix(".json"), about)
        for lm in lexicon_models(recipe):
            _write_bundle(layout, node, lm)
            _write_score(recipe, layout, node, ("engine", lm, recipe.splits.test[0]), "int8")
            for device, content in measured.items():
                files.write_json(layout.measured(device, node, lm), content)
    return chosen


def _write_curves(recipe: Recipe, layout: Layout) -> None:
    for lm in curve_models(recipe):
        decoder, _ = search_with(recipe, lm)
        for split in (recipe.splits.dev, recipe.splits.test[0]):
            _write_score(recipe, layout, baseline_node(recipe), (decoder, lm, split))
        found = [
            {"beam": beam, "wer": 9.0 - beam / 50, "differing": 2, "seconds": beam / 10}
            for beam in (5, 50)
        ]
        beams = {"utterances": 60, "seconds_of_audio": 200.0, "beams": found}
        files.write_json(layout.beams(decoder, lm), beams)


def _choose(recipe: Recipe, layout: Layout) -> list[str]:
    """Write the models of the grids and the choice among them; return the chosen systems."""
    chosen = []
    for grid in recipe.grids:
        for node in grid_nodes(recipe, grid):
            _write_model(recipe.systems[node.system], layout, node)
            _write_score(recipe, layout, node, ("greedy", "none", recipe.splits.dev))
        made = choice.choose(recipe, layout, grid)
        choice.write(made, layout.choice(grid))
        chosen += made.chosen
    return chosen


def copy(experiment: Experiment, folder: Path) -> Experiment:
    """Return the same experiment with its results below `folder`, for changes."""
    results = folder / "results"
    shutil.copytree(experiment.layout.results, results)
    return Experiment(experiment.recipe, replace(experiment.layout, results=results))


def _write_data(recipe: Recipe, layout: Layout) -> None:
    sizes = {"utterances": 60, "words": 300, "hours": 0.05, "speakers": 3}
    files.write_json(layout.validation, {"splits": dict.fromkeys(recipe.splits.all, sizes)})
    for number, name in enumerate(recipe.language_models, start=1):
        info = {
            "ngrams": [2000, 30_000 // number],
            "bytes": {"bin": 4_000_000 // number},
            "dev": {"perplexity": 20.0 + number},
        }
        files.write_json(layout.lm(name) / "info.json", info)
        files.write_text(layout.lm(name) / "lexicon", LEXICON)
    for split in recipe.splits.scored:
        files.write_jsonl(layout.cuts(split), [_cut(split, n) for n in range(60)])


def _cut(split: str, number: int) -> dict[str, object]:
    draw = random.Random(f"{split} {number}")
    text = " ".join(draw.choice(["call", "find", "the", "nearest", "bank"]) for _ in range(5))
    speech = {"id": f"u{number:03}", "speaker": f"s{number % 3}", "text": text}
    return {"id": f"u{number:03}", "supervisions": [speech]}


def _write_model(system: System, layout: Layout, node: Node) -> None:
    share = SHARES[_rank(node)] * (0.5 if system.model == "little" else 1.0)
    rank = None if not node.is_compressed else round(64 * share)
    epochs = {"stage1": 12, "stage2": 4, "int8": 2, "int4": 2}.get(node.name, 0)
    strength = {"none": 0.6, "l2": 0.5, "trace_norm": 0.3}[system.regularizer.type]
    strength -= max(0.0, system.regularizer.lambda_nonrec - 0.02)
    history = {
        "system": node.system,
        "seed": node.seed,
        "stage": node.name,
        "parameters": int(DENSE * share) + node.seed,
        "stored_parameters": {name: {"shape": [192, 64], "rank": rank} for name in MATRICES},
        "epochs": [_epoch(strength, number) for number in range(1, epochs + 1)],
        "training_seconds": 10.0 * epochs,
        "host": "laptop",
        "cpu": "some CPU",
        "torch": "2.13",
        "date": "2030-01-02",
        "commit": "abcdef1",
    }
    if (hours := hours_of(node)) is not None:
        size = {"utterances": int(100 * hours), "speakers": 12, "hours": hours}
        history["trained_on"] = {**size, "of_hours": 9, "of_utterances": 900, "of_speakers": 14}
    files.write_json(layout.am(node) / "history.json", history)
    files.write_bytes(layout.am(node) / "model.pt", bytes(1_500_000))


def _rank(node: Node) -> str:
    return WHOLE if node.truncation is None else node.truncation.rule.label


def _epoch(strength: float, number: int) -> dict[str, object]:
    measures = {"nu": strength + 1 / number, "rank90": int(64 * strength)}
    return {
        "epoch": number,
        "dev_cer": 5 + 60 / number,
        "matrices": dict.fromkeys(MATRICES, measures),
    }


def _write_score(
    recipe: Recipe,
    layout: Layout,
    node: Node,
    decoding: tuple[str, str, str],
    precision: str = "fp32",
) -> None:
    decoder, lm, split = decoding
    share = ERRORS[_rank(node)] / (hours_of(node) or 1.0)
    share += (
        0.2 * (lm == "none")
        + 0.05 * (precision == "int8")
        + 0.02 * (lm == "small")
        + 0.1 * (node.name == "factored")
    )
    draw = random.Random(f"{node.path} {decoding}")
    lines = []
    for number in range(60):
        (speech,) = _cut(split, number)["supervisions"]  # type: ignore[misc]
        words = [word if draw.random() > share else "bonk" for word in speech["text"].split()]
        lines.append(f"{speech['id']} {' '.join(words)}\n")
    hypotheses = layout.hypotheses(node, decoder, lm, split, precision)
    files.write_text(hypotheses, "".join(lines))
    score_files(
        hypotheses,
        layout.cuts(split),
        layout.score(node, decoder, lm, split, precision),
        layout.lm(next(iter(recipe.language_models))) / "lexicon",
        recipe.tables,
    )
    if decoder not in ("greedy", "engine"):
        weights = {"lm_weight": 0.8, "word_bonus": 1.0, "wer": 100 * share}
        files.write_json(layout.weights(node, lm, decoder), weights)


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a table's CSV."""
    return list(csv.DictReader(io.StringIO(files.read_text(path))))


def find(rows: list[dict[str, str]], **wanted: str) -> dict[str, str]:
    """Return the only row that holds the wanted values."""
    (found,) = (row for row in rows if wanted.items() <= row.items())
    return found
