"""The Python package over the tests' own engine: its extension module, made of ctypes.

So that what the package does beside its extension module is tested without a compiler of nanobind.
tests/engine/test_wheel.py has the module itself.
"""

import os
import re
import sys
import types

import soundfile
from engine_library import Engine
from project import ROOT

PACKAGE = "schatten_engine"


def usual(name: str) -> float:
    """Return what schatten.h defines as a usual value."""
    text = (ROOT / "arm/engine/schatten.h").read_text()
    return float(re.findall(rf"#define SCHATTEN_{name} ([\d.]+)", text)[0])


def extension(engine: Engine) -> types.ModuleType:
    """Return what stands for `schatten_engine._engine`."""

    class EngineError(Exception):
        pass

    def said(call, *arguments, **options):
        try:
            return call(*arguments, **options)
        except ValueError as error:
            raise EngineError(str(error)) from error

    def name(path):
        return None if path is None else os.fsdecode(path)

    class Model:
        def __init__(self, path):
            self.own = said(engine.open, name(path))

        def info(self):
            return tuple(getattr(self.own.info, field) for field, _ in self.own.info._fields_)

        def units(self):
            return self.own.units

    class LanguageModel:
        def __init__(self, model, binary, lexicon, look_ahead, manifest):
            files = map(name, (binary, lexicon, look_ahead, manifest))
            self.own = said(model.own.language_model, *files)

        def vocabulary(self):
            return self.own.vocabulary

    class Stream:
        def __init__(self, model, lm, **options):
            self.own = said(model.own.stream, lm=lm and lm.own, **options)
            for method in ("accept", "finish", "restart"):
                setattr(self, method, getattr(self.own, method))

        def ended(self):
            return self.own.ended

        def problem(self):
            return self.own.problem

        def result(self):
            words = zip(self.own.words, self.own.confidences, strict=True)
            ends = [(*word, confidence) for word, confidence in words]
            others = self.own.alternatives if self.own.ended else []
            return self.own.text, ends, self.own.score, others

        def set_words(self, lines):
            said(self.own.set_words, None if lines is None else lines.decode())

        def statistics(self):
            found = self.own.statistics
            return *(getattr(found, field) for field, _ in found._fields_), self.own.asleep

    class Sound:
        def __init__(self, path):
            try:
                self.left = soundfile.read(name(path), dtype="int16")[0]
            except soundfile.LibsndfileError as error:
                raise EngineError(f"{name(path)} is no recording") from error

        def read(self, count):
            part, self.left = self.left[:count], self.left[count:]
            return part

    def check(manifest, path):
        said(engine.check, name(manifest), name(path))

    def gate(manifest):
        return said(engine.gate, name(manifest))

    module = types.ModuleType(f"{PACKAGE}._engine")
    parts = {"version": lambda: engine.version, "check": check, "gate": gate}
    parts |= {"EngineError": EngineError}
    parts |= {name: usual(name) for name in ("GATE_DECIBELS", "GATE_EVIDENCE")}
    for part in (Model, LanguageModel, Stream, Sound):
        parts[part.__name__] = part
    module.__dict__.update(parts)
    return module


def package(engine: Engine, monkeypatch):
    """Import the package anew over `engine`, until `monkeypatch` undoes it."""
    for loaded in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.syspath_prepend(ROOT / "arm/python/src")
    monkeypatch.setitem(sys.modules, f"{PACKAGE}._engine", extension(engine))
    import schatten_engine

    return schatten_engine
