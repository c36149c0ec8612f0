"""`schatten device false-alarms`: the rule that rejects, what it costs, and what passes it."""

import json
from dataclasses import dataclass, field

import pytest

from schatten.decode.sound import read_sounds
from schatten.device.commands import Command
from schatten.device.listening import Answers
from schatten.errors import UserError
from schatten.export.bundle import bundle
from schatten.grammar import load_own
from schatten.grammar.network import network_of
from schatten.recipe.decoding import Decoding
from schatten.runtime.files import write_json
from schatten.transcripts import Utterance
from schatten_bench import false_alarms
from schatten_bench.false_alarms import Rule


def answer(edits: int, evidence: float, text: str = "on", **slots: str):
    return {"text": text, "evidence": evidence, "command": {"edits": edits, "slots": slots}}


@dataclass
class Said:
    """A listener whose answers are given, call by call."""

    given: list[list[list[dict]]]
    options: list[tuple[str, ...]] = field(default_factory=list)

    def answers(self, recordings, *options):
        self.options.append(options)
        return Answers(self.given.pop(0), 1800.0, 0.0)


def test_the_rule_loses_no_more_than_it_may() -> None:
    clean = [answer(0, 0.5 + step / 1000) for step in range(96)]
    rough = [answer(3, 0.4), answer(1, 0.1), answer(0, 0.2), answer(0, 0.3)]
    heard = [[one] for one in (*clean, *rough)]
    rule = false_alarms.choose(Said([heard]), heard, lost=0.04)
    assert rule == Rule(edits=0, evidence=0.5)
    assert sum(not rule.accepts(one) for [one] in heard) == 4, "two by edits, two by evidence"
    assert false_alarms.choose(Said([heard]), heard, lost=0.0) == Rule(edits=3, evidence=0.1)
    unheard = [*heard, [answer(0, 0.0, text="")]]
    assert not false_alarms.choose(Said([unheard]), unheard, lost=0.0).accepts(unheard[-1][0])


def test_commands_and_alarms_are_counted(tmp_path) -> None:
    rule = Rule(edits=1, evidence=0.5)
    commands = [
        Command(Utterance(f"c{number}", "s", ()), tmp_path / "x", {"state": "on"}, level)
        for number, level in enumerate(["clean", "6 dB", "6 dB", "9 dB", "9 dB"])
    ]
    heard = [
        [answer(0, 0.9, state="on")],
        [answer(1, 0.5, state="on")],
        [answer(0, 0.4, state="on")],
        [answer(2, 0.9, state="on")],
        [answer(0, 0.9, state="off")],
    ]
    noise = [[answer(0, 0.9), answer(0, 0.9, text="")], [answer(5, 0.9)], []]
    listener = Said([heard, noise])
    found = false_alarms.measure(listener, rule, commands, {"noise": noise})
    assert [(one.level, one.right, one.kept, one.wrong) for one in found.levels] == [
        ("clean", 1, 1, 0),
        ("6 dB", 2, 1, 0),
        ("9 dB", 1, 0, 1),
    ]
    (alarms,) = found.alarms
    assert (alarms.hours, alarms.without, alarms.alarms) == (0.5, 2, 1)
    assert "--silence" not in listener.options[0] and "--silence" in listener.options[1]
    false_alarms.write(found, tmp_path / "found")
    lines = (tmp_path / "found.md").read_text().splitlines()
    assert "| mean, 6 to 9 dB | 4 | 75.0 | 25.0 | 25.0 |" in lines
    assert lines[-1] == "| noise | 0.50 | 2 | 1 | 2.0 |"
    assert json.loads((tmp_path / "found.json").read_text())["rule"]["edits"] == 1


def test_a_bundle_of_commands_is_measured(build, files, binary, made, split, tmp_path) -> None:
    words = [line.split("\t")[0] for line in files[1].read_text().splitlines()]
    grammar = tmp_path / "two.grammar"
    first, second = (" | ".join(words[start::2]) for start in (0, 1))
    grammar.write_text(f"query = <x:one> [<y:two>]\none = {first}\ntwo = {second}\n")
    weights = tmp_path / "weights.json"
    write_json(weights, {"lm_weight": 0.6, "word_bonus": 2.0})
    sources = {"model": made("lstm", "int8")[1], "lm": binary, "lexicon": files[1]}
    network = network_of(load_own(grammar)).as_text(has_articles=False)
    for name, commands in (("plain", None), ("commands", network)):
        output = tmp_path / name
        bundle(**sources, weights=weights, settings=Decoding(), output=output, commands=commands)
    program = build("shared") / "engine/schatten-recognize"
    with pytest.raises(UserError, match=r"has no commands\.txt"):
        false_alarms.listener_of(program, tmp_path / "plain", 1)
    listener = false_alarms.listener_of(program, tmp_path / "commands", 2)
    sounds = read_sounds(split, tmp_path)
    rule = false_alarms.choose(listener, sounds, lost=0.0)
    assert rule.edits < 100 and 0 < rule.evidence <= 1
    said = [Command(one.utterance, tmp_path, {}, "clean") for one in sounds]
    table = tmp_path / "speech.tsv"
    table.write_text("path\naudio/one.flac\naudio/two.wav\n")
    speech = false_alarms.speech_of(table)
    assert [round(one.seconds, 2) for one in speech] == [2.0, 2.0]

    class AsCommand(Command):
        def write_wav(self, path):
            next(one for one in sounds if one.utterance == self.utterance).write_wav(path)

    commands = [AsCommand(one.utterance, one.file, one.slots, one.level) for one in said]
    everything = false_alarms.measure(listener, rule, commands, {"speech": speech})
    (clean,) = everything.levels
    assert (clean.commands, clean.right, clean.kept, clean.wrong) == (3, 0, 0, 3), "each has a slot"
    assert everything.alarms[0].hours == pytest.approx(4.0 / 3600, rel=0.01)
    nothing = false_alarms.measure(listener, Rule(0, 1.0), commands, {"speech": speech})
    assert nothing.alarms[0].alarms == 0 == nothing.levels[0].kept


def test_an_empty_table_of_speech_is_refused(tmp_path) -> None:
    (tmp_path / "none.tsv").write_text("path\n")
    with pytest.raises(UserError, match="names no recording"):
        false_alarms.speech_of(tmp_path / "none.tsv")
