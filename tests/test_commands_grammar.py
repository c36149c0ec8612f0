"""Grammars of one's own: slots, JSGF, what is refused, and the nearest sentence."""

import csv
import json
import os
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from project import ROOT
from typer.testing import CliRunner

from schatten.cli import app
from schatten.errors import UserError
from schatten.grammar import Grammar, load_own
from schatten.grammar.slots import Parser

LIGHTS = """\
query = turn <state:on_off> the <room:rooms> <thing>
    | dim [the] <room:rooms> lights [to <level:levels>]
on_off = on | off
rooms = kitchen | living room
thing = lights | fan
levels = one | two
"""
LIGHTS_JSGF = """\
#JSGF V1.0 UTF-8 en;
grammar lights;  // a comment
/* The same commands,
   in another form. */
public <command> = turn (on | off) {state} the <rooms> {room} (lights | fan)
  | dim [the] <rooms> {room} lights [to (one | two) {level}];
<rooms> = kitchen | living room;
"""


def written(folder: Path, text: str, name: str = "mine.grammar") -> Grammar:
    path = folder / name
    path.write_text(text)
    return load_own(path, "abcdefghijklmnopqrstuvwxyz'")


@pytest.mark.parametrize(("name", "text"), [("a.grammar", LIGHTS), ("a.jsgf", LIGHTS_JSGF)])
def test_words_fill_slots(name: str, text: str, tmp_path: Path) -> None:
    grammar = written(tmp_path, text, name)
    assert grammar.slots == ("level", "room", "state")
    parser = Parser(grammar)
    for said, slots in (
        ("turn on the kitchen fan", {"state": "on", "room": "kitchen"}),
        ("dim living room lights to two", {"room": "living room", "level": "two"}),
        ("dim the kitchen lights", {"room": "kitchen"}),
    ):
        found = parser.command(said.split())
        assert (found.text, found.slots, found.edits) == (said, slots, 0)


@pytest.mark.parametrize(("name", "text"), [("a.grammar", LIGHTS), ("a.jsgf", LIGHTS_JSGF)])
def test_every_draw_is_a_sentence(name: str, text: str, tmp_path: Path) -> None:
    grammar = written(tmp_path, text, name)
    parser, random = Parser(grammar), Random(1)
    sentences = Counter(grammar.sentence(random) for _ in range(400))
    assert len(sentences) == 8 + 2 * 2 * 3
    assert not any(parser.command(one.split()).edits for one in sentences)


def test_the_nearest_sentence_is_found(tmp_path: Path) -> None:
    parser = Parser(written(tmp_path, LIGHTS))
    for said, text, edits in (
        ("turn on kitchen lights", "turn on the kitchen lights", 1),
        ("uh turn off the living room fan please", "turn off the living room fan", 2),
        ("turn of the kitchen fan", "turn on the kitchen fan", 1),
        ("dim kitchen lights two", "dim kitchen lights to two", 1),
        ("", "dim kitchen lights", 3),
    ):
        found = parser.command(said.split())
        assert (found.text, found.edits) == (text, edits)
    assert json.loads(json.dumps(found.as_json()))["slots"] == {"room": "kitchen"}


def test_articles_agree_where_a_file_asks_for_it(tmp_path: Path) -> None:
    text = "query = get a <item:items>\nitems = apple | pear\n"
    plain, english = written(tmp_path, text), written(tmp_path, f"! english articles\n{text}")
    for grammar, expected in (
        (plain, {"get a apple", "get a pear"}),
        (english, {"get an apple", "get a pear"}),
    ):
        random = Random(1)
        assert {grammar.sentence(random) for _ in range(50)} == expected
    assert Parser(english).command(["get", "an", "apple"]).edits == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("! german articles\nquery = a\n", "a.grammar:1: the only line with `!` is `! english"),
        ("query = a <b>\nb = c <query>\n", "a.grammar:1: <query> uses <b> uses <query>, so a"),
        ("query = <x:b>\nb = c <y:d>\nd = e\n", "a.grammar:2: the slot y lies inside the slot x"),
        ("query = <b>s\nb = c\n", "a.grammar:1: 's' in the rule query follows without a space"),
    ],
)
def test_what_has_no_slots_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        Parser(written(tmp_path, text, "a.grammar"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<a> = b;\n", "a.jsgf:1: no JSGF: begin with the line `#JSGF V1.0;`"),
        ("#JSGF V1.0;\n<a> = b;\n", "a.jsgf: no rule is public"),
        ("#JSGF V1.0;\npublic <a> = b\n", r"a.jsgf:3: the end of the file stands where the end of"),
        ("#JSGF V1.0;\npublic <a> = b <c>;\n", "a.jsgf:2: there is no rule <c>"),
        ("#JSGF V1.0;\n\npublic <a> = b*;\n", r"a.jsgf:3: repeats \(\* and \+\) are not read"),
        ("#JSGF V1.0;\nimport <x.y>;\n", "a.jsgf:2: imports are not read"),
        ("#JSGF V1.0;\npublic <a> = (b | c;\n", r"a.jsgf:2: ';' stands where `\(` needs `\)`"),
        ("#JSGF V1.0;\npublic <a> = {x} b;\n", r"a.jsgf:2: the tag \{x\} follows nothing"),
        ("#JSGF V1.0;\npublic <a> = b {x = 1};\n", r"a.jsgf:2: the tag \{x = 1\} is no name"),
        ("#JSGF V1.0;\npublic <a> = b;\n<a> = c;\n", "a.jsgf:3: the rule <a> is written twice"),
        ("#JSGF V1.0;\npublic <a> = B 4;\n", "a.jsgf:2: 'B' has characters other than"),
        ("#JSGF V1.0;\npublic <a> = /0/ b;\n", "a.jsgf:2: all weights of <a> are 0"),
        ("#JSGF V1.0;\npublic <a> = b <VOID>;\n", "a.jsgf:2: <VOID> is not read"),
        ("#JSGF V1.0;\npublic <a> = b }\n", "a.jsgf:2: '}' is no JSGF here"),
    ],
)
def test_bad_jsgf_is_refused_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        written(tmp_path, text, "a.jsgf")


def test_german_commands(tmp_path: Path) -> None:
    path = tmp_path / "licht.grammar"
    path.write_text(
        "query = schalte <ort:raum> licht <lage:lagen>\nraum = das | im büro das | im flur das\n"
        "lagen = ein | aus\n",
        "utf-8",
    )
    grammar = load_own(path, "abcdefghijklmnopqrstuvwxyzäöüß")
    found = Parser(grammar).command(["schalte", "im", "büro", "das", "licht", "aus"])
    assert found.slots == {"ort": "im büro das", "lage": "aus"} and not found.edits


def test_the_verb_prints_slots_of_arguments_and_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "lights.grammar"
    path.write_text(LIGHTS)
    run = ["commands", "slots", "--grammar", str(path)]
    one = CliRunner().invoke(app, [*run, "turn", "off", "the", "kitchen", "fan"])
    lines = CliRunner().invoke(app, run, input="dim the kitchen lights\nturn on fan\n")
    found = [json.loads(line) for line in (one.output + lines.output).splitlines()]
    assert [len(command["slots"]) for command in found] == [2, 1, 2]
    assert [command["edits"] for command in found] == [0, 0, 2]


def test_weights_of_jsgf(tmp_path: Path) -> None:
    grammar = written(tmp_path, "#JSGF V1.0;\npublic <a> = /3/ b | /1/ c <NULL>;\n", "a.jsgf")
    random = Random(1)
    counts = Counter(grammar.sentence(random) for _ in range(4000))
    assert set(counts) == {"b", "c"} and counts["b"] == pytest.approx(3000, abs=120)


def test_the_coffee_machine_has_the_slots_of_the_benchmark() -> None:
    """Of the transcripts of the corpus, where it is there: each gives the slots of its label."""
    parser = Parser(load_own(ROOT / "recipes/commands/coffee.grammar"))
    folder = Path(os.environ.get("SCHATTEN_CORPORA", ROOT / "../shared/corpora")) / "voice_commands"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: set SCHATTEN_CORPORA to the folder of the corpora")
    with (folder / "commands.tsv").open() as file:
        labels = {x["utt_id"]: json.loads(x["slots"]) for x in csv.DictReader(file, delimiter="\t")}
    with (folder / "transcripts.tsv").open() as file:
        rows = [x for x in csv.DictReader(file, delimiter="\t") if x["split"] == "train"]
    for row in rows[::9]:
        found = parser.command(row["text"].lower().split())
        assert (found.slots, found.edits) == (labels[row["utt_id"]], 0), row["text"]
