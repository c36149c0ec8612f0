"""Makes a release: checks all, builds what people download, tries it, and sets the tag.

    python scripts/release.py make [--dry-run] [--tests NAME] [--recipes NAME[=CORPUS_DIR],...]
    python scripts/release.py begin|end NAME

`make` writes dist/schatten-VERSION and the tag vVERSION, which it pushes nowhere. With --dry-run it
checks, and says what it would build. `begin` and `end` stand around the tests in the Makefile: they
note in .tools/passed that the tests NAME have passed on a commit without changes.
"""

import argparse
import datetime
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from release_tries import Refused, try_all  # beside this file

HERE = Path(__file__).resolve().parent.parent
TARGETS = ("x86_64", "aarch64", "armv7")
PASSED = Path(".tools/passed")
RECIPES = "voicesearch_like/quick,commands/coffee"
"""Recipes whose models are released, as they need no recordings of others."""
NIGHTLY = "test-nightly"
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


def git(root: Path, *arguments: str) -> str:
    """Return what git says; nothing where it fails."""
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def commit_of(root: Path) -> str | None:
    """Return the commit of a tree without changes; None for another."""
    return git(root, "rev-parse", "HEAD") if not git(root, "status", "--porcelain") else None


def begin(root: Path, name: str) -> None:
    """Note the commit on which tests begin; notes of earlier ones go."""
    folder = root / PASSED
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).unlink(missing_ok=True)
    (folder / f"{name}.begun").write_text(commit_of(root) or "")


def end(root: Path, name: str) -> str:
    """Note that the tests have passed, if the tree had and has no changes; return what to say."""
    begun = root / PASSED / f"{name}.begun"
    before = begun.read_text() if begun.is_file() else ""
    begun.unlink(missing_ok=True)
    now = commit_of(root)
    if not now or now != before:
        return f"{name}: passed, but the tree has changes, so it counts for no commit"
    day = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    (root / PASSED / name).write_text(f"{now} {day}\n")
    return f"{name}: passed at {now[:7]}, noted in {PASSED / name}"


def versions(root: Path) -> dict[str, str]:
    """Return the version that each file has which says one."""
    found = {}
    for name in ("pyproject.toml", "arm/python/pyproject.toml"):
        found[name] = tomllib.loads((root / name).read_text())["project"]["version"]
    for name, pattern in (
        ("src/schatten/__init__.py", r'__version__ = "(.*)"'),
        ("arm/engine/schatten.h", r'#define SCHATTEN_VERSION "(.*)"'),
    ):
        line = re.search(pattern, (root / name).read_text())
        found[name] = line[1] if line else "none"
    return found


def notes_of(changelog: str, version: str) -> str:
    """Return the section of a version in the changelog; empty where there is none."""
    section = re.search(
        rf"^## {re.escape(version)}(?: .*)?\n((?:(?!## ).*\n?)*)", changelog, re.MULTILINE
    )
    return section[1].strip() if section else ""


def reasons(root: Path, models: Sequence[Model], tests: str) -> Iterator[str]:
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
    changelog = (root / "CHANGELOG.md").read_text()
    if not notes_of(changelog, version):
        yield f"CHANGELOG.md has no section `## {version}` with text: cut it from Unreleased"
    if notes_of(changelog, "Unreleased"):
        yield f"CHANGELOG.md has text under Unreleased: move it to `## {version}`"
    passed = root / PASSED / tests
    commit, head = passed.read_text().split()[0] if passed.is_file() else "", commit_of(root)
    if not commit or commit != head:
        there = f"they passed at {commit[:7]}" if commit else "nothing says that they passed"
        yield f"`make {tests}` has to pass on this commit ({there}): run it"
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
    from schatten.device.programs import licences

    with tempfile.TemporaryDirectory(prefix="schatten-") as place:
        work = Path(place)
        for target in TARGETS:
            say(f"program for {target}")
            run("scripts/build_engine.sh", "--target", target, log=log)
            folder = work / f"schatten-recognize-{version}-{target}"
            for name, path in licences().items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(HERE / path, folder / name)
            shutil.copy(HERE / f".tools/engine-{target}/bin/schatten-recognize", folder)
            archive(work, folder.name, output, log)
        say("wheels")
        wheel = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation")
        run(*wheel, "--wheel-dir", output, HERE, log=log)
        parts = (sys.executable, "-m", "build", "--no-isolation", "--outdir", output)
        run(*parts, HERE / "arm/python", log=log)
        say("WebAssembly")
        run("scripts/build_wasm.sh", log=log)
        web = work / f"schatten-web-{version}"
        shutil.copytree(HERE / "dist/web", web, ignore=shutil.ignore_patterns("voice*"))
        archive(work, web.name, output, log)
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
    notes = notes_of((HERE / "CHANGELOG.md").read_text(), version)
    built = "\n".join(f"- {line}" for line in compilers())
    text = f"# schatten {version}\n\n{notes}\n\n## Built with\n\n{built}\n"
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


def say(what: str) -> None:
    """Print a line of progress."""
    print(f"release: {what}", flush=True)


def release(models: Sequence[Model], tests: str, *, dry_run: bool) -> None:
    """Check, build, try, tag. Errors: `Refused` with all reasons."""
    version = versions(HERE)["pyproject.toml"]
    found = list(reasons(HERE, models, tests))
    if dry_run:
        say(f"version {version} would have in dist/schatten-{version}:")
        print("".join(f"  {name}\n" for name in names_of(version, models)), end="")
    if found:
        raise Refused("\n".join(f"  {one}" for one in found))
    if dry_run:
        say(f"nothing keeps it from being made; then the tag v{version} would be set")
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
        try_all(made, version, models, log)
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
    given = parser.parse_args()
    if given.what == "begin":
        begin(HERE, given.name)
    elif given.what == "end":
        print(end(HERE, given.name))
    else:
        try:
            models = models_of(given.recipes or RECIPES)
            release(models, given.tests or NIGHTLY, dry_run=given.dry_run)
        except Refused as error:
            print(f"release: refused:\n{error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
