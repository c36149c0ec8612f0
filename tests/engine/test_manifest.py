"""Files of a bundle are what its manifest says, or refused by name: SHA-256 in the engine."""

import hashlib
import json
import subprocess

import numpy as np
import pytest
import soundfile
from python_binding import package, usual

from schatten.artifacts import Gate, Manifest
from schatten.bundles import read_manifest
from schatten.device import gate
from schatten.errors import UserError
from schatten.runtime.files import read_json, write_json

FIPS = {
    b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq": (
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    b"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"a" * 1_000_000: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
}
"""The examples of FIPS 180-4, and no bytes at all."""


def manifest_of(folder, name="file", **entry):
    path = folder / "manifest.json"
    write_json(path, {"files": {name: entry}, "schatten_bundle": 1})
    return path


@pytest.mark.parametrize(("data", "digest"), FIPS.items(), ids=map(len, FIPS))
def test_the_examples_of_the_standard(engine, tmp_path, data, digest):
    (tmp_path / "file").write_bytes(data)
    engine.check(manifest_of(tmp_path, bytes=len(data), sha256=digest), tmp_path / "file")


def test_every_length_around_the_blocks(engine, tmp_path):
    whole = np.random.default_rng(3).bytes(65537 + 64)
    file = tmp_path / "file"
    for size in (*range(132), *range(65535, 65538), 65536 + 56, len(whole)):
        file.write_bytes(whole[:size])
        digest = hashlib.sha256(whole[:size]).hexdigest()
        engine.check(manifest_of(tmp_path, bytes=size, sha256=digest), file)


def test_what_differs_is_said(engine, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"a language model")
    sound = {"bytes": 16, "sha256": hashlib.sha256(b"a language model").hexdigest()}
    engine.check(manifest_of(tmp_path, **sound), file)
    for entry, message in (
        ({**sound, "bytes": 17}, r"file has 16 bytes, but .*manifest\.json says 17"),
        ({**sound, "sha256": "0" * 64}, r"file is not the file that .*its SHA-256 is another"),
        ({"bytes": 16}, "does not say what file is"),
        ({**sound, "sha256": "0" * 63}, "does not say what file is"),
        ({**sound, "bytes": "16"}, "does not say what file is"),
    ):
        with pytest.raises(ValueError, match=message):
            engine.check(manifest_of(tmp_path, **entry), file)
    with pytest.raises(ValueError, match="does not say what file is"):
        engine.check(manifest_of(tmp_path, "other", **sound), file)
    with pytest.raises(ValueError, match=r"manifest\.json cannot be opened"):
        engine.check(tmp_path / "none/manifest.json", file)


def test_manifests_that_are_cut_off_are_refused(engine, tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    path = manifest_of(tmp_path, bytes=3, sha256=FIPS[b"abc"])
    whole = path.read_bytes()
    engine.check(path, tmp_path / "file")
    for size in range(whole.index(FIPS[b"abc"].encode()) + 64):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="does not say what file is"):
            engine.check(path, tmp_path / "file")


def recognize(folder, program, *options, stdin):
    done = subprocess.run(
        [folder / "recognize.sh", *options],
        env={"SCHATTEN_RECOGNIZE": str(program), "PATH": "/usr/bin:/bin"},
        check=False,
        input=stdin,
        capture_output=True,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_a_bundle_runs_as_it_was_made_and_not_otherwise(bundled, build, engine, sound):
    folder = bundled
    program = build("sanitize") / "engine/schatten-recognize"
    status, said, problem = recognize(folder, program, "--json", stdin=sound.tobytes())
    assert status == 0, problem
    assert json.loads(said.splitlines()[0])["text"]
    assert json.loads(said.splitlines()[1])["load_seconds"] > 0
    for name in ("lm.bin", "lexicon.txt", "model.gguf"):
        whole = (folder / name).read_bytes()
        changed = bytearray(whole)
        changed[len(whole) // 2] ^= 1
        for damaged, message in (
            (bytes(changed), "its SHA-256 is another"),
            (whole[:-1], f"has {len(whole) - 1} bytes"),
        ):
            (folder / name).write_bytes(damaged)
            status, said, problem = recognize(folder, program, stdin=b"")
            assert (status, said) == (1, "")
            assert problem.startswith(f"schatten-recognize: {folder}/{name} ")
            assert message in problem
        (folder / name).write_bytes(whole)
    first = (folder / "lexicon.txt").read_text().splitlines(keepends=True)[0]
    (folder / "lexicon.txt").write_text(first)
    model = engine.open(folder / "model.gguf")
    names = [folder / name for name in ("lm.bin", "lexicon.txt")]
    assert model.language_model(*names)
    with pytest.raises(ValueError, match=rf"lexicon\.txt has {len(first)} bytes"):
        model.language_model(*names, manifest=folder / "manifest.json")


def test_the_thresholds_of_a_bundle_are_those_of_its_manifest(engine, bundled, tmp_path):
    common = usual("GATE_DECIBELS"), usual("GATE_EVIDENCE")
    assert engine.gate(None) == engine.gate(bundled / "manifest.json") == common
    assert read_json(bundled / "manifest.json")["schatten_bundle"] == 1
    gate.keep(bundled, Gate(decibels=6.5, evidence=0.26))
    assert engine.gate(bundled / "manifest.json") == (6.5, 0.26)
    assert read_json(bundled / "manifest.json")["schatten_bundle"] == 2
    gate.keep(bundled, Gate(decibels=7.5, evidence=0.0))
    assert engine.gate(bundled / "manifest.json") == (7.5, 0.0)
    (bundled / "bin").mkdir()
    with pytest.raises(UserError, match="is a package: choose the thresholds of its bundle"):
        gate.keep(bundled, Gate(decibels=1.0, evidence=0.5))
    assert engine.gate(bundled / "manifest.json") == (7.5, 0.0)


WRONG = "thresholds of the gate that are no numbers, or out of range"
LATER = "is no manifest, or of a later version"


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({"schatten_bundle": 2, "gate": {"decibels": 60.5, "evidence": 0.5}}, WRONG),
        ({"schatten_bundle": 2, "gate": {"decibels": 8, "evidence": -0.1}}, WRONG),
        ({"schatten_bundle": 2, "gate": {"decibels": 8, "evidence": "0.5"}}, WRONG),
        ({"schatten_bundle": 2, "gate": {"decibels": 8}}, WRONG),
        ({"schatten_bundle": 2, "gate": {"evidence": 0.5}}, WRONG),
        ({"schatten_bundle": 2, "gate": 8}, WRONG),
        ({"schatten_bundle": 3, "gate": {"decibels": 8, "evidence": 0.5}}, LATER),
        ({"gate": {"decibels": 8, "evidence": 0.5}}, LATER),
    ],
)
def test_thresholds_that_cannot_be_used_are_refused(engine, tmp_path, manifest, message):
    write_json(tmp_path / "manifest.json", manifest)
    with pytest.raises(ValueError, match=message):
        engine.gate(tmp_path / "manifest.json")


def test_a_manifest_of_a_later_version_is_refused(bundled):
    manifest = Manifest.read(bundled / "manifest.json")
    manifest.model_copy(update={"schatten_bundle": 3}).write(bundled / "manifest.json")
    with pytest.raises(UserError, match="of a later version: install a newer schatten"):
        read_manifest(bundled)


def test_the_gate_takes_the_thresholds_of_the_bundle_where_it_is_asked_for(
    bundled, build, engine, sound, monkeypatch, tmp_path
):
    """Without the gate a bundle with thresholds gives the bytes of the one without."""
    program = build("shared") / "engine/schatten-recognize"
    path = tmp_path / "sound.wav"
    soundfile.write(path, sound, 16000)

    def said(*options):
        status, text, problem = recognize(bundled, program, "--json", *options, path, stdin=b"")
        assert status == 0, problem
        return text.splitlines()[0]

    plain, common = said(), said("--gate")
    own = ("--gate-decibels", "1", "--gate-evidence", "0.05")
    assert json.loads(plain)["text"]
    assert json.loads(common)["text"] == "", "it is less sure than the usual threshold asks for"
    gate.keep(bundled, Gate(decibels=1.0, evidence=0.05))
    assert said() == plain
    assert said("--gate") == said(*own) != common
    assert json.loads(said("--gate"))["text"]
    gate.keep(bundled, Gate(decibels=1.0, evidence=1.0))
    assert said() == plain
    assert said("--gate", "--gate-evidence", "0", "--gate-decibels", "0") == plain

    package_ = package(engine, monkeypatch)
    recognizer = package_.Recognizer(bundled)
    assert recognizer.gate == package_.Gate(1.0, 1.0)
    for given, text in ((False, json.loads(plain)["text"]), (True, "")):
        stream = recognizer.stream(gate=given)
        stream.accept(sound)
        assert stream.finish().text == text
    alone = package_.Recognizer.from_files(bundled / "model.gguf")
    assert alone.gate == package_.Gate()
    write_json(bundled / "manifest.json", {**read_json(bundled / "manifest.json"), "gate": 1})
    with pytest.raises(package_.EngineError, match="thresholds of the gate"):
        package_.Recognizer(bundled)
