"""Units removed from acoustic models: nothing changes where they gave nothing."""

from pathlib import Path

import pytest
import torch
from small_models import KINDS, deep_speech_2, make, plain
from torch import Tensor

from schatten import models
from schatten.compress import factor_fully
from schatten.models import AcousticModel
from schatten.models.units import keep_units, unit_groups, unit_matrices
from schatten.recipe.models import Lstm

MODELS = {
    "gru": lambda: make(deep_speech_2()),
    "gru_split": lambda: make(deep_speech_2("mel40"), "split"),
    "gru_joint": lambda: make(deep_speech_2("mel40"), "joint"),
    "rnn": lambda: make(plain()),
    "lstm": lambda: make(Lstm(type="lstm", lstm=(20, 24))),
}


def kept_units(model: AcousticModel) -> dict[str, Tensor]:
    """Return units to keep of each layer: every third one goes."""
    return {
        group.name: torch.tensor([u for u in range(group.units) if u % 3])
        for group in unit_groups(model)
    }


@torch.no_grad()
def silence(model: AcousticModel, kept: dict[str, Tensor], outgoing: bool) -> None:
    """Put zeros where units that are not kept have weights; `outgoing`: columns of readers too."""
    matrices = {name: one.clone() for name, one in unit_matrices(model).items()}
    biases = {name: one for name, one in model.named_parameters() if "bias" in name.lower()}
    for place, group in enumerate(unit_groups(model)):
        gone = torch.ones(group.units, dtype=torch.bool)
        gone[kept[group.name]] = False
        for name, gates in group.rows.items():
            matrices[name].unflatten(0, (gates, -1))[:, gone] = 0
        for name in group.columns if outgoing else ():
            matrices[name][:, gone] = 0
        ends = [f"_biases.{place}", f"_biases.{place}.input", f"_biases.{place}.new"]
        ends += [f"biases.{place}"]
        for name, bias in biases.items():
            is_own = group.name != "fc" and any(name.endswith(end) for end in ends)
            if is_own or (group.name == "fc" and name == "fully_connected_bias"):
                bias.unflatten(0, (-1, group.units))[:, gone] = 0
        if place + 1 < len(model.norms):  # type: ignore[arg-type]
            model.norms[place + 1].running_mean[gone] = 0  # type: ignore[index, union-attr]
    model.output.weight.copy_(matrices.pop("output"))  # type: ignore[union-attr, operator]
    model.bank.fill(matrices)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("outgoing", [True, False])
def test_units_that_give_nothing_leave_the_outputs_equal(
    kind: str, outgoing: bool, tmp_path: Path
) -> None:
    model = MODELS[kind]()
    kept = kept_units(model)
    silence(model, kept, outgoing)
    small = keep_units(model, kept)
    assert small.parameters_at_inference() < 0.75 * model.parameters_at_inference()
    torch.manual_seed(4)
    features, lengths = torch.randn(2, 50, len(model.bins_mean)) - 8, torch.tensor([50, 33])
    models.save(small, tmp_path / "model.pt")
    for one in (small, models.load(tmp_path / "model.pt")):
        pairs = zip(model(features, lengths)[0], one(features, lengths)[0], strict=True)
        for length, (expected, found) in zip(model.output_lengths(lengths), pairs, strict=True):
            assert torch.allclose(found[:length], expected[:length], atol=1e-5)


def test_the_mean_of_a_removed_unit_goes_to_its_readers() -> None:
    model = MODELS["gru"]()
    every = {group.name: torch.arange(group.units) for group in unit_groups(model)}
    kept = every | {"fc": torch.arange(1, 18)}
    small = keep_units(model, kept)
    weight, bias = model.output.weight, model.output.bias  # type: ignore[union-attr]
    given = weight[:, 0] * model.norms[-1].bias[0]  # type: ignore[index, union-attr, operator]
    assert torch.allclose(small.output.bias, bias + given, atol=1e-6)  # type: ignore[union-attr, arg-type, operator]


def test_full_rank_is_multiplied_out_and_low_rank_is_refused() -> None:
    model = MODELS["gru"]()
    kept = kept_units(model)
    expected = keep_units(model, kept).bank.form()
    factor_fully(model.bank)
    found = keep_units(model, kept).bank
    assert set(found.ranks.values()) == {None}
    for name, matrix in found.form().items():
        assert torch.allclose(matrix, expected[name], atol=1e-5)
    for kind in ("partial", "pruned"):
        model = KINDS[kind]()
        with pytest.raises(ValueError, match="is sparse or of low rank"):
            keep_units(model, kept_units(model))


def test_lstms_with_projections_are_refused() -> None:
    with pytest.raises(ValueError, match="LSTMs without projections"):
        unit_groups(KINDS["lstm_projection"]())
