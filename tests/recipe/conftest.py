"""Loads a recipe with a chain of a test's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from schatten import recipe as recipes
from schatten.recipe import Recipe

SMOKE = Path(__file__).parents[2] / "recipes/voicesearch_like/smoke"


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Recipe]:
    """Load the smoke recipe with a system `it`, whose YAML is given, beside `dense`."""

    def read(system: str, **others: Any) -> Recipe:
        it = {"model": "small", **yaml.safe_load(system)}
        systems = {"l2": None, "trace_norm": None, "it": it}
        content = {"extends": str(SMOKE), "systems": systems, **others}
        path = tmp_path / "chain.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return recipes.load(str(path))

    return read
