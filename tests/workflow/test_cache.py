"""Clones of the project share corpus, features and language models through Snakemake's cache."""

from pathlib import Path

import pytest
import yaml
from fault_bench import Bench, inside
from hostile_corpus import CORPUS, RECIPE, write_corpus, write_recipe
from project import SMOKE, Project, copy_project

from schatten.runtime import explain

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("cache")]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def clones(snapshot: Path, tmp_path_factory: pytest.TempPathFactory, cache: Path) -> list[Bench]:
    """Two clones with a copy of the corpus each, in which the least recipe was run in turn."""
    found = []
    for name in ("one", "two"):
        folder = tmp_path_factory.mktemp(name)
        bench = Bench(copy_project(snapshot, folder), folder / "saved")
        write_corpus(bench.project.path / CORPUS)
        write_recipe(bench.project)
        before = written(cache)
        run(bench.project, cache, *bench.command)
        assert written(cache).items() >= before.items()
        assert bool(before) == (written(cache) == before)
        found.append(bench)
    return found


def written(cache: Path) -> dict[Path, int]:
    """The time at which each file of the cache was written: a step that runs writes it again."""
    return {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()}


def run(project: Project, cache: Path, *command: str, status: int = 0) -> str:
    process = project.start(*command, "--", "--cache", SNAKEMAKE_OUTPUT_CACHE=str(cache))
    output, _ = process.communicate()
    assert process.returncode == status, output
    return str(output)


def test_a_second_clone_gets_them_for_free(clones: list[Bench], cache: Path) -> None:
    """Its run wrote nothing to the cache, or `clones` would have noticed."""
    for bench in clones:
        (data,) = [path for path in bench.results.glob("own/*") if path.name != "least"]
        files = [path for path in data.rglob("*") if path.is_file() and path.suffix != ".log"]
        assert {path.readlink().parent for path in files} == {cache}
        assert {"arpa.gz", "bin", "train.lca", "train.cuts.jsonl.gz"} <= {f.name for f in files}
    assert not [path for path in (clones[1].results / "own/least").rglob("*") if path.is_symlink()]


def test_what_is_shared_is_up_to_date_without_the_cache_too(clones: list[Bench]) -> None:
    for bench in clones:
        assert bench.run() == (0, "nothing to do: everything asked for is there and up to date\n")


def test_two_runs_from_clean_give_the_same_bytes(clones: list[Bench]) -> None:
    one, two = (bench.digests() for bench in clones)
    assert one == two
    assert f"{RECIPE}/tables/wer.csv" in one


def test_what_comes_from_the_cache_is_explained_back_to_the_audio(clones: list[Bench]) -> None:
    with inside(clones[1].project.path):
        chain = explain.chain(Path(f"results/{RECIPE}/tables/wer.csv"))
        assert explain.problems(chain) == []
        assert '"verb": "corpus"' in explain.as_json(chain)


def test_a_damaged_cache_is_noticed_and_mended(clones: list[Bench], cache: Path) -> None:
    (report,) = clones[1].results.glob("own/*/validation.json")
    cached, whole = report.readlink(), report.read_bytes()
    cached.write_bytes(whole[:-1])
    command = clones[1].asking_for(str(report.relative_to(clones[1].project.path)))
    output = run(clones[1].project, cache, *command, status=1)
    assert f"it is a link to {cached}, remove that too" in output
    assert "Traceback" not in output
    report.unlink()
    cached.unlink()
    run(clones[1].project, cache, *command)
    assert (report.read_bytes(), report.readlink()) == (whole, cached)


def test_audio_that_a_corpus_makes_is_shared(
    snapshot: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A folder comes from the cache as a folder of links."""
    few = {split: {"utterances": 6} for split in ("train", "dev", "test")}
    content = {"extends": Path(SMOKE).name, "corpus": {"lm_sentences": 300, **few}}
    projects = [copy_project(snapshot, tmp_path_factory.mktemp(name)) for name in ("one", "two")]
    for project in projects:
        project.recipe.with_name("few.yaml").write_text(yaml.safe_dump(content))
    command = ("schatten", "run", "--recipe", f"{Path(SMOKE).parent}/few")
    run(projects[0], tmp_path, *command, "validate")
    (data,) = projects[0].path.glob("results/voicesearch_like/*")
    features = data.relative_to(projects[0].path) / "features/mel80/dev.cuts.jsonl.gz"
    before = written(tmp_path)
    run(projects[1], tmp_path, *command, str(features))
    assert written(tmp_path).items() > before.items()
    with inside(projects[1].path):
        chain = explain.chain(features)
        assert explain.problems(chain) == []
        assert explain.problems(explain.chain(data.relative_to(projects[0].path) / "audio")) == []
