"""What a training does beyond its objective: a technique is one module with one class.

The next one is a module here, its name in `TECHNIQUES`, and its settings in the recipe. A
technique of one's own is a Python file anywhere; `own` loads it.
"""

import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from pydantic import ValidationError

from schatten.errors import UserError
from schatten.recipe.model import Distillation, Penalty
from schatten.train.techniques.base import Context, Group, Step, Technique
from schatten.train.techniques.distillation import Distilled
from schatten.train.techniques.factors import FactorRate
from schatten.train.techniques.l2 import L2
from schatten.train.techniques.spectra import Spectra
from schatten.train.techniques.trace_norm import TraceNorm

__all__ = ["TECHNIQUES", "Context", "Group", "Step", "Technique", "make", "of", "own"]


class OwnFile(Protocol):
    """Settings of a technique in a file of one's own."""

    @property
    def file(self) -> Path:
        """The Python file; it defines one subclass of `Technique`."""
        ...

    @property
    def settings(self) -> dict[str, Any]:
        """What its class is given."""
        ...


def own(settings: OwnFile, context: Context) -> Technique:
    """Return the technique that a Python file defines: its one subclass of `Technique`.

    The class is made of `settings.settings` and the context. If it has a pydantic model `Settings`,
    the settings are checked by that and given as one. Errors: `UserError` where the file is
    missing, fails, defines no or several techniques, or where `Settings` refuses the settings.
    """
    module = _load(settings.file)
    found = [
        one
        for one in vars(module).values()
        if isinstance(one, type)
        and issubclass(one, Technique)
        and one.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(one.__name__ for one in found) or "none"
        raise UserError(f"{settings.file}: define one subclass of Technique; there are: {names}")
    made: Callable[[Any, Context], Technique] = found[0]
    kind = getattr(found[0], "Settings", None)
    try:
        return made(kind.model_validate(settings.settings) if kind else settings.settings, context)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
        )
        raise UserError(f"settings of {settings.file} are refused: {said}") from None


def _load(path: Path) -> ModuleType:
    """Run a Python file as a module; where that fails, say why and where."""
    if not path.is_file():
        raise UserError(f"{path} does not exist: name the Python file of the technique")
    name = f"schatten_own_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path} is no Python file: its name has to end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # annotations of pydantic models are looked up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    return module


TECHNIQUES: dict[str, Callable[[Any, Context], Technique]] = {
    "l2": L2,
    "trace_norm": TraceNorm,
    "distillation": Distilled,
    "own": own,
}
"""The techniques by the keys that they have in a recipe; each is made of settings and context."""


class Entry(Protocol):
    """One technique of a recipe's list."""

    @property
    def name(self) -> str:
        """Its key, one of `TECHNIQUES`."""
        ...

    @property
    def settings(self) -> Any:
        """Its settings."""
        ...


def make(entries: Sequence[Entry], context: Context) -> list[Technique]:
    """Return the techniques of a training, in the order in which they act.

    Those that every training has come last. Factors that no technique claims take all of the
    learning rate; where the schedule of an earlier training goes on, what they took there.
    """
    found = [TECHNIQUES[entry.name](entry.settings, context) for entry in entries]
    ratio = context.training.factor_learning_rate_ratio if context.continues else 1.0
    return [*found, FactorRate(ratio), Spectra()]


@dataclass(frozen=True)
class _Named:
    name: str
    settings: Any


def of(penalty: Penalty, distillation: Distillation | None, context: Context) -> list[Technique]:
    """Return the techniques that the keys `penalty` and `distill` of a system stand for."""
    entries = [] if distillation is None else [_Named("distillation", distillation)]
    if penalty.type != "none":
        entries.append(_Named(penalty.type, penalty))
    return make(entries, context)
