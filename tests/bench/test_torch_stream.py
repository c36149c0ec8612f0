"""The stream in torch that the engine is timed beside computes the same model."""

import numpy as np
import pytest
import torch
from small_models import deep_speech_2, make

from schatten.export.layers import layers_of
from schatten.recipe.models import Convolution
from schatten_bench.torch_stream import StreamingModel, quantized


def _features(model, frames):
    draw = np.random.default_rng(2)
    return draw.normal(-8, 2, (frames, len(model.bins_mean))).astype(np.float32)


def _log_probs(model, features):
    with torch.inference_mode():
        return model(torch.from_numpy(features)[None], torch.tensor([len(features)]))[0][0].numpy()


@pytest.mark.parametrize(
    ("factorization", "rank"), [("partial", None), ("partial", 7), ("joint", 9)]
)
def test_the_stream_of_torch_is_the_model(factorization, rank):
    wide = Convolution(channels=3, kernel=(1, 7), stride=(2, 2))
    model = make(deep_speech_2().model_copy(update={"convolutions": (wide,)}), factorization, rank)
    features = _features(model, 24)
    stream = StreamingModel(layers_of(model))
    memories, states = stream.start()
    parts = []
    for start in (0, 8, 16):
        with torch.inference_mode():
            chunk = model.normalise(torch.from_numpy(features[start : start + 8]))[None, None]
            log_probs, memories, states = stream(chunk, memories, states)
        parts.append(log_probs.numpy())
    expected = _log_probs(model, features)
    assert np.abs(np.concatenate(parts) - expected).max() < 1e-4
    small = quantized(stream)
    if small is not None:
        with torch.inference_mode():
            near = small(chunk, *stream.start())[0]
        assert near.shape == (4, len(model.units))
