from pathlib import Path

import kaldifst
import numpy as np
import pytest

from schatten.errors import UserError
from schatten.fst import Fst, from_kaldifst, fst_of, read_fst, to_kaldifst, to_mutable, write_fst

TEXT = """0 1 3 5 0.5
0 0 0 7 0.25
1 2 4 0 1.5
2 0.125
"""


def example() -> Fst:
    arcs = np.array([(1, 2, 4, 0), (0, 1, 3, 5), (0, 0, 0, 7)])
    final = np.array([np.inf, np.inf, 0.125])
    return fst_of(0, final, tuple(arcs.T), np.array([1.5, 0.5, 0.25]))


def assert_same(first: Fst, second: Fst) -> None:
    assert first.start == second.start
    for name in ("final", "source", "target", "ilabel", "olabel", "cost"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)


def test_openfst_reads_what_is_written_and_the_other_way_round() -> None:
    assert sorted(to_mutable(example()).to_str().split("\n")) == sorted(
        kaldifst.compile(TEXT).to_str().split("\n")
    )
    assert to_kaldifst(example()).num_input_epsilons(0) == 1
    assert_same(from_kaldifst(to_kaldifst(example())), example())
    assert_same(from_kaldifst(kaldifst.compile(TEXT)), example())


def test_a_file_is_read_back_and_its_bytes_are_the_same(tmp_path: Path) -> None:
    write_fst(tmp_path / "a.fst", example())
    write_fst(tmp_path / "b.fst", read_fst(tmp_path / "a.fst"))
    assert_same(read_fst(tmp_path / "a.fst"), example())
    assert (tmp_path / "a.fst").read_bytes() == (tmp_path / "b.fst").read_bytes()


@pytest.mark.parametrize("keep", [0, 3, 20, 60, 100])
def test_a_file_cut_short_is_refused(keep: int, tmp_path: Path) -> None:
    path = tmp_path / "a.fst"
    write_fst(path, example())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError, match=r"a\.fst is no decoding graph"):
        read_fst(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_fst(tmp_path / "none.fst")
    (tmp_path / "text").write_text(TEXT)
    with pytest.raises(UserError, match="is no decoding graph"):
        read_fst(tmp_path / "text")
    assert kaldifst.compile(TEXT).write(str(tmp_path / "vector.fst"))
    with pytest.raises(UserError, match="not of kind const"):
        read_fst(tmp_path / "vector.fst")
