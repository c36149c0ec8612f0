"""A bundle with the programs that run it: one folder, and one archive, for a machine with nothing.

The programs are static. Scripts take the one that fits the machine; `SHA256SUMS` is for
`sha256sum -c`. Two packages of the same parts are the same bytes.
"""

import gzip
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

from schatten.artifacts import Manifest, read
from schatten.bundles import (
    COMMANDS,
    LEXICON,
    LM,
    MANIFEST,
    MODEL,
    SCRIPT,
    read_search,
    search_options,
)
from schatten.errors import UserError
from schatten.runtime.files import atomic_output, sha256, write_text
from schatten.runtime.project import set_up

PROGRAM = "schatten-recognize"
LISTEN = "listen.sh"
_KEPT = (MODEL, LM, LEXICON, COMMANDS)
"""Files of a bundle that its manifest still names in a package."""
TARGETS = ("x86_64", "aarch64", "armv7")
"""What a program can be built for."""

_PROGRAM = """\
here=$(dirname "$0")
case $(uname -m) in
  x86_64) target=x86_64 ;;
  aarch64) target=aarch64 ;;
  armv7* | armv8*) target=armv7 ;;
  *) target=$(uname -m) ;;
esac
program=${{SCHATTEN_RECOGNIZE:-$here/bin/$target/{program}}}
if [ ! -x "$program" ]; then
  echo "$0: there is no program for $target here, only for {targets}: pack it with --target" >&2
  exit 1
fi
"""
_RUN = """\
exec "$program" {options} --manifest "$here/{manifest}" \\
  --lm "$here/{lm}" --lexicon "$here/{lexicon}" "$here/{model}" """
_SCRIPTS = {
    SCRIPT: f"""\
#!/bin/sh
# Recognises files of WAV, FLAC and MP3: {SCRIPT} [OPTION...] FILE...
# {SCRIPT} --help lists the options.
# SCHATTEN_RECOGNIZE names another program. It refuses files that are not what {MANIFEST} says.
{_PROGRAM}{_RUN}"$@"
""",
    LISTEN: f"""\
#!/bin/sh
# Prints what a microphone hears until Ctrl-C:
#   {LISTEN} [--gate] [--words FILE] [OPTION OF arecord...]
# `arecord -L` lists microphones; {LISTEN} -D plughw:1 takes the second card's.
# --gate writes nothing in silence and noise; --words FILE hears words of your own, too.
gate= words=
while :; do
  case ${{{{1-}}}} in
    --gate) gate=$1 ;;
    --words)
      if [ ! -f "${{{{2-}}}}" ]; then
        echo "$0: --words needs a file of words, and there is none named '${{{{2-}}}}'" >&2
        exit 1
      fi
      words=$2
      shift
      ;;
    *) break ;;
  esac
  shift
done
{_PROGRAM}if ! command -v arecord >/dev/null; then
  echo "$0: arecord records here, and it is missing: run sudo apt-get install alsa-utils" >&2
  exit 1
fi
arecord -q -t raw -r 16000 -c 1 -f S16_LE "$@" |
  {{{{ {_RUN}--partial --silence 0.8 $gate ${{{{words:+--words "$words"}}}}; }}}}
""",
}
_README = """\
# {title}

Speech to text, without a network. Nothing has to be installed. On the device:

    sha256sum -c SHA256SUMS    # is everything here, and whole?
    ./{listen}                # speak; Ctrl-C ends (needs arecord, of alsa-utils)
    ./{script} FILE         # WAV, FLAC or MP3 of any rate; ./{script} --help
    ./{listen} --gate --words FILE   # nothing in silence and noise; words of your own

Programs are here for {targets}. What was measured is in [MODEL_CARD.md](MODEL_CARD.md).
Licences are in [NOTICE](NOTICE) and in `licences`.
"""


def pack(
    bundle: Path,
    programs: Mapping[str, Path],
    card: str,
    title: str,
    licences: Mapping[str, Path],
    output: Path,
) -> str:
    """Write the folder `output` and the archive `output.tar.gz`; return their sizes in a line.

    `bundle`: a folder that `schatten bundle` wrote. `programs`: static programs by target. `card`:
    the text of MODEL_CARD.md. `licences`: files by their names in the package.

    Errors: `UserError` if the folder is no bundle, or a program or a licence is missing.
    """
    search = read_search(bundle)
    _require(programs, licences)
    names = {"program": PROGRAM, "targets": " and ".join(programs)}
    files = {"manifest": MANIFEST, "lm": LM, "lexicon": LEXICON, "model": MODEL}
    options = " ".join(search_options(search))
    more = [COMMANDS] if (bundle / COMMANDS).is_file() else []
    if more:
        options += f' --commands "$here/{COMMANDS}"'
    with atomic_output(output) as beside:
        beside.mkdir()
        for name in (*files.values(), *more):
            shutil.copyfile(bundle / name, beside / name)
        _shorten_manifest(beside)
        for target, program in programs.items():
            _install(program, beside / "bin" / target / PROGRAM)
        for name, text in _SCRIPTS.items():
            write_text(beside / name, text.format(options=options, **names, **files))
            (beside / name).chmod(0o755)
        for name, path in licences.items():
            (beside / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, beside / name)
        write_text(beside / "MODEL_CARD.md", card)
        readme = _README.format(title=title, listen=LISTEN, script=SCRIPT, **names)
        write_text(beside / "README.md", readme)
        parts = _files(beside)
        sums = (f"{sha256(beside / name)}  {name}\n" for name in parts)
        write_text(beside / "SHA256SUMS", "".join(sums))
        archive = output.with_name(f"{output.name}.tar.gz")
        _archive(beside, output.name, archive)
    whole = sum((output / name).stat().st_size for name in parts)
    return (
        f"{output}: {whole / 1e6:.2f} MB; {archive}: {archive.stat().st_size / 1e6:.2f} MB, "
        f"for {names['targets']}"
    )


def _require(programs: Mapping[str, Path], licences: Mapping[str, Path]) -> None:
    for target, program in programs.items():
        if not program.is_file():
            raise UserError(f"{program} is missing: run scripts/build_engine.sh --target {target}")
    for path in licences.values():
        if not path.is_file():
            raise UserError(f"{path} is missing, and goes with every program: run `{set_up()}`")


def _shorten_manifest(folder: Path) -> None:
    """Leave the bundle's own script out of the manifest: the package has others."""
    manifest = read(folder / MANIFEST, Manifest)
    kept = {name: entry for name, entry in manifest.files.items() if name in _KEPT}
    whole = sum(entry.bytes for entry in kept.values())
    manifest.model_copy(update={"files": kept, "bytes": whole}).write(folder / MANIFEST)


def _install(program: Path, path: Path) -> None:
    path.parent.mkdir(parents=True)
    shutil.copyfile(program, path)
    path.chmod(0o755)


def _files(folder: Path) -> list[str]:
    """Return the names of all files below a folder, sorted."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def _archive(folder: Path, name: str, output: Path) -> None:
    """Write a folder as .tar.gz, without times and owners, which differ each time."""
    with (
        atomic_output(output) as beside,
        beside.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for part in _files(folder):
            entry = archive.gettarinfo(folder / part, f"{name}/{part}")
            entry.mtime = entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mode = 0o755 if entry.mode & 0o100 else 0o644
            with (folder / part).open("rb") as content:
                archive.addfile(entry, content)
