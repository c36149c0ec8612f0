"""Running a trained acoustic model over a split (the one part of decoding that needs torch)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from lhotse import CutSet
from lhotse.cut import Cut
from lhotse.dataset import SimpleCutSampler
from lhotse.dataset.collation import collate_features

from schatten import models
from schatten.decode.logprobs import Frames, LogProbs, write_logprobs
from schatten.features.extractors import FRAME_SHIFT_SECONDS
from schatten.features.store import read_features
from schatten.models import AcousticModel

BATCH_SECONDS = 120.0


def write_split(model: Path, cuts: Path, output_dir: Path) -> None:
    """Write `{split}.npz` of the cuts `{split}.cuts.jsonl.gz` into a folder.

    Utterances without a frame are there too, so that their words count as errors.
    """
    torch.set_num_threads(1)
    acoustic = models.load(model)
    ids: list[str] = []
    values: list[Frames] = []
    for cut, one in log_probs_of(acoustic, read_features(cuts, every=True)):
        ids.append(cut.id)
        values.append(one)
    content = LogProbs(
        ids=ids,
        lengths=np.array([len(one) for one in values]),
        values=np.concatenate(values),
        units=acoustic.units,
        seconds_per_frame=FRAME_SHIFT_SECONDS * acoustic.settings.stride,
    )
    write_logprobs(output_dir / cuts.name.replace(".cuts.jsonl.gz", ".npz"), content)


def log_probs_of(acoustic: AcousticModel, cuts: CutSet) -> Iterator[tuple[Cut, Frames]]:
    """Yield utterances with the log-probabilities (frames, units) of their units, in batches.

    Those without a frame come first in their batch.
    """
    nothing = np.zeros((0, len(acoustic.units)), np.float32)
    for batch in SimpleCutSampler(cuts, max_duration=BATCH_SECONDS, rank=0, world_size=1):
        yield from ((cut, nothing) for cut in batch if not cut.has_features)
        framed = [cut for cut in batch if cut.has_features]
        if not framed:
            continue
        with torch.inference_mode():
            log_probs, lengths = acoustic(*collate_features(CutSet.from_cuts(framed)))
        for cut, one, length in zip(framed, log_probs, lengths, strict=True):
            yield cut, one[:length].numpy()
