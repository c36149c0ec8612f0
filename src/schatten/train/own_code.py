"""Classes from Python files: those of the project by name, and a user's own by path."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from pydantic import ValidationError

from schatten.errors import UserError
from schatten.recipe.techniques import OwnCode

T = TypeVar("T")


def class_of(module: ModuleType, kind: type[T]) -> type[T]:
    """Return the one subclass of `kind` that a module defines.

    Errors: `UserError` if it defines none, or several.
    """
    found = [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, kind) and one.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(one.__name__ for one in found) or "none"
        where = module.__file__ or module.__name__
        raise UserError(f"{where}: define one subclass of {kind.__name__}; there are: {names}")
    return found[0]


def make_own(code: OwnCode, kind: type[T], *arguments: Any) -> T:
    """Return an object of the one subclass of `kind` that a user's file defines.

    The class is called with the file's settings and `arguments`. If it has a pydantic model
    `Settings`, the settings are checked by that and given as one. Errors: `UserError` if the
    file is missing or fails, or where `Settings` refuses the settings.
    """
    found = class_of(_load(code.file), kind)
    make: Callable[..., T] = found
    settings = getattr(found, "Settings", None)
    try:
        checked = settings.model_validate(code.settings) if settings else code.settings
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
        )
        raise UserError(f"settings of {code.file} are refused: {said}") from None
    return make(checked, *arguments)


def _load(path: Path) -> ModuleType:
    """Run a Python file as a module; where that fails, say why and where."""
    if not path.is_file():
        raise UserError(f"{path} does not exist: name your Python file")
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
