"""All verbs of this package, in the groups that they join: what the entry point names."""

import typer

from schatten_bench.cli import (
    decoders,
    engines,
    false_alarms,
    kernels,
    own_words,
    pronunciations,
    pruning,
    quiet,
    scale,
    training,
)

app = typer.Typer()
device = typer.Typer()
lm = typer.Typer()
VERBS = (
    (app, (training, decoders, pronunciations)),
    (device, (kernels, engines, own_words, quiet, false_alarms)),
    (lm, (pruning,)),
)
for whole, parts in VERBS:
    for part in parts:
        whole.add_typer(part.app)
app.add_typer(device, name="device")
app.add_typer(lm, name="lm")
app.add_typer(scale.app, name="scale", help="What more audio and more systems would take.")
