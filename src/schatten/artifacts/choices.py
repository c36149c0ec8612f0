"""What was chosen on dev: the points of a grid that go on, the models that stand for tiers."""

from schatten.artifacts.base import Artifact


class GridPoint(Artifact):
    """A point of a grid after stage 1."""

    system: str
    penalty: str
    dev_cer: float
    """Greedy, in percent, the mean over the grid's seeds."""
    dev_cer_by_seed: dict[int, float]
    chosen: bool


class Choice(Artifact):
    """What became of a grid's points; `choice/{grid}.json`."""

    grid: str
    split: str
    """What was looked at."""
    points: list[GridPoint]
    """In the order of the grid."""

    @property
    def chosen(self) -> list[str]:
        """Names of the systems that go on."""
        return [point.system for point in self.points if point.chosen]


class TierModel(Artifact):
    """The model that stands for a tier."""

    name: str
    """Empty where the recipe names no tiers."""
    system: str
    seed: int
    rank: str
    """The compression that it went through: `whole`, `tau0.60@e12`."""
    stage: str
    """The node's own name: `stage1`, `stage2`."""

    @property
    def place(self) -> str:
        """The node's place in its system's chain."""
        return f"{self.rank}/{self.stage}"


class Tiers(Artifact):
    """The models that a recipe's devices run; `devices/tiers.json`."""

    tiers: list[TierModel]
