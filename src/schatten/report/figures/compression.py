"""WER against what a model costs in the engine: the bytes of its file, its instructions a frame.

A technique has a colour and a marker; int4 is hollow. The models that no other beats in both axes
have names.
"""

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from schatten.device.instructions import CPUS
from schatten.errors import UserError
from schatten.recipe.chain import WHOLE
from schatten.recipe.kinds import technique
from schatten.report.collect import Experiment
from schatten.report.columns import Column, Table, line, percent, words
from schatten.report.compression import HOW, Form, form_columns, forms
from schatten.report.figures import series
from schatten.report.figures.labels import Label, place_labels
from schatten.report.figures.parameters import ALIKE, WIDE, leave_out_far

HEIGHT = 3.3
"""Inches of a panel; the legend is below it. Panels are as wide as the page: labels need room."""
Cost = Callable[[Form], float]
GREY = "#999999"
"""Of the legend's points that stand for every technique."""
QUANTISED = "black edge: trained with quantised passes"


def draw_bytes(experiment: Experiment) -> tuple[Figure, Table[Form]]:
    """Draw WER against the bytes of the engine's file; return the points too."""
    found = forms(experiment)
    return _draw(experiment, found, {"int8 or int4 file (kB)": lambda f: f.exported.bytes / 1e3})


def draw_instructions(experiment: Experiment) -> tuple[Figure, Table[Form]]:
    """Draw WER against the engine's instructions for a frame, on each emulated CPU.

    Errors: `UserError` if instructions were not counted.
    """
    found = forms(experiment)
    if missing := [form for form in found if form.counted is None]:
        raise UserError(
            f"instructions of {missing[0].node.path} in {missing[0].precision} were not counted "
            f"since it was exported: {HOW} counts them and draws the figure"
        )
    costs = {f"thousand instructions a frame, {cpu}": _thousands(cpu) for cpu in CPUS}
    return _draw(experiment, found, costs)


def _thousands(cpu: str) -> Cost:
    def value(form: Form) -> float:
        counted = form.in_a_frame(cpu)
        assert counted is not None, "missing ones were refused"
        return counted / 1e3

    return value


def _draw(
    experiment: Experiment, found: Sequence[Form], costs: dict[str, Cost]
) -> tuple[Figure, Table[Form]]:
    names = list(dict.fromkeys(_family(experiment, form) for form in found))
    looks = {name: series.look(place) for place, name in enumerate(names)}
    handles = _legend(found, looks)
    rows = -(-len(handles) // 2)
    height = HEIGHT * len(costs) + 0.15 * rows
    figure = Figure((series.WIDE, height), layout="constrained")
    panels = list(figure.subplots(len(costs), 1, squeeze=False)[:, 0])
    for axes, (title, cost) in zip(panels, costs.items(), strict=True):
        for form in found:
            _point(axes, form, cost(form), looks[_family(experiment, form)])
        _scale(axes, [cost(form) for form in found])
        axes.set_xlabel(title)
        _rates(experiment, axes, found)
    searched = f"LM {experiment.main_lm}" if experiment.main_lm else "greedy"
    panels[0].set_title(f"split {experiment.recipe.splits.test[0]}, {searched}", fontsize=8)
    figure.legend(
        handles=handles, loc="outside lower center", ncols=2, fontsize=7, labelspacing=0.3
    )
    figure.draw_without_rendering()  # labels are placed around points where they now are
    for axes, cost in zip(panels, costs.values(), strict=True):
        points = [(cost(form), rate) for form in found for rate in _heights(form)]
        best = [form for form in found if _is_best(form, found, cost)]
        named = [Label(_said(f, found), (cost(f), f.result.main.wer)) for f in best]
        place_labels(axes, named, points)
    return figure, _table(experiment, found)


def _heights(form: Form) -> tuple[float, ...]:
    """Return the rate of a model and points of its interval, none of which a label may hide."""
    (low, high), rate = form.result.main.wer_interval, form.result.main.wer
    return low, (low + rate) / 2, rate, (rate + high) / 2, high


def _family(experiment: Experiment, form: Form) -> str:
    said = technique(experiment.recipe, form.node)
    if said is not None:
        return said
    learnt = form.node.system_settings.regularizer.type
    return "dense" if learnt == "none" else f"dense, {learnt.replace('_', ' ')}"


def _point(axes: Axes, form: Form, cost: float, look: tuple[str, str]) -> None:
    colour, marker = look
    axes.plot([cost, cost], form.result.main.wer_interval, color=colour, lw=0.8, alpha=0.5)
    face, edge = _faces(form, colour)
    rate = form.result.main.wer
    axes.plot(cost, rate, marker, ms=5, mfc=face, mec=edge, mew=1.1, zorder=3)


def _faces(form: Form, colour: str) -> tuple[str, str]:
    """Return the colours of a point and of its edge."""
    face = colour if form.precision == "int8" else "white"
    return face, "black" if form.node.precision != "fp32" else colour


def _legend(found: Sequence[Form], looks: dict[str, tuple[str, str]]) -> list[Line2D]:
    """Return the entries: techniques, then what faces and edges mean, where both kinds are."""
    entries = [_entry(name, *look) for name, look in looks.items()]
    if any(form.precision == "int4" for form in found):
        entries.append(_entry("filled: int8", GREY, "o"))
        entries.append(_entry("hollow: int4", GREY, "o", face="white"))
    if any(form.node.precision != "fp32" for form in found):
        entries.append(_entry(QUANTISED, GREY, "o", edge="black"))
    return entries


def _entry(
    label: str, colour: str, marker: str, face: str | None = None, edge: str | None = None
) -> Line2D:
    look = {"markerfacecolor": face or colour, "markeredgecolor": edge or colour}
    return Line2D([], [], ls="", marker=marker, ms=5, mew=1.1, label=label, **look)  # type: ignore[arg-type]


def _scale(axes: Axes, costs: Sequence[float]) -> None:
    if max(costs) > WIDE * min(costs):
        axes.set_xscale("log")
        series.plain_decades(axes.xaxis)
    elif max(costs) < ALIKE * min(costs):
        axes.set_xlim(0, 2 * max(costs))  # or differences of a per cent would look large


def _rates(experiment: Experiment, axes: Axes, found: Sequence[Form]) -> None:
    """Name the axis of rates, and end it below models that are far worse than the baseline."""
    recipe = experiment.recipe
    axes.set_ylabel(f"WER (%), {percent(recipe.tables.confidence)} interval")
    own = [f.result.main.wer for f in found if f.node.system == recipe.tables.baseline]
    rates = [(f"{f.node.system} {f.precision}", f.result.main.wer) for f in found]
    leave_out_far(axes, rates, min(own or [rate for _, rate in rates]))


def _is_best(form: Form, found: Sequence[Form], cost: Cost) -> bool:
    """Whether no other model costs less and errs less."""
    own = cost(form), form.result.main.wer
    others = [(cost(one), one.result.main.wer) for one in found if one is not form]
    return not any(a <= own[0] and b <= own[1] and (a, b) != own for a, b in others)


def _said(form: Form, found: Sequence[Form]) -> str:
    """Name a model: its system, with label, precision and seed where these tell it apart."""
    node = form.node
    alike = [one for one in found if one.node.system == node.system]
    said = [node.system]
    if len({one.node.label for one in alike}) > 1:
        said.append(node.label.removeprefix(f"{WHOLE}/"))
    if len({one.precision for one in found}) > 1 and form.precision not in said:
        said.append(form.precision)
    if len({one.node.seed for one in alike}) > 1:
        said.append(f"seed {node.seed}")
    return " ".join(said)


def _table(experiment: Experiment, found: Sequence[Form]) -> Table[Form]:
    first: Column[Form] = words("technique", "technique", lambda f: _family(experiment, f))
    columns = (first, *form_columns(experiment))
    return Table("Sizes", columns, tuple(line(columns, form) for form in found))
