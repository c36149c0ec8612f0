"""Where every artifact lies: the path spells the experiment that made it (design: `results/`).

The workflow's rules and the verbs that read many artifacts (tables, figures) take paths from
here, so that each is written down once. Paths are relative to the project's folder.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from schatten.recipe import Recipe
from schatten.recipe.chain import Node
from schatten.recipe.steps import Features, Given, Hypotheses, Model, Need, Spellings, Statistics
from schatten.recipe.systems import CHARACTERS

ENGINE = Path(".tools/engine/bin/schatten-recognize")
SEARCHER = ENGINE.with_name("decode_logprobs")
"""Programs of the engine that `scripts/build_engine.sh` builds for this machine."""

WEB = Path("dist/web")
"""Where `make wasm` puts the engine for browsers."""


class Placed(Protocol):
    """Anything that has paths: a node, or the pattern of all nodes."""

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
        """Folder of the model, below `am/SYSTEM/seedN`."""
        ...

    @property
    def path(self) -> str:
        """`SYSTEM/seedN/VARIANT/NAME`: folder of everything that is computed with the model."""
        ...

    @property
    def label(self) -> str:
        """Folder of its decoding weights, below `tune/SYSTEM/seedN`."""
        ...

    @property
    def final(self) -> "Placed":
        """The node on which decoding weights are tuned for it."""
        ...


@dataclass(frozen=True)
class NodePattern:
    """The place of every node, with Snakemake's wildcards."""

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
    """Every model that the tables show, in their order; of a grid's systems only the `chosen`."""
    points = recipe.grid_points
    shown = [name for name in recipe.systems if name not in points or name in chosen]
    return [
        node
        for name in shown
        for seed in recipe.systems[name].seeds
        for node in recipe.nodes(name, seed)
    ]


def grid_nodes(recipe: Recipe, grid: str) -> list[Node]:
    """Every model of a grid; they are compared on dev to choose the best."""
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
        """Outputs of the corpus step, by name."""
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

    def units(self, name: str) -> Path:
        """Inventory of a unit set other than characters; `words.NAME.tsv` lies beside it.

        It is the experiment's own: another one may give the name to other units.
        """
        return self.home / "units" / name / "inventory.json"

    def pronunciations(self, units: str) -> Path:
        """How the words of a corpus are written in a unit set other than characters."""
        return self.units(units).with_name(f"words.{units}.tsv")

    def triphones(self, units: str) -> Path:
        """Statistics that the tree of a set of tied phones is grown on."""
        return self.units(units).with_name("triphones.npz")

    def tree(self, units: str) -> Path:
        """The tree of a set of tied phones; `tree.svg` beside it is its picture."""
        return self.units(units).with_name("tree.json")

    def _spelled(self, lm: str, units: str) -> Path:
        """Folder of what a language model and a unit set make together."""
        return self.lm(lm) if units == CHARACTERS else self.units(units).parent / lm

    def lexicon(self, lm: str, units: str = CHARACTERS) -> Path:
        """Words of a language model, spelled in units."""
        return self._spelled(lm, units) / "lexicon"

    def graph(self, lm: str, units: str = CHARACTERS) -> Path:
        """Decoding graph of a language model; `graph.fst.json` beside it names its labels."""
        return self._spelled(lm, units) / "graph.fst"

    def am(self, node: Placed) -> Path:
        """Folder of an acoustic model: `model.pt`, `history.json`."""
        return self.home / "am" / node.system / f"seed{node.seed}" / node.folder

    def model(self, node: Placed, epoch: int | str | None = None) -> Path:
        """Return a node's model: after its last epoch, or the kept one of another epoch."""
        return self.am(node) / ("model.pt" if epoch is None else f"e{epoch}.pt")

    def needed(self, node: Node) -> dict[str, Path]:
        """Return the inputs of a node's step, by the option of the verb."""
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
        """What the model before a node recognises in the node's training speech."""
        return self.am(node) / "hypotheses.jsonl.gz"

    def trained(self, nodes: Iterable[Node]) -> list[Path]:
        """Files of some acoustic models."""
        return [self.am(node) / name for node in nodes for name in ("model.pt", "history.json")]

    def logprobs(self, node: Placed, split: str, precision: str = "fp32") -> Path:
        """Log-probabilities of a split's utterances."""
        return self.home / "logprobs" / node.path / precision / f"{split}.npz"

    def weights(self, node: Placed, lm: str, decoder: str = "lexicon") -> Path:
        """LM weight and word bonus, tuned on dev in fp32."""
        final = node.final
        folder = self.home / "tune" / final.system / f"seed{final.seed}" / final.label
        return folder / decoder / lm / "weights.json"

    def decoded(self, node: Placed, decoder: str, lm: str, precision: str = "fp32") -> Path:
        """Folder of `{split}.hyp.txt` and of their scores."""
        return self.home / "decode" / node.path / precision / decoder / lm

    def hypotheses(
        self, node: Placed, decoder: str, lm: str, split: str, precision: str = "fp32"
    ) -> Path:
        """Words by utterance: `UTTERANCE WORD WORD ...` a line."""
        return self.decoded(node, decoder, lm, precision) / f"{split}.hyp.txt"

    def reliability(self, node: Placed, lm: str, split: str, precision: str) -> Path:
        """Confidences of the engine's words against those that are right, beside the words."""
        return reliability_beside(self.hypotheses(node, "engine", lm, split, precision))

    def score(
        self, node: Placed, decoder: str, lm: str, split: str, precision: str = "fp32"
    ) -> Path:
        """Counts, rates and intervals of a split."""
        return self.decoded(node, decoder, lm, precision) / f"{split}.score.json"

    def listings(
        self, node: Placed, decoder: str, lm: str, split: str, precision: str = "fp32"
    ) -> list[Path]:
        """Further outputs of scoring a split, for people."""
        folder = self.decoded(node, decoder, lm, precision)
        names = ("errors.txt", "ref.trn", "hyp.trn", "utterances.csv")
        return [folder / f"{split}.{name}" for name in names]

    def exported(self, node: Placed, precision: str) -> Path:
        """A model for the engine; its size and latency are in a `.json` of the same name."""
        return self.am(node) / f"model.{precision}.gguf"

    def bundle(self, node: Placed, lm: str) -> Path:
        """Folder of a bundle for a device: an int8 model with a language model."""
        return self.home / "bundle" / node.path / lm

    def accepted(self, node: Placed, lm: str, speech: str) -> Path:
        """Acceptance of commands by a bundle: of a split, or of `recordings`."""
        return self.home / "commands" / node.path / lm / f"{speech}.json"

    @property
    def tiers(self) -> Path:
        """Which models stand for the tiers."""
        return self.home / "devices" / "tiers.json"

    def measured(self, device: str, node: Placed, lm: str) -> Path:
        """Speed of a bundle on a device."""
        return self.home / "devices" / device / node.path / lm / "measured.json"

    def choice(self, grid: str) -> Path:
        """Which systems of a grid continue, and why."""
        return self.home / "choice" / f"{grid}.json"

    def beams(self, decoder: str, lm: str) -> Path:
        """Errors on dev and seconds of the baseline's search, by beam."""
        return self.home / "beams" / decoder / lm / "beams.json"

    @property
    def tables(self) -> Path:
        """Folder of tables and figures."""
        return self.home / "tables"

    @property
    def report(self) -> Path:
        """The experiment as one page."""
        return self.home / "report.html"


def engine_decodings(recipe: Recipe, node: Node) -> list[tuple[str, str]]:
    """(precision, language model) pairs that the engine decodes a model with; `none` is greedy."""
    precisions = node.system_settings.precisions if node.is_final else ()
    models = ("none", *lexicon_models(recipe))
    return [(precision, lm) for precision in precisions for lm in models]


def lexicon_models(recipe: Recipe) -> list[str]:
    """Return the tables' language models of words, which the engine can decode with."""
    names = recipe.table_language_models
    return [name for name in names if recipe.language_models[name].decoder == "lexicon"]


def compared_columns(recipe: Recipe, node: Node) -> list[tuple[str, str, str]]:
    """(decoder, language model, precision) of a model whose words the report compares.

    They are those with the main language model, and those of the engine in int8 and int4.
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
    """(decoder, language model) pairs that a model is decoded with; greedy has the LM `none`."""
    models = recipe.table_language_models if node.is_final else recipe.table_language_models[:1]
    return [search_with(recipe, lm) for lm in (None, *models)]


def baseline_node(recipe: Recipe, seed: int | None = None) -> Node:
    """Return the baseline of the tables: with `seed` if it has that seed, else with its first."""
    name = recipe.tables.baseline
    seeds = recipe.systems[name].seeds
    return recipe.start(name, seed if seed in seeds else seeds[0])


def curve_models(recipe: Recipe) -> list[str]:
    """Return the language models that are points of the curve: its own, then the tables'."""
    return [*recipe.lm_variants, *recipe.table_language_models]


def reliability_beside(hypotheses: Path) -> Path:
    """Return the path of what is measured of the confidences of words in a file."""
    return hypotheses.with_name(hypotheses.name.removesuffix(".hyp.txt") + ".reliability.json")


def bundle_lm(recipe: Recipe) -> str | None:
    """Return the language model of bundles: the first of words in the tables, if any."""
    names = recipe.table_language_models
    return next((x for x in names if recipe.language_models[x].decoder == "lexicon"), None)


def beam_models(recipe: Recipe) -> list[str]:
    """Return the tables' language models with a beam search over hypotheses: all but graphs."""
    names = recipe.table_language_models
    return [name for name in names if recipe.language_models[name].decoder in ("lexicon", "open")]


def search_with(recipe: Recipe, lm: str | None) -> tuple[str, str]:
    """Return the (decoder, language model) of paths for a language model; greedy without one."""
    return ("greedy", "none") if lm is None else (recipe.language_models[lm].decoder, lm)
