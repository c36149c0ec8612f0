"""All verbs of this package, in the groups that they join: what the entry point names."""

import typer

from schatten_bench.cli import decoders, engines, kernels, pruning, scale, training

app = typer.Typer()
device = typer.Typer()
lm = typer.Typer()
for whole, parts in ((app, (training, decoders)), (device, (kernels, engines)), (lm, (pruning,))):
    for part in parts:
        whole.add_typer(part.app)
app.add_typer(device, name="device")
app.add_typer(lm, name="lm")
app.add_typer(scale.app, name="scale", help="What more audio and more systems would take.")
