"""Quantised passes: codes, gradients through the rounding, and what is frozen."""

import numpy as np
import pytest
import torch
from small_models import KINDS, deep_speech_2, make

from schatten.compress.quantize import Codes, quantized_frames, quantized_product, quantized_rows
from schatten.export.quantize import quantize_rows
from schatten.models.packing import Packing
from schatten.models.quantized import quantized
from schatten.models.quantized_gru import run_quantized_gru
from schatten.models.quantized_pieces import QuantizedPiece, product_of

LENGTHS = torch.tensor([9, 4, 7])


def test_codes_of_rows_are_those_of_export():
    torch.manual_seed(1)
    matrix = torch.randn(300, 200, dtype=torch.float64)
    matrix[7] = 0
    codes = quantized_rows(matrix, 8)
    whole, scales = quantize_rows(matrix.numpy())
    assert np.array_equal(codes.whole.numpy(), whole)
    assert np.array_equal(codes.scales.numpy(), scales)
    assert codes.values()[7].abs().max() == 0


@pytest.mark.parametrize("bits", [8, 4])
def test_codes_are_those_of_torch_but_where_it_rounds_twice(bits):
    torch.manual_seed(2)
    most = 2 ** (bits - 1) - 1
    matrix = torch.randn(400, 300)
    codes = quantized_rows(matrix.double(), bits)
    zeros = torch.zeros(len(matrix), dtype=torch.int32)
    theirs = torch.fake_quantize_per_channel_affine(matrix, codes.scales, zeros, 0, -most, most)
    differ = (theirs - codes.values()).abs() > 0.5 * codes.scales[:, None]
    assert differ.float().mean() < 1e-4
    assert codes.whole.abs().max() == most


def test_a_frame_is_rounded_half_to_even_and_silence_is_zero():
    x = torch.tensor([[127.0, 0.5, 1.5, -2.5], [0, 0, 0, 0], [1e-31, 0, 0, 0]])
    codes = quantized_frames(x)
    assert codes.whole.tolist() == [[127, 0, 2, -2], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert codes.scales.tolist() == [1, 0, 0]


def test_gradients_pass_straight_through():
    torch.manual_seed(3)
    x, matrix = torch.randn(5, 8, requires_grad=True), torch.randn(6, 8, requires_grad=True)
    rows = quantized_rows(matrix.double(), 4)
    frames = quantized_frames(x)
    gradient = torch.randn(5, 6)
    quantized_product(frames, rows, torch.zeros(6)).backward(gradient)
    assert torch.allclose(x.grad, gradient @ rows.values(), atol=1e-5)
    assert torch.allclose(matrix.grad, gradient.t() @ frames.values(), atol=1e-5)


def reference(gates, packing, rec, new_bias):
    """Return the states of a quantised GRU by torch's own gradients."""
    hidden, state, states = len(new_bias), torch.zeros(max(packing.sizes), len(new_bias)), []
    bias = torch.cat([torch.zeros(2 * hidden), new_bias])
    for gate in gates.split(packing.sizes):
        state = state[: len(gate)]
        product = product_of(rec, quantized_frames(state), bias)
        both = (gate[:, : 2 * hidden] + product[:, : 2 * hidden]).sigmoid()
        new = (gate[:, 2 * hidden :] + both[:, :hidden] * product[:, 2 * hidden :]).tanh()
        state = new + both[:, hidden:] * (state - new)
        states.append(state)
    return torch.cat(states)


@pytest.mark.parametrize("rank", [None, 3])
@pytest.mark.parametrize("count", [1, 3])
def test_a_gru_has_the_gradients_of_torch(rank, count):
    """Of one piece or of three, whole or factored."""
    torch.manual_seed(4)
    packing, hidden, found = Packing(LENGTHS, 9), 6, []
    gates, new_bias = torch.randn(20, 3 * hidden), torch.randn(hidden)
    rows = 3 * hidden // count
    shapes = [(rows, hidden)] if rank is None else [(rows, rank), (rank, hidden)]
    matrices = [[torch.randn(shape).double() for shape in shapes] for _ in range(count)]
    weighting = torch.randn(20, hidden)
    for run in (reference, run_quantized_gru):
        leaves = [
            one.clone().requires_grad_()
            for one in (gates, new_bias, *(one for pair in matrices for one in pair))
        ]
        parts = iter(leaves[2:])
        rec = [QuantizedPiece(*(quantized_rows(next(parts), 8) for _ in shapes)) for _ in matrices]
        states = run(leaves[0], packing, rec, leaves[1])
        (states * weighting).sum().backward()
        found.append([states, *(leaf.grad for leaf in leaves)])
    for expected, own in zip(*found, strict=True):
        assert torch.allclose(expected, own, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    "kind", ["dense", "partial", "split", "joint", "six", "lstm", "lstm_projection", "lstm_joint"]
)
@pytest.mark.parametrize("bits", [8, 4])
def test_a_step_moves_weights_but_no_norm(kind, bits):
    torch.manual_seed(5)
    model = quantized(KINDS[kind](), bits).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    adam = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    features = torch.randn(3, 40, len(model.bins_mean)) - 8
    log_probs, _ = model(features, torch.tensor([40, 9, 31]))
    log_probs.square().sum().backward()
    adam.step()
    moved = {name for name, value in model.state_dict().items() if not value.equal(before[name])}
    assert moved == {name for name, _ in model.named_parameters() if "norm" not in name}


def test_four_bits_are_further_from_the_whole_model_than_eight():
    model = make(deep_speech_2())
    features, lengths = torch.randn(2, 60, 80) - 8, torch.tensor([60, 33])
    with torch.inference_mode():
        whole = model(features, lengths)[0]
        errors = [
            (quantized(model, bits)(features, lengths)[0] - whole).abs().max() for bits in (8, 4)
        ]
    assert 0 < errors[0] < errors[1] / 4


def test_codes_hold_a_scale_for_each_first_index():
    codes = Codes(torch.ones(2, 3, 4), torch.tensor([1.0, 2.0]))
    assert codes.values()[:, 0, 0].tolist() == [1.0, 2.0]
