"""Commands in the engine: those of Python, from the same network; wrong networks are refused."""

import json
import subprocess
from pathlib import Path
from random import Random

import pytest

from schatten.grammar import load_own
from schatten.grammar.network import network_of
from schatten.grammar.slots import Parser


@pytest.fixture
def recognised(build, made, files, binary, sound):
    """Recognise a part of the sound with a network; return the status, output and complaints."""

    def run(network: Path, seconds: float = 2.0):
        command = [build("sanitize") / "engine/schatten-recognize", "--json"]
        command += ["--lm", binary, "--lexicon", files[1], "--lm-weight", 0.6, "--word-bonus", 2]
        command += ["--commands", network, made("lstm")[1]]
        part = sound[: int(16000 * seconds)].tobytes()
        done = subprocess.run(list(map(str, command)), check=False, input=part, capture_output=True)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return run


def grammar_of_words(words: list[str], path: Path, seed: int):
    """Write a grammar of some words, with slots, options and choices at random."""
    random = Random(seed)
    some = [" | ".join(random.sample(words, 4)) for _ in range(4)]
    last = f"{random.choice(words)} <x:four> a <two>"
    path.write_text(
        f"! english articles\nquery = <x:one> [<two>] <y:three> | {last}\n"
        f"one = {some[0]}\ntwo = {some[1]}\nthree = {some[2]} <one>\nfour = {some[3]}\n"
    )
    return load_own(path)


@pytest.mark.parametrize("seed", range(3))
def test_the_engine_gives_the_command_of_python(recognised, files, tmp_path, seed) -> None:
    words = [line.split("\t")[0] for line in files[1].read_text().splitlines()]
    words = [word for word in words if "'" not in word]
    grammar = grammar_of_words(words, tmp_path / "some.grammar", seed)
    network, parser = tmp_path / "commands.txt", Parser(grammar)
    network.write_text(network_of(grammar).as_text(has_articles=True))
    for seconds in (0.4, 0.9, 2.0):
        status, output, _ = recognised(network, seconds)
        found = json.loads(output.splitlines()[0])
        assert status == 0
        assert found["command"] == parser.command(found["text"].split()).as_json()


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", None),
        ("schatten-commands\t2\t2\t1\t0\n", 1),
        ("schatten-commands\t1\t2\t2\t0\n", 1),
        ("schatten-commands\t1\t999999\t2\t0\n", 1),
        ("schatten-commands\t1\t2\t1\t0\nw\t1\t1\tword\n", 2),
        ("schatten-commands\t1\t2\t1\t0\nw\t0\t2\tword\n", 2),
        ("schatten-commands\t1\t2\t1\t0\nw\t0\t1\n", 2),
        ("schatten-commands\t1\t2\t1\t0\nb\t0\t1\t\n", 2),
        ("schatten-commands\t1\t2\t1\t0\nq\t0\t1\tword\n", 2),
        ("schatten-commands\t1\t2\t1\t0\nw\t-1\t1\tword\n", 2),
        ("schatten-commands\t1\t2\t1\t0\nw\t0\t1\ttwo words\n", 2),
    ],
)
def test_a_wrong_line_is_refused(recognised, tmp_path, content: str, line: int | None) -> None:
    network = tmp_path / "commands.txt"
    network.write_text(content)
    status, _, complaints = recognised(network)
    said = "is empty" if line is None else f", line {line} is no line of a network of commands"
    assert status == 1 and said in complaints


def test_a_network_without_a_way_is_refused(recognised, tmp_path: Path) -> None:
    network = tmp_path / "commands.txt"
    network.write_text("schatten-commands\t1\t3\t2\t0\nw\t0\t1\tword\n")
    status, _, complaints = recognised(network)
    assert status == 1 and "has no way from its first state to its last" in complaints


def test_a_command_too_long_for_its_edits_is_none(recognised, tmp_path: Path) -> None:
    states = 20_000  # edits are counted up to 16,383
    arcs = "".join(f"w\t{at}\t{at + 1}\tword\n" for at in range(states - 1))
    network = tmp_path / "commands.txt"
    network.write_text(f"schatten-commands\t1\t{states}\t{states - 1}\t0\n{arcs}")
    status, output, _ = recognised(network)
    assert status == 0 and json.loads(output.splitlines()[0])["command"] is None
