"""The Dockerfile names files and packages that are there; the catalog's file is as it has to be."""

import fnmatch
import re
import subprocess
from pathlib import PurePosixPath

import yaml
from project import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
IGNORED = [
    line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"
]


def is_ignored(name: str) -> bool:
    """Tell whether Docker leaves a file out: a pattern fits it, or a folder that it is in."""
    path = PurePosixPath(name)
    places = [path.as_posix(), *(one.as_posix() for one in path.parents)]
    return any(
        fnmatch.fnmatch(place, pattern) or fnmatch.fnmatch(f"/{place}", pattern.replace("**", "*"))
        for pattern in IGNORED
        for place in places
    )


def test_the_image_gets_what_a_run_and_the_set_up_read() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    kept = {name for name in listed if not is_ignored(name)}
    needed = ("Snakefile", "rules/", "profiles/", "recipes/", "scripts/", "arm/", "src/schatten")
    whole = {"LICENSE", "NOTICE", "README.md", "Makefile", "pyproject.toml", "requirements.lock"}
    assert {n for n in listed if n.startswith(needed) or n in whole} <= kept
    assert not {name for name in kept if name.startswith(("tests/", "docs/results/"))}
    assert is_ignored("results/an4/default/am/model.pt") and is_ignored("src/schatten/__pycache__")


def test_kenlms_libraries_are_in_the_last_stage() -> None:
    """Its programs need the shared libraries of the Boost packages that it is built with."""
    packages = re.search(r"PACKAGES=\((.*?)\)", (ROOT / "scripts/build_kenlm.sh").read_text(), re.S)
    assert packages is not None
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    for library in ("program-options", "thread"):
        assert f"libboost-{library}-dev" in packages[1] and f"libboost-{library}1.74.0" in last
    assert re.search(r"\bcmake g\+\+ ", last), "the engine is built by a run"


def test_the_image_asks_for_the_pytorch_of_the_set_up() -> None:
    torch = re.search(r"TORCH_REQUIREMENT:-(\S+?)}", (ROOT / "scripts/setup.sh").read_text())
    assert torch is not None and f"ARG TORCH_REQUIREMENT={torch[1]}" in DOCKERFILE
    assert 'ENTRYPOINT ["schatten"]' in DOCKERFILE


def test_the_catalogs_file_is_whole() -> None:
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(usage["software-stack-deployment"]) == {"conda", "singularity", "singularity+conda"}
    recipe = re.search(r"recipe=(\S+)", usage["mandatory-flags"]["flags"])
    assert recipe is not None and (ROOT / f"recipes/{recipe[1]}.yaml").is_file()
    assert (ROOT / "config/README.md").is_file()
