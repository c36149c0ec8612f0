"""What a bundle takes on a small board where none was measured: a model, and a lower bound.

Instructions for each output frame were counted under emulation for the model `small` of
`voicesearch_like/lab` in int8 (docs/kernels.md, "Sparse matrices", cortex-a53 without zeros). The
acoustic model's part is taken to grow with the parameters. The search with a language model comes
on top. A Cortex-A53 is taken to execute one instruction a cycle: its inner loops, modelled by
llvm-mca, have 0.85 to 0.98.
"""

from schatten.recipe.chain import Node
from schatten.report.collect import Experiment

_ACOUSTIC, _WHOLE = 268_301, 353_344
"""Instructions a frame of the acoustic model, and of the whole engine with greedy search."""
_PARAMETERS = 788_541
"""Parameters of the model that was counted."""
_STRIDE = 4
"""Its feature frames for each output frame: what is not the acoustic model is counted per feature
frame."""
_FEATURE_FRAMES = 100
"""Feature frames a second."""

EXPLANATION = (
    "Megahertz are modelled, not measured on a board. They are the lowest clock at which a "
    "Cortex-A53 keeps up with speech, at one instruction per cycle. Instructions were counted "
    "under emulation for one model, and are scaled by the number of parameters. The search with a "
    "language model takes more. The command snakemake bench --config devices=rpi3 measures a board."
)


def modelled_megahertz(experiment: Experiment, node: Node) -> float:
    """Return the clock in MHz below which a Cortex-A53 cannot keep up with speech."""
    stride = experiment.recipe.models[node.system_settings.model].stride
    parameters = experiment.history(node).parameters
    acoustic = _ACOUSTIC * parameters / _PARAMETERS * _FEATURE_FRAMES / stride
    rest = (_WHOLE - _ACOUSTIC) * _FEATURE_FRAMES / _STRIDE
    return (acoustic + rest) / 1e6
