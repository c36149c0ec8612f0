"""What was chosen on dev: the points of a grid that go on, the models that stand for tiers."""

from schatten.artifacts.base import Artifact
from schatten.recipe.layout import Row


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


class Tier(Artifact):
    """The model that stands for a tier."""

    name: str
    """Empty where the recipe names no tiers."""
    system: str
    seed: int
    rank: str
    stage: str

    @property
    def row(self) -> Row:
        """The model."""
        return Row(self.system, self.seed, self.rank, self.stage)


class Tiers(Artifact):
    """The models that a recipe's devices run; `devices/tiers.json`."""

    tiers: list[Tier]
