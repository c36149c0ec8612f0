"""Names and values from outside stay names and values: on command lines, in paths, in readers."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from project import ROOT
from snakemake.cli import parse_config

from schatten.cli.run import as_yaml
from schatten.errors import UserError
from schatten.workflow import workflow_of

PLACEHOLDER = re.compile(r"(?<!\{)\{([^{}]+)\}(?!\})")
CHECKED = {
    "threads",  # numbers
    "params.memory",
    "params.data",
    "params.options",  # constants in rules/arm.smk; in rules/train.smk quoted where they are made
    "EXPERIMENT.corpus_option",  # options that are quoted where they are made
    "EXPERIMENT.audio_option",
}
"""Allowed in a command line without quotes, besides wildcards, which only names can match."""


@pytest.mark.parametrize("path", sorted(ROOT.glob("rules/*.smk")), ids=lambda path: path.name)
def test_every_value_on_a_command_line_is_quoted(path: Path) -> None:
    commands = re.findall(r"^    shell:\n((?:        .*\n)+)", path.read_text(), re.MULTILINE)
    names = {name for command in commands for name in PLACEHOLDER.findall(command)}
    bare = {name for name in names if not name.endswith(":q")} - CHECKED
    assert {name for name in bare if not name.startswith("wildcards.")} == set()


@pytest.mark.parametrize(
    "name",
    [
        "1e3",
        "12",
        "true",
        "~",
        "[a]",
        "a: b",
        "{a}",
        "'q'",
        '"q"',
        " x ",
        "-c",
        "b\\n\n\té",
        "#a",
        "!b",
    ],
)
def test_snakemake_takes_a_value_as_it_is(name: str) -> None:
    assert parse_config([f"corpus_dir={as_yaml(name)}"]) == {"corpus_dir": name}


@pytest.mark.parametrize("name", ["-x", "a b", "x;y", "{split}", "a'b", "x\ny", "$(id)"])
def test_recipes_whose_names_are_no_folder_names_are_refused(name: str, tmp_path: Path) -> None:
    content = (ROOT / "recipes/voicesearch_like/tiny.yaml").read_text()
    for path in (tmp_path / f"{name}/fine.yaml", tmp_path / f"fine/{name}.yaml"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        with pytest.raises(UserError, match="rename it"):
            workflow_of({"recipe": str(path)})


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"results": "-results"}, "cannot be a folder of results"),
        ({"results": "{split}"}, "cannot be a folder of results"),
        ({"results": ["a"]}, "is not text"),
        ({"recipe": 1}, "is not text"),
        ({"corpus_dir": {"a": "b"}}, "is not text"),
    ],
)
def test_config_values_that_cannot_be_are_refused(config: dict[str, object], said: str) -> None:
    recipe = str(ROOT / "recipes/voicesearch_like/tiny.yaml")
    with pytest.raises(UserError, match=said):
        workflow_of({"recipe": recipe, **config})


def test_makes_own_variables_are_quoted(tmp_path: Path) -> None:
    program = tmp_path / "bin/schatten"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >> "$SAID"\n')
    program.chmod(0o755)
    folder = "a b'c\"; touch pwned; $(touch pwned) `touch pwned`"
    makefile = (ROOT / "Makefile").read_text().replace("wer_tables: setup", "wer_tables:")
    makefile = re.sub(r"^export PATH .*$", "", makefile, flags=re.MULTILINE)
    (tmp_path / "Makefile").write_text(makefile)
    said = tmp_path / "said"
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["make", "-s", "wer_tables", "JOBS=1"],
        cwd=tmp_path,
        env={"PATH": path, "SAID": str(said), "RECIPE": "own/default", "CORPUS_DIR": folder},
        check=True,
    )
    assert said.read_text().split("\n").count(folder) == 2
    assert not (tmp_path / "pwned").exists()
    assert shlex.quote(folder) not in said.read_text()
