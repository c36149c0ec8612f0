"""`schatten device quiet`: sound without speech, and what the engine writes there."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from schatten.artifacts import Gate
from schatten.bundles import gate_options, read_manifest
from schatten.cli import app
from schatten.decode.sound import read_sounds
from schatten.device import gate as gates
from schatten.device.devices import bundle_payload
from schatten.device.listening import Listener
from schatten.errors import UserError
from schatten.runtime import seals
from schatten_bench import quiet, unspoken


@pytest.fixture
def noise_folder(tmp_path):
    """Two noises and three rooms, each of them an echo."""
    folder, random = tmp_path / "noises", np.random.default_rng(7)
    folder.mkdir()
    rows = ["path\ttype"]
    for name in ("hum", "hiss"):
        soundfile.write(folder / f"{name}.flac", 0.1 * random.normal(size=24000), 16000)
        rows.append(f"{name}.flac\tnoise")
    for number in range(3):
        response = np.zeros(800)
        response[[32, 300 + 100 * number]] = 0.9, 0.4
        soundfile.write(folder / f"room{number}.flac", response, 16000)
        rows.append(f"room{number}.flac\trir")
    (folder / "manifest.tsv").write_text("\n".join(rows) + "\n")
    return folder


def decibels(samples):
    return 10 * np.log10(np.mean(np.square(samples)))


def test_each_noise_is_heard_at_every_level_and_in_some_rooms(noise_folder):
    found = unspoken.noises(noise_folder, levels=(-20.0, -40.0), rooms=2)
    assert len(found) == len({one.name for one in found}) == 2 * 3 * 2
    for one in found:
        samples = one.make()
        assert len(samples) == 24000 == round(one.seconds * 16000)
        assert decibels(samples) == pytest.approx(-20 if "-20 dB" in one.name else -40)
    dry, room = (
        next(one for one in found if one.name.startswith(f"hum {where}"))
        for where in ("dry", "room0")
    )
    assert np.abs(np.corrcoef(dry.make()[:-32], room.make()[32:])[0, 1]) > 0.8


def test_a_folder_without_noises_is_refused(noise_folder):
    (noise_folder / "manifest.tsv").write_text("path\ttype\nroom0.flac\trir\n")
    with pytest.raises(UserError, match="names no noise"):
        unspoken.noises(noise_folder)


def test_babble_is_made_anew_alike(sound):
    first, again = (
        [one.make() for one in unspoken.babble([lambda: sound / 32768], 120, seed=4)]
        for _ in range(2)
    )
    assert len(first) == 2
    assert np.array_equal(first, again)
    assert [decibels(one) for one in first] == pytest.approx(unspoken.LEVELS[:2])
    loud = np.abs(first[0].reshape(-1, 1600)).max(axis=1)
    assert loud.min() > 0.05 * loud.max(), "somebody always speaks"


def test_words_and_losses_with_and_without_the_gate(build, bundled, split, noise_folder, tmp_path):
    program = build("shared") / "engine/schatten-recognize"
    listener = Listener(program, bundle_payload(bundled), 2)
    sounds = read_sounds(split, tmp_path)
    gate = gates.choose(listener, sounds, 8.0, most=0.0)
    assert gate.evidence > 0, "a threshold that costs nothing here"
    strict = Gate(decibels=8.0, evidence=1.0)
    found = quiet.measure(listener, strict, sounds, noise_folder, hours=0.02)
    assert [one.name for one in found.unwanted] == ["noise", "babble"]
    assert [one.name for one in found.spoken] == ["speech", "speech with pauses"]
    for one in (*found.unwanted, *found.spoken):
        assert one.without.words_per_hour > 0
        assert one.gated.words_per_hour == 0
        assert one.without.seconds == pytest.approx(one.gated.seconds)
        assert one.without.share_asleep == 0 <= one.gated.share_asleep < 1
    for one in found.spoken:
        assert one.wer + one.loss.points == pytest.approx(100), "all words are deleted"
    asleep = [one.gated.asleep_seconds for one in found.spoken]
    assert asleep[1] >= asleep[0]
    quiet.write(found, tmp_path / "quiet")
    lines = (tmp_path / "quiet.md").read_text().splitlines()
    assert [line.split(" | ")[0] for line in lines[4:7]] == ["| noise", "| babble", "| speech"]
    assert json.loads((tmp_path / "quiet.json").read_text())["gate_evidence"] == 1.0


def test_the_verb_refuses_a_folder_without_a_table_of_noises(tmp_path):
    done = CliRunner().invoke(app, ["device", "quiet", "--noise", str(tmp_path)])
    assert done.exit_code != 0
    assert isinstance(done.exception, UserError)
    assert "has no manifest.tsv" in str(done.exception)


def test_the_verb_writes_the_thresholds_into_the_bundle(
    build, bundled, split, tmp_path, monkeypatch
):
    """Thresholds that cost a word of dev are not chosen; the bundle stays what is recorded."""
    program = build("shared") / "engine/schatten-recognize"
    listener = Listener(program, bundle_payload(bundled), 1)
    silent = read_sounds(split, tmp_path)
    heard = gates.hear(listener, silent).texts
    sounds = [  # what is heard is said, so that every text that is kept back costs its words
        replace(one, utterance=replace(one.utterance, words=tuple(text.split())))
        for one, [(text, _)] in zip(silent, heard, strict=True)
    ]
    monkeypatch.setattr(gates, "read_split", lambda cuts, audio, most: sounds[:most])
    run = ["choose-gate", "--recipe", "voicesearch_like/smoke", "--bundle", str(bundled)]
    run += ["--program", str(program), "--decibels", "7", "--results", str(tmp_path / "results")]
    before = {one.name: one.read_bytes() for one in bundled.iterdir()}
    careful = gates.choose(listener, sounds, 7.0, most=0.0).evidence
    assert careful < gates.GRID[-1]
    for loss, evidence in (("1000", gates.GRID[-1]), ("0", careful)):
        done = CliRunner().invoke(app, [*run, "--loss", loss])
        assert done.exit_code == 0, done.output
        assert f"evidence {evidence:g}, chosen on 3 utterances of dev" in done.output
        assert read_manifest(bundled).gate == Gate(decibels=7.0, evidence=evidence)
        seals.refuse_damaged([tmp_path])
    after = {one.name: one.read_bytes() for one in bundled.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"manifest.json"}
    assert gate_options(Gate(decibels=7.0, evidence=0.5)) == [
        "--gate-decibels", "7.0", "--gate-evidence", "0.5",
    ]  # fmt: skip
