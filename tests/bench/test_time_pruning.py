"""Pruning is timed beside another program's."""

import pytest
from project import ROOT
from typer.testing import CliRunner

from schatten.cli import app
from schatten.errors import UserError
from schatten.lm.arpa import counts

DATA = ROOT / "tests/lm/data"


def run(*arguments):
    command = ["lm", *map(str, arguments)]
    return CliRunner().invoke(app, command, catch_exceptions=False).stdout


def test_pruning_is_timed_beside_another_program(tmp_path):
    theirs = tmp_path / "ngram"
    pruned = DATA / "gapped.arpa"
    theirs.write_text(f'#!/bin/sh\n[ "$6" = 1e-06 ] && cp {pruned} "$8"\n')
    theirs.chmod(0o755)
    said = run("compare-prune", "--arpa", pruned, "--threshold", 1e-6, "--ngram", theirs)
    assert "schatten" in said
    assert sum(counts(pruned)) > 100
    assert f"{sum(counts(pruned))} n-grams left" in said
    assert "schatten/SRILM: " in said
    with pytest.raises(
        UserError, match=r"SRILM could not prune .*gapped.arpa \(status 1\): nothing"
    ):
        run("compare-prune", "--arpa", pruned, "--threshold", 1e-5, "--ngram", theirs)
    with pytest.raises(UserError, match="no-such is no program: give SRILM's ngram"):
        run("compare-prune", "--arpa", pruned, "--ngram", tmp_path / "no-such")
