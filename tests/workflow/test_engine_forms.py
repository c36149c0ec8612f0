"""Inputs of the tables and figures that compare models as the engine has them."""

from pathlib import Path

import pytest
from project import ROOT

from schatten.artifacts import Instructions
from schatten.errors import UserError
from schatten.workflow import workflow_of
from schatten.workflow.inputs import Workflow

PRECISIONS = {
    "dense/seed1/int4": "int4",
    "dense/seed1/int8": "int8",
    "trace_norm/seed1/tau0.80@e8/int4": "int4",
}
"""Folders of quantised models, and the only precision that each has."""


@pytest.fixture
def quantized(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workflow:
    """The workflow of a recipe with quantised passes, whose results lie elsewhere."""
    monkeypatch.chdir(ROOT)
    config = {"recipe": "voicesearch_like/smoke_quantized", "results": str(tmp_path)}
    return workflow_of(config)


def test_models_of_the_engine_are_inputs_where_they_are_shown(quantized: Workflow) -> None:
    nodes = quantized.table_nodes
    found = quantized.forms(nodes, "tables")
    assert quantized.forms(nodes, "bytes") == quantized.forms(nodes, "instructions") == found
    assert quantized.forms(nodes, "parameters") == []
    for folder, precision in PRECISIONS.items():
        names = {path.name for path in found if str(path.parent).endswith(folder)}
        assert names == {f"model.{precision}.gguf", f"model.{precision}.json"}
    whole = [path.name for path in found if str(path.parent).endswith("dense/seed1/stage1")]
    assert whole == [f"model.{x}.{end}" for x in ("int8", "int4") for end in ("gguf", "json")]


def test_a_quantised_row_needs_the_size_of_its_file(quantized: Workflow) -> None:
    found = {str(path) for path in quantized.results(quantized.table_nodes)}
    for folder, precision in PRECISIONS.items():
        assert any(path.endswith(f"{folder}/model.{precision}.json") for path in found)


def test_only_the_figure_needs_instructions(quantized: Workflow, tmp_path: Path) -> None:
    nodes = quantized.table_nodes
    assert quantized.instructions(nodes, "tables") == quantized.instructions(nodes, "bytes") == []
    counts = quantized.instructions(nodes, "instructions")
    models = [path for path in quantized.forms(nodes, "instructions") if path.suffix == ".gguf"]
    assert counts == [path.with_suffix(".instructions.json") for path in models]
    assert quantized.counted == ""
    said = Instructions(sha256="0", frames_per_second=25.0, a_frame={"max": 1.0})
    for number, path in enumerate(counts[:2], start=1):
        said.write(path)
        assert len(quantized.counted.split()) == number


def test_a_recipe_without_such_models_has_no_figure_of_instructions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    whole = workflow_of({"recipe": "voicesearch_like/smoke"})
    assert whole.forms(whole.table_nodes, "tables") == [] and whole.counted == ""
    with pytest.raises(UserError, match="smoke has no figure of instructions: the recipe has"):
        whole.instruction_figures  # noqa: B018
