"""Every verb explains itself: its help exits with status 0 and describes each option."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from schatten.cli import app


def verbs(part: Any, *names: str) -> Iterator[tuple[str, Any]]:
    if isinstance(part, TyperGroup):
        for name, command in part.commands.items():
            yield from verbs(command, *names, name)
    else:
        yield " ".join(names), part


VERBS = dict(verbs(get_command(app)))


def test_the_verbs_of_every_part_are_found() -> None:
    assert {"run", "train", "lm prune", "device run"} <= VERBS.keys()
    timed = {"bench-training", "scale costs", "lm compare-prune", "device compare-engine"}
    assert timed <= VERBS.keys(), "make setup tells Python of schatten_bench's verbs"


@pytest.mark.parametrize("verb", VERBS)
def test_help_says_what_a_verb_and_its_options_are(verb: str) -> None:
    done = CliRunner().invoke(app, [*verb.split(), "--help"])
    assert done.exit_code == 0, done.output
    said = done.output.splitlines()
    assert said[0].startswith(f"Usage: schatten {verb} ")
    assert said[2].strip(), "there is no description"
    options = [option for option in VERBS[verb].params if option.name != "help"]
    assert [option.name for option in options if not option.help] == []
