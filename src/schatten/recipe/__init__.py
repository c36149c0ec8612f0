"""The recipe: one YAML file that describes an experiment, but not the machine that runs it.

`load` reads and checks a recipe. The properties and methods give its parts by name.
"""

from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from schatten.errors import UserError, pick
from schatten.recipe.base import Name, PositiveFloat, Settings
from schatten.recipe.chain import Node, chain_problem, nodes_of
from schatten.recipe.commands import Commands
from schatten.recipe.corpus import Corpus, Splits, Text
from schatten.recipe.curves import Figures
from schatten.recipe.decoding import Decoding
from schatten.recipe.folds import Folds, fold_of, with_fold
from schatten.recipe.grid import Grid
from schatten.recipe.language_models import LanguageModel
from schatten.recipe.models import Model
from schatten.recipe.reading import ROOT, read_yaml
from schatten.recipe.results import Tables
from schatten.recipe.several import SeveralCorpora
from schatten.recipe.steps import Sequence, TrainingStep
from schatten.recipe.systems import (
    CHARACTERS,
    System,
    distillation_problem,
    factorization_problem,
    reference_problem,
    source_problem,
)
from schatten.recipe.training import Training
from schatten.recipe.units import (
    BUILT_IN,
    Characters,
    Grams,
    Phones,
    Pieces,
    Tied,
    UnitSet,
    tied_problem,
    with_language,
)
from schatten.runtime.seals import kept


class Recipe(Settings):
    """An experiment on a corpus."""

    title: str
    """One line of text for tables and reports."""
    corpus: Corpus
    """The speech and text: their source."""
    splits: Splits = Splits()
    """Which split is used for training, for choices and for tests."""
    text: Text = Text()
    """How text is normalised."""
    speed_perturbation: tuple[PositiveFloat, ...] = Field(default=(1.0,), min_length=1)
    """Speeds at which each training utterance is used; 1.0 is the recording itself."""
    units: dict[Name, UnitSet] = {}
    """Sets of output units for systems, by name. `characters` needs no entry. Neither do `phones`,
    `pieces` and `grams` with their defaults."""
    models: dict[Name, Model] = Field(min_length=1)
    """Architectures of acoustic models, by name."""
    trainings: dict[Name, Training] = Field(min_length=1)
    """Settings of training, by name."""
    systems: dict[Name, System] = Field(min_length=1)
    """Acoustic models to make, by name: the rows of the tables."""
    grids: dict[Name, Grid] = {}
    """Grids over values of lambda, by name. The best systems of a grid are rows of the tables
    too."""
    language_models: dict[Name, LanguageModel] = Field(min_length=1)
    """Language models to make, by name: the columns of the tables."""
    commands: Commands | None = Field(default=None, exclude_if=lambda value: value is None)
    """Set it if all test speech consists of commands of the corpus's grammar. A table then shows
    how many commands are accepted."""
    decoding: Decoding = Decoding()
    """The search for words."""
    tables: Tables = Tables()
    """Contents of the tables."""
    figures: Figures = Figures()
    """Figures that need more results than the tables do."""
    folds: Folds | None = Field(default=None, exclude_if=lambda value: value is None)
    """Cross-validation by speaker. Each fold is an experiment, `EXPERIMENT.fold1` and so on."""
    _folder: Path = PrivateAttr(default=Path())
    _fold: int | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path:
        """Folder of the YAML. Names of the recipe's own files are relative to it."""
        return self._folder

    @property
    def fold(self) -> tuple[int, Folds] | None:
        """The number of this fold and all folds; None if this experiment is not a fold."""
        return None if self._fold is None or self.folds is None else (self._fold, self.folds)

    @property
    def splits_read(self) -> tuple[str, ...]:
        """The splits of the corpus that are read: those of the experiment, or those of `folds`."""
        return self.splits.all if self.fold is None else self.fold[1].of

    @model_validator(mode="before")
    @classmethod
    def _case_of_the_phones(cls, data: Any) -> Any:
        """Take the language of text from the phones if upper and lower case depend on it."""
        return with_language(data)

    @model_validator(mode="after")
    def _names_resolve(self) -> "Recipe":
        for name, system in self.systems.items():
            self._check_system(f"systems.{name}", system)
            self._check_others(name, system)
        for name, grid in self.grids.items():
            self._check_grid(name, grid)
        self._first_pass_is_of_words()
        several = self.corpus if isinstance(self.corpus, SeveralCorpora) else None
        if several is not None and (wrong := several.problem(self.splits.all)):
            raise ValueError(f"corpus.parts: {wrong}")
        for name, units in self.units.items():
            if name == CHARACTERS and not isinstance(units, Characters):
                raise ValueError(f"units.{name}: this is the name of characters; take another")
            if name != CHARACTERS and isinstance(units, Characters):
                raise ValueError(f"units.{name}: a set of type characters is called {CHARACTERS}")
        _known("tables.baseline", self.tables.baseline, self.systems)
        steps = [step for system in self.systems.values() for step in system.steps]
        if self.tables.stages and not any(isinstance(step, Sequence) for step in steps):
            raise ValueError("tables.stages: no system has a step `sequence`: leave the key out")
        for language_model in self.tables.language_models:
            _known("tables.language_models", language_model, self.language_models)
        if (curve := self.figures.lm_curve) is not None:
            _known("figures.lm_curve.language_model", curve.language_model, self.language_models)
        self._open_search_is_of_characters()
        if wrong := tied_problem(self):
            raise ValueError(wrong)
        self._precisions_have_a_lexicon()
        return self

    def _check_others(self, name: str, system: System) -> None:
        """Check the other systems that a system learns from or starts from."""
        key = "chain" if system.distill is None else "distill"
        for taught in system.teachers:
            _known(f"systems.{name}.{key}.teacher", taught.teacher, self.systems)
        for reference in system.references:
            where = f"systems.{name}.chain.train.threshold_pruning.reference"
            _known(where, reference, self.systems)
        if system.source is not None:
            _known(f"systems.{name}.initialise", system.source.system, self.systems)
        for place, problem in (
            (key, distillation_problem(name, self.systems, self.models)),
            ("chain", reference_problem(name, self.systems)),
            ("initialise", source_problem(name, self.systems, self.models)),
        ):
            if problem:
                raise ValueError(f"systems.{name}.{place}: {problem}")

    def _check_system(self, where: str, system: System) -> None:
        _known(f"{where}.model", system.model, self.models)
        _known(f"{where}.training", system.training, self.trainings)
        _epochs_are_there(where, system, self.trainings[system.training])
        for step in system.steps:
            if isinstance(step, TrainingStep) and step.training is not None:
                _known(f"{where}.chain.{step.kind}.training", step.training, self.trainings)
        self._check_units(f"{where}.units", system)
        if problem := chain_problem(self, where, system):
            raise ValueError(f"{where}.chain: {problem}")
        if problem := factorization_problem(system, self.models[system.model]):
            raise ValueError(f"{where}.factorization: {problem}")

    def _check_units(self, where: str, system: System | Grid) -> None:
        _known(where, system.units, {CHARACTERS: None, **BUILT_IN, **self.units})

    def unit_set(self, name: str) -> Phones | Pieces | Grams | Tied | None:
        """Return the settings of a unit set; None for characters, which have no settings.

        Errors: `UserError` that lists the sets if none has this name.
        """
        sets = {**BUILT_IN, **self.units}
        found = sets.get(name)
        if found is None and name != CHARACTERS:
            there = ", ".join([CHARACTERS, *sets])
            raise UserError(f"the recipe has no units {name!r}; there are {there}")
        return None if found is None or isinstance(found, Characters) else found

    @property
    def unit_sets(self) -> tuple[str, ...]:
        """Names of the unit sets that systems use, each once, in the order of the systems."""
        return tuple(dict.fromkeys(system.units for system in self.systems.values()))

    def tied_set(self, name: str) -> Tied:
        """Return the settings of a set of tied phones; `UserError` for a set of another type."""
        found = self.unit_set(name)
        if not isinstance(found, Tied):
            raise UserError(f"{name} are no tied phones: make them with `schatten units`")
        return found

    def aligner(self, units: str) -> Node:
        """Return the node whose model aligns speech for a set of tied phones.

        Errors: `UserError` for a set of another type.
        """
        name = self.tied_set(units).aligner
        return self.start(name, self.systems[name].seeds[0])

    def _precisions_have_a_lexicon(self) -> None:
        names = self.table_language_models
        if any(self.language_models[name].decoder == "lexicon" for name in names):
            return
        for name, system in self.systems.items():
            units = self.unit_set(system.units)
            if system.precisions and units is not None and not units.writes_words:
                raise ValueError(
                    f"systems.{name}.precisions: the engine finds words over {system.units} with a "
                    "lexicon alone: give tables.language_models one with `decoder: lexicon`"
                )

    def _open_search_is_of_characters(self) -> None:
        written = {name: one.units for name, one in self.systems.items()}
        written |= {name: one.units for name, one in self.grids.items()}
        others = [(name, units) for name, units in written.items() if units != CHARACTERS]
        names = [x for x in self.table_language_models if self.language_models[x].decoder == "open"]
        if others and names:
            raise ValueError(
                f"tables.language_models: {names[0]} is of characters, but {others[0][0]} writes "
                f"{others[0][1]}: decode with `decoder: lexicon` or `wfst`"
            )

    def _check_grid(self, name: str, grid: Grid) -> None:
        _known(f"grids.{name}.model", grid.model, self.models)
        _known(f"grids.{name}.training", grid.training, self.trainings)
        self._check_units(f"grids.{name}.units", grid)
        for point, system in grid.systems(name):
            if point in self.systems:
                raise ValueError(f"systems.{point}: the grid {name} makes a system of this name")
            self._check_system(f"grids.{name}.best", system)

    def system(self, name: str) -> System:
        """Return a system; `UserError` that lists the systems if none has this name."""
        return pick("system", name, self.systems)

    def language_model(self, name: str) -> LanguageModel:
        """Return a language model; `UserError` that lists them if none has this name."""
        return pick("language model", name, self.language_models)

    def grid(self, name: str) -> Grid:
        """Return a grid; `UserError` that lists the grids if none has this name."""
        return pick("grid", name, self.grids)

    def nodes(self, system: str, seed: int) -> tuple[Node, ...]:
        """Return all nodes of a system's chain, each parent before its children."""
        return nodes_of(self, (system, self.system(system)), seed)

    def node(self, system: str, seed: int, place: str | None) -> Node:
        """Return the node of a system and seed with a folder, such as `tau0.60@e12/stage2`.

        Without a folder, return the first node of the chain. Errors: `UserError` that lists the
        folders if no node has this one.
        """
        nodes = self.nodes(system, seed)
        for node in nodes:
            if place in (None, node.folder, f"{node.variant}/{node.name}"):
                return node
        there = ", ".join(node.folder for node in nodes)
        raise UserError(f"{system} has no node {place}; it has {there}")

    def start(self, system: str, seed: int) -> Node:
        """Return the first node of a system's chain: the model after its first training."""
        return self.nodes(system, seed)[0]

    def teacher(self, system: str, seed: int) -> Node:
        """Return the teacher for a student with `seed`: with that seed, or else its first seed."""
        seeds = self.systems[system].seeds
        return self.start(system, seed if seed in seeds else seeds[0])

    @property
    def grid_points(self) -> dict[str, str]:
        """The name of the grid of each system that is a point of a grid, by system."""
        return {point: name for name, grid in self.grids.items() for point, _ in grid.systems(name)}

    def _first_pass_is_of_words(self) -> None:
        name = self.decoding.wfst.first_pass
        if name is None:
            return
        _known("decoding.wfst.first_pass", name, self.language_models)
        if self.language_models[name].decoder == "open":
            raise ValueError(f"decoding.wfst.first_pass: {name} is of characters, not of words")

    @property
    def table_language_models(self) -> tuple[str, ...]:
        """Names of the language models in the tables; the first one is the main one."""
        if self.tables.language_models:
            return self.tables.language_models
        curve = self.figures.lm_curve
        variants = set() if curve is None else set(curve.names)
        return tuple(name for name in self.language_models if name not in variants)

    @property
    def lm_variants(self) -> dict[str, LanguageModel]:
        """The language models that are only points of a curve, by name."""
        curve = self.figures.lm_curve
        if curve is None:
            return {}
        return dict(curve.variants(self.language_models[curve.language_model]))


def _known(where: str, name: str, names: dict[str, Any]) -> None:
    if name not in names:
        raise ValueError(f"{where}: there is no {name!r}; there are {', '.join(names)}")


def _epochs_are_there(where: str, system: System, training: Training) -> None:
    if system.stage2 is None:
        return
    last = training.epochs - (system.stage2.transition == "early")
    if late := [epoch for epoch in system.stage2.factored_epochs() if epoch and epoch > last]:
        raise ValueError(
            f"{where}.stage2.at_epoch: {late[0]} comes too late, stage 1 has "
            f"{training.epochs} epochs"
        )


def path_of(recipe: str) -> Path:
    """Return the path of the YAML for `corpus/experiment`; a path with .yaml is returned as is."""
    return Path(recipe) if recipe.endswith((".yaml", ".yml")) else ROOT / f"{recipe}.yaml"


def load(recipe: str) -> Recipe:
    """Read and check a recipe, given as `corpus/experiment` or by path. The result is cached.

    Errors: `UserError` with one line for each wrong key, type or name.
    """
    path = path_of(recipe)
    return kept(("recipe", path), lambda: _load(path))


def _load(path: Path) -> Recipe:
    fold = fold_of(path)
    data = read_yaml(path if fold is None else fold[0])
    if fold is not None:
        data = with_fold(data, fold[1], fold[0])
    try:
        loaded = _with_variants(_with_grid_points(Recipe.model_validate(data)))
    except ValidationError as error:
        lines = [f"  {_place(entry['loc'])}: {_reason(entry)}" for entry in error.errors()]
        raise UserError(f"{path} is not a valid recipe:\n" + "\n".join(lines)) from None
    loaded._folder = path.parent
    loaded._fold = None if fold is None else fold[1]
    return loaded


def _with_grid_points(recipe: Recipe) -> Recipe:
    """Return the recipe with the points of its grids added to its systems."""
    points = {
        point: system for name, grid in recipe.grids.items() for point, system in grid.systems(name)
    }
    return recipe.model_copy(update={"systems": {**recipe.systems, **points}})


def _with_variants(recipe: Recipe) -> Recipe:
    """Return the recipe with the points of its curve added to its language models."""
    models = {**recipe.language_models, **recipe.lm_variants}
    return recipe.model_copy(update={"language_models": models})


def _place(location: tuple[int | str, ...]) -> str:
    """Return where an error is, by the keys in the YAML."""
    said = [str(part) for part in location if not str(part).startswith("<")]
    where = ".".join(said).replace("truncate.rule", "truncate").replace("from_epoch", "from")
    return where or "recipe"


def _reason(entry: Any) -> str:
    if entry["type"] == "extra_forbidden":
        return "there is no such key"
    return str(entry["msg"]).removeprefix("Value error, ")
