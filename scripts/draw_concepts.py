"""Draw the two pictures of docs/concepts.md: the pipeline, and the house (the package's layers).

python scripts/draw_concepts.py        # writes docs/concepts/pipeline.svg and house.svg
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

FOLDER = Path(__file__).resolve().parents[1] / "docs/concepts"
DATA, STEP, RESULT = "#dbe9f6", "#fdf0d5", "#dff0d8"
Box = tuple[float, float, str, str, str]
"""Middle (x, y), name, second line, colour."""

PIPELINE: tuple[Box, ...] = (
    (1, 3.5, "recordings", "or synthetic speech", DATA),
    (1, 0.9, "text", "transcripts and more", DATA),
    (3.4, 3.5, "corpus", "cuts, validation", STEP),
    (5.8, 3.5, "features", "mel or linear", STEP),
    (8.2, 3.5, "chain", "train, truncate, train", STEP),
    (10.6, 3.5, "export", "GGUF, fp32 or int8", STEP),
    (3.4, 0.9, "language model", "n-grams, pruned", STEP),
    (5.8, 0.9, "lexicon", "words in units", STEP),
    (8.2, 0.9, "decode, score", "on dev, then on test", STEP),
    (10.6, 0.9, "tables, report", "WER with intervals", RESULT),
    (13, 3.5, "bundle", "model, language model,\nlexicon, checksums", RESULT),
    (13, 0.9, "engine", "PC, board, browser", RESULT),
)
FLOWS = (
    ("recordings", "corpus"),
    ("text", "corpus"),
    ("corpus", "features"),
    ("features", "chain"),
    ("chain", "export"),
    ("chain", "decode, score"),
    ("text", "language model"),
    ("language model", "lexicon"),
    ("lexicon", "decode, score"),
    ("decode, score", "tables, report"),
    ("export", "bundle"),
    ("bundle", "engine"),
    ("engine", "tables, report"),
)

HOUSE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("verbs: one command a step", ("cli",)),
    ("what Snakemake is told", ("workflow",)),
    (
        "topics: a folder each",
        ("corpus", "features", "train", "lm", "decode", "score", "export", "device", "report"),
    ),
    ("models, and the heart: compress knows nothing of the rest", ("models", "units", "compress")),
    (
        "files, sound, words",
        ("artifacts", "audio", "bundles", "espeak", "fst", "grammar", "transcripts"),
    ),
    ("settings and chains; what keeps runs alive and honest", ("recipe", "runtime")),
    ("ground", ("errors", "letters")),
)
"""Floors of the package from the roof down: what each is, its packages (tests/test_imports.py)."""
ROOF = ("the workflow: which step makes what", ("Snakefile", "rules", "recipes"))
ENGINE = ("beside it, in C++: the engine (arm/)", ("kernels", "engine", "python", "web"))


def box(axes: Axes, place: tuple[float, float], size: tuple[float, float], colour: str) -> None:
    """Draw a box around its middle."""
    (x, y), (width, height) = place, size
    corner = (x - width / 2, y - height / 2)
    style = "round,pad=0,rounding_size=0.12"
    axes.add_patch(
        FancyBboxPatch(corner, width, height, boxstyle=style, fc=colour, ec="#444444", lw=1)
    )


def canvas(width: float, height: float) -> Axes:
    """Return empty axes of some units, a unit being 0.75 inches."""
    figure, axes = pyplot.subplots(figsize=(0.75 * width, 0.75 * height))
    figure.subplots_adjust(0, 0, 1, 1)
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return axes


def draw_pipeline() -> None:
    """Draw what becomes of recordings and text."""
    axes = canvas(14.2, 4.4)
    places = {name: (x, y) for x, y, name, _, _ in PIPELINE}
    for x, y, name, second, colour in PIPELINE:
        box(axes, (x, y), (1.9, 1.3), colour)
        axes.text(x, y + 0.28, name, ha="center", va="center", fontsize=10, weight="bold")
        axes.text(x, y - 0.22, second, ha="center", va="center", fontsize=8)
    for start, end in FLOWS:
        (x0, y0), (x1, y1) = places[start], places[end]
        if y0 == y1:
            shift = 0.95 if x1 > x0 else -0.95
            ends = (x0 + shift, y0), (x1 - shift, y1)
        else:
            shift = 0.65 if y1 > y0 else -0.65
            ends = (x0, y0 + shift), (x1, y1 - shift)
        axes.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=12, color="#444444"))


def draw_house() -> None:
    """Draw the layers of the package: imports run down, never up."""
    floors = [ROOF, *HOUSE, ENGINE]
    axes = canvas(14.2, 1.05 * len(floors) + 0.6)
    for number, (what, packages) in enumerate(floors):
        y = 1.05 * (len(floors) - 1 - number) + (0.55 if number == len(floors) - 1 else 0.95)
        colour = RESULT if packages in (ROOF[1], ENGINE[1]) else DATA
        box(axes, (6.75, y), (13.2, 0.95), STEP if "compress" in packages else colour)
        axes.text(0.3, y + 0.28, what, ha="left", va="center", fontsize=8.5, color="#333333")
        each = 12.8 / len(packages)
        for place, name in enumerate(packages):
            x = 0.35 + each * (place + 0.5)
            axes.text(x, y - 0.16, name, ha="center", va="center", fontsize=11, weight="bold")
    top, bottom = 1.05 * len(floors) - 0.7, 1.55
    axes.add_patch(
        FancyArrowPatch(
            (13.7, top), (13.7, bottom), arrowstyle="-|>", mutation_scale=14, color="#444444"
        )
    )
    axes.text(
        14.0, (top + bottom) / 2, "imports", rotation=270, ha="center", va="center", fontsize=9
    )


def draw(folder: Path) -> None:
    """Write both pictures to a folder; the same bytes each time."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"svg.fonttype": "none", "svg.hashsalt": "schatten", "font.family": "sans-serif"}
    with matplotlib.rc_context(settings):
        for name, drawn in (("pipeline", draw_pipeline), ("house", draw_house)):
            drawn()
            path = folder / f"{name}.svg"
            pyplot.savefig(path, facecolor="white", metadata={"Date": None, "Creator": None})
            pyplot.close()


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
