"""`report.html`: an experiment as one page that needs neither a network nor other files."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from schatten.recipe.layout import bundle_lm
from schatten.recipe.rates import trained_rate, with_names
from schatten.recipe.tables import written
from schatten.report import render
from schatten.report.captions import origin
from schatten.report.collect import Experiment
from schatten.report.overview import overview_heading, overview_notes
from schatten.report.page import (
    board,
    charts,
    data_sheet,
    heard,
    picture,
    points,
    sound,
    speed,
    talk,
    training,
)
from schatten.report.settings import refuse_other_settings
from schatten.report.tables import KINDS, named
from schatten.runtime import files

_PARTS = ("base.js", "charts.js", "explorer.js", "errors.js", "sorting.js", "talk.js")
"""Scripts of the page, in the order in which they run."""


@dataclass(frozen=True)
class Sources:
    """What a page is made of beside the experiment's results."""

    audio: Path | None
    """Folder of the corpus's recordings, where the cuts' own folder does not hold them."""
    program: Path | None
    """schatten-recognize, to measure speed and memory; None: they stay unknown."""
    web: Path | None
    """The engine in WebAssembly; None: the page cannot recognise speech."""


def write(experiment: Experiment, sources: Sources, output: Path) -> str:
    """Write the page; return its size in a line.

    Errors: `UserError` if results were made with other settings than the recipe has now, or a
    recording cannot be read.
    """
    refuse_other_settings(experiment)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(_resource("report.html.j2"))
    spoken = talk.talk(experiment, sources.web) if sources.web is not None else None
    files.write_text(output, template.render(_content(experiment, sources, spoken)))
    size = output.stat().st_size / 1e6
    said = "" if spoken is None else f", {len(spoken.bundles)} models to talk to"
    return f"{output}: {size:.1f} MB{said}"


def _content(experiment: Experiment, sources: Sources, spoken: talk.Talk | None) -> dict[str, Any]:
    recipe, layout = experiment.recipe, experiment.layout
    rows, spectra = training.curves(experiment), training.spectra(experiment)
    rate = trained_rate(recipe)
    curves = [*charts.losses(rows, rate), *charts.spectra(spectra)]
    speeds = _speeds(experiment, sources)
    sheet = data_sheet.data_sheet(experiment)
    return {
        "title": recipe.title,
        "name": f"{layout.corpus}/{layout.experiment}",
        "heading": with_names(recipe, overview_heading(experiment)),
        "notes": [with_names(recipe, note) for note in overview_notes(experiment)],
        "origin": origin(experiment),
        "explanation": board.EXPLANATION,
        "rate": with_names(recipe, "WER"),
        "tables": _tables(experiment),
        "curves": [title for title, _ in curves],
        "costs": training.step_costs(experiment),
        "picture": Markup(picture.picture(training.pipeline(experiment))),
        "sheet": sheet,
        "has_bundles": bundle_lm(recipe) is not None,
        "talk": spoken,
        "licences": [_resource("charts-licences.txt"), *(spoken.licences if spoken else [])],
        "style": Markup(_resource("page.css")),
        "scripts": Markup("\n".join(_resource(name) for name in _PARTS)),
        "library": Markup(_inline(charts.library())),
        "data": _json(
            {
                "points": [asdict(one) for one in points.points(experiment, speeds)],
                "explorer": charts.explorer(),
                "curves": [spec for _, spec in curves],
                "splits": [_split(experiment, split, sources) for split in recipe.splits.test],
                "recipe": f"{layout.corpus}/{layout.experiment}",
                "rate": with_names(recipe, "WER"),
            }
        ),
        "talk_data": _json({} if spoken is None else spoken.content),
    }


def _speeds(experiment: Experiment, sources: Sources) -> Mapping[Path, points.Speed]:
    cuts = experiment.layout.cuts(experiment.recipe.splits.test[0])
    folders = [points.bundle_folder(experiment, model.node) for model in experiment.models]
    bundles = [folder for folder in folders if folder is not None]
    if sources.program is None or not bundles:
        return {}
    return speed.measure(bundles, sources.program, cuts, sources.audio or cuts.parent)


def _split(experiment: Experiment, split: str, sources: Sources) -> dict[str, Any]:
    found, cuts = heard.heard(experiment, split), experiment.layout.cuts(split)
    seconds = sound.SECONDS / len(experiment.recipe.splits.test)
    kept = sound.sounds(found, cuts, sources.audio or cuts.parent, seconds)
    return {**asdict(found), "sounds": kept.by_place, "note": kept.note}


@dataclass(frozen=True)
class _Shown:
    """A table of the experiment for the template."""

    name: str
    html: list[Markup]
    notes: list[str]


def _tables(experiment: Experiment) -> list[_Shown]:
    recipe, found = experiment.recipe, []
    for name in written(recipe):
        tables, notes = KINDS[name]
        shown = [Markup(render.to_html(named(one, recipe))) for one in tables(experiment)]
        said = [with_names(recipe, note) for note in notes(experiment)]
        found.append(_Shown(name, shown, said))
    return found


def _resource(name: str) -> str:
    return resources(__name__).joinpath("assets", name).read_text("utf-8")


def _json(value: Any) -> Markup:
    """Return JSON for an element `script`, which `<` alone could end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))


def _inline(script: str) -> str:
    """Return a script for an element `script`; inside of strings and patterns `<\\/` is `</`."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
