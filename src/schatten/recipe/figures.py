"""Which of the papers' figures a recipe has the systems for, and why not the others.

The workflow asks before anything runs, and whoever draws asks again; both get the same sentence.
"""

from schatten.recipe import Recipe
from schatten.recipe.layout import beam_models
from schatten.recipe.ranks import ParameterBudget, Rank

FIGURES = {
    "parameters": "parameters against WER with the main language model",
    "cer": "parameters against greedy CER (T, figure 4)",
    "grid": "CER over the two lambdas of a grid (T, figure 1)",
    "nu": "nondimensional trace norm coefficient against lambda (T, figure 2)",
    "rank90": "rank for 90 % of the variance against CER (T, figure 3)",
    "transition": "CER against the epoch of an early transition, and over epochs (T, figure 5)",
    "techniques": "WER against parameters by what makes the model small (T, figure 8)",
    "lm_curve": "size of the language model against perplexity and WER",
    "beam": "speed of the search and WER against its beam",
}

CURVES = ("lm_curve", "beam")
"""Those that the recipe's `figures` ask for; they show the baseline alone."""


ON_DEV = ("grid", "nu", "rank90", "transition")
"""Those that show CER on dev."""


def why_not(recipe: Recipe, kind: str) -> str | None:
    """Return why a recipe cannot have a figure, in a few words; none where it can."""
    if kind == "grid" and not recipe.grids:
        return "the recipe has no grids"
    if kind in ("nu", "rank90") and not spectrum_systems(recipe):
        return (
            "the recipe has no system of the baseline's model with its recurrent matrices "
            "factored apart from others (factorization partial)"
        )
    if kind == "transition" and not early_systems(recipe):
        return "the recipe has no system with ranks and an early transition"
    if kind == "techniques" and len(techniques(recipe)) < 2:
        return "the recipe has fewer than two ways to a smaller model"
    return _why_no_curve(recipe, kind) if kind in CURVES else None


def _why_no_curve(recipe: Recipe, kind: str) -> str | None:
    if getattr(recipe.figures, kind) is None:
        return f"the recipe's `figures` do not ask for {kind}"
    if kind == "beam" and not beam_models(recipe):
        return "the recipe has no language model whose search has a beam"
    return None


def drawn(recipe: Recipe) -> list[str]:
    """Return the kinds of figures that a recipe has the systems for."""
    return [kind for kind in FIGURES if why_not(recipe, kind) is None]


def spectrum_systems(recipe: Recipe) -> list[str]:
    """Return the systems whose spectra can be compared: one model, one layout of its matrices."""
    model = recipe.systems[recipe.tables.baseline].model
    return [
        name
        for name, system in recipe.systems.items()
        if system.model == model and system.factorization == "partial"
    ]


def early_systems(recipe: Recipe) -> list[str]:
    """Return the systems that go on from an epoch in the middle of stage 1."""
    return [
        name
        for name, system in recipe.systems.items()
        if system.ranks and system.stage2 is not None and system.stage2.transition == "early"
    ]


_TRUNCATED = {
    "none": "truncated, no penalty before",
    "l2": "truncated after l2",
    "trace_norm": "truncated after trace norm",
}


def technique(recipe: Recipe, name: str, rank: Rank | None) -> str | None:
    """Return what makes a model of a system small; none where nothing was done to that end.

    `rank`: the rule by which it is compressed; none where it is whole.
    """
    system, baseline = recipe.systems[name], recipe.systems[recipe.tables.baseline]
    if rank is not None:
        chosen = ", by a budget" if isinstance(rank, ParameterBudget) else ""
        chosen += ", weighted by inputs" if rank.activations else ""
        shared = ", shared projections" if system.factorization == "projection" else ""
        return f"{_TRUNCATED[system.penalty.type]}{shared}{chosen}"
    if system.model != baseline.model and system.penalty.type == "none":
        return "another dense model" + (", with a teacher" if system.distill else "")
    return None


def techniques(recipe: Recipe) -> list[str]:
    """Return the techniques of a recipe, each once."""
    found = [
        technique(recipe, name, rank)
        for name, system in recipe.systems.items()
        for rank in (None, *system.ranks)
    ]
    return list(dict.fromkeys(one for one in found if one is not None))


def page(recipe: Recipe) -> str:
    """Return a page of Markdown with every figure, or why it is not there."""
    parts = [f"# {recipe.title}: figures"]
    for kind, title in FIGURES.items():
        reason = why_not(recipe, kind)
        parts.append(f"## {kind}: {title}")
        parts.append(
            f"![{title}]({kind}.png)\n\nAll points: [{kind}.csv]({kind}.csv)."
            if reason is None
            else f"Not drawn: {reason}."
        )
    return "\n\n".join(parts) + "\n"
