"""The kinds of figures: what each shows, which recipes can have it, and which function draws it.

This is the only list of them. The workflow checks it before anything runs, and the verb's help
names the kinds. The code that draws checks it again and gives the same error message. A new kind is
an entry in `FIGURES` and a function in a module of `schatten.report.figures`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from schatten.recipe import Recipe
from schatten.recipe.hours import has_learning_curve
from schatten.recipe.kinds import techniques
from schatten.recipe.layout import beam_models
from schatten.recipe.rates import greedy_rate, mixes_units, trained_rate
from schatten.recipe.steps import Train
from schatten.recipe.tables import has_compression

Reason = Callable[[Recipe], str | None]
"""Returns in a few words why a recipe cannot have a figure; None if it can."""


@dataclass(frozen=True)
class FigureKind:
    """A kind of figure."""

    title: str
    """What it shows."""
    drawing: str
    """`MODULE.FUNCTION` in `schatten.report.figures`, imported when the figure is drawn."""
    why_not: Reason
    """Whether a recipe can have it."""
    on_dev: bool = False
    """Whether it shows CER on dev."""
    is_curve: bool = False
    """Whether it is drawn only if the recipe's `figures` ask for it. It shows the baseline."""
    made_by: str | None = None
    """The command that makes it, where `figures` does not."""


def _never(recipe: Recipe) -> None:
    return None


def _mixed_units(recipe: Recipe) -> str | None:
    if not mixes_units(recipe):
        return None
    return "the systems write several sets of units, whose error rates do not compare"


def _no_grids(recipe: Recipe) -> str | None:
    return None if recipe.grids else "the recipe has no grids"


def _no_spectra(recipe: Recipe) -> str | None:
    if spectrum_systems(recipe):
        return None
    return (
        "the recipe has no system of the baseline's model with its recurrent matrices "
        "factored apart from others (factorization partial)"
    )


def _no_early_transition(recipe: Recipe) -> str | None:
    if early_systems(recipe):
        return None
    return "the recipe has no system with ranks and an early transition"


def _too_few_techniques(recipe: Recipe) -> str | None:
    if mixes_units(recipe):
        return "the systems write several sets of units, which are no techniques"
    if len(techniques(recipe)) >= 2:
        return None
    return "the recipe has fewer than two ways to a smaller model"


def _no_compression(recipe: Recipe) -> str | None:
    if mixes_units(recipe):
        return "the systems write several sets of units, whose error rates do not compare"
    if has_compression(recipe):
        return None
    return (
        "the recipe has neither pruned models nor quantised passes, and its `tables` do not ask "
        "for compression"
    )


def _no_learning_curve(recipe: Recipe) -> str | None:
    if has_learning_curve(recipe):
        return None
    return "the recipe's systems are all trained on the same hours"


def _no_lm_curve(recipe: Recipe) -> str | None:
    return "the recipe's `figures` do not ask for lm_curve" if not recipe.figures.lm_curve else None


def _no_beam(recipe: Recipe) -> str | None:
    if not recipe.figures.beam:
        return "the recipe's `figures` do not ask for beam"
    if not beam_models(recipe):
        return "the recipe has no language model whose search has a beam"
    return None


FIGURES = {
    "parameters": FigureKind(
        "parameters against WER with the main language model", "parameters.draw", _never
    ),
    "cer": FigureKind(
        "parameters against greedy CER (Kliegl et al., 2018, figure 4)",
        "parameters.draw_cer",
        _mixed_units,
    ),
    "grid": FigureKind(
        "CER over the two lambdas of a grid (Kliegl et al., 2018, figure 1)",
        "grid.draw",
        _no_grids,
        on_dev=True,
    ),
    "nu": FigureKind(
        "nondimensional trace norm coefficient against lambda (Kliegl et al., 2018, figure 2)",
        "spectrum.draw_nu",
        _no_spectra,
        on_dev=True,
    ),
    "rank90": FigureKind(
        "rank for 90 % of the variance against CER (Kliegl et al., 2018, figure 3)",
        "spectrum.draw_rank90",
        _no_spectra,
        on_dev=True,
    ),
    "transition": FigureKind(
        "CER against the epoch of an early transition, and over epochs "
        "(Kliegl et al., 2018, figure 5)",
        "transition.draw",
        _no_early_transition,
        on_dev=True,
    ),
    "techniques": FigureKind(
        "WER against parameters by what makes the model small (Kliegl et al., 2018, figure 8)",
        "techniques.draw",
        _too_few_techniques,
    ),
    "bytes": FigureKind(
        "WER against the bytes of the engine's file, in int8 and int4",
        "compression.draw_bytes",
        _no_compression,
    ),
    "instructions": FigureKind(
        "WER against the engine's instructions for a frame, on emulated CPUs",
        "compression.draw_instructions",
        _no_compression,
        made_by="schatten run instructions",
    ),
    "hours": FigureKind(
        "WER against the hours of training speech", "hours.draw", _no_learning_curve
    ),
    "lm_curve": FigureKind(
        "size of the language model against perplexity and WER",
        "lm_curve.draw",
        _no_lm_curve,
        is_curve=True,
    ),
    "beam": FigureKind(
        "speed of the search and WER against its beam", "beam.draw", _no_beam, is_curve=True
    ),
}
"""The kinds of figures by name, as in `schatten figure --kind` and in the names of files."""
CURVES = tuple(kind for kind, figure in FIGURES.items() if figure.is_curve)
OF_FORMS = ("bytes", "instructions")
"""Kinds that show models as the engine has them."""
SILENT = (*OF_FORMS, "hours")
"""Kinds that a recipe's page names only if it has them."""
ON_DEV = tuple(kind for kind, figure in FIGURES.items() if figure.on_dev)


def why_not(recipe: Recipe, kind: str) -> str | None:
    """Return in a few words why a recipe cannot have a figure; None if it can."""
    return FIGURES[kind].why_not(recipe)


def drawn(recipe: Recipe) -> list[str]:
    """Return the kinds of figures that the target `figures` makes for a recipe."""
    kinds = (kind for kind, figure in FIGURES.items() if figure.made_by is None)
    return [kind for kind in kinds if why_not(recipe, kind) is None]


def spectrum_systems(recipe: Recipe) -> list[str]:
    """Return the systems whose spectra compare: with the baseline's model, units, factorization.

    The factorization is `partial`.
    """
    baseline = recipe.systems[recipe.tables.baseline]
    return [
        name
        for name, system in recipe.systems.items()
        if (system.model, system.units) == (baseline.model, baseline.units)
        and system.factorization == "partial"
    ]


def early_systems(recipe: Recipe) -> list[str]:
    """Return the systems whose chains continue from an epoch before the end of stage 1.

    Systems that write pieces are left out: their training histories count errors in pieces, but
    their scores count errors in characters.
    """
    return [
        name
        for name, system in recipe.systems.items()
        if any(isinstance(one, Train) and one.schedule == "continued" for one in system.steps)
        and trained_rate(recipe, system.units) == greedy_rate(recipe, system.units)
    ]


def page(recipe: Recipe) -> str:
    """Return a Markdown page with each figure, or the reason why it was not drawn.

    Kinds that show models of the engine, and learning curves, are only on pages of recipes that
    have them.
    """
    parts = [f"# {recipe.title}: figures"]
    for kind, figure in FIGURES.items():
        reason = figure.why_not(recipe)
        if reason is not None and kind in SILENT:
            continue  # pages of other recipes stay valid, and need not be made again
        parts.append(f"## {kind}: {figure.title}")
        if reason is not None:
            parts.append(f"Not drawn: {reason}.")
            continue
        how = "" if figure.made_by is None else f" `{figure.made_by}` makes both."
        points = f"All points: [{kind}.csv]({kind}.csv).{how}"
        parts.append(f"![{figure.title}]({kind}.png)\n\n{points}")
    return "\n\n".join(parts) + "\n"
