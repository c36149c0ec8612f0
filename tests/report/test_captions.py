"""What captions say of ranks and teachers: what the recipe has, and nothing else."""

from fake_results import RECIPE

from schatten.recipe import Recipe
from schatten.report import captions


def recipe(**changes) -> Recipe:
    systems = {**RECIPE["systems"], "dense": {"model": "gru", **changes}}
    return Recipe.model_validate({**RECIPE, "systems": systems})


def test_ranks_other_than_shares_are_explained_where_there_are_any() -> None:
    assert captions._rules(recipe()) == []
    ranks = [{"budget": 500000, "activations": True}, {"tau": 0.5, "rule": "below"}]
    (said,) = captions._rules(recipe(ranks=ranks, stage2={}))
    assert "tau0.60below" in said and "budget500000" in said and "act weighs" in said
    assert "params" not in said and "ranks64" not in said


def test_teachers_are_named_with_their_weight() -> None:
    assert captions._teachers(recipe()) == []
    (said,) = captions._teachers(recipe(distill={"teacher": "l2", "weight": 0.5}))
    assert said.endswith("w = 0.5, t = 1 for dense.")
