"""Schedules of gradual pruning: pure functions of the training step."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class CubicRamp:
    """The sparsity schedule of Zhu and Gupta (2017), equation 1: it rises fast, then slowly.

    s(t) = s_f (1 - (1 - (t - start) / (end - start))³): 0 at `start`, s_f at `end`.
    """

    final: float
    """s_f, the sparsity at the end."""
    start: int
    """Step of the first update."""
    end: int
    """Step of the last update."""
    every: int
    """Steps between updates."""

    def __call__(self, step: int) -> float | None:
        """Return the sparsity to prune to before `step`, counted from 0; None between updates."""
        if not self.start <= step <= self.end:
            return None
        if (step - self.start) % self.every and step != self.end:
            return None
        left = 1 - (step - self.start) / max(1, self.end - self.start)
        return self.final * (1 - left**3)


@dataclass(frozen=True)
class ThresholdRamp:
    """The threshold schedule of Narang et al. (2017), algorithm 1 and equation 1.

    All positions are iterations. The threshold rises with slope `theta` from `start` to `ramp`, and
    with slope `phi` from `ramp` to `end`.
    """

    q: float
    """Magnitude below which the wanted share of the weights of a trained model lies."""
    start: int
    ramp: int
    end: int
    every: int
    """Iterations between updates (freq in the paper)."""
    slope_ratio: float = 1.5
    """phi / theta; the paper uses 1.5 to 2."""

    @property
    def theta(self) -> float:
        """The first slope, equation 1: 2 q freq / (2 (ramp - start) + 3 (end - ramp))."""
        return 2 * self.q * self.every / (2 * (self.ramp - self.start) + 3 * (self.end - self.ramp))

    def __call__(self, iteration: int) -> float | None:
        """Return the threshold to apply after `iteration`; None between updates."""
        if not self.start < iteration < self.end or iteration % self.every:
            return None
        return self.threshold(iteration)

    def threshold(self, iteration: int) -> float:
        """Return the threshold at an iteration between `start` and `end`."""
        theta, phi = self.theta, self.slope_ratio * self.theta
        if iteration < self.ramp:
            return theta * (iteration - self.start + 1) / self.every
        rise = theta * (self.ramp - self.start + 1) + phi * (iteration - self.ramp + 1)
        return rise / self.every

    @property
    def last(self) -> float:
        """The threshold of the last update; 0 if there is no update.

        With a = ramp - start and b = end - ramp, it is about
        q (2 a + 2 (phi / theta) b) / (2 a + 3 b). So with phi = 1.5 theta it is about q for all
        positions. It is a little less, because the last update comes up to `every` iterations
        before `end`.
        """
        iteration = (self.end - 1) // self.every * self.every
        return self.threshold(iteration) if iteration > self.start else 0.0

    def predicted(self, magnitudes: Tensor) -> float:
        """Return the sparsity that pruning ends with, if weights keep their distribution.

        `magnitudes` are those of a trained reference model's weights. A pruned weight does not come
        back: it is at most a step of the optimizer away from zero, far below the threshold.
        """
        return float((magnitudes <= self.last).float().mean())
