"""The points of the explorer: every model in each precision and with each language model.

Sizes are in 10^6 bytes, rates in percent. Unknown values are None.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from schatten.artifacts import Exported, Manifest, Measured, Score, Weights, read
from schatten.bundles import MANIFEST
from schatten.recipe import Recipe
from schatten.recipe.chain import Node
from schatten.recipe.kinds import technique
from schatten.recipe.layout import bundle_lm, engine_decodings
from schatten.report.collect import Experiment, Result, by_seed
from schatten.report.cost import chain_seconds
from schatten.report.overview import model_names
from schatten.report.page.board import modelled_megahertz
from schatten.report.verdict import verdict, verdict_word
from schatten.score.paired import Difference

GREEDY = "none"
"""The language model of greedy decoding, as in paths."""


@dataclass(frozen=True)
class Speed:
    """What the engine took for a few utterances on the machine that made the page."""

    speed_up: float
    """Seconds of sound over seconds of computing."""
    peak_megabytes: float
    acoustic_share: float


@dataclass(frozen=True)
class Shipped:
    """A bundle, and what it takes to run it."""

    path: str
    """Its folder."""
    dev_wer: float | None
    """Error rate on dev with its language model, in fp32, by which models are chosen."""
    megabytes: float
    speed_up: float | None
    peak_megabytes: float | None
    latency_ms: float | None
    megahertz: float | None
    """Clock of a Cortex-A53 that keeps up with speech, modelled: at least this."""
    boards: tuple[dict[str, str | float | bool | None], ...]
    """What was measured or modelled on devices, if anything was."""


@dataclass(frozen=True)
class Point:
    """A model with a precision and a language model on a test split."""

    split: str
    model: str
    """The node's path."""
    name: str
    """What people call the model."""
    system: str
    rank: str
    seed: int
    technique: str
    precision: str
    lm: str
    parameters: float
    """In millions."""
    megabytes: float
    megabytes_with_lm: float | None
    wer: float
    low: float
    high: float
    verdict: str
    difference: tuple[float, float, float] | None
    """Points of WER above the baseline: value and ends of the paired interval."""
    training_seconds: float
    """Of the whole chain."""
    shipped: Shipped | None
    """The bundle, for the row that stands for it."""
    note: str


def points(experiment: Experiment, speeds: Mapping[Path, Speed]) -> list[Point]:
    """Return the points of every test split; `speeds` are by the folder of the bundle."""
    return [
        point
        for split in experiment.recipe.splits.test
        for name, result in _named(experiment, split)
        for point in _of_result(experiment, name, result, speeds)
    ]


def _named(experiment: Experiment, split: str) -> Iterator[tuple[str, Result]]:
    """Yield each result with the name of its model, and its seed where there are several."""
    groups = by_seed(experiment.results(split))
    names = model_names(groups, experiment.recipe.tables.baseline)
    for name, group in zip(names, groups, strict=True):
        for result in group:
            node = result.model.node
            bare = name.removesuffix(f", {len(group)} seeds")
            yield (f"{bare}, seed {node.seed}" if len(group) > 1 else name), result


def _of_result(
    experiment: Experiment, name: str, result: Result, speeds: Mapping[Path, Speed]
) -> Iterator[Point]:
    recipe, layout, node = experiment.recipe, experiment.layout, result.model.node
    main, ships, margin = experiment.main_lm, bundle_lm(recipe), recipe.tables.margin
    engine = engine_decodings(recipe, node)
    is_decoded = (node.deployed, ships) in engine
    shipped = shipped_of(experiment, node, speeds)

    def point(precision: str, lm: str, score: Score, megabytes: float, said: str) -> Point:
        stands = lm == ships and precision == (node.deployed if is_decoded else node.precision)
        is_ship = is_decoded or node.precision == node.deployed
        note = "" if is_ship else f"WER is that of fp32: {node.deployed} was not decoded"
        is_main = lm == (main or GREEDY)
        return Point(
            split=result.split,
            model=node.path,
            name=name,
            system=node.system,
            rank=node.label,
            seed=node.seed,
            technique=technique_of(recipe, node),
            precision=precision,
            lm=lm,
            parameters=result.model.history.parameters / 1e6,
            megabytes=megabytes,
            megabytes_with_lm=_with_lm(experiment, node, lm, megabytes),
            wer=score.wer,
            low=score.wer_interval[0],
            high=score.wer_interval[1],
            verdict=said,
            difference=_ends(experiment, node, precision, result) if is_main else None,
            training_seconds=chain_seconds(experiment, node),
            shipped=shipped if stands else None,
            note=note if stands else "",
        )

    megabytes = experiment.megabytes(result.model)
    said = verdict(result.difference, margin) if result.difference else "baseline"
    for lm, score in {GREEDY: result.greedy, **result.with_lm}.items():
        if score.units is None:
            found = said if lm == (main or GREEDY) else ""
            yield point(node.precision, lm, score, megabytes, found)
    for precision, lm in engine:
        score = read(layout.score(node, "engine", lm, result.split, precision), Score)
        if score.units is not None or precision in ("fp32", node.precision):  # torch's stands there
            continue
        size = experiment.exported(node, precision).bytes / 1e6
        said = _engine_verdict(experiment, node, precision, lm, result.split)
        yield point(precision, lm, score, size, said)


def _to_baseline(experiment: Experiment, node: Node, precision: str, split: str) -> Difference:
    main = experiment.main_lm or GREEDY
    path = experiment.layout.score(node, "engine", main, split, precision)
    return experiment.difference(path, node.seed, split)


def _is_of_engine(experiment: Experiment, node: Node, precision: str) -> bool:
    pairs = engine_decodings(experiment.recipe, node)
    return (precision, experiment.main_lm or GREEDY) in pairs


def _engine_verdict(experiment: Experiment, node: Node, precision: str, lm: str, split: str) -> str:
    if lm != (experiment.main_lm or GREEDY) or not _is_of_engine(experiment, node, precision):
        return ""
    difference = _to_baseline(experiment, node, precision, split)
    return verdict_word(difference, experiment.recipe.tables.margin)


def _ends(
    experiment: Experiment, node: Node, precision: str, result: Result
) -> tuple[float, float, float] | None:
    """Return the difference to the baseline in fp32 with its interval; None for itself."""
    found = result.difference
    if precision != "fp32" and _is_of_engine(experiment, node, precision):
        found = _to_baseline(experiment, node, precision, result.split)
    return None if found is None else (found.points, found.low, found.high)


def technique_of(recipe: Recipe, node: Node) -> str:
    """Say in a few words what makes a model small, or how it was trained if it is whole."""
    found = technique(recipe, node)
    if found is not None:
        return found
    learns_by = node.system_settings.learns_by
    learned = "no penalty" if learns_by == "none" else learns_by.replace("trace_norm", "trace norm")
    if node.compression is not None:
        return f"{learned}, {node.compression.step.kind.replace('_', ' ')}"
    return f"whole, {learned}"


def _with_lm(experiment: Experiment, node: Node, lm: str, megabytes: float) -> float | None:
    """Return the size with the language model and, where one is searched, the lexicon."""
    if lm == GREEDY:
        return None
    lexicon = experiment.layout.lexicon(lm, node.units)
    has_lexicon = experiment.recipe.language_models[lm].decoder == "lexicon"
    more = lexicon.stat().st_size if has_lexicon and lexicon.is_file() else 0
    return megabytes + (experiment.lm_infos[lm].bytes["bin"] + more) / 1e6


def bundle_folder(experiment: Experiment, node: Node) -> Path | None:
    """Return the folder of a model's bundle; None where there is none."""
    lm = bundle_lm(experiment.recipe)
    folder = None if lm is None else experiment.layout.bundle(node, lm)
    return folder if folder is not None and (folder / MANIFEST).is_file() else None


def shipped_of(experiment: Experiment, node: Node, speeds: Mapping[Path, Speed]) -> Shipped | None:
    """Return what is known of a model's bundle; None where there is none."""
    folder = bundle_folder(experiment, node)
    if folder is None:
        return None
    said = experiment.layout.exported(node, node.deployed).with_suffix(".json")
    exported = read(said, Exported) if said.is_file() else None
    speed = speeds.get(folder)
    return Shipped(
        path=str(folder),
        dev_wer=read(experiment.layout.weights(node, folder.name), Weights).wer,
        megabytes=read(folder / MANIFEST, Manifest).bytes / 1e6,
        speed_up=None if speed is None else speed.speed_up,
        peak_megabytes=None if speed is None else speed.peak_megabytes,
        latency_ms=None if exported is None else 1000 * exported.latency.seconds,
        megahertz=modelled_megahertz(experiment, node),
        boards=tuple(_boards(experiment, node)),
    )


def _boards(experiment: Experiment, node: Node) -> Iterator[dict[str, str | float | bool | None]]:
    """Yield the devices on which the bundle was measured, or modelled (`snakemake bench`)."""
    lm = bundle_lm(experiment.recipe)
    assert lm is not None, "it has a bundle"
    for path in measured_files(experiment, node, lm):
        found = read(path, Measured)
        yield {
            "title": found.device,
            "speed_up": found.speed_up,
            "is_modelled": found.is_modelled,
            "peak_megabytes": found.peak_megabytes,
        }


def measured_files(experiment: Experiment, node: Node, lm: str) -> list[Path]:
    """Return the measurements of a bundle on devices, if any were made since it was."""
    folder = experiment.layout.home / "devices"
    place = experiment.layout.measured("*", node, lm).relative_to(folder)
    made = (experiment.layout.bundle(node, lm) / MANIFEST).stat().st_mtime
    return sorted(path for path in folder.glob(str(place)) if path.stat().st_mtime >= made)
