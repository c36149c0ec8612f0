"""Whether the results of a table were made with the settings that the table names."""

from collections.abc import Iterator
from pathlib import Path

from schatten.errors import UserError
from schatten.recipe.layout import decodings, engine_decodings
from schatten.recipe.recorded import Recorded, is_trusted
from schatten.report.collect import Experiment
from schatten.runtime import seals


def refuse_other_settings(experiment: Experiment) -> None:
    """Refuse results that were made with other settings than the recipe has now.

    Errors: `UserError` that lists them.
    """
    if found := other_settings(experiment):
        raise UserError(
            "these were made with other settings than the recipe has now: `schatten run` makes "
            "them again (or put the settings back):\n" + "\n".join(f"  {one}" for one in found)
        )


def other_settings(experiment: Experiment) -> list[str]:
    """Name the results of the tables, and the steps behind them, that have other settings now."""
    recorded = Recorded(experiment.recipe)
    changes = map(recorded.change, recorded.behind(_results(experiment)))
    return [str(change) for change in changes if change is not None]


def settings_notes(experiment: Experiment) -> list[str]:
    """Say in a note which systems have records too old to hold their settings, if any."""
    found: dict[str, None] = {}
    for model in experiment.models:
        for node in model.node.chain:
            record = seals.read_record(experiment.layout.am(node) / "history.json")
            if record is not None and not is_trusted(record):
                found[node.system] = None
    return [f"Settings not recorded: those of {', '.join(found)}."] if found else []


def _results(experiment: Experiment) -> Iterator[Path]:
    """Yield the models and scores of the tables."""
    recipe, layout = experiment.recipe, experiment.layout
    nodes = [node for model in experiment.models for node in model.node.chain]
    for node in dict.fromkeys(nodes):
        yield layout.am(node) / "history.json"
        columns = [(*pair, "fp32") for pair in decodings(recipe, node)]
        columns += [("engine", lm, precision) for precision, lm in engine_decodings(recipe, node)]
        for decoder, lm, precision in columns:
            for split in recipe.splits.test:
                yield layout.score(node, decoder, lm, split, precision)
