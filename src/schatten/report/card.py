"""The model card of a bundle: what it was trained on, how good, how large, how fast it is."""

from collections.abc import Mapping
from pathlib import Path

from schatten.artifacts import Manifest, Score, Validation, read
from schatten.bundles import LEXICON, LM, MANIFEST, MODEL
from schatten.recipe.chain import Node
from schatten.recipe.layout import engine_decodings, search_with
from schatten.report.captions import origin
from schatten.report.collect import Experiment
from schatten.report.columns import bracket, percent, rounded
from schatten.runtime.files import read_lines

_CORPORA = {
    "voicesearch_like": "The speech is synthetic (espeak-ng's voices, noise, rooms). Expect many "
    "more errors with people than the table says: it tells which of two models is better, not how "
    "good either is.",
}
_LICENCES = (
    "The programs are schatten's (Apache-2.0), with KenLM's query code (LGPL-2.1 or later) linked "
    "statically: see NOTICE and licences/, which whoever gives them on has to keep. The model "
    "follows the licence of its corpus."
)
_UNMEASURED = "Not measured: none of the programs runs where this was packed."
_OTHERWISE = "Expect more errors where speakers, microphones, noise or words are others."


def model_card(
    experiment: Experiment, node: Node, lm: str, bundle: Path, speed: Mapping[str, float], cpu: str
) -> str:
    """Return the card as Markdown.

    `speed`: the engine's statistics on this machine (`DeviceRun.statistics`), empty where it ran on
    none. `cpu`: the machine's CPU.
    """
    recipe, layout = experiment.recipe, experiment.layout
    model = next(one for one in experiment.models if one.node == node)
    train = read(layout.validation, Validation).splits[recipe.splits.train]
    corpus = _CORPORA.get(recipe.corpus.source, _OTHERWISE)
    parts = {
        "Trained on": [
            f"{train.hours:.1f} hours of {train.speakers} speakers, {train.utterances} utterances "
            f"of the corpus {layout.corpus}. {corpus}"
        ],
        "Word error rate": _rates(experiment, node, lm),
        "Size": _sizes(experiment, lm, bundle),
        "Speed": _speed(speed, cpu) if speed else [_UNMEASURED],
        "Licences": [_LICENCES],
    }
    lines = [
        f"# Model card: {recipe.title}",
        "",
        f"{node.system}, {node.label}, seed {node.seed}: {model.history.parameters / 1e6:.2f} M "
        f"parameters in int8, over {node.units}, with the language model {lm}. "
        f"{origin(experiment)}",
    ]
    for title, part in parts.items():
        lines += ["", f"## {title}", "", *part]
    return "\n".join([*lines, ""])


def _sizes(experiment: Experiment, lm: str, bundle: Path) -> list[str]:
    manifest = read(bundle / MANIFEST, Manifest)
    words = len(read_lines(bundle / LEXICON))
    said = {
        MODEL: "model",
        LM: f"language model ({experiment.lm_infos[lm].total} n-grams)",
        LEXICON: f"lexicon ({words} lines)",
    }
    rows = (f"| {said[name]} | {manifest.files[name].bytes / 1e6:.2f} |" for name in said)
    return ["| part | MB (10^6 bytes) |", "| --- | ---: |", *rows]


def _rates(experiment: Experiment, node: Node, lm: str) -> list[str]:
    """Return the table of all test splits: of the engine in int8 where it has decoded them."""
    recipe, layout = experiment.recipe, experiment.layout
    engine = ("int8", lm) in engine_decodings(recipe, node)
    search = ("engine", lm) if engine else search_with(recipe, lm)
    precision = "int8" if engine else "fp32"
    confidence = percent(recipe.tables.confidence)
    found = [
        f"Of the {'engine in int8' if engine else 'model in fp32, before its export'}; the "
        "interval draws utterances.",
        "",
        f"| split | utterances | WER, % | {confidence} interval |",
        "| --- | ---: | ---: | --- |",
    ]
    for split in recipe.splits.test:
        score = read(layout.score(node, *search, split, precision), Score)
        utterances = read(layout.validation, Validation).splits[split].utterances
        found.append(
            f"| {split} | {utterances} | {rounded(score.wer, 2)} | {bracket(*score.wer_interval)} |"
        )
    return found


def _speed(speed: Mapping[str, float], cpu: str) -> list[str]:
    return [
        f"Measured when this was packed, on one thread of {cpu}, over {speed['audio_seconds']:.0f} "
        "s of the test split:",
        "",
        f"- {1 / speed['rtf']:.0f} times real time, {100 * speed['acoustic_share']:.0f} % of the "
        "time in the acoustic model",
        f"- first text {speed['first_seconds']:.2f} s after its word began, final text "
        f"{1000 * speed['final_seconds']:.1f} ms after the last sample",
        f"- loaded in {1000 * speed['load_seconds']:.0f} ms; peak memory "
        f"{speed['peak_megabytes']:.1f} MB",
        "",
        "No other kind of CPU has been measured for this card.",
    ]
