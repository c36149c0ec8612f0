"""`schatten scale start`: what a run checks before it plans, scaled to other hours."""

from pathlib import Path

from project import ROOT

from schatten import recipe as recipes
from schatten.recipe.layout import Layout
from schatten.runtime import files
from schatten.runtime.provenance import recorded
from schatten_bench.start_checks import measure_start_checks


def test_bytes_of_the_corpus_grow_with_the_hours(tmp_path: Path) -> None:
    recipe = recipes.load(str(ROOT / "recipes/own/default.yaml"))
    layout = Layout("own", "default", "key", tmp_path)
    sizes = {"utterances": 9, "words": 9, "hours": 2.0, "speakers": 3}
    splits = {"splits": dict.fromkeys(recipe.splits.all, sizes)}
    model = layout.am(recipe.start("dense", 1)) / "model.pt"
    contents = {
        layout.features("mel80", "train").with_name("train.lca"): bytes(4000),
        model: bytes(1000),
    }
    for path, content in contents.items():
        recorded("make", files.write_bytes)(path=path, data=content)
    files.write_json(layout.validation, splits)
    found = measure_start_checks(recipe, layout)
    hours = 2.0 * len(recipe.splits.all)
    assert (found.records, found.data_bytes, found.other_bytes) == (2, 4000, 1000)
    assert found.hours == hours
    assert found.seconds > 0
    assert found.scaled(hours) == (5000 / 1e9, found.hashing)
    assert found.scaled(10 * hours)[0] == 41000 / 1e9
