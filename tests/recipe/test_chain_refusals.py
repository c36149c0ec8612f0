"""Chains that make no sense are refused as the recipe is loaded, in one sentence."""

from collections.abc import Callable

import pytest

from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.steps.base import Model

Loader = Callable[..., Recipe]

REFUSED = {
    "[]": "systems.it.chain: give a list of steps that begins with `train`",
    "{train: {}}": "systems.it.chain: give a list of steps that begins with `train`",
    "[train]": "systems.it.chain.0: 'train' is no step: write for instance `train:`",
    "[train: , 3]": "systems.it.chain.1: 3 is no step: write for instance `train:`",
    "[trian: {}]": "systems.it.chain.0.trian: there is no such key",
    "[{train: {}, truncate: {tau: 0.8}}]": (
        "systems.it.chain.0: give one step an entry, of: train, truncate, prune, remove_units, "
        "quantize, sequence, adapt"
    ),
    "[train: {epoch: 1}]": "systems.it.chain.0.train.epoch: there is no such key",
    "[train: , [truncate: {tau: 0.8}, [truncate: {tau: 0.6}, train: {epoch: 1}]]]": (
        "systems.it.chain.1.1.1.train.epoch: there is no such key"
    ),
    "[train: {training: slow}]": (
        "systems.it.chain.train.training: there is no 'slow'; there are default"
    ),
    "[train: {techniques: [l3: {}]}]": (
        "systems.it.chain.0.train.techniques.0.l3: there is no such key"
    ),
    "[train: {techniques: [l2: {lambda: 1}]}]": (
        "systems.it.chain.0.train.techniques.0.l2.lambda: there is no such key"
    ),
    "[train: {techniques: [{l2: {}, trace_norm: {}}]}]": (
        "systems.it.chain.0.train.techniques.0: "
        "give one technique an entry, of: l2, trace_norm, distillation, initialise, auxiliary, "
        "pruning, threshold_pruning, lasso, unit_lasso, own"
    ),
    "[train: {techniques: [distillation: {teacher: nobody}]}]": (
        "systems.it.chain.teacher: there is no 'nobody'; there are dense, it"
    ),
    "[train: {techniques: [distillation: {teacher: it}]}]": (
        "systems.it.chain: it learns from a teacher itself: name a system that does not"
    ),
    "[train: , truncate: {tua: 0.8}]": (
        "systems.it.chain.1.truncate: give one rank rule, of: tau, rank, ranks, parameters, budget"
    ),
    "[train: , truncate: {tau: 0.8, form: e2}]": (
        "systems.it.chain.1.truncate.form: there is no such key"
    ),
    "[train: , truncate: {tau: 2}]": (
        "systems.it.chain.1.truncate.tau: Input should be less than or equal to 1"
    ),
    "[train: , truncate: {tau: 0.8, from: e0}]": (
        "systems.it.chain.1.truncate.from: Input should be greater than 0"
    ),
    "[train: , prune: ]": (
        "systems.it.chain.1.prune: "
        "give one of sparsity, nonzeros, bytes: how sparse the matrices become"
    ),
    "[train: , prune: {sparsity: 0.5, bytes: 9}]": (
        "systems.it.chain.1.prune: "
        "give one of sparsity, nonzeros, bytes: how sparse the matrices become"
    ),
    "[train: , prune: {sparsity: 1}]": (
        "systems.it.chain.1.prune.sparsity: "
        "a sparsity of 1 keeps nothing: give the share of zeros, below 1"
    ),
    "[train: , prune: {sparsity: 0.5, block: [0, 4]}]": (
        "systems.it.chain.1.prune.block.0: Input should be greater than 0"
    ),
    "[prune: {sparsity: 0.5}]": "systems.it.chain: it begins with `prune`: begin with `train`",
    "[train: , prune: {sparsity: 0.5}, prune: {sparsity: 0.8}]": (
        "systems.it.chain: `prune` follows `prune`: it needs a `train` right before it"
    ),
    "[train: , truncate: {tau: 0.8}, train: , prune: {sparsity: 0.5, refit: true}]": (
        "systems.it.chain: `prune` with `refit` needs matrices that are not factored: "
        "remove `refit`"
    ),
    "[train: , remove_units: ]": (
        "systems.it.chain.1.remove_units: "
        "give one of share, parameters, bytes: how small the model becomes"
    ),
    "[train: , remove_units: {share: 1}]": (
        "systems.it.chain.1.remove_units.share: "
        "a share of 1 keeps nothing: give the share of units that go, below 1"
    ),
    "[train: , remove_units: {share: 0.5}, remove_units: {share: 0.8}]": (
        "systems.it.chain: `remove_units` follows `remove_units`: "
        "it needs a `train` right before it"
    ),
    "[train: {techniques: [pruning: {sparsity: 0.5}]}, remove_units: {share: 0.5}]": (
        "systems.it.chain: `remove_units` needs a dense model: put it before `truncate` and pruning"
    ),
    "[quantize: ]": ("systems.it.chain: it begins with `quantize`: begin with `train`"),
    "[train: , quantize: {bits: 2}]": ("systems.it.chain.1.quantize.bits: Input should be 8 or 4"),
    "[train: , quantize: , train: ]": (
        "systems.it.chain: int8: `quantize` ends a chain: put it last, or at the end of a branch"
    ),
    "[train: , truncate: {tau: 0.8, from: 2}, quantize: {schedule: continued}]": (
        "systems.it.chain: int8: schedule `continued` is of `train`: remove it"
    ),
    "[train: , quantize: {techniques: [auxiliary: {}]}]": (
        "systems.it.chain: int8: auxiliary has an output that the engine lacks: "
        "put it into a `train`"
    ),
    "[train: {techniques: [pruning: {sparsity: 0.5, start: 4}]}]": (
        "systems.it.chain: stage1: pruning goes through epochs 4, 4, which must rise: "
        "set start and end"
    ),
    "[train: {techniques: [pruning: {sparsity: 0.5, end: 9}]}]": (
        "systems.it.chain: stage1: pruning ends in epoch 9 of 8: end it by epoch 8"
    ),
    "[train: {techniques: [threshold_pruning: {reference: nobody}]}]": (
        "systems.it.chain.train.threshold_pruning.reference: there is no 'nobody'; there are "
        "dense, it"
    ),
    "[train: {techniques: [threshold_pruning: {reference: it}]}]": (
        "systems.it.chain: it is pruned by thresholds itself: name a system that is not"
    ),
    "[train: {techniques: [threshold_pruning: {reference: dense, percentile: 100}]}]": (
        "systems.it.chain.0.train.techniques.0.threshold_pruning.percentile: "
        "Input should be less than 100"
    ),
    "[truncate: {tau: 0.8}]": ("systems.it.chain: it begins with `truncate`: begin with `train`"),
    "[train: , truncate: {tau: 0.8}, truncate: {tau: 0.6}]": (
        "systems.it.chain: `truncate` follows `truncate`: it needs a `train` right before it"
    ),
    "[train: , truncate: {tau: 0.8, from: e12}]": (
        "systems.it.chain: `truncate` from e12 comes too late, stage1 has 8 epochs"
    ),
    "[train: , [truncate: {tau: 0.8}, truncate: {tau: 0.80}]]": (
        "systems.it.chain: two of its nodes would lie in tau0.80@e8/factored: remove one"
    ),
    "[train: , [train: , train: ]]": (
        "systems.it.chain: two of its nodes would lie in stage2: give one of them another `name`"
    ),
    "[train: {name: whole}]": (
        "systems.it.chain: `whole` is in paths what was not compressed: "
        "give the training another name"
    ),
    "[train: , train: {schedule: continued}]": (
        "systems.it.chain: stage2: schedule `continued` needs a `truncate` of the first training"
    ),
    "[train: , truncate: {tau: 0.8}, train: {schedule: continued}]": (
        "systems.it.chain: stage2: schedule `continued` has no epoch left: truncate an earlier one"
    ),
    "[train: , truncate: {tau: 0.8, from: 2}, train: {schedule: continued, epochs: 3}]": (
        "systems.it.chain.2.train: schedule `continued` goes on with the first training's: "
        "remove epochs, learning_rate and final_learning_rate_ratio"
    ),
    "[train: , truncate: {tau: 0.8}, train: {techniques: [trace_norm: {}]}]": (
        "systems.it.chain: stage2: "
        "trace_norm trains W = U V from the start: put it into the first `train`"
    ),
    "[train: {learning_rate: 3 x last}]": (
        "systems.it.chain: stage1: "
        "the first training follows none, so there is no last learning rate"
    ),
    "[train: , train: {learning_rate: 3 x lats}]": (
        "systems.it.chain.1.train.learning_rate: "
        "'3 x lats' is no learning rate: give a number above 0, or for instance 3 x last"
    ),
    "[train: {techniques: [own: {file: nowhere.py}]}]": (
        "systems.it.chain: stage1: nowhere.py does not exist: name your Python file"
    ),
    "[train: {objective: {own: {file: nowhere.py}}}]": (
        "systems.it.chain: stage1: nowhere.py does not exist: name your Python file"
    ),
    "[train: {keep: [e9]}]": ("systems.it.chain: stage1: keep 9 comes too late, it has 8 epochs"),
    "[sequence: ]": "systems.it.chain: it begins with `sequence`: begin with `train`",
    "[train: , quantize: , sequence: ]": (
        "systems.it.chain: int8: `quantize` ends a chain: put it last, or at the end of a branch"
    ),
    "[train: , sequence: {epochs: 2}, truncate: {tau: 0.8, from: e3}]": (
        "systems.it.chain: `truncate` from e3 comes too late, mwer has 2 epochs"
    ),
    "[train: , [sequence: , sequence: ]]": (
        "systems.it.chain: two of its nodes would lie in mwer: give one of them another `name`"
    ),
    "[train: , sequence: {keep: [2]}]": (
        "systems.it.chain: mwer: keep 2 comes too late, it has 1 epochs"
    ),
    "[train: , sequence: {risk: words}]": (
        "systems.it.chain.1.sequence: risk is of smbr: remove it, mwer has none"
    ),
    "[train: , sequence: {criterion: mbr}]": (
        "systems.it.chain.1.sequence.criterion: Input should be 'mwer', 'smbr', 'mmi' or 'ctc'"
    ),
    "[train: , adapt: {split: nowhere}]": (
        "systems.it.chain: adapted: nowhere is no split to train on: list it in splits.more, or "
        "take train"
    ),
    "[train: , sequence: {techniques: [trace_norm: {}]}]": (
        "systems.it.chain: mwer: "
        "trace_norm trains W = U V from the start: put it into the first `train`"
    ),
    "[train: , sequence: {techniques: [initialise: {system: dense}]}]": (
        "systems.it.chain: mwer: "
        "initialise gives a model its first weights: put it into the first `train`"
    ),
    "[train: , sequence: {techniques: [pruning: {sparsity: 0.5}]}]": (
        "systems.it.chain: mwer: pruning goes through epochs 1, 0.5, which must rise: "
        "set start and end"
    ),
    "[train: , adapt: {split: train, techniques: [own: {file: nowhere.py}]}]": (
        "systems.it.chain: adapted: nowhere.py does not exist: name your Python file"
    ),
    "[train: , sequence: {epochs: 4, techniques: "
    "[threshold_pruning: {reference: it, start: 0.1, ramp: 0.5, end: 2}]}]": (
        "systems.it.chain: it is pruned by thresholds itself: name a system that is not"
    ),
    "[train: , stop, train: ]": (
        "systems.it.chain: "
        "`stop` ends a branch: put it into a list of branches, or at the end of one"
    ),
    "[train: , [[stop, train: ], train: {name: other}]]": (
        "systems.it.chain: "
        "`stop` ends a branch: put it into a list of branches, or at the end of one"
    ),
    "[train: , [], train: ]": ("systems.it.chain: a list of branches holds no step: remove it"),
    "[train: , [stop], train: ]": ("systems.it.chain: a list of branches holds no step: remove it"),
}


@pytest.mark.parametrize("chain", REFUSED)
def test_a_chain_that_makes_no_sense_is_refused_in_one_line(load: Loader, chain: str) -> None:
    with pytest.raises(UserError) as error:
        load(f"chain: {chain}")
    first, *lines = str(error.value).splitlines()
    assert first.endswith("chain.yaml is not a valid recipe:")
    assert [line.strip().removeprefix("recipe: ") for line in lines] == [REFUSED[chain]]


ALLOWED = {
    "[train: , sequence: , sequence: {name: again}]": ["stage1", "mwer", "mwer/again"],
    "[train: , sequence: , quantize: ]": ["stage1", "mwer", "mwer/int8"],
    "[train: , truncate: {tau: 0.8}, sequence: , quantize: {bits: 4}]": [
        "stage1",
        "tau0.80@e8/factored",
        "tau0.80@e8/mwer",
        "tau0.80@e8/mwer/int4",
    ],
    "[train: , sequence: {epochs: 2}, truncate: {tau: 0.8, from: e1}, sequence: ]": [
        "stage1",
        "mwer",
        "mwer/tau0.80@e1/factored",
        "mwer/tau0.80@e1/mwer",
    ],
    "[train: , prune: {sparsity: 0.5}, sequence: , quantize: ]": [
        "stage1",
        "sparse0.50/pruned",
        "sparse0.50/mwer",
        "sparse0.50/mwer/int8",
    ],
    "[train: , remove_units: {share: 0.3}, sequence: {criterion: smbr}]": [
        "stage1",
        "units0.30/removed",
        "units0.30/smbr",
    ],
}


@pytest.mark.parametrize("chain", ALLOWED)
def test_sequence_training_may_follow_all_that_compresses(load: Loader, chain: str) -> None:
    found = load(f"chain: {chain}")
    assert [node.folder for node in found.nodes("it", 1)] == ALLOWED[chain]


def test_sequence_training_prunes_by_the_thresholds_of_another_system(load: Loader) -> None:
    pruning = "threshold_pruning: {reference: dense, start: 0.1, ramp: 0.5, end: 2}"
    found = load(f"chain: [train: , sequence: {{epochs: 4, techniques: [{pruning}]}}]")
    needs = found.node("it", 1, "mwer").needs
    assert needs["reference"] == Model(found.start("dense", 1))
    assert found.system("it").references == ("dense",)


@pytest.mark.parametrize(
    "keys",
    [
        "penalty: {type: l2}",
        "distill: {teacher: dense}",
        "ranks: [{tau: 0.8}]",
        "stage2: {epochs: 1}",
    ],
)
def test_a_chain_beside_the_keys_that_stand_for_one_is_refused(load: Loader, keys: str) -> None:
    key = keys.partition(":")[0]
    with pytest.raises(UserError, match=f"chain says it all: remove {key}, or chain"):
        load(f"{{chain: [train: ], {keys}}}")


def test_a_first_training_too_short_for_its_learning_rate_to_fall_is_refused(load: Loader) -> None:
    slow = {"epochs": 8, "batch_seconds": 30, "learning_rate": 0.001, "hold_epochs": 3}
    with pytest.raises(UserError, match="stage1: hold_epochs 3 of its training leaves none of 3"):
        load("chain: [train: {epochs: 3, training: slow}]", trainings={"slow": slow})
