"""The table of devices: each tier's model in int8, with a language model, on devices.

It is modelled on table 2 of the trace norm paper (Kliegl et al., 2018).

Words come from the engine on this host; every CPU gives the same, which each measurement checks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schatten.artifacts import Exported, Manifest, Measured, Score, Tiers, read
from schatten.artifacts.devices import PARTS
from schatten.recipe.chain import Node
from schatten.recipe.layout import lexicon_models
from schatten.report.captions import origin
from schatten.report.choice import tier_node
from schatten.report.collect import Experiment, Trained
from schatten.report.columns import Column, Table, Value, Values, line, number, rounded, words
from schatten.report.tables import write_table

UNMEASURED = "needs a board"


@dataclass(frozen=True)
class Bundled:
    """A tier's bundle and its scores, which are the same on all devices."""

    tier: str
    model: Trained
    lm: str
    manifest: Manifest
    exported: Exported
    score: Score
    """Score of the engine, in int8, on the main test split."""


@dataclass(frozen=True)
class OnDevice:
    """A bundle measured on a device; both are None for a device that was not asked for."""

    device: str
    bundled: Bundled | None
    measured: Measured | None


def write(
    experiment: Experiment, devices: Sequence[str], boards: Mapping[str, str], folder: Path
) -> None:
    """Write the table of the measured `devices` as devices.{md,csv,tex}.

    `boards` has the titles of boards by name; boards that were not measured are listed last.
    """
    bundles = _bundles(experiment)
    entries = [_measured(experiment, name, one) for name in devices for one in bundles]
    away = [title for name, title in boards.items() if name not in devices]
    entries += [OnDevice(title, None, None) for title in away]
    columns = _columns(experiment)
    lines = tuple(line(columns, entry) for entry in entries)
    split = experiment.recipe.splits.test[0]
    table = Table(f"Devices, split {split}", columns, lines)
    write_table(folder / "devices", [table], experiment.recipe, _notes(experiment))


def _bundles(experiment: Experiment) -> list[Bundled]:
    recipe, models = experiment.recipe, {model.node: model for model in experiment.models}
    chosen = read(experiment.layout.tiers, Tiers).tiers
    return [
        _bundle(experiment, tier.name, models[tier_node(recipe, tier)], lm)
        for tier in chosen
        for lm in lexicon_models(recipe)
    ]


def _bundle(experiment: Experiment, tier: str, model: Trained, lm: str) -> Bundled:
    layout, node, split = experiment.layout, model.node, experiment.recipe.splits.test[0]
    return Bundled(
        tier,
        model,
        lm,
        read(layout.bundle(node, lm) / "manifest.json", Manifest),
        experiment.exported(node, node.deployed),
        read(layout.score(node, "engine", lm, split, node.deployed), Score),
    )


def _measured(experiment: Experiment, name: str, one: Bundled) -> OnDevice:
    found = read(experiment.layout.measured(name, one.model.node, one.lm), Measured)
    title = found.device if found.cpu is None else f"{found.device} ({found.cpu})"
    return OnDevice(title, one, found)


def _columns(experiment: Experiment) -> tuple[Column[OnDevice], ...]:
    split = experiment.recipe.splits.test[0]
    return (
        words("device", "device", lambda e: e.device),
        words("tier", "tier", lambda e: (e.bundled and e.bundled.tier) or None),
        words("system", "system", _of_node(lambda node: node.system)),
        words("rank", "rank", _of_node(lambda node: node.label)),
        words(None, "seed", _of_node(lambda node: str(node.seed))),
        _size("params (M)", "parameters", lambda b: b.model.history.parameters, 1e-6),
        _size("model, int8 (MB)", "megabytes_model", _megabytes("model.gguf")),
        words("LM", "lm", lambda e: e.bundled and e.bundled.lm),
        _size("LM (MB)", "megabytes_lm", _megabytes("lm.bin")),
        number(f"WER {split}", "wer", lambda e: e.bundled and e.bundled.score.wer),
        _speed(),
        _cell("share of the acoustic model (%)", "acoustic_share", lambda m: m.acoustic_share, 100),
        _parts(),
        _cell("peak memory (MB)", "peak_megabytes", lambda m: m.peak_megabytes),
        _cell("load (ms)", "load_seconds", lambda m: m.load_seconds, 1000),
        _size("latency, algorithmic (ms)", "latency_ms", _latency, digits=0),
        _cell("first text (ms)", "first_seconds", lambda m: m.first_seconds, 1000, 0),
        _cell("final text (ms)", "final_seconds", lambda m: m.final_seconds, 1000, 2),
        words("other words than here", "differing", _differing),
        words("date", "date", lambda e: e.measured and e.measured.date),
    )


def _notes(experiment: Experiment) -> list[str]:
    split = experiment.recipe.splits.test[0]
    return [
        "After table 2 of the trace norm paper (Kliegl et al., 2018): the models of the tiers "
        "(without tiers: every model) in int8 with a language model, decoded by the engine with "
        "the weights tuned for fp32. WER is that of the "
        f"whole of {split}, decoded on this host; every CPU gives the same words, which the last "
        "columns check on the utterances that were timed.",
        "Speed-up: seconds of sound over seconds of computing, one thread, sound to text, the "
        "fastest of the rounds; shares: of the acoustic model, and of each part, in that time. "
        "Output: layers behind the first recurrent one that are not recurrent, with the softmax. "
        "Memory is the peak of "
        "the whole process, language model and all. Load: model, language model and lexicon, with "
        "their SHA-256, the quickest. Latency, algorithmic: from the first sample of an output "
        "frame until that frame can be known. First text: after its word began, if sound came in "
        "real time; final text: after the last sample (means).",
        "Modelled: no time, but an upper bound of the speed: the instructions that the whole "
        "engine executes (counted under emulation) over the most instructions a cycle that "
        "llvm-mca finds in an inner loop of the products, at the CPU's clock. Shares are of "
        "instructions there. Memory is not.",
        f"A device that {UNMEASURED} is measured by `snakemake bench --config devices=NAME`, once "
        "arm/devices/NAME.yaml has its address.",
        origin(experiment),
    ]


def _of_node(get: Callable[[Node], str]) -> Callable[[OnDevice], str | None]:
    return lambda entry: None if entry.bundled is None else get(entry.bundled.model.node)


def _megabytes(name: str) -> Callable[[Bundled], float]:
    return lambda bundled: bundled.manifest.files[name].bytes / 1e6


def _latency(bundled: Bundled) -> float:
    return 1000 * bundled.exported.latency.seconds


def _size(
    header: str,
    key: str,
    get: Callable[[Bundled], float],
    scale: float = 1.0,
    digits: int = 3,
) -> Column[OnDevice]:
    """Return a column of values that do not depend on the device."""

    def value(entry: OnDevice) -> float | None:
        return None if entry.bundled is None else get(entry.bundled)

    return number(header, key, value, digits=digits, scale=scale)


def _cell(
    header: str,
    key: str,
    get: Callable[[Measured], float | None],
    scale: float = 1.0,
    digits: int = 1,
) -> Column[OnDevice]:
    """Return a column of measurements; it names what is needed if there is none."""

    def values(entry: OnDevice) -> Values:
        return (UNMEASURED if entry.measured is None else get(entry.measured),)

    def text(found: Values) -> str:
        value = found[0]
        return value if isinstance(value, str) else _rounded(value, scale, digits)

    return Column(header, (key,), values, text)


def _parts() -> Column[OnDevice]:
    """Return the column of the shares of all parts; empty where times mean nothing."""

    def values(entry: OnDevice) -> Values:
        if entry.measured is None:
            return (UNMEASURED,) * len(PARTS)
        return tuple(getattr(entry.measured, part) for part in PARTS)

    def text(found: Values) -> str:
        if UNMEASURED in found:
            return UNMEASURED
        return "/".join(_rounded(value, 100, 0) for value in found)

    return Column("features/convolutions/recurrent/output/search (%)", PARTS, values, text)


def _speed() -> Column[OnDevice]:
    """Return the column of the speed, which says whether it is an estimate."""

    def values(entry: OnDevice) -> Values:
        if entry.measured is None:
            return UNMEASURED, UNMEASURED
        return entry.measured.speed_up, "modelled" if entry.measured.is_modelled else "measured"

    def text(found: Values) -> str:
        if found[1] == UNMEASURED:
            return UNMEASURED
        speed = _rounded(found[0], 1.0, 1)
        return speed if found[1] == "measured" else f"at most {speed} (modelled)"

    return Column("speed-up over real time", ("speed_up", "speed_up_is"), values, text)


def _rounded(value: Value, scale: float, digits: int) -> str:
    assert isinstance(value, int | float)
    return rounded(value * scale, digits)


def _differing(entry: OnDevice) -> str | None:
    found = entry.measured
    return None if found is None else f"{found.differing} of {found.utterances}"
