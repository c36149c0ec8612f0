"""Where every artifact lies: the path spells the experiment that made it (design: `results/`).

The workflow's rules and the verbs that read many artifacts (tables, figures) take paths from
here, so that each is written down once. Paths are relative to the project's folder.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from schatten.recipe import Recipe
from schatten.recipe.model import Rank, System

WHOLE = "whole"
STAGES = ("stage1", "factored", "stage2")


@dataclass(frozen=True)
class Row:
    """A trained model that is decoded: a system, its seed, its rank and its stage."""

    system: str
    seed: int
    rank: str
    """`whole`, or the rank's label with the epoch that was factored: `tau0.60@e12`."""
    stage: str
    """`stage1`, `factored` (before stage 2) or `stage2`."""

    @property
    def is_final(self) -> bool:
        """Whether training ended here: factored models are only looked at."""
        return self.stage != "factored"

    @property
    def final(self) -> "Row":
        """The row on which decoding weights are tuned for this one."""
        return self if self.is_final else Row(self.system, self.seed, self.rank, "stage2")

    @property
    def path(self) -> str:
        """`SYSTEM/seedN/RANK/STAGE`."""
        return f"{self.system}/seed{self.seed}/{self.rank}/{self.stage}"


def transitions(system: System, epochs: int) -> dict[str, tuple[Rank, int]]:
    """Ranks by their names in paths, and the epoch of stage 1 (of `epochs`) that is factored."""
    if system.stage2 is None:
        return {}
    return {
        f"{rank.label}@e{epoch}": (rank, epoch)
        for epoch in system.stage2.factored_epochs(epochs)
        for rank in system.ranks
    }


def rows(recipe: Recipe, chosen: Collection[str] = ()) -> list[Row]:
    """Every model that the tables show, in their order; of the grids' systems the `chosen` ones."""
    found, points = [], recipe.grid_points
    for name, system in recipe.systems.items():
        if name in points and name not in chosen:
            continue
        labels = transitions(system, recipe.trainings[system.training].epochs)
        for seed in system.seeds:
            found.append(Row(name, seed, WHOLE, "stage1"))
            found += [Row(name, seed, label, stage) for label in labels for stage in STAGES[1:]]
    return found


def grid_rows(recipe: Recipe, grid: str) -> list[Row]:
    """Every model of a grid that is looked at on dev, to choose the best."""
    points, seeds = recipe.grids[grid].systems(grid), recipe.grids[grid].seeds
    return [Row(name, seed, WHOLE, "stage1") for name, _ in points for seed in seeds]


@dataclass(frozen=True)
class Layout:
    """Paths of one experiment's artifacts."""

    corpus: str
    experiment: str
    data_key: str
    results: Path = Path("results")

    @property
    def data(self) -> Path:
        """Corpus artifacts, shared by experiments with the same data settings."""
        return self.results / self.corpus / self.data_key

    @property
    def home(self) -> Path:
        """The experiment's artifacts."""
        return self.results / self.corpus / self.experiment

    def cuts(self, split: str) -> Path:
        """Lhotse cuts of a split; audio paths are relative to their folder or the corpus folder."""
        return self.data / f"{split}.cuts.jsonl.gz"

    def text(self, name: str) -> Path:
        """Normalised text, a sentence a line: `corpus` (for language models), `train`, `dev` ..."""
        return self.data / "text" / f"{name}.txt.gz"

    def corpus_files(self, splits: Collection[str], *, with_audio: bool) -> dict[str, Path]:
        """What the corpus step writes, by a name each."""
        cuts = {f"cuts_{split}": self.cuts(split) for split in splits}
        texts = {f"text_{name}": self.text(name) for name in ("corpus", *splits)}
        audio = {"audio": self.data / "audio"} if with_audio else {}
        return cuts | texts | {"text_summary": self.data / "text/summary.json"} | audio

    @property
    def validation(self) -> Path:
        """The validator's report."""
        return self.data / "validation.json"

    def features(self, feature: str, split: str) -> Path:
        """Cuts of a split with features, whose storage lies beside them."""
        return self.data / "features" / feature / f"{split}.cuts.jsonl.gz"

    def statistics(self, feature: str) -> Path:
        """Mean and standard deviation of each bin over the training split."""
        return self.data / "features" / feature / "statistics.json"

    def lm(self, name: str) -> Path:
        """Folder of a language model: `arpa.gz`, `bin`, `lexicon`."""
        return self.data / "lm" / name

    def graph(self, lm: str) -> Path:
        """Decoding graph of a language model; `graph.fst.json` beside it names its labels."""
        return self.lm(lm) / "graph.fst"

    def am(self, row: Row) -> Path:
        """Folder of an acoustic model: `model.pt`, `history.json`."""
        stage = Path(row.stage)
        if row.rank != WHOLE:
            stage = Path(row.rank) / row.stage
        return self.home / "am" / row.system / f"seed{row.seed}" / stage

    def trained(self, rows: Iterable[Row]) -> list[Path]:
        """Files of some acoustic models."""
        return [self.am(row) / name for row in rows for name in ("model.pt", "history.json")]

    def logprobs(self, row: Row, split: str, precision: str = "fp32") -> Path:
        """Log-probabilities of a split's utterances."""
        return self.home / "logprobs" / row.path / precision / f"{split}.npz"

    def weights(self, row: Row, lm: str, decoder: str = "lexicon") -> Path:
        """LM weight and word bonus, tuned on dev in fp32."""
        final = row.final
        folder = self.home / "tune" / final.system / f"seed{final.seed}" / final.rank
        return folder / decoder / lm / "weights.json"

    def decoded(self, row: Row, decoder: str, lm: str, precision: str = "fp32") -> Path:
        """Folder of `{split}.hyp.txt` and of what scoring makes of them."""
        return self.home / "decode" / row.path / precision / decoder / lm

    def hypotheses(
        self, row: Row, decoder: str, lm: str, split: str, precision: str = "fp32"
    ) -> Path:
        """Words by utterance: `UTTERANCE WORD WORD ...` a line."""
        return self.decoded(row, decoder, lm, precision) / f"{split}.hyp.txt"

    def score(self, row: Row, decoder: str, lm: str, split: str, precision: str = "fp32") -> Path:
        """Counts, rates and intervals of a split."""
        return self.decoded(row, decoder, lm, precision) / f"{split}.score.json"

    def listings(
        self, row: Row, decoder: str, lm: str, split: str, precision: str = "fp32"
    ) -> list[Path]:
        """What the score of a split writes besides, for people."""
        folder = self.decoded(row, decoder, lm, precision)
        names = ("errors.txt", "ref.trn", "hyp.trn", "utterances.csv")
        return [folder / f"{split}.{name}" for name in names]

    def exported(self, row: Row, precision: str) -> Path:
        """A model for the engine; its size and latency are in a `.json` of the same name."""
        return self.am(row) / f"model.{precision}.gguf"

    def bundle(self, row: Row, lm: str) -> Path:
        """Folder of what goes on a device: an int8 model with a language model."""
        return self.home / "bundle" / row.path / lm

    @property
    def tiers(self) -> Path:
        """Which models stand for the tiers."""
        return self.home / "devices" / "tiers.json"

    def measured(self, device: str, row: Row, lm: str) -> Path:
        """What a bundle's speed on a device is."""
        return self.home / "devices" / device / row.path / lm / "measured.json"

    def choice(self, grid: str) -> Path:
        """Which systems of a grid go on, and why."""
        return self.home / "choice" / f"{grid}.json"

    def beams(self, decoder: str, lm: str) -> Path:
        """Errors on dev and seconds of the baseline's search, by beam."""
        return self.home / "beams" / decoder / lm / "beams.json"

    @property
    def tables(self) -> Path:
        """Folder of tables and figures."""
        return self.home / "tables"


def engine_decodings(recipe: Recipe, row: Row) -> list[tuple[str, str]]:
    """(precision, language model) pairs that the engine decodes a row with; `none` is greedy."""
    precisions = recipe.systems[row.system].precisions if row.is_final else ()
    models = ("none", *lexicon_models(recipe))
    return [(precision, lm) for precision in precisions for lm in models]


def lexicon_models(recipe: Recipe) -> list[str]:
    """Return the tables' language models of words, which the engine can decode with."""
    names = recipe.table_language_models
    return [name for name in names if recipe.language_models[name].decoder == "lexicon"]


def decodings(recipe: Recipe, row: Row) -> list[tuple[str, str]]:
    """(decoder, language model) pairs that a row is decoded with; greedy has the LM `none`."""
    models = recipe.table_language_models if row.is_final else recipe.table_language_models[:1]
    return [search_with(recipe, lm) for lm in (None, *models)]


def baseline_row(recipe: Recipe) -> Row:
    """Return the model that the curves show: the baseline of the tables, its first seed."""
    name = recipe.tables.baseline
    return Row(name, recipe.systems[name].seeds[0], WHOLE, "stage1")


def curve_models(recipe: Recipe) -> list[str]:
    """Return the language models that are points of the curve: its own, then the tables'."""
    return [*recipe.lm_variants, *recipe.table_language_models]


def bundle_lm(recipe: Recipe) -> str | None:
    """Return the language model of bundles: the first of words in the tables, if any."""
    names = recipe.table_language_models
    return next((x for x in names if recipe.language_models[x].decoder == "lexicon"), None)


def beam_models(recipe: Recipe) -> list[str]:
    """Return the tables' language models whose search has a beam of hypotheses; a graph has not."""
    names = recipe.table_language_models
    return [name for name in names if recipe.language_models[name].decoder in ("lexicon", "open")]


def search_with(recipe: Recipe, lm: str | None) -> tuple[str, str]:
    """Return the (decoder, language model) of paths for a language model; greedy without one."""
    return ("greedy", "none") if lm is None else (recipe.language_models[lm].decoder, lm)
