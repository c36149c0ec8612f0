"""Choices on dev: the points of a grid that continue, and the models of tiers."""

from schatten.artifacts.base import Artifact


class GridPoint(Artifact):
    """A point of a grid after stage 1."""

    system: str
    penalty: str
    dev_cer: float
    """Greedy error rate in percent, the mean over the grid's seeds."""
    dev_cer_by_seed: dict[int, float]
    chosen: bool


class Choice(Artifact):
    """The points of a grid, and which were chosen; `choice/{grid}.json`."""

    grid: str
    split: str
    """The split on which points were compared."""
    points: list[GridPoint]
    """Points in the order of the grid."""

    @property
    def chosen(self) -> list[str]:
        """Names of the chosen systems."""
        return [point.system for point in self.points if point.chosen]


class TierModel(Artifact):
    """The model of a tier."""

    name: str
    """Name of the tier; empty if the recipe names no tiers."""
    system: str
    seed: int
    rank: str
    """Compression of the model: `whole`, `tau0.60@e12`."""
    stage: str
    """Name of the node: `stage1`, `stage2`."""

    @property
    def place(self) -> str:
        """The node's place in its system's chain."""
        return f"{self.rank}/{self.stage}"


class Tiers(Artifact):
    """The models that a recipe's devices run; `devices/tiers.json`."""

    tiers: list[TierModel]
