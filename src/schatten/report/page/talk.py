"""Bundles and the engine in WebAssembly for the page, where `make wasm` has built one."""

import gzip
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from schatten.bundles import LEXICON, LM, MANIFEST, MODEL
from schatten.errors import UserError
from schatten.report.collect import Experiment
from schatten.report.page.points import bundle_folder
from schatten.runtime.files import read_bytes, read_text, sha256

ENGINE_FILES = (
    "schatten-engine.wasm",
    "schatten-engine.js",
    "schatten.js",
    "microphone.js",
    "worklet.js",
)
MOST_BYTES = 30_000_000
"""Bundles of a page, compressed, at most: a browser opens larger ones slowly."""
_FILES = {"model": MODEL, "lm": LM, "lexicon": LEXICON, "manifest": MANIFEST}
"""Files of a bundle, by the names that schatten.js gives them."""


@dataclass(frozen=True)
class Talk:
    """What the page needs to recognise speech."""

    engine: dict[str, str]
    """Base64 of the gzip of the engine's files, by name."""
    files: dict[str, str]
    """The same of the files of all bundles, by SHA-256: bundles share their language model."""
    bundles: dict[str, dict[str, str]]
    """SHA-256 of each bundle's files by the names of schatten.js, by the node's path."""
    left_out: int
    """Models whose bundles did not fit."""
    licences: list[str]
    """Texts that go with the engine: it holds KenLM's query code."""

    @property
    def content(self) -> dict[str, object]:
        """What the page's script reads."""
        return {"engine": self.engine, "files": self.files, "bundles": self.bundles}


def talk(experiment: Experiment, web: Path) -> Talk:
    """Read the engine and the bundles of all models; those that come last are left out first.

    Errors: `UserError` if a file of the engine is missing.
    """
    if missing := [name for name in ENGINE_FILES if not (web / name).is_file()]:
        raise UserError(f"{web / missing[0]} is missing: run `make wasm` again")
    engine = {name: _packed(web / name) for name in ENGINE_FILES}
    files: dict[str, str] = {}
    bundles: dict[str, dict[str, str]] = {}
    left_out = 0
    for model in experiment.models:
        folder = bundle_folder(experiment, model.node)
        if folder is None:
            continue
        sums = {name: sha256(folder / file) for name, file in _FILES.items()}
        new = {
            digest: _packed(folder / _FILES[name])
            for name, digest in sums.items()
            if digest not in files
        }
        if sum(map(len, [*files.values(), *new.values()])) > MOST_BYTES:
            left_out += 1
            continue
        files |= new
        bundles[model.node.path] = sums
    texts = [read_text(path) for path in sorted((web / "licences").rglob("*")) if path.is_file()]
    return Talk(engine, files, bundles, left_out, texts)


def _packed(path: Path) -> str:
    return b64encode(gzip.compress(read_bytes(path), mtime=0)).decode()
