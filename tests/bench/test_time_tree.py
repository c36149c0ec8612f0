"""The tree of tied phones is timed on made-up triphones."""

from typer.testing import CliRunner

from schatten.cli import app


def test_the_time_of_a_tree_is_printed() -> None:
    options = ["--tokens", "3000", "--leaves", "60", "--minimum", "20"]
    result = CliRunner().invoke(app, ["bench-tree", *options])
    assert result.exit_code == 0, result.output
    sizes, times = result.output.splitlines()
    assert sizes.startswith("3000 tokens, ") and sizes.endswith(" triphones, 60 leaves")
    assert times.startswith("CPU seconds: ")
