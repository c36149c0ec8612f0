"""The average of a model's weights over the last epochs."""

from typing import Any

from torch import Tensor, nn


class WeightAverage:
    """A running sum of state dictionaries."""

    def __init__(self, count: int = 0, total: dict[str, Tensor] | None = None) -> None:
        """Start empty, or from a saved state."""
        self.count = count
        self.total = total or {}

    def add(self, model: nn.Module) -> None:
        """Add the weights of a model, in float64."""
        for name, value in model.state_dict().items():
            addend = value.detach().cpu().double()
            self.total[name] = self.total[name] + addend if name in self.total else addend.clone()
        self.count += 1

    def apply(self, model: nn.Module) -> None:
        """Give the average to a model; do nothing if no weights were added."""
        if self.count:
            state = model.state_dict()
            model.load_state_dict(
                {
                    name: (value / self.count).to(state[name].dtype)
                    for name, value in self.total.items()
                }
            )

    def state(self) -> dict[str, Any]:
        """Return the state that the constructor takes."""
        return {"count": self.count, "total": self.total}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what `state` returned."""
        self.count, self.total = state["count"], state["total"]
