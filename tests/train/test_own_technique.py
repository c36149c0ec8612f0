"""A technique in a Python file of one's own."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from toy_training import toy

from schatten.errors import UserError
from schatten.recipe.training import Training
from schatten.train.techniques import Context, make

WEIGHT_NOISE = """
import torch

from schatten.recipe.base import NotNegative, Settings
from schatten.train.techniques import Context, Step, Technique


class WeightNoise(Technique):
    '''Trains with noise on the large matrices, which is taken away after every step.'''

    class Settings(Settings):
        deviation: NotNegative

    def __init__(self, settings: Settings, context: Context) -> None:
        self.deviation = settings.deviation

    @torch.no_grad()
    def before_step(self, step: Step) -> None:
        self.noise = []
        for weight in step.model.bank.parameters():
            self.noise.append(self.deviation * torch.randn_like(weight))
            weight.add_(self.noise[-1])

    @torch.no_grad()
    def after_step(self, step: Step) -> None:
        for weight, noise in zip(step.model.bank.parameters(), self.noise, strict=True):
            weight.sub_(noise)
"""
CONTEXT = Context(Training(epochs=2, batch_seconds=2.5, learning_rate=0.01))


@dataclass
class Own:
    """What `own: {file: ..., settings: ...}` in a recipe gives."""

    file: Path
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Entry:
    """An entry of a recipe's list."""

    settings: Any
    name: str = "own"


def test_a_technique_of_a_file_trains(tmp_path: Path) -> None:
    file = tmp_path / "weight_noise.py"
    file.write_text(WEIGHT_NOISE)
    states = [toy(tmp_path / "plain", make([], CONTEXT), spec_augment=None)[0].state_dict()]
    for deviation in (0.0, 0.1):
        found = make([Entry(Own(file, {"deviation": deviation}))], CONTEXT)
        assert type(found[0]).__name__ == "WeightNoise"
        model, _ = toy(tmp_path / f"{deviation}", found, spec_augment=None)
        states.append(model.state_dict())
    for name, plain in states[0].items():
        assert torch.equal(states[1][name], plain), name
        assert "bank" not in name or not torch.equal(states[2][name], plain), name


@pytest.mark.parametrize(
    ("code", "settings", "message"),
    [
        (WEIGHT_NOISE, {"deviation": -1}, "noise.py are refused: deviation: .* greater than or eq"),
        (WEIGHT_NOISE, {"sigma": 1}, "deviation: Field required; sigma: Extra inputs"),
        ("x = 1\n", {}, "define one subclass of Technique; there are: none"),
        (
            WEIGHT_NOISE + "\n\nclass Other(WeightNoise): ...\n",
            {},
            "there are: WeightNoise, Other",
        ),
        ("import nothing_of_that_name\n", {}, "cannot be loaded: ModuleNotFoundError: .*nothing_"),
        (None, {}, "noise.py does not exist"),
    ],
)
def test_a_file_that_is_no_technique_is_refused(
    tmp_path: Path, code: str | None, settings: dict[str, Any], message: str
) -> None:
    file = tmp_path / "noise.py"
    if code is not None:
        file.write_text(code)
    with pytest.raises(UserError, match=message):
        make([Entry(Own(file, settings))], CONTEXT)
