"""Running a trained acoustic model over a split (the one part of decoding that needs torch)."""

from pathlib import Path

import numpy as np
import torch
from lhotse import CutSet
from lhotse.dataset import SimpleCutSampler
from lhotse.dataset.collation import collate_features

from schatten import models
from schatten.decode.logprobs import LogProbs, write_logprobs
from schatten.features.extractors import FRAME_SHIFT_SECONDS
from schatten.features.store import read_features

BATCH_SECONDS = 120.0


def write_split(model: Path, cuts: Path, output_dir: Path) -> None:
    """Write `{split}.npz` of the cuts `{split}.cuts.jsonl.gz` into a folder.

    Utterances without a frame are there too, so that their words count as errors.
    """
    torch.set_num_threads(1)
    acoustic = models.load(model)
    ids: list[str] = []
    values: list[np.ndarray] = []
    sampler = SimpleCutSampler(
        read_features(cuts, every=True), max_duration=BATCH_SECONDS, rank=0, world_size=1
    )
    nothing = np.zeros((0, len(acoustic.units)), np.float32)
    with torch.inference_mode():
        for batch in sampler:
            without = [cut.id for cut in batch if not cut.has_features]
            ids += without
            values += [nothing] * len(without)
            framed = [cut for cut in batch if cut.has_features]
            if not framed:
                continue
            log_probs, lengths = acoustic(*collate_features(CutSet.from_cuts(framed)))
            ids += [cut.id for cut in framed]
            values += [one[:length].numpy() for one, length in zip(log_probs, lengths, strict=True)]
    content = LogProbs(
        ids=ids,
        lengths=np.array([len(one) for one in values]),
        values=np.concatenate(values),
        units=acoustic.units,
        seconds_per_frame=FRAME_SHIFT_SECONDS * acoustic.settings.stride,
    )
    write_logprobs(output_dir / cuts.name.replace(".cuts.jsonl.gz", ".npz"), content)
