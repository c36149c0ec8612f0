"""Constraints of wildcards: regular expressions of the values that they take."""

import re
from itertools import product

import pytest

from schatten.workflow import any_of

GRID = [f"planned_l2_rec0.{a}_nonrec0.{b}" for a, b in product(("001", "01", "1"), repeat=2)]


@pytest.mark.parametrize(
    "values",
    [["a"], ["a", "ab", "abc", "b"], ["whole/stage1", "tau0.9@e1/stage2", "tau0.9@e12"], GRID],
)
def test_a_constraint_takes_its_values_alone(values: list[str]) -> None:
    pattern = re.compile(f"x/(?P<name>{any_of(values)})/y$")
    for value in values:
        found = pattern.match(f"x/{value}/y")
        assert found is not None and found["name"] == value
    near = {value[:-1] for value in values} | {f"{value}0" for value in values}
    near |= {value.replace(".", "x") for value in values}
    assert not [one for one in near - set(values) if pattern.match(f"x/{one}/y")]


def test_what_names_begin_with_stands_once() -> None:
    assert any_of(GRID).count("planned_l2") == 1
