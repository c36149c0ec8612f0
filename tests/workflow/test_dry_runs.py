"""After a change, the steps that it affects run again, and all that depend on them."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from project import Project, Step

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def edited(done: Project) -> Iterator[Callable[[Edit], set[Step]]]:
    """Edit the recipe of the finished run; return what would run then. It is restored at last."""
    original = done.recipe.read_text()

    def edit(change: Edit) -> set[Step]:
        content = yaml.safe_load(original)
        change(content)
        done.recipe.write_text(yaml.safe_dump(content, sort_keys=False))
        return done.would_run()

    yield edit
    done.recipe.write_text(original)


@pytest.fixture
def raised(done: Project) -> Iterator[Callable[[str], set[Step]]]:
    """Raise the RESULT_VERSION of a step; return what would run then. It is restored at last."""
    folder = done.path / "src/schatten/recipe"
    places = {
        "train": ("steps/train.py", r"(\n    result_version: ClassVar\[int\] = )\d+"),
        "later train": ("steps/train.py", r"(continued_result_version: ClassVar\[int\] = )\d+"),
        "truncate": ("steps/truncate.py", r"(\n    result_version: ClassVar\[int\] = )\d+"),
    }
    originals: dict[Path, str] = {}

    def increase(step: str) -> set[Step]:
        name, version = places.get(step, ("step_settings.py", rf'("{step}": )\d+'))
        path = folder / name
        original = originals.setdefault(path, path.read_text())
        changed, found = re.subn(version, r"\g<1>1001", original)
        assert found == 1
        path.write_text(changed)
        return done.would_run()

    yield increase
    for path, original in originals.items():
        path.write_text(original)


def verbs(steps: set[Step]) -> set[str]:
    return {step.verb for step in steps}


def test_nothing_runs_again_without_a_change(done: Project) -> None:
    assert done.would_run() == set()


def test_a_caption_makes_the_tables_again_and_trains_nothing(
    edited: Callable[[Edit], set[Step]],
) -> None:
    steps = edited(lambda recipe: recipe.setdefault("tables", {}).update(caption="Another one."))
    assert verbs(steps) == {"table", "figure", "report"}


def test_the_order_of_keys_matters_to_nothing(edited: Callable[[Edit], set[Step]]) -> None:
    def reverse(recipe: dict[str, Any]) -> None:
        for part in ("corpus", "trainings", "models"):
            recipe[part] = dict(reversed(recipe[part].items()))

    assert edited(reverse) == set()


def test_lambda_trains_its_own_system_again(edited: Callable[[Edit], set[Step]]) -> None:
    def strengthen(recipe: dict[str, Any]) -> None:
        recipe["systems"]["trace_norm"]["penalty"] = {"lambda_rec": 0.123}

    steps = edited(strengthen)
    assert verbs(steps) >= {"train", "logprobs", "tune", "decode", "score", "table", "figure"}
    assert not verbs(steps) & {"corpus", "validate", "features", "statistics", "lm build"}
    per_system = {step for step in steps if step.verb not in ("table", "figure", "report")}
    assert {part_of(step, "am", "logprobs", "tune", "decode", "bundle") for step in per_system} == {
        "trace_norm"
    }


@pytest.mark.parametrize("damage", ["lost", "damaged"])
def test_snakemakes_own_folder_may_be_lost(
    done: Project, edited: Callable[[Edit], set[Step]], damage: str
) -> None:
    """Settings are compared with the records, so what changed is made again, and nothing else."""

    def strengthen(recipe: dict[str, Any]) -> None:
        recipe["systems"]["l2"]["penalty"] = {"lambda_rec": 0.5}

    home, kept = done.path / ".snakemake", done.path / "kept"
    home.rename(kept)
    try:
        if damage == "damaged":
            shutil.copytree(kept, home)
            for path in (home / "metadata").rglob("*"):
                if path.is_file():
                    path.write_bytes(b"\xff{" + path.read_bytes()[:20])
        assert done.would_run() == set()
        steps = edited(strengthen)
        assert {step.makes.split("/")[3] for step in steps if step.verb == "train"} == {"l2"}
        assert verbs(steps) >= {"train", "logprobs", "decode", "score", "table", "figure"}
    finally:
        shutil.rmtree(home)
        kept.rename(home)


def test_a_graph_is_searched_beside_the_lexicon(edited: Callable[[Edit], set[Step]]) -> None:
    def add(recipe: dict[str, Any]) -> None:
        models = recipe["language_models"]
        models["pairs"] = {"order": 2, "discount_fallback": True}
        models["graph"] = {**models["pairs"], "order": 3, "decoder": "wfst"}
        recipe.setdefault("tables", {})["language_models"] = ["fivegram", "graph"]
        recipe.setdefault("decoding", {})["wfst"] = {"first_pass": "pairs"}

    steps = edited(add)
    made = {"lm build", "graph", "tune", "decode", "score", "table", "figure", "report"}
    assert verbs(steps) == made
    assert {part_of(step, "lm") for step in steps if step.verb == "graph"} == {"pairs"}
    searched = [step for step in steps if step.verb in ("tune", "decode")]
    assert all("/wfst/graph/" in step.makes for step in searched)


def test_a_new_table_language_model_trains_no_acoustic_model(
    edited: Callable[[Edit], set[Step]],
) -> None:
    def add(recipe: dict[str, Any]) -> None:
        recipe["language_models"]["pairs"] = {"order": 2, "discount_fallback": True}
        names = [name for name, model in recipe["language_models"].items() if model]
        recipe.setdefault("tables", {})["language_models"] = names

    steps = edited(add)
    assert not verbs(steps) & {"train", "truncate", "logprobs", "features", "corpus"}
    assert {step.makes.split("/")[3] for step in steps if step.verb == "lm build"} == {"pairs"}


def part_of(step: Step, *folders: str) -> str:
    """Return the folder that follows one of `folders` in what a step makes: its system."""
    parts = Path(step.makes).parts
    return next(parts[parts.index(name) + 1] for name in folders if name in parts)


@pytest.mark.parametrize(
    ("step", "made", "kept"),
    [
        ("table", {"table"}, {"figure", "score", "decode", "train"}),
        ("figure", {"figure"}, {"table", "score", "decode", "train"}),
        ("score", {"score", "table"}, {"decode", "tune", "train"}),
        ("decode", {"decode", "score", "table"}, {"tune", "logprobs", "train", "lm build"}),
        ("tune_lexicon", {"tune", "decode", "recognize"}, {"logprobs", "train", "lm build"}),
        ("decode_lexicon", {"decode", "score", "table"}, {"recognize", "tune", "logprobs"}),
        ("lm", {"lm build", "tune", "decode"}, {"train", "logprobs", "features", "corpus"}),
        ("later train", {"train", "logprobs"}, {"truncate", "features", "lm build"}),
        ("truncate", {"truncate", "train", "logprobs"}, {"features", "lm build"}),
        ("train", {"train", "truncate"}, {"features", "statistics", "lm build", "corpus"}),
        ("features", {"features", "statistics", "train"}, {"corpus", "validate", "lm build"}),
    ],
)
def test_a_raised_result_version_makes_again_what_the_step_made(
    raised: Callable[[str], set[Step]], step: str, made: set[str], kept: set[str]
) -> None:
    again = verbs(raised(step))
    assert again >= made
    assert not again & kept


def test_another_experiment_on_the_same_data_makes_no_data_again(done: Project) -> None:
    twin = done.recipe.with_name("twin.yaml")
    twin.write_text(yaml.safe_dump({"extends": done.recipe.stem, "title": "A twin"}))
    steps = done.would_run("voicesearch_like/twin")
    twin.unlink()
    assert "train" in verbs(steps)
    assert not verbs(steps) & {"corpus", "validate", "features", "statistics", "lm build"}


def test_other_settings_count_in_a_run_that_builds_the_engine_too(
    done: Project, edited: Callable[[Edit], set[Step]]
) -> None:
    """Sources of the engine that are newer than its programs hide no change of the search."""
    sources = done.path / "arm"
    kept = sources.readlink()
    sources.unlink()
    shutil.copytree(kept, sources, ignore=shutil.ignore_patterns("build*"))
    for path in sources.rglob("*.cpp"):
        path.touch()
    try:
        found = edited(lambda content: content["decoding"].update(beam=40))
    finally:
        shutil.rmtree(sources)
        sources.symlink_to(kept)
    assert {"engine", "tune", "decode", "recognize", "score", "table"} <= verbs(found)
    assert any("/dense/" in step.makes for step in found if step.verb == "tune")
