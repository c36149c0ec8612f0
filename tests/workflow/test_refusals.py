"""A recipe that cannot be run is refused in one message, before any step starts."""

from pathlib import Path

import pytest
import yaml
from project import SMOKE, Project

CHANGES = {
    "an unknown key": ("trainings", {"fast": {"epochz": 3}}, "epochz"),
    "a wrong type": ("tables", {"margin": "small"}, "tables.margin"),
    "a dangling system": ("tables", {"baseline": "nobody"}, "there is no 'nobody'"),
    "a dangling language model": ("tables", {"language_models": ["lost"]}, "there is no 'lost'"),
    "a dangling model": ("systems", {"extra": {"model": "gone"}}, "there is no 'gone'"),
}


def broken(project: Project, key: str, value: object) -> None:
    """Write a recipe that differs from the smoke recipe in one key."""
    content = {"extends": Path(SMOKE).name, key: value}
    (project.recipe.parent / "broken.yaml").write_text(yaml.safe_dump(content))


OURS, SNAKEMAKES = ("schatten", "run"), ("snakemake", "-j1")


@pytest.mark.parametrize(
    ("change", "command"),
    [
        *((change, OURS) for change in CHANGES),
        ("an unknown key", SNAKEMAKES),
        *(
            pytest.param(change, SNAKEMAKES, marks=pytest.mark.nightly)
            for change in CHANGES
            if change != "an unknown key"
        ),
    ],
)
def test_a_broken_recipe_is_refused(
    project: Project, change: str, command: tuple[str, ...]
) -> None:
    key, value, message = CHANGES[change]
    broken(project, key, value)
    recipe = f"{Path(SMOKE).parent}/broken"
    option = ("--recipe", recipe) if "run" in command else ("--config", f"recipe={recipe}")
    status, output = project.run(*command, *option)
    assert status == 1
    assert message in output
    assert f"recipes/{recipe}.yaml is not a valid recipe" in output
    assert "Traceback" not in output
    assert not (project.path / "results").exists()


def test_the_message_of_schatten_run_is_the_only_one(project: Project) -> None:
    broken(project, "tables", {"margin": "small"})
    _, output = project.run("schatten", "run", "--recipe", f"{Path(SMOKE).parent}/broken")
    assert output.startswith("schatten: recipes/")
    assert len(output.splitlines()) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "reads real recordings: give the corpus's folder"),
        (("--corpus-dir", "no/where"), "finds no folder no/where"),
        (("--corpus-dir", "src"), "which does not exist"),
    ],
)
def test_a_missing_corpus_folder_is_refused(
    project: Project, options: tuple[str, ...], message: str
) -> None:
    status, output = project.run("schatten", "run", "--recipe", "an4/default", *options)
    assert status == 1
    assert message in output
    assert len(output.splitlines()) == 1
    assert not (project.path / "results").exists()


def test_a_recipe_that_is_not_there_is_refused_with_those_that_are(project: Project) -> None:
    status, output = project.run("schatten", "run", "--recipe", "an4/defualt")
    assert status == 1
    assert "recipes/an4/defualt.yaml does not exist" in output
    assert "an4/default" in output


def test_an_unknown_config_key_is_refused(project: Project) -> None:
    status, output = project.run("snakemake", "-n", "--config", "recipie=an4/default")
    assert status == 1
    assert "--config knows no recipie" in output
