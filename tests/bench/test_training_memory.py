"""A training's memory is measured on the given number of hours."""

from pathlib import Path

import pytest
from small_data import write_data

from schatten.errors import UserError
from schatten.recipe.layout import Layout
from schatten_bench.training_memory import measure_training_memory


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Made-up features, where the workflow keeps them; their recipe lies beside."""
    place = Layout("made_up", "recipe", "data", tmp_path / "results")
    write_data(place.features("mel40", "train").parent)
    return place


def recipe_of(layout: Layout) -> str:
    return str(layout.features("mel40", "train").with_name("recipe.yaml"))


def test_an_epoch_reads_the_hours_that_were_asked_for(layout: Layout) -> None:
    (one,) = measure_training_memory(recipe_of(layout), layout, "trace_norm", [0.01])
    assert 0.01 <= one.hours < 0.0102
    assert one.utterances > 40, "more than there are: some come again"
    assert one.batches >= 36 / 2.5
    assert 50 < one.megabytes < 5000
    assert one.seconds > 0


def test_systems_and_features_have_to_be_there(layout: Layout) -> None:
    with pytest.raises(UserError, match="there is no system 'nobody'; there are dense,"):
        next(measure_training_memory(recipe_of(layout), layout, "nobody", [1.0]))
    layout.features("mel40", "train").unlink()
    with pytest.raises(UserError, match="run the recipe first"):
        next(measure_training_memory(recipe_of(layout), layout, "dense", [1.0]))
