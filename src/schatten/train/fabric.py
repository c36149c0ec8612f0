"""Lightning Fabric: devices, processes and precision of a training."""

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import distributed

from schatten.runtime import gpus
from schatten.runtime.launch import place


@contextmanager
def _absent(module: str) -> Iterator[None]:
    """Let the import of a module fail if it was not imported before."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


# Fabric imports torchmetrics, and with it scipy.signal and matplotlib, to compare a version that
# nothing here depends on: 2 of 4 s (docs/decisions/0009-the-training-loop-on-fabric.md).
# `lightning.fabric` is the same package, but importing it imports all of Lightning.
with _absent("torchmetrics"):
    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments import LightningEnvironment
    from lightning_fabric.plugins.precision import MixedPrecision, Precision
    from lightning_fabric.utilities.rank_zero import rank_zero_only

__all__ = ["Fabric", "names_over_processes", "over_processes", "quiet", "started"]

PrecisionName = Literal["32", "16-mixed", "bf16-mixed"]


class Mixed(MixedPrecision):
    """Mixed precision that leaves features in 32 bits until the model has normalised them."""

    def convert_input(self, data: Any) -> Any:
        """Return the inputs of a model unchanged."""
        return data


@contextmanager
def started(precision: PrecisionName) -> Iterator[Fabric]:
    """Yield Fabric on this process's device.

    Over several processes, which `runtime.launch` has started, gradients are averaged: by gloo, on
    GPUs by NCCL.
    """
    here = place()
    with _devices() as devices:
        fabric = Fabric(
            accelerator="auto",
            devices=devices,
            num_nodes=here.nodes,
            strategy="ddp" if here.count > 1 else "auto",
            plugins=[LightningEnvironment(), _precision(precision)],
        )
        fabric.launch()
        # Of whom its messages come: it reads SLURM_PROCID and RANK, maybe left of another job.
        rank_zero_only.rank = here.rank  # type: ignore[attr-defined]
        yield fabric


@contextmanager
def _devices() -> Iterator[int | list[int]]:
    """Yield the number of devices of each node, or the GPU of a process that runs alone."""
    here = place()
    if here.count == 1 and torch.cuda.is_available():
        with gpus.one_of(torch.cuda.device_count()) as gpu:
            yield [gpu]
    else:
        yield here.count // here.nodes


def _precision(name: PrecisionName) -> Precision:
    """Return a precision; on a CPU bfloat16 replaces float16, which torch lacks there."""
    if name == "32":
        return Precision()
    if torch.cuda.is_available():
        return Mixed(name, "cuda")
    return Mixed("bf16-mixed", "cpu")


def over_processes(values: list[float]) -> list[float]:
    """Return each value's sum over the training's processes."""
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return values
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    total = torch.tensor(values, dtype=torch.float64, device=device)
    distributed.all_reduce(total)
    return [float(value) for value in total]


def names_over_processes(names: list[str]) -> list[str]:
    """Return the names that each of the training's processes gives, the first one's first."""
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return names
    every: list[list[str]] = [[] for _ in range(distributed.get_world_size())]
    distributed.all_gather_object(every, names)
    return [name for one in every for name in one]


def quiet() -> None:
    """Keep hints off the console: Fabric's, torch's, and lhotse's on cuts held in memory."""
    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning_fabric.*")
    warnings.filterwarnings("ignore", "You are using DynamicBucketingSampler with an eagerly read")
    warnings.filterwarnings("ignore", module="torch.utils.*")
