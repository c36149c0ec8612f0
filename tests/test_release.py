"""A release is refused with all reasons at once; tests count for the commit that they ran on."""

import hashlib
import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from project import ROOT

VERSIONED = (
    *("pyproject.toml", "arm/python/pyproject.toml", "src/schatten/__init__.py"),
    "arm/engine/schatten.h",
)


def module(name: str) -> ModuleType:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT / "scripts"))


release, state, tries = map(module, ("release", "release_state", "release_tries"))


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone that is ready for the release of 9.8.7, with the smoke recipe's model."""
    for name in VERSIONED:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        old = release.versions(ROOT)[name]
        path.write_text((ROOT / name).read_text().replace(f'"{old}"', '"9.8.7"'))
    recipe = tmp_path / "recipes/voicesearch_like/smoke.yaml"
    table = tmp_path / "results/voicesearch_like/smoke/tables/wer.csv"
    for path in (recipe, table):
        path.parent.mkdir(parents=True)
        path.touch()
    (tmp_path / ".gitignore").write_text(".tools/\nresults/\n")
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n## 9.8.7 (2030-01-02)\n\n- New.\n\n## 9.8.6\n- Old.\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    for name in ("GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    git(tmp_path, "init", "-q")
    for name, value in (("user.name", "a"), ("user.email", "a@example.org")):
        git(tmp_path, "config", name, value)
    commit(tmp_path)
    release.begin(tmp_path, "test-nightly")
    assert "passed at" in release.end(tmp_path, "test-nightly")
    monkeypatch.setattr(release.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(release.importlib.util, "find_spec", lambda name: name)
    return tmp_path


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "a")


def reasons(
    root: Path, recipes: str = "voicesearch_like/smoke", tests: str = "test-nightly"
) -> list[str]:
    return list(release.reasons(root, release.models_of(recipes), release.tests_of(tests)))


def test_a_tree_that_is_ready_is_not_refused(tree: Path) -> None:
    assert reasons(tree) == []


def test_each_thing_that_is_wrong_is_named_with_its_fix(tree: Path) -> None:
    header = tree / "arm/engine/schatten.h"
    header.write_text(header.read_text().replace("9.8.7", "9.8.6"))
    changelog = tree / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## Unreleased\n- Something.\n\n## 9.8.6\n- Old.\n")
    git(tree, "tag", "v9.8.7")
    git(tree, "config", "user.useConfigOnly", "true")
    git(tree, "config", "--unset", "user.email")
    found = "\n".join(reasons(tree, "voicesearch_like/smoke,an4/none"))
    for said in (
        "versions differ: pyproject.toml 9.8.7, ",
        "arm/engine/schatten.h 9.8.6",
        "the tree has changes (2 files): commit them",
        "the tag v9.8.7 is there",
        "no section `## 9.8.7` with text",
        "text under Unreleased",
        "`make test-nightly` has to pass on this commit",
        "there is no recipe an4/none",
        "git does not know who sets the tag",
    ):
        assert said in found
    assert len(found.splitlines()) == 8


def test_tests_count_for_their_commit_alone(tree: Path) -> None:
    (tree / "more").touch()
    commit(tree)
    [reason] = reasons(tree)
    assert "they passed at" in reason and reason.endswith("run it")
    release.begin(tree, "test-nightly")
    (tree / "later").touch()
    commit(tree)
    assert "counts for no commit" in release.end(tree, "test-nightly")
    [reason] = reasons(tree)
    assert "nothing says that they passed" in reason
    (tree / "edited").touch()
    release.begin(tree, "test-nightly")
    assert "counts for no commit" in release.end(tree, "test-nightly"), "the tree had changes"


def test_a_release_may_rest_on_several_tests_and_says_what_the_others_did(tree: Path) -> None:
    earlier = release.git(tree, "rev-parse", "HEAD")
    (tree / "more").touch()
    commit(tree)
    [reason] = reasons(tree, tests="test,test-slurm,nothing, ")[2:]
    assert "there are no tests nothing: TESTS takes test, " in reason
    assert reasons(tree, tests="") == ["TESTS names no tests: a release rests on some"]
    for name in ("test", "test-slurm"):
        release.begin(tree, name)
        release.end(tree, name)
    assert reasons(tree, tests="test,test-slurm") == []
    lines = list(release.tested(tree))
    assert len(lines) == len(state.TESTS)
    assert lines[0].startswith("`make test` passed on this commit (20")
    assert lines[1] == "`make test-default`: nothing says that it passed"
    assert lines[3].startswith(f"`make test-nightly` passed on {earlier[:7]} (20")
    assert lines[3].endswith(", 1 commits before this one")
    (tree / ".tools/passed/test-nightly").write_text(f"{'5' * 40} 2030-01-02\n")
    *_, foreign = release.tested(tree)
    assert foreign.endswith("on 5555555 (2030-01-02), which this clone does not have")


def test_tests_that_leave_some_out_note_nothing(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = tree / ".tools/passed/test-slurm"
    assert release.note(tree, "test-slurm", ["true"]) == 0
    assert passed.read_text().startswith(release.git(tree, "rev-parse", "HEAD"))
    before = passed.read_text()
    monkeypatch.setenv("PYTEST_ARGS", "-x")
    assert release.note(tree, "test-slurm", ["false"]) == 1
    assert passed.read_text() == before
    monkeypatch.delenv("PYTEST_ARGS")
    assert release.note(tree, "test-slurm", ["sh", "-c", "exit 3"]) == 3
    assert not passed.exists(), "tests that fail now passed on no commit"


def test_a_cut_writes_the_version_everywhere(tree: Path) -> None:
    changelog = tree / "CHANGELOG.md"
    new = "## Unreleased\n\nWhat it is.\n\n### New\n- It.\n"
    old = f"# Changelog\n\n{new}\n## 9.8.7 (2030-01-02)\n- Old.\n"
    changelog.write_text(old)
    assert "9.10.0 is in 4 files" in release.cut(tree, "9.10.0", "2030-02-03")
    assert set(release.versions(tree).values()) == {"9.10.0"}
    said = changelog.read_text()
    assert release.notes_of(said, "9.10.0") == "What it is.\n\n### New\n- It."
    assert release.notes_of(said, "Unreleased") == ""
    assert said == old.replace("## Unreleased\n", "## Unreleased\n\n## 9.10.0 (2030-02-03)\n")
    changed = subprocess.run(
        ["git", "-C", tree, "diff", "--numstat"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert [line.split()[:2] for line in changed if "CHANGELOG" not in line] == [["1", "1"]] * 4
    commit(tree)
    release.begin(tree, "test-nightly")
    release.end(tree, "test-nightly")
    assert reasons(tree) == []


@pytest.mark.parametrize(
    ("version", "changelog", "why"),
    [
        ("9.9", "## Unreleased\n- New.\n", "9.9 is no version X.Y.Z"),
        ("9.8.7", "## Unreleased\n- New.\n", "says 9.8.7: 9.8.7 is not later"),
        ("9.8.10", "## Unreleased\n\n## 9.8.7\n- Old.\n", "no text under `## Unreleased`"),
        ("9.8.10", "## Unreleased\n- New.\n\n## 9.8.10 (2030)\n- Old.\n", "has a section"),
    ],
)
def test_a_cut_that_is_refused_writes_nothing(
    tree: Path, version: str, changelog: str, why: str
) -> None:
    (tree / "CHANGELOG.md").write_text(changelog)
    with pytest.raises(release.Refused, match=why):
        release.cut(tree, version, "2030-02-03")
    assert set(release.versions(tree).values()) == {"9.8.7"}
    assert (tree / "CHANGELOG.md").read_text() == changelog


def test_results_and_compilers_that_are_missing_are_named(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "results/voicesearch_like/smoke/tables/wer.csv").unlink()
    monkeypatch.setattr(release.shutil, "which", lambda name: None)
    monkeypatch.setattr(release.importlib.util, "find_spec", lambda name: None)
    results, *programs = reasons(tree)
    assert "run make wer_tables RECIPE=voicesearch_like/smoke" in results
    assert [reason.rpartition(" ")[2] for reason in programs] == [
        *("setup_arm`", "setup_wasm`", "setup_wheel`")
    ]
    assert "aarch64-linux-gnu-g++" in programs[0] and "emcc, node" in programs[1]


def test_the_notes_are_the_versions_section() -> None:
    text = "# Changelog\n\n## Unreleased\n\n## 1.2.0 (2030)\n\n### New\n- It.\n\n## 1.1.0\n- Old.\n"
    assert release.notes_of(text, "1.2.0") == "### New\n- It."
    assert release.notes_of(text, "1.1.0") == "- Old."
    assert release.notes_of(text, "Unreleased") == release.notes_of(text, "1.2") == ""


def test_a_dry_run_builds_nothing_and_says_what_it_would(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(release, "HERE", tree)
    models = release.models_of("voicesearch_like/smoke")
    release.release(models, ["test-nightly"], dry_run=True)
    said = capsys.readouterr().out
    for target in ("x86_64", "aarch64", "armv7"):
        assert f"schatten-recognize-9.8.7-{target}.tar.gz" in said
    assert "schatten-9.8.7-voicesearch_like-smoke.tar.gz" in said and "tag v9.8.7" in said
    assert "`make test-nightly` passed on this commit" in said
    assert not (tree / "dist").exists() and not release.git(tree, "tag")
    (tree / "CHANGELOG.md").write_text("# Changelog\n")
    with pytest.raises(release.Refused, match="no section"):
        release.release(models, ["test-nightly"], dry_run=False)
    assert not (tree / "dist").exists(), "what is refused builds nothing"


def test_the_command_refuses_in_lines_and_not_in_a_traceback(tree: Path) -> None:
    """In a copy: a released commit of ours would refuse for another reason."""
    shutil.copytree(
        ROOT / "scripts", tree / "scripts", ignore=shutil.ignore_patterns("__pycache__")
    )
    done = subprocess.run(
        [sys.executable, "scripts/release.py", "make", "--dry-run", "--recipes", "an4/none"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "would have in dist/schatten-9.8.7" in done.stdout
    lines = done.stderr.splitlines()
    assert lines[0] == "release: refused:" and all(line.startswith("  ") for line in lines[1:])
    assert "the tree has changes" in lines[1] and "no recipe an4/none" in done.stderr


def test_versions_of_the_repository_agree() -> None:
    assert len(set(release.versions(ROOT).values())) == 1
    assert set(release.versions(ROOT)) == set(VERSIONED)


def test_an_archive_has_the_same_bytes_again(tmp_path: Path) -> None:
    made = []
    for number in (1, 2):
        folder = tmp_path / str(number) / "voice"
        folder.mkdir(parents=True)
        for name in ("b", "a")[:: 1 if number == 1 else -1]:
            (folder / name).write_text(name)
        release.archive(folder.parent, "voice", folder.parent, tmp_path / "log")
        made.append(release.sha256(folder.parent / "voice.tar.gz"))
    assert made[0] == made[1]
    assert made[0] == hashlib.sha256((tmp_path / "1/voice.tar.gz").read_bytes()).hexdigest()
    assert (tries.unpacked(tmp_path / "1/voice.tar.gz", tmp_path) / "a").read_text() == "a"


def test_a_trial_has_an_empty_root_and_refuses_what_fails(tmp_path: Path) -> None:
    trial = tries.Trial(tmp_path / "log")
    assert trial.run("/usr/bin/env", cwd=tmp_path).splitlines() == [
        f"{name}={value}" for name, value in tries.PLAIN.items()
    ]
    with pytest.raises(release.Refused, match="hears 'no', not 'yes'"):
        trial.same("yes", json.dumps({"text": "no"}), "it")
    with pytest.raises(release.Refused, match="`/bin/false` failed"):
        trial.run("/bin/false", cwd=tmp_path)
    assert tries.words_of('x\n{"text": "a b"}\n{"seconds": 1}\n{"text": "c"}\n') == "a b c"


@pytest.mark.parametrize(
    ("target", "compiler"),
    [(tries.platform.machine(), "cc"), ("aarch64", "aarch64-linux-gnu-gcc")],
)
def test_a_static_program_runs_in_an_empty_root(tmp_path: Path, target: str, compiler: str) -> None:
    needed = [compiler] if compiler == "cc" else [compiler, tries.EMULATORS[target]]
    if missing := [one for one in needed if shutil.which(one) is None]:
        pytest.skip(f"{missing[0]} is not installed")
    if subprocess.run(["unshare", "--map-root-user", "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    source = tmp_path / "hello.c"
    source.write_text(
        "#include <stdio.h>\nint main(int n, char **a) { puts(a[1]); return n != 2; }\n"
    )
    subprocess.run([compiler, "-static", "-o", tmp_path / "hello", source], check=True)
    trial = tries.Trial(tmp_path / "log")
    assert trial.program(tmp_path / "hello", target, "heard") == "heard\n"
    with pytest.raises(release.Refused, match="failed"):
        trial.program(tmp_path / "hello", target)


def test_a_dynamic_program_fails_in_the_empty_root(tmp_path: Path) -> None:
    """So a program that is not static would not be released."""
    if subprocess.run(["unshare", "--map-root-user", "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    trial = tries.Trial(tmp_path / "log")
    with pytest.raises(release.Refused, match="failed"):
        trial.program(Path(shutil.which("ls") or "ls"), tries.platform.machine())
