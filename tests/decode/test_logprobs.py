import time
from pathlib import Path

import numpy as np
import pytest
from toy_decoding import UNITS, log_probs, random_values

from schatten.decode.logprobs import LogProbs, read_logprobs, write_logprobs
from schatten.errors import UserError
from schatten.units import BLANK, Units


@pytest.fixture
def split() -> LogProbs:
    generator = np.random.default_rng(1)
    return log_probs({f"u{frames}": random_values(generator, frames) for frames in (3, 0, 7)})


def test_reads_what_was_written(split: LogProbs, tmp_path: Path) -> None:
    write_logprobs(tmp_path / "dev.npz", split)
    read = read_logprobs(tmp_path / "dev.npz")
    assert (read.ids, read.units, read.seconds_per_frame) == (split.ids, UNITS, 0.04)
    assert read.seconds == pytest.approx(0.4)
    for (name, values), (expected_name, expected) in zip(read, split, strict=True):
        assert name == expected_name
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("separator", [None, "|"])
def test_the_kind_of_units_and_their_separator_are_kept(
    separator: str | None, tmp_path: Path
) -> None:
    units = Units("phones", (BLANK, "AA", "B", "|"), separator)
    values = {"u": np.zeros((2, 4), np.float32)}
    write_logprobs(tmp_path / "dev.npz", log_probs(values, units))
    assert read_logprobs(tmp_path / "dev.npz").units == units


def test_characters_name_no_kind(split: LogProbs, tmp_path: Path) -> None:
    """Files of characters are those of before."""
    write_logprobs(tmp_path / "dev.npz", split)
    with np.load(tmp_path / "dev.npz") as arrays:
        assert set(arrays) == {"ids", "lengths", "values", "units", "seconds_per_frame"}


def test_same_content_same_bytes(
    split: LogProbs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_logprobs(tmp_path / "a.npz", split)
    later = time.time() + 1e6
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(later))
    write_logprobs(tmp_path / "b.npz", split)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("kept", [0, 10, 200, 0.5, 0.99])
def test_cut_off_file_is_refused(kept: float, split: LogProbs, tmp_path: Path) -> None:
    path = tmp_path / "dev.npz"
    write_logprobs(path, split)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(UserError, match="damaged"):
        read_logprobs(path)


@pytest.mark.parametrize("place", [0.2, 0.5])
def test_changed_byte_is_refused(place: float, split: LogProbs, tmp_path: Path) -> None:
    path = tmp_path / "dev.npz"
    write_logprobs(path, split)
    data = bytearray(path.read_bytes())
    start = data.index(split.values.tobytes())
    data[start + int(place * split.values.nbytes)] ^= 0x55
    path.write_bytes(bytes(data))
    with pytest.raises(UserError, match="damaged"):
        read_logprobs(path)


def test_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"dev\.npz does not exist"):
        read_logprobs(tmp_path / "dev.npz")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"lengths": np.array([3, 0, 6])}, "values of shape"),
        ({"lengths": np.array([3, 7])}, "3 utterances"),
        ({"ids": np.array(["u1", "u2", "u1"])}, "twice"),
        ({"units": np.array([" ", "<blank>", "a", "b", "c"])}, "first units"),
        ({"values": np.full((10, 5), np.nan, np.float32)}, "not numbers in u3, u7"),
        ({"values": np.array([None])}, "damaged"),
        ({"units": None}, "units"),
    ],
)
def test_inconsistent_content_is_refused(
    changes: dict[str, np.ndarray | None], problem: str, split: LogProbs, tmp_path: Path
) -> None:
    path = tmp_path / "dev.npz"
    write_logprobs(path, split)
    with np.load(path) as arrays:
        content = {**arrays, **changes}
    np.savez(path, **{name: value for name, value in content.items() if value is not None})
    with pytest.raises(UserError, match=problem):
        read_logprobs(path)


def test_nothing_inconsistent_is_written(split: LogProbs, tmp_path: Path) -> None:
    broken = LogProbs(split.ids[:2], split.lengths, split.values, split.units, 0.04)
    with pytest.raises(ValueError, match="2 utterances"):
        write_logprobs(tmp_path / "dev.npz", broken)
    assert list(tmp_path.iterdir()) == []
