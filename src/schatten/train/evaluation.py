"""Loss and character errors of a model on a split."""

from collections.abc import Iterable

import torch

from schatten.models import AcousticModel
from schatten.train.data import Batch
from schatten.train.fabric import Fabric, over_processes
from schatten.train.objectives import Objective


def evaluate(
    fabric: Fabric, model: AcousticModel, objective: Objective, batches: Iterable[Batch]
) -> dict[str, float]:
    """Return `dev_loss`, a mean over utterances, and `dev_cer`, in percent, greedy.

    `batches` are this process's share, which may be empty; all processes together are counted.
    `model` is not wrapped for several processes, so its forward pass waits for no other process.
    """
    loss, utterances, errors, labels = 0.0, 0, 0, 0
    modes = {module: module.training for module in model.modules()}
    model.eval()
    with torch.inference_mode(), fabric.autocast():
        for here in batches:
            batch = here.moved(fabric.to_device)
            log_probs, lengths = model(batch.features, batch.lengths)
            losses = objective.losses(log_probs, lengths, batch)
            loss += float(losses.sum())
            utterances += len(losses)
            errors += objective.errors(log_probs, lengths, batch)
            labels += sum(len(one) for one in batch.labels)
    for module, mode in modes.items():
        module.training = mode
    loss, total, errors_of_all, labels_of_all = over_processes([loss, utterances, errors, labels])
    return {
        "dev_loss": loss / max(1, total),
        "dev_cer": 100 * errors_of_all / max(1, labels_of_all),
    }
