"""The shared projection of LSTM stacks (Prabhavalkar et al., 2016).

Tested are its closed form, the same function at full rank, and the parameter counts.
"""

import pytest
import torch
from small_models import make
from torch import Tensor

from schatten import compress, models
from schatten.models import layers
from schatten.models.projection import project, projection_spectra
from schatten.recipe.models import Lstm
from schatten.units import characters

CELLS = (20, 24)
LETTERS = "abcdefghijklmnopqrstuvwxyz'"


@pytest.fixture
def model():
    return make(Lstm(type="lstm", lstm=CELLS))


def outputs(model) -> Tensor:
    torch.manual_seed(4)
    features = torch.randn(2, 61, 40) * 2 - 8
    with torch.no_grad():
        found, lengths = model(features, torch.tensor([61, 40]))
    return torch.cat([one[:length] for one, length in zip(found, lengths, strict=True)])


def ranks(*given: int) -> dict[str, int]:
    return {f"lstm{index}.rec": rank for index, rank in enumerate(given)}


def test_the_projection_is_the_least_squares_solution() -> None:
    """The projection spans right singular vectors of W_h; Z is least squares (torch's solver)."""
    torch.manual_seed(2)
    recurrent, above = torch.randn(80, 20), torch.randn(96, 20)
    shared, left, (reader,) = compress.share_projection(recurrent, [above], 7)
    _, _, vectors = torch.linalg.svd(recurrent.double(), full_matrices=False)
    assert torch.allclose(
        shared.double().T @ shared.double(), vectors[:7].T @ vectors[:7], atol=1e-5
    )
    for matrix, found in ((recurrent, left), (above, reader)):
        solved = torch.linalg.lstsq(shared.T.double(), matrix.T.double()).solution.T
        assert torch.allclose(found.double(), solved, atol=1e-5)
    best = compress.singular_values(recurrent)[7:].norm()
    assert float((recurrent - left @ shared).norm()) == pytest.approx(float(best), rel=1e-5)


def test_with_a_second_moment_the_products_are_nearest() -> None:
    torch.manual_seed(2)
    states = torch.randn(500, 12) @ torch.randn(12, 12)
    recurrent, above = torch.randn(48, 12), torch.randn(30, 12)
    moment = compress.SecondMoment()
    moment.add(states)

    def errors(of: Tensor | None) -> tuple[float, float]:
        shared, left, (reader,) = compress.share_projection(recurrent, [above], 5, of)
        return tuple(
            float((states @ (matrix - found @ shared).T).square().mean())
            for matrix, found in ((recurrent, left), (above, reader))
        )

    assert errors(moment.mean)[0] < 0.8 * errors(None)[0]
    shared, _, (reader,) = compress.share_projection(recurrent, [above], 5, moment.mean)
    solved = torch.linalg.lstsq((states @ shared.T).double(), (states @ above.T).double())
    assert torch.allclose(reader.double(), solved.solution.T, atol=1e-4)


def test_at_full_rank_it_is_the_same_function(model) -> None:
    expected = outputs(model)
    assert torch.allclose(outputs(project(model, ranks(*CELLS))), expected, atol=1e-5)
    nearly = outputs(project(model, ranks(19, 24)))
    assert (nearly - expected).abs().max() < 0.3


@pytest.mark.parametrize("formed_up_to", [0, 256])
def test_the_lstm_with_proj_size_is_the_one_with_the_product(
    model, monkeypatch, formed_up_to: int
) -> None:
    monkeypatch.setattr(layers, "FORMED_UP_TO", formed_up_to)
    small = project(model, ranks(7, 9))
    matrices = small.bank.form()
    dense = make(Lstm(type="lstm", lstm=CELLS))
    dense.load_state_dict(model.state_dict())
    values = {name: value for name, value in matrices.items() if "proj" not in name}
    for index in (0, 1):
        values[f"lstm{index}.rec"] = values[f"lstm{index}.rec"] @ matrices[f"lstm{index}.proj"]
    gain, offset = dense.norms[1].gain_and_offset()
    product = values["lstm1.nonrec"] @ matrices["lstm0.proj"]
    values["lstm1.nonrec"] = (product / gain).float()
    dense.bank.fill(values)
    with torch.no_grad():
        dense.biases[1].copy_(small.biases[1] - values["lstm1.nonrec"] @ offset.float())
        dense.output.weight.copy_(small.output.weight @ matrices["lstm1.proj"])
    assert torch.allclose(outputs(small), outputs(dense), atol=1e-4)


def test_parameters_follow_the_table_of_prabhavalkar_et_al() -> None:
    """Prabhavalkar et al., table 1: 9.7 M dense; ranks 80 to 150 at tau 0.60 have 3.1 M."""
    units = characters(LETTERS + "0123456789.-&")  # 42 outputs: the paper's 41 phones and the blank
    large = models.build(Lstm(type="lstm", lstm=(500,) * 5), units, "joint")
    assert large.parameters_at_inference() == pytest.approx(9.7e6, rel=0.01)
    given = ranks(80, 105, 130, 145, 150)
    small = project(large, given)
    count = small.parameters_at_inference()
    assert count == pytest.approx(3.1e6, rel=0.01)
    inner = sum(4 * 500 * r + r * 500 + 4 * 500 * r for r in (80, 105, 130, 145))
    last = 4 * 500 * 150 + 150 * 500 + 150 * 42
    assert count == inner + last + 4 * 500 * 320 + 5 * 4 * 500 + 42
    spectra = projection_spectra(large)
    fixed = 4 * 500 * 320 + 5 * 4 * 500 + 42
    assert sum(one.size(given[name]) for name, one in spectra.items()) + fixed == count


def test_a_projected_model_is_saved_and_comes_back(model, tmp_path) -> None:
    small = project(model, ranks(7, 9))
    models.save(small, tmp_path / "model.pt")
    loaded = models.load(tmp_path / "model.pt")
    assert torch.equal(outputs(loaded), outputs(small))
    assert loaded.ranks == [None, 7, 7, 7, 9, 9]
