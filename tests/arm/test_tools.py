"""Command-line tools that are missing or fail are named."""

import pytest

from schatten.device import tools
from schatten.errors import UserError


def test_a_missing_tool_is_named_with_its_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt-get install qemu-user"):
        tools.run(["qemu-aarch64"])


def test_a_failing_tool_says_why(tmp_path):
    with pytest.raises(UserError, match="nothing-here"):
        tools.run(["ls", tmp_path / "nothing-here"])
