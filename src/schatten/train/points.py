"""Losses and learning rates of a training over its steps: the points of its curves."""

from typing import Any

FIRST = 10
"""Steps of the first points."""
MOST = 1000
"""With so many points each two become one of twice as many steps. So a long training's file stays
small (100 kB), and a short one's curve has points enough. It is even, so that none is left over."""


class Points:
    """Means of the loss over equal stretches of steps; all of it is in a checkpoint.

    So a training that goes on from a checkpoint has each point once, as if it had not ended.
    """

    def __init__(self) -> None:
        """Begin without a point."""
        self.every = FIRST
        """Steps of a point."""
        self._done: list[dict[str, float]] = []
        self._now = {"loss": 0.0, "utterances": 0.0}

    def count(self, loss: float, utterances: int) -> None:
        """Count the sum of a step's losses over its utterances."""
        self._now["loss"] += loss
        self._now["utterances"] += utterances

    def end_step(self, step: int, epoch: float, learning_rate: float) -> None:
        """End a step: `step` of them are done, and `epoch` epochs (a fraction in the midst)."""
        self._now |= {"step": step, "epoch": epoch, "learning_rate": learning_rate}
        if step % self.every == 0:
            self._done.append(self._now)
            self._now = {"loss": 0.0, "utterances": 0.0}
        if len(self._done) == MOST:
            self.every *= 2
            self._done = [
                {**later, **{name: one[name] + later[name] for name in ("loss", "utterances")}}
                for one, later in zip(self._done[::2], self._done[1::2], strict=True)
            ]

    def listed(self) -> list[dict[str, Any]]:
        """Return the points so far, the last of which may be of fewer steps."""
        begun = [self._now] if self._now["utterances"] else []
        return [
            {
                "step": int(one["step"]),
                "epoch": round(one["epoch"], 4),
                "loss": float(f"{one['loss'] / one['utterances']:.6g}"),
                "learning_rate": float(f"{one['learning_rate']:.6g}"),
            }
            for one in [*self._done, *begun]
        ]

    def state(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"every": self.every, "done": list(self._done), "now": dict(self._now)}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what `state` returned."""
        self.every, self._done, self._now = state["every"], list(state["done"]), dict(state["now"])
