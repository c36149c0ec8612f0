"""Everything a device needs except the program, in one folder: model, language model, lexicon.

`manifest.json` has lengths, checksums and settings of the search. `recognize.sh` runs the engine
with these files. The engine first compares them with the manifest, as KenLM trusts its binary.
`SHA256SUMS` is for `sha256sum -c`.
"""

import shutil
from dataclasses import asdict
from pathlib import Path

from schatten.artifacts import BundledFile, Manifest
from schatten.artifacts import Weights as StoredWeights
from schatten.bundles import (
    COMMANDS,
    LEXICON,
    LM,
    MANIFEST,
    MODEL,
    SCRIPT,
    VERSION,
    search_options,
)
from schatten.corpus.voicesearch.grammar import grammar_of
from schatten.decode.weights import read_weights
from schatten.errors import UserError
from schatten.grammar.network import network_of
from schatten.lm.vocabulary import MAGIC, require_common
from schatten.recipe import Recipe
from schatten.recipe.chain import Node
from schatten.recipe.corpus import that_speaks
from schatten.recipe.decoding import Decoding
from schatten.recipe.layout import Layout
from schatten.runtime import seals
from schatten.runtime.files import atomic_output, sha256, write_text
from schatten.units import read_lexicon

_TRAINED = ".pt"

_MAGIC = {
    MODEL: (b"GGUF", "no GGUF model"),
    LM: (MAGIC, "no KenLM binary"),
}
_SCRIPT = """#!/bin/sh
# Recognises files of WAV, FLAC and MP3 with what lies here: {script} [OPTION...] FILE...
# SCHATTEN_RECOGNIZE names the program where it is not on PATH.
# It refuses files that are not what manifest.json says.
here=$(dirname "$0")
exec "${{SCHATTEN_RECOGNIZE:-schatten-recognize}}" {options} --manifest "$here/{manifest}" \\
  --lm "$here/{lm}" --lexicon "$here/{lexicon}" "$here/{model}" "$@"
"""


def bundle(
    *,
    model: Path,
    lm: Path,
    lexicon: Path,
    weights: Path,
    settings: Decoding,
    output: Path,
    commands: str | None = None,
) -> str:
    """Write the folder; return its size in one line.

    `model`: for the engine (.gguf), or a trained one (.pt), which is exported in int8, or in
    int4 if its passes were trained so. `commands`: the network of a grammar, whose slots the
    engine then gives. Errors: `UserError` for a file that is missing or of another kind.
    """
    search = _search(weights, settings)
    words = dict.fromkeys(word for word, _ in read_lexicon(lexicon))
    sources = {MODEL: model, LM: lm, LEXICON: lexicon}
    for name, path in sources.items():
        _require_kind(name, path)
    require_common(lm, words, lexicon)
    with atomic_output(output) as beside:
        beside.mkdir()
        for name, path in sources.items():
            _put(path, beside / name)
        if commands is not None:
            write_text(beside / COMMANDS, commands)
        _write_script(search, beside / SCRIPT)
        manifest = _manifest(beside, search)
        manifest.write(beside / MANIFEST)
        lines = (f"{entry.sha256}  {name}\n" for name, entry in manifest.files.items())
        write_text(beside / "SHA256SUMS", "".join(lines))
    seals.wrote(output / MANIFEST)
    names = [*sources, *([] if commands is None else [COMMANDS])]
    sizes = ", ".join(f"{name} {manifest.files[name].bytes}" for name in names)
    return f"{output}: {manifest.bytes / 1e6:.3f} MB ({sizes} bytes)"


def commands_of(recipe: Recipe) -> str | None:
    """Return the network of a recipe's commands as a bundle holds it; None if it has none.

    Errors: `UserError` for a grammar whose commands have no longest length.
    """
    corpus = that_speaks(recipe.corpus)
    if recipe.commands is None or corpus is None:
        return None
    grammar = grammar_of(recipe, corpus.grammar)
    return network_of(grammar).as_text(has_articles=grammar.has_english_articles)


def bundle_of_node(recipe: Recipe, layout: Layout, node: Node, lm: str, folder: Path) -> Path:
    """Return the folder of a model's bundle; if the workflow made none, it is made in `folder`.

    Errors: `UserError` for a file that is missing.
    """
    made = layout.bundle(node, lm)
    if not (made / MANIFEST).is_file():
        made = folder / "bundle"
        bundle(
            model=layout.model(node),
            lm=layout.lm(lm) / "bin",
            lexicon=layout.lexicon(lm, node.units),
            weights=layout.weights(node, lm),
            settings=recipe.decoding,
            output=made,
            commands=commands_of(recipe),
        )
    return made


def export_of_node(layout: Layout, node: Node, folder: Path) -> Path:
    """Return a model for a device; if the workflow exported none, it is in `folder`."""
    made = layout.exported(node, node.deployed)
    if not made.is_file():
        from schatten.export.run import export

        made = folder / MODEL
        export(layout.model(node), None, made)
    return made


def _search(weights: Path, settings: Decoding) -> dict[str, int | float]:
    """Return the settings of the search as the engine's options name them."""
    temperature = StoredWeights.read_tuned(weights).temperature
    sure = {} if temperature is None else {"temperature": temperature}
    return {
        **asdict(read_weights(weights)),
        **sure,
        "beam": settings.beam,
        "beam_threshold": settings.beam_threshold,
        "token_beam": settings.token_beam,
    }


def _put(source: Path, target: Path) -> None:
    """Copy a file; a trained model is exported for a device."""
    if source.suffix != _TRAINED:
        shutil.copyfile(source, target)
        return
    from schatten.export.run import export  # torch, which copying does without

    export(source, None, target)


def _require_kind(name: str, path: Path) -> None:
    if not path.is_file():
        raise UserError(f"{path} does not exist: make it first, or correct the path")
    if name == MODEL and path.suffix == _TRAINED:
        return
    magic, otherwise = _MAGIC.get(name, (b"", ""))
    with path.open("rb") as file:
        if file.read(len(magic)) != magic:
            raise UserError(f"{path} is {otherwise}: give what the workflow wrote as {name}")


def _write_script(search: dict[str, int | float], path: Path) -> None:
    names = {"lm": LM, "lexicon": LEXICON, "model": MODEL, "manifest": MANIFEST}
    options = " ".join(search_options(search))
    if (path.parent / COMMANDS).is_file():
        options += f' --commands "$here/{COMMANDS}"'
    write_text(path, _SCRIPT.format(script=SCRIPT, options=options, **names))
    path.chmod(0o755)


def _manifest(folder: Path, search: dict[str, int | float]) -> Manifest:
    files = {
        path.name: BundledFile(bytes=path.stat().st_size, sha256=sha256(path))
        for path in sorted(folder.iterdir())
    }
    return Manifest(
        schatten_bundle=VERSION,
        files=files,
        bytes=sum(entry.bytes for entry in files.values()),
        search=search,
    )
