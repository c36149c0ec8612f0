"""Every job of every recipe as Snakemake plans it, as text under golden/ that is kept in git.

A change of the workflow shows there, job by job, as a diff: which outputs are made from which
inputs, with which params and by which shell line. Names of rules are left out.

    python tests/workflow/golden_jobs.py            compare the files with the code
    python tests/workflow/golden_jobs.py --write    write them anew; `git diff` shows what changed

Names of recipes or files may follow: `--write voicesearch_like/tiny`. Nothing is run: corpora are
stand-ins of a few bytes, and what the checkpoints would choose is made up (golden_plan.py).
Not in the files: names of rules, threads, memory, time limits, priorities.
"""

import difflib
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from golden_text import text_of
from project import ROOT, SMOKE, copy_project
from recipe_rows import initial_models

from schatten.recipe import load
from schatten.recipe.layout import lexicon_models

GOLDEN = Path(__file__).parent / "golden"
COMMAND = "python tests/workflow/golden_jobs.py --write"
OF_GRAPHS = ("wer_tables", "figures")
"""What a recipe has whose tables hold graphs alone: no device runs them."""
TARGETS = (*OF_GRAPHS, "bench", "bundle", "{home}/tables/decoders.txt")
DEVICES = "host rpi3 qemu-a53"
"""This machine, a board, and an emulated one: one for each way to measure."""
SHOWN = 60
"""Lines of a difference that a failed comparison prints."""

_KALDI = [
    f"corpus/{split}/{name}"
    for split in ("train", "dev", "test")
    for name in ("wav.scp", "text", "utt2spk")
]
_PARTS = (
    *(f"train-{one}" for one in ("clean-100", "clean-360", "other-500")),
    *("dev-clean", "test-clean", "test-other"),
)
_INDICES = ("train/tr_s_wv1.ndx", "test/nvp/si_et_20.ndx")
STAND_INS = (
    "corpus/transcripts.tsv",
    "corpus/commands.tsv",
    "corpus/noise/kitchen.opus",
    "corpus/librispeech_all/transcripts.tsv",
    "corpus/voice_commands/commands.tsv",
    "corpus/voice_commands/transcripts.tsv",
    "corpus/voice_commands/noise/kitchen.opus",
    *(f"corpus/{name}/transcripts.tsv" for name in ("commonvoice_small", "speechocean_adults")),
    "corpus/commonvoice_small/metadata.tsv",
    "corpus/speechocean_adults/speakers.tsv",
    "corpus/text/books.txt.gz",
    "corpus/text_more/books2.txt.gz",
    "text/books.txt.gz",
    "text_more/books2.txt.gz",
    *_KALDI,
    *(f"corpus/{part}/1/2/1-2.trans.txt" for part in _PARTS),
    "corpus/librispeech-lm-norm.txt.gz",
    *(f"corpus/{split}.tsv" for split in ("train", "dev", "test")),
    *(f"corpus/wsj0/doc/indices/{name}" for name in _INDICES),
    *(f"corpus/wsj1/doc/indices/{name}" for name in ("si_tr_s.ndx", "h1_p0.ndx")),
)
"""Files of corpora that are hashed when the workflow is planned; here each holds its own name."""


@dataclass(frozen=True)
class Golden:
    """A file of jobs, and how they are planned."""

    name: str
    """Of the file, without `.txt`."""
    recipe: str
    targets: tuple[str, ...] = TARGETS
    options: tuple[str, ...] = ()
    arm: bool = False
    """Whether the file holds the kernels' jobs, alike for every recipe, or the others."""

    @property
    def path(self) -> Path:
        """The file."""
        return GOLDEN / f"{self.name}.txt"


def every() -> list[Golden]:
    """Return the files: one a recipe, the kernels, and one with results in a shared cache."""
    paths = sorted(ROOT.glob("recipes/*/*.yaml"))
    recipes = [f"{path.parent.name}/{path.stem}" for path in paths]
    return [
        *(Golden(recipe.replace("/", "."), recipe, _targets(recipe)) for recipe in recipes),
        Golden("arm", SMOKE, ("arm", "bench"), arm=True),
        Golden("cache", SMOKE, ("wer_tables",), ("--cache",)),
    ]


def _targets(recipe: str) -> tuple[str, ...]:
    loaded = load(str(ROOT / f"recipes/{recipe}.yaml"))
    return TARGETS if lexicon_models(loaded) else OF_GRAPHS


def _initial_models(recipe: str) -> list[str]:
    """Return the models that a recipe's trainings begin with: other recipes made them."""
    return [str(one) for one in initial_models(load(str(ROOT / f"recipes/{recipe}.yaml")))]


def planned(golden: Golden) -> str:
    """Return what a file should hold now."""
    with tempfile.TemporaryDirectory(prefix="schatten.") as folder:
        project = copy_project(ROOT, Path(folder))
        for name in (*STAND_INS, *_initial_models(golden.recipe)):
            path = project.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"stand-in for {name}\n")
        home = f"results/{golden.recipe}"
        config = [f"recipe={golden.recipe}", f"devices={DEVICES}"]
        if not golden.recipe.startswith("voicesearch_like/"):
            config.append("corpus_dir=corpus")
        plan = Path(__file__).with_name("golden_plan.py")
        targets = [target.format(home=home) for target in golden.targets]
        done = subprocess.run(
            [sys.executable, str(plan), *golden.options, *targets, *config],
            cwd=project.path,
            env={**project.environment, "SNAKEMAKE_OUTPUT_CACHE": "cache"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"{golden.recipe} cannot be planned:\n{done.stdout}{done.stderr}")
    return _text(golden, json.loads(done.stdout.splitlines()[-1]))


def _text(golden: Golden, found: dict) -> str:
    corpus, key = Path(golden.recipe).parent, found["data_key"]
    jobs = [job for job in found["jobs"] if _is_arm(job) == golden.arm]
    targets = ", ".join(golden.targets).format(home="HOME")
    shortened = {
        f"results/{golden.recipe}": "HOME",
        f"results/{corpus}/{key}": "DATA",
        key: "KEY",
        golden.recipe: "RECIPE",
    }
    lines = [
        f"# {golden.recipe}: {len(jobs)} jobs of {targets}; devices: {DEVICES}",
        f"# HOME is results/{golden.recipe}, DATA is results/{corpus}/KEY, KEY is {key}",
        "# <: inputs; param, settings: params that Snakemake compares; derived: other params",
        "# $: shell line; =: the jobs of this kind by their first output; &: a long value, below",
        *text_of(jobs, shortened),
    ]
    return "\n".join(lines) + "\n"


def _is_arm(job: dict) -> bool:
    return job["target"] == "arm" or any(x.startswith("results/arm/") for x in job["outputs"])


def difference(golden: Golden) -> str:
    """Return how a file differs from the code, shortened, and what to do; empty where alike."""
    kept = golden.path.read_text() if golden.path.is_file() else ""
    now = planned(golden)
    if now == kept:
        return ""
    changes = list(
        difflib.unified_diff(
            kept.splitlines(), now.splitlines(), "as committed", "as planned now", "", "", 1, ""
        )
    )
    more = [f"... {len(changes) - SHOWN} lines more"] if len(changes) > SHOWN else []
    return "\n".join(
        [
            f"golden/{golden.path.name} is not what Snakemake plans now:",
            *changes[:SHOWN],
            *more,
            f"Where that is meant, write it anew and commit it: {COMMAND} {golden.name}",
        ]
    )


def main(arguments: list[str]) -> int:
    """Compare or write files; return the exit status."""
    names = [name.replace("/", ".") for name in arguments if name != "--write"]
    files = [golden for golden in every() if not names or golden.name in names]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        if "--write" not in arguments:
            found = [text for text in pool.map(difference, files) if text]
            print("\n\n".join(found) or f"{len(files)} files are as Snakemake plans now")
            return 1 if found else 0
        GOLDEN.mkdir(exist_ok=True)
        for golden, text in zip(files, pool.map(planned, files), strict=True):
            golden.path.write_text(text)
    if not names:
        for path in set(GOLDEN.iterdir()) - {golden.path for golden in files}:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
