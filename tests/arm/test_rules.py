"""rules/arm.smk by itself: the steps that it would run."""

import os
import re
import subprocess
import sys
from pathlib import Path

from project import ROOT

BIN = Path(sys.executable).parent


def _dry_run(results):
    command = ["snakemake", "arm", "-s", "rules/arm.smk", "-n", "--quiet", "host"]
    command += ["--config", f"results={results}"]
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
    ).stdout


def test_every_target_is_built_checked_and_counted(tmp_path):
    jobs = dict(re.findall(r"^(arm_\w+) +(\d+)$", _dry_run(tmp_path), re.MULTILINE))
    assert jobs == {"arm_bench": "1", "arm_build": "4", "arm_check": "4", "arm_count": "1"}
