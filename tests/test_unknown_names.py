"""A name that the recipe does not have ends every verb with a sentence that lists those it has."""

from pathlib import Path

import pytest
from project import ROOT, SMOKE
from test_verbs_help import VERBS
from typer.testing import CliRunner

from schatten.cli import app
from schatten.errors import UserError

VALUES = {
    "--recipe": str(ROOT / f"recipes/{SMOKE}.yaml"),
    "--system": "dense",
    "--split": "dev",
    "--seed": "1",
    "--parameters": "1000",
}
"""What an option is given that is not of a file."""
UNKNOWN = [
    ("train", "--system", "dense, l2, trace_norm"),
    ("truncate", "--system", "dense, l2, trace_norm"),
    ("compare-ranks", "--system", "dense, l2, trace_norm"),
    ("bench-model", "--system", "dense, l2, trace_norm"),
    ("scale memory", "--system", "dense, l2, trace_norm"),
    ("train", "--node", "stage1"),
    ("lm estimate", "--lm", "fivegram"),
    ("lm build", "--lm", "fivegram"),
    ("choose", "--grid", "there is no grid at all"),
    ("features", "--split", "train, dev, test"),
    ("features", "--feature", "mel80, mel40, linear161"),
    ("units", "--set", "characters, phones, pieces"),
    ("figure", "--kind", "parameters, cer"),
    ("device-table", "--device", "host"),
    ("device compare-engine", "--tier", "dense-11M"),
]


@pytest.mark.parametrize(("verb", "option", "known"), UNKNOWN, ids=lambda value: value)
def test_a_name_that_is_not_there_is_refused_with_those_that_are(
    verb: str, option: str, known: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    given = {option: "nothing"}
    for one in VERBS[verb].params:
        name = next((name for name in one.opts if name.startswith("--")), None)
        if name is not None and (one.required or name == "--recipe"):
            given.setdefault(name, VALUES.get(name, str(tmp_path / "file")))
    done = CliRunner().invoke(
        app, [*verb.split(), *(one for pair in given.items() for one in pair)]
    )
    assert isinstance(done.exception, UserError), done.output
    assert "nothing" in str(done.exception) and known in str(done.exception)
    assert list(tmp_path.iterdir()) == []
