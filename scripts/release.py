"""Makes a release: checks all, builds what people download, tries it, and sets the tag.

    python scripts/release.py cut VERSION
    python scripts/release.py make [--dry-run] [--tests NAME,...] [--recipes NAME[=CORPUS_DIR],...]
    python scripts/release.py begin|end NAME
    python scripts/release.py note NAME COMMAND...

`cut` writes the version into all files that say one, and moves what the changelog has under
Unreleased to a section of its own. `make` writes dist/schatten-VERSION and the tag vVERSION, which
it pushes nowhere. With --dry-run it checks, and says what it would build. `begin` and `end` stand
around the tests in the Makefile: they note in .tools/passed that the tests NAME have passed on a
commit without changes. `note` is both, around a command.
"""

import argparse
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from release_state import (  # beside this file, as is the other
    NIGHTLY,
    begin,
    cut,
    end,
    git,
    not_passed,
    note,
    notes_of,
    tested,
    today,
    versions,
)
from release_tries import Refused, a_recording, say, try_all

HERE = Path(__file__).resolve().parent.parent
TARGETS = ("x86_64", "aarch64", "armv7")
RECIPES = "voicesearch_like/quick,commands/coffee"
"""Recipes whose models are released, as they need no recordings of others."""
CROSS = ("aarch64-linux-gnu-g++", "arm-linux-gnueabihf-g++")
NEEDED = {
    "setup_arm": ("g++", *CROSS, "qemu-aarch64", "qemu-arm"),
    "setup_wasm": ("emcc", "node"),
}
"""Programs that a release is built and tried with, by the target of the Makefile."""


@dataclass(frozen=True)
class Model:
    """A recipe whose best model is released."""

    recipe: str
    corpus_dir: str | None

    @property
    def options(self) -> list[str]:
        """Options that name it to a verb."""
        more = ["--corpus-dir", self.corpus_dir] if self.corpus_dir else []
        return ["--recipe", self.recipe, *more]

    @property
    def name(self) -> str:
        """Its part of a file's name."""
        return self.recipe.replace("/", "-")


def reasons(root: Path, models: Sequence[Model], tests: Sequence[str]) -> Iterator[str]:
    """Yield what keeps a release from being made; an empty reply means that nothing does."""
    found = versions(root)
    version = found["pyproject.toml"]
    if len(set(found.values())) > 1:
        said = ", ".join(f"{name} {one}" for name, one in found.items())
        yield f"versions differ: {said}: write one in all"
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        yield f"{version} is no version X.Y.Z: correct it in pyproject.toml"
    if changed := git(root, "status", "--porcelain"):
        yield f"the tree has changes ({len(changed.splitlines())} files): commit them"
    if git(root, "tag", "--list", f"v{version}"):
        yield f"the tag v{version} is there: raise the version"
    if not git(root, "var", "GIT_COMMITTER_IDENT"):
        yield "git does not know who sets the tag: git config user.name NAME, and user.email"
    changelog = (root / "CHANGELOG.md").read_text()
    if not notes_of(changelog, version):
        yield (
            f"CHANGELOG.md has no section `## {version}` with text: begin a version with "
            "`python scripts/release.py cut VERSION`"
        )
    if notes_of(changelog, "Unreleased"):
        yield f"CHANGELOG.md has text under Unreleased: move it to `## {version}`"
    yield from not_passed(root, tests)
    if not models:
        yield "RECIPES names no recipe: programs are tried with the model of one"
    for model in models:
        table = root / "results" / model.recipe / "tables/wer.csv"
        if not (root / "recipes" / f"{model.recipe}.yaml").is_file():
            yield f"there is no recipe {model.recipe}: correct RECIPES"
        elif not table.is_file():
            yield f"{model.recipe} has no results: run make wer_tables RECIPE={model.recipe}"
    yield from not_installed()


def not_installed() -> Iterator[str]:
    """Yield what a release is built with and is not there."""
    for target, programs in NEEDED.items():
        if missing := [one for one in programs if shutil.which(one) is None]:
            yield f"{', '.join(missing)}: not installed: run `make {target}`"
    if importlib.util.find_spec("build") is None:
        yield "the package build is not installed: run `make setup_wheel`"


def models_of(text: str) -> list[Model]:
    """Return the recipes of a list: NAME or NAME=CORPUS_DIR, with commas between."""
    pairs = (one.partition("=") for one in text.split(",") if one.strip())
    return [Model(name.strip(), folder.strip() or None) for name, _, folder in pairs]


def tests_of(text: str) -> list[str]:
    """Return the tests of a list with commas between."""
    return [one.strip() for one in text.split(",") if one.strip()]


def names_of(version: str, models: Sequence[Model]) -> list[str]:
    """Return what a release holds, as patterns of names."""
    return [
        *(f"schatten-recognize-{version}-{target}.tar.gz" for target in TARGETS),
        f"schatten-{version}-py3-none-any.whl",
        f"schatten_engine-{version}-*.whl",
        f"schatten_engine-{version}.tar.gz",
        f"schatten-web-{version}.tar.gz",
        *(f"schatten-{version}-{model.name}.tar.gz" for model in models),
        "NOTES.md",
        "NOTICE",
        "SHA256SUMS",
    ]


def run(*command: object, log: Path, cwd: Path = HERE) -> None:
    """Run a command with its output in a log; the end of the log is in the error."""
    with log.open("a") as file:
        done = subprocess.run(
            [*map(str, command)], cwd=cwd, stdout=file, stderr=file, text=True, check=False
        )
    if done.returncode:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        raise Refused(f"`{' '.join(map(str, command))}` failed, see {log}:\n{last}")


def archive(folder: Path, name: str, output: Path, log: Path) -> None:
    """Write a folder as NAME.tar.gz whose bytes follow from its files alone."""
    run(
        *("tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"),
        *("--mode=u+rwX,go+rX,go-w", "-C", folder, "-I", "gzip -n9", "-cf"),
        *(output / f"{name}.tar.gz", name),
        log=log,
    )


def build(version: str, models: Sequence[Model], output: Path, log: Path) -> None:
    """Build everything of a release into a folder."""
    with tempfile.TemporaryDirectory(prefix="schatten-") as place:
        work = Path(place)
        build_programs(version, work, output, log)
        build_wheels(output, log)
        build_web(version, work, output, log)
        for model in models:
            say(f"bundle of {model.recipe}")
            name = f"schatten-{version}-{model.name}"
            targets = [part for target in TARGETS for part in ("--target", target)]
            run(
                *(sys.executable, "-m", "schatten.cli", "pack", *model.options, *targets),
                *("--output", work / name),
                log=log,
            )
            shutil.move(work / f"{name}.tar.gz", output)
    write_notes(version, output)


def build_programs(version: str, work: Path, output: Path, log: Path) -> None:
    """Build the static program for each target, with its licences, as an archive."""
    from schatten.device.programs import licences

    for target in TARGETS:
        say(f"program for {target}")
        run("scripts/build_engine.sh", "--target", target, log=log)
        folder = work / f"schatten-recognize-{version}-{target}"
        for name, path in licences().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(HERE / path, folder / name)
        shutil.copy(HERE / f".tools/engine-{target}/bin/schatten-recognize", folder)
        archive(work, folder.name, output, log)


def build_wheels(output: Path, log: Path) -> None:
    """Build the package's wheel, and the engine's wheel and source."""
    say("wheels")
    wheel = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation")
    run(*wheel, "--wheel-dir", output, HERE, log=log)
    parts = (sys.executable, "-m", "build", "--no-isolation", "--outdir", output)
    run(*parts, HERE / "arm/python", log=log)


def build_web(version: str, work: Path, output: Path, log: Path) -> None:
    """Build the engine for browsers, as an archive."""
    say("WebAssembly")
    run("scripts/build_wasm.sh", log=log)
    web = work / f"schatten-web-{version}"
    shutil.copytree(HERE / "dist/web", web, ignore=shutil.ignore_patterns("voice*"))
    archive(work, web.name, output, log)


def write_notes(version: str, output: Path) -> None:
    """Write the notes of a release, the licences and the checksums of all files."""
    notes = notes_of((HERE / "CHANGELOG.md").read_text(), version)
    built = "\n".join(f"- {line}" for line in compilers())
    passed = "\n".join(f"- {line}" for line in tested(HERE))
    text = f"# schatten {version}\n\n{notes}\n\n## Tested\n\n{passed}\n\n## Built with\n\n{built}\n"
    (output / "NOTES.md").write_text(text)
    shutil.copy(HERE / "NOTICE", output)
    sums = [f"{sha256(path)}  {path.name}\n" for path in sorted(output.iterdir())]
    (output / "SHA256SUMS").write_text("".join(sums))


def compilers() -> list[str]:
    """Return what the compilers say of themselves: the bytes of programs follow from them."""
    found = []
    for program in ("g++", *CROSS, "emcc"):
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        found.append(said.stdout.splitlines()[0])
    return found


def sha256(path: Path) -> str:
    """Return the checksum of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def release(models: Sequence[Model], tests: Sequence[str], *, dry_run: bool) -> None:
    """Check, build, try, tag. Errors: `Refused` with all reasons."""
    version = versions(HERE)["pyproject.toml"]
    found = list(reasons(HERE, models, tests))
    if dry_run:
        print(f"release: version {version} would have in dist/schatten-{version}:")
        print("".join(f"  {name}\n" for name in names_of(version, models)), end="")
        print("release: its notes would say:")
        print("".join(f"  {line}\n" for line in tested(HERE)), end="")
    if found:
        raise Refused("\n".join(f"  {one}" for one in found))
    if dry_run:
        print(f"release: nothing keeps it from being made; then the tag v{version} would be set")
        return
    log, output = HERE / "dist/release.log", HERE / f"dist/schatten-{version}"
    log.parent.mkdir(exist_ok=True)
    log.write_text("")
    with tempfile.TemporaryDirectory(prefix="release-", dir=log.parent) as place:
        made = Path(place) / output.name
        made.mkdir()
        build(version, models, made, log)
        missing = [name for name in names_of(version, models) if not list(made.glob(name))]
        if missing:
            raise Refused(f"these were not built: {', '.join(missing)}; see {log}")
        sounds = Path(place) / "sounds"
        recordings = {model.name: a_recording(model, sounds / model.name) for model in models}
        try_all(made, version, recordings, log)
        shutil.rmtree(output, ignore_errors=True)
        made.rename(output)
    run("git", "tag", "-a", f"v{version}", "-m", f"schatten {version}", log=log)
    say(f"{output.relative_to(HERE)} and the tag v{version} are made; push both yourself")


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = parser.add_subparsers(dest="what", required=True)
    make = parts.add_parser("make")
    make.add_argument("--dry-run", action="store_true")
    make.add_argument("--tests", default=NIGHTLY)
    make.add_argument("--recipes", default=RECIPES)
    for name in ("begin", "end"):
        parts.add_parser(name).add_argument("name")
    parts.add_parser("cut").add_argument("version")
    noting = parts.add_parser("note")
    noting.add_argument("name")
    noting.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    try:
        if given.what == "begin":
            begin(HERE, given.name)
        elif given.what == "end":
            print(end(HERE, given.name))
        elif given.what == "note":
            return note(HERE, given.name, given.command)
        elif given.what == "cut":
            print(cut(HERE, given.version, today()))
        else:
            models, tests = models_of(given.recipes or RECIPES), tests_of(given.tests or NIGHTLY)
            release(models, tests, dry_run=given.dry_run)
    except Refused as error:
        print(f"release: refused:\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
