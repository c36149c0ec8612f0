"""The weights of a language model: read from what tuning wrote, without a search."""

import subprocess
import sys
from pathlib import Path

import pytest

from schatten.decode.weights import Weights, read_weights
from schatten.errors import UserError


def test_weights_are_read_with_whatever_stands_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    path.write_text('{"lm_weight": 1, "word_bonus": -0.5, "wer": 12.5}')
    assert read_weights(path) == Weights(1.0, -0.5)


@pytest.mark.parametrize("content", ["{}", "[]", '{"lm_weight": null, "word_bonus": 1}', "{"])
def test_another_file_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    path.write_text(content)
    with pytest.raises(UserError, match=r"weights\.json"):
        read_weights(path)


def test_reading_weights_loads_no_search() -> None:
    code = "import sys, schatten.decode.weights; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"flashlight", "torch", "numpy", "kaldialign"} & set(run.stdout.split())
