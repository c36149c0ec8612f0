"""A second output over characters, in training alone: joint Gram-CTC (Liu et al., 2017)."""

import torch
from torch import Tensor, nn

from schatten.models import AcousticModel
from schatten.models.acoustic import AUXILIARY
from schatten.models.packing import Packing
from schatten.recipe.techniques import Auxiliary
from schatten.train.objectives.ctc import Ctc, ctc_losses, leading_blanks
from schatten.train.techniques.base import Context, Step, Technique
from schatten.units import characters

_SEED = 1
"""Seeds the initial weights of the output; no other draw changes by it."""


class SecondOutput(Technique):
    """Adds the CTC loss of characters, of an output beside the model's own.

    Utterances with more characters than frames add nothing. The output is part of the model while
    it trains, as its gradients are clipped and averaged with the others.
    """

    def __init__(self, settings: Auxiliary, context: Context) -> None:
        """Take the weight of the loss, and the letters of the characters."""
        self.weight, self.training = settings.weight, context.training
        self.units = characters(context.alphabet)
        self.inputs: Tensor | None = None

    def prepare(self, model: AcousticModel) -> None:
        """Add the output; its initial weights are always the same ones."""
        self.leading = leading_blanks(self.training, model)
        output = model.get_submodule("output")
        assert isinstance(output, nn.Linear)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_SEED)
            own = nn.Linear(output.in_features, len(self.units))
        model.add_module(AUXILIARY, own)
        self.watching = output.register_forward_pre_hook(self._keep)

    def _keep(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        (self.inputs,) = inputs

    def loss(self, loss: Tensor, step: Step) -> Tensor:
        """Return the loss with that of the second output added."""
        assert self.inputs is not None
        hidden, self.inputs = self.inputs, None
        log_probs = step.model.get_submodule(AUXILIARY)(hidden).log_softmax(-1)
        if log_probs.dim() == 2:  # without padding, as some models compute
            log_probs = Packing(step.lengths, step.log_probs.shape[1]).unpack(log_probs)
        labels = [torch.tensor(self.units.encode(text)) for text in step.batch.texts]
        ctc = Ctc(self.units, self.leading)
        fitting = [
            row
            for row, (one, frames) in enumerate(zip(labels, step.lengths.tolist(), strict=False))
            if ctc.fits(one.tolist(), frames)
        ]
        if not fitting:  # every process has a gradient for every weight
            return loss + 0.0 * log_probs.sum()
        chosen = [labels[row] for row in fitting]
        losses = ctc_losses(log_probs[fitting], step.lengths[fitting], chosen, self.leading)
        return loss + step.batch.averaged(self.weight * losses.sum())

    def finish(self, model: AcousticModel) -> None:
        """Drop the output."""
        self.watching.remove()
        del model._modules[AUXILIARY]
