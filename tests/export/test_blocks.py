"""Sparse matrices in exported files: by blocks where that is smaller, and the same weights."""

import gguf
import numpy as np
import pytest
from small_models import KINDS, make, prune, wide

from schatten import models
from schatten.export.blocks import blocks_of
from schatten.export.layers import layers_of
from schatten.export.quantize import quantize_rows
from schatten.export.run import export


def _exported(model, folder, precision="int8"):
    models.save(model, folder / "model.pt")
    export(folder / "model.pt", precision, folder / "model.gguf")
    reader = gguf.GGUFReader(folder / "model.gguf")
    return {one.name: one.data for one in reader.tensors}, reader.fields


def _whole(blocks):
    """Write every block at its place: what the index means, by its definition."""
    rows, columns = blocks.shape
    matrix = np.zeros((rows + 16, columns + 4), np.int8)
    stored = iter(blocks.stored)
    for tile, bits in enumerate(blocks.bitmap.view(np.uint8)):
        for step in range(-(-columns // 4)):
            if bits[step // 8] >> step % 8 & 1:
                block = next(stored).reshape(16, 4)
                matrix[16 * tile : 16 * tile + 16, 4 * step : 4 * step + 4] = block
    assert next(stored, None) is None
    assert not matrix[rows:].any()
    assert not matrix[:, columns:].any()
    return matrix[:rows, :columns]


@pytest.mark.parametrize("shape", [(16, 4), (1, 1), (37, 50), (160, 33), (15, 3)])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.6])
def test_blocks_hold_the_matrix(shape, share):
    random = np.random.default_rng(shape[0])
    tiles, steps = -(-shape[0] // 16), -(-shape[1] // 4)
    occupied = random.random((tiles, steps)) < share
    occupied.flat[0] = False  # so that not all of a small matrix is kept
    kept = occupied.repeat(16, 0).repeat(4, 1)[: shape[0], : shape[1]]
    whole = random.integers(-127, 128, shape).astype(np.int8) * kept
    blocks = blocks_of(whole, kept)
    assert np.array_equal(_whole(blocks), whole)
    assert len(blocks.stored) == max(1, occupied.sum())


def test_a_kept_weight_that_rounds_to_zero_keeps_its_block():
    matrix = np.zeros((32, 8))
    matrix[0, 0], matrix[0, 5] = 1.0, 1e-6
    whole, _ = quantize_rows(matrix)
    assert whole[0, 5] == 0
    assert len(blocks_of(whole, matrix != 0).stored) == 2


def test_a_matrix_with_most_of_its_blocks_is_stored_whole():
    kept = np.ones((160, 4), bool)
    whole = kept.astype(np.int8)
    assert blocks_of(whole, kept) is None
    kept[:16] = False
    assert len(blocks_of(whole * kept, kept).stored) == 9


@pytest.mark.parametrize("kind", ["pruned", "pruned_factors"])
def test_a_pruned_model_is_stored_by_blocks(tmp_path, kind):
    model = KINDS[kind]()
    tensors, fields = _exported(model, tmp_path)
    assert fields["schatten.version"].contents() == 2
    matrices = {
        f"layer.{index}.{name}": value
        for index, layer in enumerate(layers_of(model))
        for name, value in layer.matrices.items()
    }
    sparse = [name for name in tensors if f"{name}.blocks" in tensors]
    assert len(sparse) >= 5
    for name in sparse:
        shape = tuple(fields[f"schatten.{name}.{key}"].contents() for key in ("rows", "cols"))
        assert shape == matrices[name].shape
        whole, scales = quantize_rows(matrices[name])
        assert np.array_equal(tensors[f"{name}.scale"], scales)
        blocks = blocks_of(whole, matrices[name] != 0)
        assert np.array_equal(tensors[name], blocks.stored)
        assert np.array_equal(tensors[f"{name}.blocks"], blocks.bitmap)


def test_fp32_stores_zeros(tmp_path):
    tensors, fields = _exported(KINDS["pruned"](), tmp_path, "fp32")
    assert fields["schatten.version"].contents() == 1
    assert (tensors["layer.1.rec.0"] == 0).mean() > 0.7


def test_a_model_that_is_not_pruned_has_the_first_version(tmp_path):
    tensors, fields = _exported(make(wide()), tmp_path)
    assert fields["schatten.version"].contents() == 1
    assert not any(name.endswith(".blocks") for name in tensors)


def test_single_weights_pruned_leave_matrices_whole(tmp_path):
    tensors, fields = _exported(prune(make(wide()), 0.5, (1, 1)), tmp_path)
    assert fields["schatten.version"].contents() == 1
    assert not any(name.endswith(".blocks") for name in tensors)


def test_three_quarters_of_zeros_are_a_third_of_the_bytes(tmp_path):
    settings = wide().model_copy(update={"gru": (192, 192)})
    model = make(settings)
    _exported(model, tmp_path)
    dense = (tmp_path / "model.gguf").stat().st_size
    _exported(prune(model, 0.75), tmp_path)
    assert (tmp_path / "model.gguf").stat().st_size < 0.36 * dense
