"""What lies in the project's folder that none of its recipes needs any more, and how large it is.

A leftover is a whole folder below `results/` or `state/`. What cannot be judged is no leftover: a
folder whose origin no record tells, a state that an older version left, and the data of a corpus
whose key needs a folder that was not given.
"""

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from schatten import recipe as recipes
from schatten.artifacts.training_state import NOTE, ROOT
from schatten.corpus.fingerprint import fingerprint
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.chain import Node
from schatten.recipe.layout import Layout
from schatten.runtime import seals
from schatten.train.state import state_key

_OF_NODES = ("logprobs", "decode", "bundle")
"""Folders of an experiment that hold `SYSTEM/seedN/...` of each node's path."""
_OF_DATA = {"validation.json", "text", "features", "lm", "audio"}
"""Names in the folder of a data key."""
_OF_EXPERIMENTS = {"am", "tables", "decode", "tune", "logprobs", "units"}
"""Names in the folder of an experiment."""


@dataclass(frozen=True)
class Leftover:
    """A folder that no recipe needs."""

    path: Path
    why: str

    @property
    def bytes(self) -> int:
        """Its size on the disk's account: the bytes of its files, links not followed."""
        return size_of(self.path)


@dataclass
class Corpus:
    """The recipes of a corpus and its folder of results."""

    home: Path
    recipes: dict[str, Recipe]
    corpus_dirs: Collection[Path] = ()
    unknown: list[str] = field(default_factory=list)
    """Why keys of data cannot be known for sure."""

    @property
    def experiments(self) -> list[Path]:
        """Folders of experiments, with a recipe or without."""
        return [path for path in _folders(self.home) if _has(path, _OF_EXPERIMENTS)]

    @property
    def data(self) -> list[Path]:
        """Folders of data, needed or not."""
        homes = self.experiments
        return [path for path in _folders(self.home) if path not in homes and _has(path, _OF_DATA)]

    @cached_property
    def keys(self) -> set[str]:
        """Keys of the data that the recipes need, by all that is known."""
        found: set[str] = set()
        for name, recipe in self.recipes.items():
            found |= self._keys_of(name, recipe)
        return found

    def _keys_of(self, name: str, recipe: Recipe) -> set[str]:
        is_made = recipe.corpus.source == "voicesearch_like"
        found = set()
        for folder in [None] if is_made else self.corpus_dirs:
            try:
                found.add(fingerprint(recipe, folder))
            except UserError as error:
                self.unknown.append(f"{name}: {error}")
        if not is_made and not self.corpus_dirs:
            self.unknown.append(f"{name} reads recordings: give their folder with --corpus-dir")
        return found

    def leftovers(self) -> Iterator[Leftover]:
        """Yield what no recipe of the corpus needs, the largest parts whole."""
        for home in self.experiments:
            if home.name not in self.recipes:
                if not _recipe_elsewhere(home):
                    yield Leftover(home, f"no recipe {self.home.name}/{home.name}")
            else:
                yield from _of_experiment(home, self.recipes[home.name])
        keys = self.keys
        for data in self.data:
            if data.name in keys or self.unknown:
                yield from self._of_data(data)
            else:
                yield Leftover(data, "data with other settings or another content than now")

    def _of_data(self, data: Path) -> Iterator[Leftover]:
        """Yield what a folder of data that is needed holds for no recipe of the corpus."""
        models = {name for recipe in self.recipes.values() for name in recipe.language_models}
        used = {
            model.feature for recipe in self.recipes.values() for model in recipe.models.values()
        }
        for kind, names in (("lm", models), ("features", used)):
            for path in _folders(data / kind):
                if path.name not in names:
                    yield Leftover(path, f"no recipe of {self.home.name} has it")


def _of_experiment(home: Path, recipe: Recipe) -> Iterator[Leftover]:
    """Yield the folders of systems, seeds, nodes and units that a recipe no longer has."""
    layout = Layout(home.parent.name, home.name, "", home.parent.parent)
    nodes = list(every_node(recipe))
    paths = {node.path for node in nodes}
    needed = {home / kind: {home / kind / path for path in paths} for kind in _OF_NODES}
    needed |= {device: {device / path for path in paths} for device in _folders(home / "devices")}
    needed[home / "am"] = {layout.am(node) for node in nodes}
    needed[home / "tune"] = {
        home / "tune" / node.system / f"seed{node.seed}" / node.label for node in nodes
    }
    needed[home / "units"] = {home / "units" / name for name in recipe.unit_sets}
    for root, wanted in needed.items():
        for path in _orphans(root, wanted):
            yield Leftover(path, f"the recipe {home.parent.name}/{home.name} has no such model")


def every_node(recipe: Recipe) -> Iterator[Node]:
    """Yield the nodes of all systems and grid points, with every seed."""
    for name, system in recipe.systems.items():
        for seed in system.seeds:
            yield from recipe.nodes(name, seed)


def _orphans(root: Path, needed: set[Path]) -> Iterator[Path]:
    """Yield the highest folders below `root` that are, hold, and lie in none that is needed."""
    above = {parent for path in needed for parent in path.parents}
    for path in _folders(root):
        if path in above and path not in needed:
            yield from _orphans(path, needed)
        elif path not in needed:
            yield path


def _folders(folder: Path) -> list[Path]:
    """Return the folders in a folder that are not hidden, sorted."""
    if not folder.is_dir():
        return []
    return sorted(x for x in folder.iterdir() if x.is_dir() and not x.name.startswith("."))


def _has(folder: Path, names: set[str]) -> bool:
    return any((folder / name).exists() for name in names)


def _recipe_elsewhere(home: Path) -> bool:
    """Tell whether an experiment was made by a recipe of another place that is still there.

    One whose records tell no recipe may have been made by any.
    """
    for path in seals.artifacts(home):
        words = str((seals.read_record(path) or {}).get("command", "")).split()
        if "--recipe" in words[:-1]:
            return recipes.path_of(words[words.index("--recipe") + 1].strip("'\"")).is_file()
    return True


def leftovers(
    results: Path = Path("results"), corpus_dirs: Collection[Path] = ()
) -> tuple[list[Leftover], list[str]]:
    """Return what no recipe of this folder needs, and what could not be judged, in sentences.

    Errors: `UserError` for a recipe that cannot be read, as nobody knows what it needs.
    """
    found: list[Leftover] = []
    doubts: list[str] = []
    loaded = _recipes()
    for home in _folders(results):
        of_corpus = loaded.get(home.name, {})
        corpus = Corpus(home, of_corpus, corpus_dirs)
        if not of_corpus and not corpus.experiments:
            continue
        found += corpus.leftovers()
        if corpus.data and corpus.unknown:
            doubts.append(f"{home}: data of all keys are kept, as {corpus.unknown[0]}")
    of_states, unknown = _states(loaded, results)
    found += of_states
    doubts += unknown
    return found, doubts


def _recipes() -> dict[str, dict[str, Recipe]]:
    """Return the recipes of this folder by corpus and name."""
    found: dict[str, dict[str, Recipe]] = {}
    for path in sorted(recipes.ROOT.glob("*/*.yaml")):
        found.setdefault(path.parent.name, {})[path.stem] = recipes.load(str(path))
    return found


def _states(
    loaded: Mapping[str, Mapping[str, Recipe]], results: Path
) -> tuple[list[Leftover], list[str]]:
    """Return the states of trainings that no recipe goes on with, and those not judged."""
    nodes = {
        str(Layout(corpus, name, "", results).model(node)): node
        for corpus, of_corpus in loaded.items()
        for name, recipe in of_corpus.items()
        if (results / corpus / name).is_dir()
        for node in every_node(recipe)
    }
    found: list[Leftover] = []
    doubts: list[str] = []
    for state in _folders(ROOT):
        note = _note(state)
        if note is None:
            doubts.append(f"{state} does not say what it is of: kept")
        elif (node := nodes.get(os.path.relpath(note["output"]))) is None:
            if not note["output"].startswith(str(results.absolute())):
                doubts.append(f"{state} is of {note['output']}: kept")
            else:
                found.append(Leftover(state, f"no recipe trains {os.path.relpath(note['output'])}"))
        elif all(Path(path).is_file() for path in note["inputs"]):
            key = state_key(node.settings, [Path(path) for path in note["inputs"]])
            if key != state.name:
                found.append(Leftover(state, f"{node.path} is trained otherwise now"))
    return found, doubts


def _note(state: Path) -> dict[str, Any] | None:
    try:
        note: dict[str, Any] = json.loads((state / NOTE).read_bytes())
    except (OSError, ValueError):
        return None
    return note if {"output", "inputs"} <= note.keys() else None


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of the files in a folder; links count as links."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(size_of(Path(one.path)) for one in os.scandir(path))


def usage(results: Path = Path("results")) -> Iterator[tuple[Path, int]]:
    """Yield the folders of experiments, data and states with their sizes."""
    homes: Iterable[Path] = [path for corpus in _folders(results) for path in _folders(corpus)]
    for path in (*homes, *_folders(ROOT)):
        yield path, size_of(path)
