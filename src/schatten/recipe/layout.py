"""Paths of all artifacts below `results/`. A path names the experiment that made the artifact.

The rules of the workflow take paths from here. So do the verbs that read many artifacts, such as
tables and figures. Paths are relative to the project's folder.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from schatten.recipe import Recipe
from schatten.recipe.chain import Node
from schatten.recipe.steps import Features, Given, Hypotheses, Model, Need, Spellings, Statistics
from schatten.recipe.systems import CHARACTERS
from schatten.recipe.units import Tied

ENGINE = Path(".tools/engine/bin/schatten-recognize")
SEARCHER = ENGINE.with_name("decode_logprobs")
"""Programs of the engine, built for this machine by `scripts/build_engine.sh`."""

WEB = Path("dist/web")
"""Where `make wasm` puts the engine for browsers."""


class Placed(Protocol):
    """What paths are made from: a node, or the pattern of all nodes."""

    @property
    def system(self) -> str:
        """Name of the system."""
        ...

    @property
    def seed(self) -> int | str:
        """Seed of the training."""
        ...

    @property
    def folder(self) -> str:
        """Folder of the model below `am/SYSTEM/seedN`."""
        ...

    @property
    def path(self) -> str:
        """`SYSTEM/seedN/VARIANT/NAME`: folder of all that is computed with the model."""
        ...

    @property
    def label(self) -> str:
        """Folder of its decoding weights below `tune/SYSTEM/seedN`."""
        ...

    @property
    def final(self) -> "Placed":
        """The node whose tuned decoding weights it uses."""
        ...


@dataclass(frozen=True)
class NodePattern:
    """The pattern of all nodes, with Snakemake's wildcards."""

    system: str = "{system}"
    seed: str = "{seed}"
    folder: str = "{node}"
    path: str = "{system}/seed{seed}/{node}"
    label: str = "{label}"

    @property
    def final(self) -> "NodePattern":
        """The pattern itself."""
        return self


def table_nodes(recipe: Recipe, chosen: Collection[str] = ()) -> list[Node]:
    """Return the nodes in the tables, in their order; of a grid's systems only the `chosen`."""
    points = recipe.grid_points
    shown = [name for name in recipe.systems if name not in points or name in chosen]
    return [
        node
        for name in shown
        for seed in recipe.systems[name].seeds
        for node in recipe.nodes(name, seed)
    ]


def grid_nodes(recipe: Recipe, grid: str) -> list[Node]:
    """Return the nodes of a grid after stage 1. They are compared on dev to choose the best."""
    points, seeds = recipe.grids[grid].systems(grid), recipe.grids[grid].seeds
    return [recipe.start(name, seed) for name, _ in points for seed in seeds]


@dataclass(frozen=True)
class Layout:
    """Paths of one experiment's artifacts."""

    corpus: str
    experiment: str
    data_key: str
    results: Path = Path("results")

    @property
    def data(self) -> Path:
        """Folder of corpus artifacts, shared by experiments with the same data settings."""
        return self.results / self.corpus / self.data_key

    @property
    def home(self) -> Path:
        """Folder of the experiment's artifacts."""
        return self.results / self.corpus / self.experiment

    def cuts(self, split: str) -> Path:
        """Lhotse cuts of a split; `schatten.recipe.corpus.makes_audio` explains audio paths."""
        return self.data / f"{split}.cuts.jsonl.gz"

    def text(self, name: str) -> Path:
        """Normalised text, one sentence per line: `corpus` for language models, or a split's."""
        return self.data / "text" / f"{name}.txt.gz"

    def corpus_files(self, splits: Collection[str], *, with_audio: bool) -> dict[str, Path]:
        """Outputs of the corpus step by name, for the rule."""
        cuts = {f"cuts_{split}": self.cuts(split) for split in splits}
        texts = {f"text_{name}": self.text(name) for name in ("corpus", *splits)}
        audio = {"audio": self.data / "audio"} if with_audio else {}
        return cuts | texts | {"text_summary": self.data / "text/summary.json"} | audio

    @property
    def validation(self) -> Path:
        """The validator's report."""
        return self.data / "validation.json"

    def features(self, feature: str, split: str) -> Path:
        """Cuts of a split with features; the values are in files beside them."""
        return self.data / "features" / feature / f"{split}.cuts.jsonl.gz"

    def statistics(self, feature: str) -> Path:
        """File with mean and standard deviation of each bin over the training split."""
        return self.data / "features" / feature / "statistics.json"

    def lm(self, name: str) -> Path:
        """Folder of a language model: `arpa.gz`, `bin`, `lexicon`."""
        return self.data / "lm" / name

    def units(self, name: str) -> Path:
        """Inventory of a unit set other than characters; `words.NAME.tsv` is beside it.

        It belongs to the experiment: another experiment may use the name for other units.
        """
        return self.home / "units" / name / "inventory.json"

    def pronunciations(self, units: str) -> Path:
        """File with the spellings of a corpus's words in a unit set other than characters."""
        return self.units(units).with_name(f"words.{units}.tsv")

    def triphones(self, units: str) -> Path:
        """Statistics from which the decision tree of a set of tied phones is built."""
        return self.units(units).with_name("triphones.npz")

    def tree(self, units: str) -> Path:
        """The decision tree of a set of tied phones; `tree.svg` beside it shows it."""
        return self.units(units).with_name("tree.json")

    def _spelled(self, lm: str, units: str) -> Path:
        """Folder of files that depend on both a language model and a unit set."""
        return self.lm(lm) if units == CHARACTERS else self.units(units).parent / lm

    def lexicon(self, lm: str, units: str = CHARACTERS) -> Path:
        """The words of a language model with their spellings in units."""
        return self._spelled(lm, units) / "lexicon"

    def graph(self, lm: str, units: str = CHARACTERS) -> Path:
        """Decoding graph of a language model; `graph.fst.json` beside it lists its labels."""
        return self._spelled(lm, units) / "graph.fst"

    def am(self, node: Placed) -> Path:
        """Folder of an acoustic model: `model.pt`, `history.json`."""
        return self.home / "am" / node.system / f"seed{node.seed}" / node.folder

    def model(self, node: Placed, epoch: int | str | None = None) -> Path:
        """Return the path of a node's model: of the last epoch, or of an epoch that is kept."""
        return self.am(node) / ("model.pt" if epoch is None else f"e{epoch}.pt")

    def needed(self, node: Node) -> dict[str, Path]:
        """Return the paths of the inputs of a node's step, by the verb's option for each."""
        return {option: self._needed(node, need) for option, need in node.needs.items()}

    def _needed(self, node: Node, need: Need) -> Path:
        feature = node.recipe.models[node.system_settings.model].feature
        match need:
            case Features(split):
                return self.features(feature, split)
            case Statistics():
                return self.statistics(feature)
            case Spellings():
                return self.units(node.units)
            case Model(source, epoch):
                return self.model(source, epoch)
            case Hypotheses(owner):
                return self.training_hypotheses(owner)
            case Given(path):
                return path

    def training_hypotheses(self, node: Placed) -> Path:
        """Hypotheses for the node's training speech, found by the model before the node."""
        return self.am(node) / "hypotheses.jsonl.gz"

    def trained(self, nodes: Iterable[Node]) -> list[Path]:
        """Return the files of these nodes' acoustic models."""
        return [self.am(node) / name for node in nodes for name in ("model.pt", "history.json")]

    def logprobs(self, node: Placed, split: str, precision: str = "fp32") -> Path:
        """Log-probabilities of a split's utterances."""
        return self.home / "logprobs" / node.path / precision / f"{split}.npz"

    def weights(self, node: Placed, lm: str, decoder: str = "lexicon") -> Path:
        """File with LM weight and word bonus, tuned on dev in fp32."""
        final = node.final
        folder = self.home / "tune" / final.system / f"seed{final.seed}" / final.label
        return folder / decoder / lm / "weights.json"

    def decoded(self, node: Placed, decoder: str, lm: str, precision: str = "fp32") -> Path:
        """Folder of `{split}.hyp.txt` and of the scores."""
        return self.home / "decode" / node.path / precision / decoder / lm

    def hypotheses(
        self, node: Placed, decoder: str, lm: str, split: str, precision: str = "fp32"
    ) -> Path:
        """Recognised words: a line `UTTERANCE WORD WORD ...` for each utterance."""
        return self.decoded(node, decoder, lm, precision) / f"{split}.hyp.txt"

    def reliability(self, node: Placed, lm: str, split: str, precision: str) -> Path:
        """Confidences of the engine's words against those that are right, beside the words."""
        return reliability_beside(self.hypotheses(node, "engine", lm, split, precision))

    def score(
        self, node: Placed, decoder: str, lm: str, split: str, precision: str = "fp32"
    ) -> Path:
        """Error counts, error rates and intervals of a split."""
        return self.decoded(node, decoder, lm, precision) / f"{split}.score.json"

    def listings(
        self, node: Placed, decoder: str, lm: str, split: str, precision: str = "fp32"
    ) -> list[Path]:
        """Return further outputs of scoring a split, for people to read."""
        folder = self.decoded(node, decoder, lm, precision)
        names = ("errors.txt", "ref.trn", "hyp.trn", "utterances.csv")
        return [folder / f"{split}.{name}" for name in names]

    def exported(self, node: Placed, precision: str) -> Path:
        """A model for the engine. The `.json` of the same name has its size and latency."""
        return self.am(node) / f"model.{precision}.gguf"

    def instructions(self, node: Placed, precision: str) -> Path:
        """Instructions that the engine executes for a frame with an exported model."""
        return self.am(node) / f"model.{precision}.instructions.json"

    def bundle(self, node: Placed, lm: str) -> Path:
        """Folder of a bundle for a device: an int8 model with a language model."""
        return self.home / "bundle" / node.path / lm

    def accepted(self, node: Placed, lm: str, speech: str) -> Path:
        """Acceptance of commands by a bundle, for a split or for `recordings`."""
        return self.home / "commands" / node.path / lm / f"{speech}.json"

    @property
    def tiers(self) -> Path:
        """File that says which model represents each tier."""
        return self.home / "devices" / "tiers.json"

    def measured(self, device: str, node: Placed, lm: str) -> Path:
        """Speed of a bundle on a device."""
        return self.home / "devices" / device / node.path / lm / "measured.json"

    def choice(self, grid: str) -> Path:
        """File that says which systems of a grid continue, and why."""
        return self.home / "choice" / f"{grid}.json"

    def beams(self, decoder: str, lm: str) -> Path:
        """Errors on dev, and seconds of the baseline's search, for each beam width."""
        return self.home / "beams" / decoder / lm / "beams.json"

    @property
    def tables(self) -> Path:
        """Folder of tables and figures."""
        return self.home / "tables"

    @property
    def report(self) -> Path:
        """The report: the experiment as one HTML page."""
        return self.home / "report.html"


def engine_decodings(recipe: Recipe, node: Node) -> list[tuple[str, str]]:
    """Return the (precision, language model) pairs with which the engine decodes a model.

    The language model `none` stands for greedy decoding.
    """
    precisions = node.system_settings.precisions if node.is_final else ()
    models = ("none", *lexicon_models(recipe))
    return [(precision, lm) for precision in precisions for lm in models]


def engine_forms(recipe: Recipe, node: Node) -> list[str]:
    """Return the precisions of a model for the engine: int8, and int4 where the system names it.

    A model whose passes were quantised has the one that it was trained for. Models of tied phones
    have none, as the engine does not search them.
    """
    if not node.is_final or isinstance(recipe.unit_set(node.units), Tied):
        return []
    if node.precision != "fp32":
        return [node.precision]
    return ["int8", *(one for one in node.system_settings.precisions if one == "int4")]


def lexicon_models(recipe: Recipe) -> list[str]:
    """Return the tables' language models of words, which the engine can decode with."""
    names = recipe.table_language_models
    return [name for name in names if recipe.language_models[name].decoder == "lexicon"]


def compared_columns(recipe: Recipe, node: Node) -> list[tuple[str, str, str]]:
    """Return each (decoder, language model, precision) of a model whose words the report compares.

    These are the results with the main language model, and those of the engine in int8 and int4.
    """
    main = next(iter(recipe.table_language_models), None)
    spoken = next(iter(lexicon_models(recipe)), "none")
    return [
        (*search_with(recipe, main), "fp32"),
        *(
            ("engine", lm, precision)
            for precision, lm in engine_decodings(recipe, node)
            if lm == spoken and precision != "fp32"
        ),
    ]


def decodings(recipe: Recipe, node: Node) -> list[tuple[str, str]]:
    """Return the (decoder, language model) pairs with which a model is decoded.

    The language model `none` stands for greedy decoding.
    """
    models = recipe.table_language_models if node.is_final else recipe.table_language_models[:1]
    return [search_with(recipe, lm) for lm in (None, *models)]


def baseline_node(recipe: Recipe, seed: int | None = None) -> Node:
    """Return the baseline of the tables with `seed`; without that seed, with its first one."""
    name = recipe.tables.baseline
    seeds = recipe.systems[name].seeds
    return recipe.start(name, seed if seed in seeds else seeds[0])


def curve_models(recipe: Recipe) -> list[str]:
    """Return the language models that are points of the curve: its variants, then the tables'."""
    return [*recipe.lm_variants, *recipe.table_language_models]


def reliability_beside(hypotheses: Path) -> Path:
    """Return the path of what is measured of the confidences of words in a file."""
    return hypotheses.with_name(hypotheses.name.removesuffix(".hyp.txt") + ".reliability.json")


def bundle_lm(recipe: Recipe) -> str | None:
    """Return the language model of bundles: the first one with a lexicon in the tables, or None."""
    names = recipe.table_language_models
    return next((x for x in names if recipe.language_models[x].decoder == "lexicon"), None)


def beam_models(recipe: Recipe) -> list[str]:
    """Return the tables' language models with a prefix beam search: all but decoding graphs."""
    names = recipe.table_language_models
    return [name for name in names if recipe.language_models[name].decoder in ("lexicon", "open")]


def search_with(recipe: Recipe, lm: str | None) -> tuple[str, str]:
    """Return the (decoder, language model) in paths for a language model; greedy for None."""
    return ("greedy", "none") if lm is None else (recipe.language_models[lm].decoder, lm)
