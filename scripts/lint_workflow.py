"""Runs `snakemake --lint` and prints what it finds, but for two checks that decision 4 exempts."""

import re
import subprocess
import sys

EXEMPT = (
    "Specify a conda environment or container for each rule.",
    "Shell command directly uses variable EXPERIMENT from outside of the rule",
)


def findings(report: str) -> list[str]:
    """Return the findings of a lint report that are not exempt, each behind its rule."""
    found = []
    for section in re.split(r"^Lints for ", report, flags=re.MULTILINE)[1:]:
        place, _, body = section.partition("\n")
        for finding in re.split(r"^    \* ", body, flags=re.MULTILINE)[1:]:
            if not finding.startswith(EXEMPT):
                found.append(f"{place} {' '.join(finding.split())}")
    return found


def main() -> int:
    """Lint the Snakefile of the current folder; 1 where something is found."""
    run = subprocess.run(["snakemake", "--lint"], capture_output=True, text=True, check=False)
    report = run.stdout + run.stderr
    if run.returncode and "Lints for " not in report:
        print(report, end="")
        return run.returncode
    found = findings(report)
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
