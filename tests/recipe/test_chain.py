"""Chains as users write them: the nodes that they grow."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.chain import Node
from schatten.recipe.describe import settings_page
from schatten.recipe.layout import Layout
from schatten.recipe.steps import Train
from schatten.report import systems
from schatten.report.collect import Trained
from schatten.report.figures.transition import goes_on_early
from schatten.report.systems import SystemRow
from schatten.train.schedule import schedule_of

LAYOUT = Layout("corpus", "experiment", "data")

Loader = Callable[..., Recipe]


@pytest.fixture
def grown(load: Loader) -> Callable[..., dict[str, Node]]:
    """Return the nodes of a chain by their folders."""
    return lambda chain, **others: {
        node.folder: node for node in load(f"chain: {chain}", **others).nodes("it", 1)
    }


def seen(recipe: Recipe) -> list[dict[str, Any]]:
    """Return all that the workflow, the verbs and the tables ask of the nodes of `it`."""
    return [
        {
            "folder": str(LAYOUT.am(node)),
            "path": node.path,
            "label": node.label,
            "weights": str(LAYOUT.weights(node, "fivegram")),
            "kept": [str(LAYOUT.model(node, epoch)) for epoch in node.kept_epochs],
            "needs": {option: str(path) for option, path in LAYOUT.needed(node).items()},
            "settings": node.settings,
            "title": node.title,
            "schedule": schedule_of(node) if isinstance(node.step, Train) else None,
        }
        for seed in recipe.systems["it"].seeds
        for node in recipe.nodes("it", seed)
    ]


SUGAR = {
    "a training": ("{}", "{chain: [train: ]}"),
    "a penalty": (
        "{penalty: {type: l2, lambda_rec: 0.1}}",
        "{chain: [train: {techniques: [l2: {lambda_rec: 0.1}]}]}",
    ),
    "a penalty and a teacher": (
        "{penalty: {type: trace_norm, lambda_rec: 0.1}, distill: {teacher: dense, weight: 0.3}}",
        "{chain: [train: {techniques: [distillation: {teacher: dense, weight: 0.3}, "
        "trace_norm: {lambda_rec: 0.1}]}]}",
    ),
    "ranks": (
        "{ranks: [{tau: 0.8}, {rank: 16}], stage2: {epochs: 2}, seeds: [3, 1]}",
        "{chain: [train: , [truncate: {tau: 0.8}, truncate: {rank: 16}], train: {epochs: 2, "
        "learning_rate: 3 x last}], seeds: [3, 1]}",
    ),
    "ranks of several epochs": (
        "{ranks: [{tau: 0.8, rule: below}, {budget: 9000, activations: true}], "
        "stage2: {at_epoch: [5, 8], learning_rate_factor: 2, apply_factors: false}}",
        "{chain: [train: , [truncate: {tau: 0.8, rule: below, from: e5}, "
        "truncate: {budget: 9000, activations: true, from: e5}, "
        "truncate: {tau: 0.8, rule: below, from: e8}, "
        "truncate: {budget: 9000, activations: true, from: 8}], "
        "train: {learning_rate: 2x last, apply_factors: false}]}",
    ),
    "an early transition": (
        "{ranks: [{tau: 0.8}], stage2: {transition: early, at_epoch: 3}}",
        "{chain: [train: , truncate: {tau: 0.8, from: e3}, train: {schedule: continued}]}",
    ),
}


@pytest.mark.parametrize("case", SUGAR)
def test_keys_and_the_chain_that_they_stand_for_are_the_same(load: Loader, case: str) -> None:
    keys, chain = SUGAR[case]
    expected = seen(load(keys))
    assert seen(load(chain)) == expected
    assert expected


def test_keys_that_an_early_transition_has_no_use_for_stay_in_its_settings(load: Loader) -> None:
    """Results of before chains were recorded with them: without them they would be made again."""
    recipe = load(
        "{ranks: [{tau: 0.8}], stage2: {transition: early, at_epoch: 3, epochs: 7, "
        "learning_rate_factor: 2, final_learning_rate_ratio: 0.5}}"
    )
    stage2 = recipe.nodes("it", 1)[-1]
    assert isinstance(stage2.step, Train)
    assert stage2.step.epochs_in(stage2) == 5
    assert '"epochs":7,"final_learning_rate_ratio":0.5,"learning_rate_factor":2.0' in (
        stage2.settings
    )


NODES = {
    "a training": ("[train: ]", ["whole/stage1"]),
    "two trainings": ("[train: , train: ]", ["whole/stage1", "whole/stage2"]),
    "a training with a name": ("[train: {name: first}, train: ]", ["whole/first", "whole/stage2"]),
    "branches": (
        "[train: , [truncate: {tau: 0.8}, truncate: {tau: 0.6, from: e3}], train: ]",
        [
            "whole/stage1",
            "tau0.80@e8/factored",
            "tau0.80@e8/stage2",
            "tau0.60@e3/factored",
            "tau0.60@e3/stage2",
        ],
    ),
    "a branch that is a chain": (
        "[train: , [[train: {name: longer, epochs: 4}, truncate: {rank: 8, from: e2}], "
        "truncate: {rank: 8}], train: ]",
        [
            "whole/stage1",
            "whole/longer",
            "longer/rank8@e2/factored",
            "longer/rank8@e2/stage3",
            "rank8@e8/factored",
            "rank8@e8/stage2",
        ],
    ),
    "a branch that ends": (
        "[train: , [truncate: {rank: 8}, [truncate: {rank: 4}, stop]], train: ]",
        ["whole/stage1", "rank8@e8/factored", "rank8@e8/stage2", "rank4@e8/factored"],
    ),
    "a branch in a branch": (
        "[train: , [[truncate: {rank: 8}, [train: {name: a}, train: {name: b}]], stop]]",
        ["whole/stage1", "rank8@e8/factored", "rank8@e8/a", "rank8@e8/b"],
    ),
    "two truncations": (
        "[train: , truncate: {rank: 16}, train: {epochs: 2}, truncate: {rank: 8}, train: ]",
        [
            "whole/stage1",
            "rank16@e8/factored",
            "rank16@e8/stage2",
            "rank16@e8/stage2/rank8@e2/factored",
            "rank16@e8/stage2/rank8@e2/stage3",
        ],
    ),
    "two starts": (
        "[[train: {name: a}, train: {name: b, epochs: 2}], truncate: {tau: 0.8}, train: ]",
        [
            "whole/a",
            "a/tau0.80@e8/factored",
            "a/tau0.80@e8/stage2",
            "whole/b",
            "b/tau0.80@e2/factored",
            "b/tau0.80@e2/stage2",
        ],
    ),
}


@pytest.mark.parametrize("case", NODES)
def test_a_chain_grows_nodes(grown: Callable[..., dict[str, Node]], case: str) -> None:
    chain, paths = NODES[case]
    nodes = grown(chain).values()
    assert [node.path for node in nodes] == [f"it/seed1/{path}" for path in paths]


def test_a_node_is_found_by_its_folder_and_by_its_path(load: Loader) -> None:
    recipe = load(f"chain: {NODES['two truncations'][0]}")
    for node in recipe.nodes("it", 1):
        assert recipe.node("it", 1, node.folder) == node
        assert recipe.node("it", 1, f"{node.variant}/{node.name}") == node
    with pytest.raises(UserError, match="it has no node stage9; it has stage1, rank16@e8/factored"):
        recipe.node("it", 1, "stage9")


LABELS = {
    "[train: , [train: {name: more}, stop]]": {
        "stage1": "whole/stage1",
        "more": "whole/more",
    },
    "[train: , truncate: {rank: 8}, train: , [train: {name: more}, stop]]": {
        "stage1": "whole",
        "rank8@e8/stage2": "rank8@e8/stage2",
        "rank8@e8/stage2/more": "rank8@e8/stage2/more",
    },
    "[train: , truncate: {rank: 8}, [train: , train: {name: b}], [train: {name: more}, stop]]": {
        "stage1": "whole",
        "rank8@e8/stage2": "rank8@e8/stage2",
        "rank8@e8/stage2/more": "rank8@e8/stage2/more",
        "rank8@e8/b": "rank8@e8/b",
        "rank8@e8/b/more": "rank8@e8/b/more",
    },
    "[train: , truncate: {rank: 8}, train: , truncate: {rank: 4}]": {
        "stage1": "whole",
        "rank8@e8/stage2": "rank8@e8",
        "rank8@e8/stage2/rank4@e1/factored": "rank8@e8/stage2/rank4@e1",
    },
    "[[train: {name: a}, train: {name: b}], truncate: {rank: 8}, train: ]": {
        "a": "whole/a",
        "a/rank8@e8/stage2": "a/rank8@e8",
        "b": "whole/b",
        "b/rank8@e8/stage2": "b/rank8@e8",
    },
}


@pytest.mark.parametrize("chain", LABELS)
def test_decoding_weights_name_the_training_where_a_rank_has_several(
    grown: Callable[..., dict[str, Node]], chain: str
) -> None:
    nodes = grown(chain)
    assert {folder: node.label for folder, node in nodes.items() if node.is_final} == LABELS[chain]


def test_a_truncated_model_takes_the_weights_of_the_training_after_it(
    grown: Callable[..., dict[str, Node]],
) -> None:
    nodes = grown("[train: , truncate: {rank: 8}, train: , train: {name: more}]")
    weights = [LAYOUT.weights(nodes[f"rank8@e8/{name}"], "lm") for name in ("factored", "stage2")]
    assert weights[0] == weights[1]
    assert weights[0].parent.parent.parent.name == "stage2"


def test_kept_epochs_are_those_listed_and_those_that_are_truncated(
    grown: Callable[..., dict[str, Node]],
) -> None:
    branches = "[truncate: {rank: 8, from: e5}, truncate: {rank: 8, from: 3}, truncate: {rank: 4}]"
    nodes = grown(f"[train: {{keep: [e7, 5]}}, {branches}, train: {{epochs: 4, keep: [e2]}}]")
    assert nodes["stage1"].kept_epochs == (7, 5, 3)
    assert nodes["rank8@e3/stage2"].kept_epochs == (2,)
    assert nodes["rank8@e3/factored"].kept_epochs == ()
    source = LAYOUT.needed(nodes["rank8@e3/factored"])["model"]
    assert source == LAYOUT.am(nodes["stage1"]) / "e3.pt"
    assert LAYOUT.needed(nodes["rank4@e8/factored"])["model"] == source.with_name("model.pt")


def test_a_later_training_takes_its_rate_from_the_training_before(
    grown: Callable[..., dict[str, Node]],
) -> None:
    first = "train: {epochs: 4, learning_rate: 1e-2, final_learning_rate_ratio: 0.5}"
    later = "train: {learning_rate: 2 x last, final_learning_rate_ratio: 0.1}"
    nodes = grown(f"[{first}, {later}, train: , train: {{learning_rate: 1e-4}}]")
    starts = [schedule_of(node).start for node in nodes.values()]
    assert starts == pytest.approx([1e-2, 1e-2, 3e-3, 1e-4])
    assert schedule_of(nodes["stage1"]).epochs == 4
    assert '"learning_rate":0.0001' in nodes["stage2/stage3/stage4"].settings


def test_a_continued_schedule_has_the_epochs_that_are_left_of_the_first_training(
    grown: Callable[..., dict[str, Node]],
) -> None:
    nodes = grown(
        "[train: {epochs: 6}, truncate: {rank: 8, from: e4}, train: {schedule: continued}, "
        "truncate: {rank: 4}]"
    )
    node = nodes["rank8@e4/stage2"]
    assert isinstance(node.step, Train)
    assert node.step.epochs_in(node) == 2
    assert (schedule_of(node).epochs, schedule_of(node).first_epoch) == (6, 4)
    assert "rank8@e4/stage2/rank4@e2/factored" in nodes


def test_techniques_act_in_the_order_of_the_list(load: Loader) -> None:
    chain = "chain: [train: {techniques: [%s, %s]}]"
    l2, taught = "l2: {lambda_rec: 0.1}", "distillation: {teacher: dense}"
    as_keys, other = load(chain % (taught, l2)), load(chain % (l2, taught))
    assert as_keys.systems["it"].learns_by == "l2, taught by dense"
    assert as_keys.start("it", 1).settings != other.start("it", 1).settings
    needed = LAYOUT.needed(other.start("it", 1))
    assert needed["teacher"] == LAYOUT.am(other.start("dense", 1)) / "model.pt"


def test_epochs_of_the_first_training_end_where_it_was_truncated_itself(load: Loader) -> None:
    recipe = load(
        "chain: [train: , [[train: {name: more, epochs: 4}, truncate: {rank: 8, from: e2}], "
        "truncate: {rank: 4, from: e5}]]"
    )
    history: Any = SimpleNamespace(epochs=range(8))
    found = {
        node.folder: Trained(node, node.system_settings, history, history, 0).stage1_epochs
        for node in recipe.nodes("it", 1)
    }
    assert found == {
        "stage1": 8,
        "more": 8,
        "more/rank8@e2/factored": 8,
        "rank4@e5/factored": 5,
    }


def test_tables_and_figures_say_what_a_long_chain_is(load: Loader) -> None:
    recipe = load(
        "chain: [train: , truncate: {rank: 16, from: e4}, train: {schedule: continued}, "
        "[[train: {name: more}, stop], truncate: {rank: 8}], train: ]"
    )
    nodes = recipe.nodes("it", 1)
    assert [node.folder for node in nodes if goes_on_early(node)] == ["rank16@e4/stage2"]
    entry = SystemRow("it", recipe.systems["it"], nodes, None, None)
    assert systems.ranks(entry) == "rank16@e4 rank16@e4/stage2/rank8@e4"
    assert systems.transition(entry) == "early"
    plain = load("chain: [train: , train: ]")
    assert systems.transition(replace(entry, nodes=plain.nodes("it", 1))) is None


def test_the_page_of_settings_has_the_keys_of_steps_and_techniques() -> None:
    page = settings_page()
    for key in ("schedule", "keep", "from", "techniques", "distillation"):
        assert f"| `{key}` |" in page
    assert "from_epoch" not in page
