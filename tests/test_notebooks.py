"""The notebooks in examples/ run from top to bottom, and show what they print.

They are kept with their outputs, so that a reader sees results without running them. Figures and
numbers of trainings differ between processors: those are checked by the notebooks' own asserts.
"""

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
from project import ROOT

WHY = "the group docs has it: scripts/setup.sh docs"
nbformat = pytest.importorskip("nbformat", reason=f"no nbformat ({WHY})")
nbclient = pytest.importorskip("nbclient", reason=f"no nbclient ({WHY})")
pytest.importorskip("ipykernel", reason=f"no ipykernel ({WHY})")

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
TRAINS = {"compress_a_gru.ipynb"}
"""Notebooks that print numbers of trainings."""


def printed(notebook: Any) -> list[str]:
    """Return the texts that the cells of a notebook print and return."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [output.get("text") or output.get("data", {}).get("text/plain") for output in outputs]
    return [text for text in texts if text is not None]


def executed(notebook: Any, folder: Path) -> Any:
    """Return a copy of a notebook, executed in a folder."""
    fresh = copy.deepcopy(notebook)
    client = nbclient.NotebookClient(
        fresh, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    return client.execute()


def test_the_notebooks_are_found() -> None:
    assert {path.name for path in NOTEBOOKS} >= {"compress_a_gru.ipynb", "read_results.ipynb"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_and_prints_what_it_shows(path: Path) -> None:
    shown = nbformat.read(path, as_version=4)
    now = executed(shown, ROOT / "examples")
    assert len(printed(shown)) >= 4, "kept without outputs: jupyter execute --inplace"
    if path.name not in TRAINS:
        assert printed(now) == printed(shown), f"jupyter execute --inplace examples/{path.name}"
    else:
        assert len(printed(now)) == len(printed(shown))


def test_a_broken_notebook_is_found(tmp_path: Path) -> None:
    shutil.copy(NOTEBOOKS[0], tmp_path)
    broken = nbformat.read(tmp_path / NOTEBOOKS[0].name, as_version=4)
    broken.cells = [nbformat.v4.new_code_cell("assert 1 == 2, 'as it must'")]
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="as it must"):
        executed(broken, tmp_path)
