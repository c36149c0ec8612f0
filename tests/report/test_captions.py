"""Captions name the ranks, teachers and searches that the recipe has, and no others."""

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
    assert "tau0.60below" in said and "budget500000" in said and "act weigh errors" in said
    assert "params" not in said and "ranks64" not in said


def test_teachers_are_named_with_their_weight() -> None:
    assert captions._teachers(recipe()) == []
    (said,) = captions._teachers(recipe(distill={"teacher": "l2", "weight": 0.5}))
    assert said.endswith("w = 0.5, t = 1 for dense.")


def test_a_graphs_column_says_whether_it_is_rescored() -> None:
    models = {
        "words": {"order": 3},
        "first": {"order": 2, "decoder": "wfst"},
        "second": {"order": 3, "decoder": "wfst"},
    }

    def said(**wfst) -> str:
        changed = {"language_models": models, "decoding": {"wfst": wfst}, "tables": {}}
        return captions._wfst(Recipe.model_validate({**RECIPE, **changed}))

    assert said(beam=9) == " first, second: best path through one decoding graph, beam 9."
    assert said(first_pass="words", beam=9, lattice_beam=5) == (
        " first, second: lattices of the decoding graph of words, beams 9 and 5, rescored."
    )
    alone, rescored = said(first_pass="first", beam=9, lattice_beam=5).split(". ")
    assert alone == " first: best path through one decoding graph, beam 9"
    assert rescored == "second: lattices of the decoding graph of first, beams 9 and 5, rescored."
