"""Charts of the page as Vega-Lite, and the library that draws them, to be put into the page."""

from typing import Any

import altair as alt
import vl_convert

from schatten.report.page.training import Row

PALETTE = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#7f7f7f",
    "#8c6d31",
)
"""Colours that the colour-blind tell apart (Okabe and Ito, 2008), and two more; shapes help."""
_WIDTH, _HEIGHT = "container", 380
_SMALL = 240
_NAMED = 12
"""Trainings that a legend names; of more each line has only its tooltip."""

Spec = dict[str, Any]


def library() -> str:
    """Return the JavaScript of Vega, Vega-Lite and vega-embed as one module: it needs no network.

    It defines `vegaEmbed` on `window`.
    """
    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", version))


def explorer() -> Spec:
    """Return the chart of models; the page fills in values and axes.

    The second layer holds the intervals, which only an axis of WER has.
    """
    legend = alt.Legend(symbolOpacity=1, labelLimit=300)
    scale = alt.Scale(range=list(PALETTE))
    colour = alt.Color("technique:N", title="technique", scale=scale, legend=legend)
    base = alt.Chart(alt.NamedData("models"))
    marks = base.mark_point(filled=True, size=110, opacity=0.9).encode(
        x=alt.X("megabytes_with_lm:Q", scale=alt.Scale(zero=False)),
        y=alt.Y("wer:Q", scale=alt.Scale(zero=False)),
        color=colour,
        shape=alt.Shape("precision:N", title="precision"),
        opacity=alt.condition("datum.fits", alt.value(0.95), alt.value(0.18)),
    )
    intervals = base.mark_rule(strokeWidth=1.5).encode(
        x=alt.X("megabytes_with_lm:Q"),
        y=alt.Y("low:Q", title=None),
        y2="high:Q",
        color=colour,
        opacity=alt.condition("datum.fits", alt.value(0.5), alt.value(0.1)),
    )
    chart = alt.layer(intervals, marks).properties(width=_WIDTH, height=_HEIGHT)
    return _finished(chart)


def losses(rows: list[Row], rate: str) -> list[tuple[str, Spec]]:
    """Return the curves of the losses on train and dev and of the error rate on dev, by title."""
    titles = {
        "train_loss": "loss on training speech (mean of an utterance)",
        "dev_loss": "loss on dev (mean of an utterance)",
        "dev_rate": f"greedy {rate} on dev (%)",
    }
    return [
        (title, _lines([row for row in rows if row[key] is not None], key, title))
        for key, title in titles.items()
        if any(row[key] is not None for row in rows)
    ]


def spectra(rows: list[Row]) -> list[tuple[str, Spec]]:
    """Return the curves of nu and of the rank over epochs, with a choice of the matrix."""
    if not rows:
        return []
    names = list(dict.fromkeys(str(row["matrix"]) for row in rows))
    choice = alt.binding_select(options=names, name="matrix ")
    titles = {"nu": "ν, the nondimensional trace norm", "rank90": "rank for 90 % of the variance"}
    return [
        (title, _lines(rows, key, title, alt.param(value=names[-1], bind=choice, name="matrix")))
        for key, title in titles.items()
    ]


def _lines(rows: list[Row], key: str, title: str, matrix: "alt.Parameter | None" = None) -> Spec:
    fields = [key, "training", "epoch", *(["matrix"] if matrix is not None else [])]
    values = [{name: row[name] for name in fields} for row in rows]
    count = len({row["training"] for row in rows})
    scale = alt.Scale(range=list(PALETTE))
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=320, symbolType="stroke")
    told = legend if count <= _NAMED else None
    chart = (
        alt.Chart(alt.InlineData(values))
        .mark_line(point=True)
        .encode(
            x=alt.X("epoch:Q", title="epoch of the chain", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y(f"{key}:Q", title=None, scale=alt.Scale(zero=False)),
            color=alt.Color("training:N", scale=scale, legend=told),
            strokeDash=alt.StrokeDash("training:N", legend=told),
            tooltip=[f"{name}:N" for name in fields],
        )
        .properties(width=_WIDTH, height=_SMALL, description=f"{title} over the epochs")
    )
    if matrix is not None:
        chart = chart.add_params(matrix).transform_filter("datum.matrix == matrix")
    return _finished(chart)


def _finished(chart: Any) -> Spec:
    """Return the JSON of a chart, which altair checks against Vega-Lite's schema."""
    spec: Spec = chart.to_dict()
    for name in ("config", "$schema"):  # the page has a config of its own, and fetches nothing
        spec.pop(name, None)
    return spec
