"""Connectionist temporal classification (Graves et al., 2006)."""

from collections.abc import Sequence

import torch
from kaldialign import edit_distance
from torch import Tensor
from torch.nn import functional

from schatten.features.extractors import FRAME_SHIFT_SECONDS
from schatten.models import AcousticModel
from schatten.recipe.training import Training
from schatten.train.data import Batch
from schatten.train.graph_loss import GraphLosses, graph_losses
from schatten.train.objectives.base import Objective
from schatten.units import Units


class Ctc(Objective):
    """CTC, in training perhaps with the first frames blank.

    Utterances with a state graph sum over all its paths; the others have one sequence of labels.
    """

    def __init__(
        self, units: Units, leading: int = 0, of_graphs: GraphLosses = graph_losses
    ) -> None:
        """Take the units, and the number of frames at the start in which no label may be.

        docs/decisions/0008-no-letter-before-it-is-heard.md says why. `of_graphs` computes the loss
        of state graphs: `graph_loss.losses_of` a backend.
        """
        self.units, self.leading, self.of_graphs = units, leading, of_graphs

    def fits(self, labels: Sequence[int], frames: int) -> bool:
        """Tell whether the frames after the leading ones hold the labels; one frame at least."""
        return frames - self.leading >= max(1, self.units.frames_needed(labels))

    def losses(self, log_probs: Tensor, lengths: Tensor, batch: Batch) -> Tensor:
        """Return the loss (N,) of each utterance."""
        graphs = batch.graphs or []
        by_graph = [row for row, graph in enumerate(graphs) if graph is not None]
        if not by_graph:
            return ctc_losses(log_probs, lengths, batch.labels, self.leading)
        losses = log_probs.new_empty(len(graphs), dtype=torch.float32)
        chosen = [graph for graph in graphs if graph is not None]
        losses[by_graph] = self.of_graphs(
            log_probs[by_graph], lengths[by_graph], chosen, self.leading
        ).float()
        linear = [row for row, graph in enumerate(graphs) if graph is None]
        if linear:
            labels = [batch.labels[row] for row in linear]
            losses[linear] = ctc_losses(log_probs[linear], lengths[linear], labels, self.leading)
        return losses

    def errors(self, log_probs: Tensor, lengths: Tensor, batch: Batch) -> int:
        """Return the edits between the labels of a batch and what greedy decoding finds."""
        return greedy_errors(log_probs, lengths, batch.labels, self.units)

    def on_dev(self) -> Objective:
        """Return CTC without leading blanks: decoding holds no label back."""
        return Ctc(self.units, of_graphs=self.of_graphs)


def leading_blanks(training: Training, model: AcousticModel) -> int:
    """Return the output frames at an utterance's start in which training allows no label."""
    return round(training.first_label_after / (FRAME_SHIFT_SECONDS * model.settings.stride))


def ctc_losses(
    log_probs: Tensor, lengths: Tensor, labels: list[Tensor], leading: int = 0
) -> Tensor:
    """Return the CTC loss (N,) of each utterance, summed over its frames, natural log.

    `log_probs` (N, T, V), `lengths` (N,), `labels` N vectors of unit indices. `leading`: only paths
    whose first `leading` frames are blank count; every utterance has more frames.
    """
    blanks = log_probs[:, :leading, 0].float().sum(1)
    losses = functional.ctc_loss(
        log_probs[:, leading:].transpose(0, 1).float(),
        torch.cat(labels).to(log_probs.device),
        lengths - leading,
        torch.tensor([len(one) for one in labels]),
        reduction="none",
    )
    return losses - blanks if leading else losses


def greedy_errors(log_probs: Tensor, lengths: Tensor, labels: list[Tensor], units: Units) -> int:
    """Return the edits between the labels of some utterances and what greedy decoding finds.

    `log_probs` (N, T, V), `lengths` (N,), `labels` N vectors of unit indices; grams are compared
    letter by letter.
    """
    errors = 0
    for values, length, expected in zip(log_probs, lengths, labels, strict=True):
        best = values[:length].argmax(-1).unique_consecutive()
        found = units.letters(best[best != 0].tolist())
        errors += edit_distance(expected.tolist(), found)["total"]
    return errors
