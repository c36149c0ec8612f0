"""Models in int8 and int4, as the engine has them: sizes, zeros, instructions, WER, and cost.

Minutes of training differ between two runs of an experiment; all other columns do not.
"""

import lzma
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from schatten.artifacts import Exported, Instructions, Score, read
from schatten.device.instructions import CPUS
from schatten.recipe.chain import Node
from schatten.recipe.layout import engine_forms
from schatten.report.captions import origin
from schatten.report.collect import Experiment, Result
from schatten.report.columns import Column, Table, line, number, words
from schatten.report.cost import chain_seconds, needed_seconds
from schatten.report.overview import engine_has
from schatten.report.sparsity import zeros_columns
from schatten.report.wer import wer_columns
from schatten.runtime import files

_NAMES = ("system", "units", "penalty", "rank", "seed")
_RATES = (
    "wer_{lm}",
    "wer_low",
    "difference",
    "difference_low",
    "difference_speakers_low",
    "verdict",
)
"""First keys of columns of `wer` that are shown here too."""
XZ = ({"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME},)
"""The strongest setting of xz, spelled out so that sizes do not follow a default."""
HOW = "`schatten run instructions`"


@dataclass(frozen=True)
class Form:
    """A model in a precision of the engine, on the main test split."""

    result: Result
    """The model, with the score and the difference of this precision."""
    precision: str
    exported: Exported
    path: Path
    """Its file."""
    scored: str
    """What recognised the words: `engine`, or `torch` with its precision."""
    counted: Instructions | None
    """None if instructions were not counted, or for another file than this."""
    chain_seconds: float
    needed_seconds: float | None

    @property
    def node(self) -> Node:
        """The node of the model."""
        return self.result.model.node

    @cached_property
    def packed_bytes(self) -> int:
        """Bytes of its file, entropy-coded by xz."""
        content = files.read_bytes(self.path)
        return len(lzma.compress(content, lzma.FORMAT_XZ, lzma.CHECK_NONE, filters=XZ))

    def in_a_frame(self, cpu: str) -> float | None:
        """Return the instructions of an output frame on an emulated CPU, if they were counted."""
        return None if self.counted is None else self.counted.a_frame.get(cpu)


def forms(experiment: Experiment) -> list[Form]:
    """Return every model of the tables in each precision that the engine has it in."""
    return [
        _form(experiment, result, precision)
        for result in experiment.results(experiment.recipe.splits.test[0])
        for precision in engine_forms(experiment.recipe, result.model.node)
    ]


def _form(experiment: Experiment, result: Result, precision: str) -> Form:
    node = result.model.node
    path = experiment.layout.exported(node, precision)
    decoded = engine_has(experiment, node, precision)
    return Form(
        _in_engine(experiment, result, precision) if decoded else result,
        precision,
        experiment.exported(node, precision),
        path,
        "engine" if decoded else f"torch, {node.precision}",
        _counted(experiment.layout.instructions(node, precision), path),
        chain_seconds(experiment, node),
        needed_seconds(experiment, node),
    )


def _in_engine(experiment: Experiment, result: Result, precision: str) -> Result:
    """Return a result with the score of the engine, and its difference to the baseline in fp32."""
    main, node = experiment.main_lm, result.model.node
    path = experiment.layout.score(node, "engine", main or "none", result.split, precision)
    score = read(path, Score)
    return replace(
        result,
        greedy=score if main is None else result.greedy,
        with_lm={} if main is None else {main: score},
        difference=experiment.difference(path, node.seed, result.split),
    )


def _counted(path: Path, model: Path) -> Instructions | None:
    if not path.is_file():
        return None
    found = read(path, Instructions)
    return found if found.sha256 == files.sha256(model) else None


def compression_table(experiment: Experiment) -> Table[Form]:
    """Return a line for each model and precision of the engine, on the main test split."""
    columns, found = form_columns(experiment), forms(experiment)
    title = f"Models for the engine, split {experiment.recipe.splits.test[0]}"
    return Table(title, columns, tuple(line(columns, one) for one in found))


def form_columns(experiment: Experiment) -> tuple[Column[Form], ...]:
    """Return the columns of the table; figures of sizes have them in their CSV."""
    shown = {column.keys[0]: column for column in wer_columns(experiment)}
    rate = f"wer_{experiment.main_lm}" if experiment.main_lm else "wer_greedy"
    rates = (rate if key == "wer_{lm}" else key for key in _RATES)
    return (
        *(_of_result(shown[key]) for key in _NAMES if key in shown),
        words("precision", "precision", lambda f: f.precision),
        _of_result(shown["parameters"]),
        number("with zeros (M)", "stored_numbers", _stored, digits=3, scale=1e-6),
        *map(_of_result, zeros_columns()),
        number("kB", "bytes", lambda f: f.exported.bytes, digits=1, scale=1e-3),
        number("kB by xz", "xz_bytes", lambda f: f.packed_bytes, digits=1, scale=1e-3),
        *map(_instructions, CPUS),
        *(_of_result(shown[key]) for key in rates),
        words("words by", "scored_by", lambda f: f.scored),
        number("trained (min)", "chain_minutes", lambda f: f.chain_seconds / 60, digits=1),
        number("with all that it needed (min)", "needed_minutes", _needed, digits=1),
    )


def _of_result(column: Column[Result]) -> Column[Form]:
    return column.of(lambda form: form.result)


def _instructions(cpu: str) -> Column[Form]:
    key = f"instructions_{cpu.replace('-', '_')}"
    header = f"{cpu}: thousand instructions a frame"
    return number(header, key, lambda f: f.in_a_frame(cpu), digits=1, scale=1e-3)


def _stored(form: Form) -> int:
    return form.result.model.history.stored_numbers


def _needed(form: Form) -> float | None:
    return None if form.needed_seconds is None else form.needed_seconds / 60


def compression_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table."""
    baseline = experiment.recipe.tables.baseline
    return [
        "Every model as the engine has it. Params: numbers that no mask keeps at zero, as in wer; "
        "with zeros: all numbers. Zeros: of the pruned matrices, and of the model. kB: 1000 bytes "
        "of the exported file, scales, biases and index included; by xz: of that file after "
        "entropy coding (LZMA2, preset 9 extreme), which the engine does not read.",
        "The file leaves out zeros in blocks of 16x4 alone. A model with other zeros has a file as "
        "large as a dense one; xz shows what its zeros could save.",
        _instruction_note(experiment),
        "Words by: the engine in this precision, or torch where the system's `precisions` do not "
        f"ask for it. The difference is to {baseline} in fp32 by torch.",
        "Minutes are training by the clock, on as many threads as the recipe gives a training; "
        "trainings that ran at the same time share the machine. Trained: all steps of the row's "
        "chain. With all that it needed: also its teacher, the reference of its thresholds, the "
        "system that it starts from, and all points of its grid, each once. An empty cell: the "
        "chain begins with a model of another experiment. Decoding is not counted.",
        origin(experiment),
    ]


def _instruction_note(experiment: Experiment) -> str:
    nodes = [model.node for model in experiment.models]
    pairs = [(node, one) for node in nodes for one in engine_forms(experiment.recipe, node)]
    said = (
        "Instructions: of the whole engine, sound to text, greedily, for an output frame; exact "
        "counts of an AArch64 program on emulated CPUs: cortex-a53 has ARMv8.0, max every "
        "extension. They are no time."
    )
    if len({experiment.exported(*pair).latency.stride_frames for pair in pairs}) > 1:
        said += " Frames of these models differ in length."
    layout = experiment.layout
    if any(_counted(layout.instructions(*one), layout.exported(*one)) is None for one in pairs):
        said += (
            f" Empty cells were not counted: {HOW} counts them, with qemu and a compiler for "
            "AArch64; the next `schatten run wer_tables` shows them."
        )
    return said
