import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_corpora import make_recipe

from schatten.corpus import contents
from schatten.corpus.fingerprint import check_folder, fingerprint
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.runtime.files import write_bytes

Corpus = Callable[..., Path]


def test_it_follows_the_table_and_the_data_settings_alone(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus()
    name = fingerprint(make_recipe(), folder)
    assert fingerprint(make_recipe(title="another title"), folder) == name
    allowed = {"source": "tsv", "shared_speakers": "allowed", "low_rates": "allowed"}
    assert fingerprint(make_recipe(corpus=allowed), folder) == name
    moved = folder.rename(folder.with_name("moved"))
    assert fingerprint(make_recipe(), moved) == name
    for settings in (
        {"text": {"strip": "."}},
        {"splits": {"test": ["test", "dev2"]}},
        {"speed_perturbation": [0.9, 1.0]},
        {"corpus": {"source": "tsv", "leave_out": ["anna1"]}},
    ):
        assert fingerprint(make_recipe(**settings), moved) != name
    tsv_corpus(anna1={"text": "changed"}).rename(folder.with_name("changed"))
    assert fingerprint(make_recipe(), folder.with_name("changed")) != name


def test_it_follows_the_text_files(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus()
    recipe = make_recipe(corpus={"source": "tsv", "text_files": ["more.txt"]})
    with pytest.raises(UserError, match=r"needs .*more\.txt"):
        fingerprint(recipe, folder)
    (folder / "more.txt").write_text("one\n")
    name = fingerprint(recipe, folder)
    (folder / "more.txt").write_text("two\n")
    assert fingerprint(recipe, folder) != name


def test_large_text_is_hashed_again_only_where_its_size_or_time_has_changed(
    tsv_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tsv_corpus()
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".snakemake").mkdir()
    text = folder / "more.txt"
    text.write_bytes(b"one\n" * (1 << 18))
    os.utime(text, (1, 1))
    recipe = make_recipe(corpus={"source": "tsv", "text_files": ["more.txt"]})
    name = fingerprint(recipe, folder)
    text.write_bytes(b"two\n" * (1 << 18))
    os.utime(text, (1, 1))
    assert fingerprint(recipe, folder) == name
    (kept,) = (tmp_path / ".snakemake/contents").iterdir()
    kept.write_text("cut short")
    changed = fingerprint(recipe, folder)
    assert changed != name
    text.touch()
    assert fingerprint(recipe, folder) == changed


def recorded(noise: Path, rooms: Path) -> Recipe:
    """Return a recipe with recorded noise and rooms."""
    corpus = {
        "source": "voicesearch_like",
        "noise": {"kinds": ["recording"], "directory": str(noise)},
        "reverberation": {"directory": str(rooms)},
    }
    return make_recipe(corpus=corpus)


def test_it_follows_recorded_noise_and_rooms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    noise, rooms = Path("noise"), Path("rooms")
    for name in ("b.wav", "a/c.flac", "readme.txt"):
        write_bytes(noise / name, name.encode())
    write_bytes(rooms / "hall.wav", b"hall")
    recipe, names = recorded(noise, rooms), []
    names.append(fingerprint(recipe))
    (noise / "readme.txt").write_text("of no account")
    assert fingerprint(recipe) == names[0]
    (noise / "b.wav").write_bytes(b"other")
    names.append(fingerprint(recipe))
    (rooms / "hall.wav").write_bytes(b"larger")
    names.append(fingerprint(recipe))
    (noise / "b.wav").rename(noise / "A.wav")  # now the first, so that others are held out
    names.append(fingerprint(recipe))
    (noise / "d.wav").write_bytes(b"new")
    names.append(fingerprint(recipe))
    assert len(set(names)) == len(names)
    (rooms / "hall.wav").unlink()
    with pytest.raises(UserError, match="rooms holds no audio"):
        fingerprint(recipe)


def test_recorded_noise_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".snakemake").mkdir()
    write_bytes(Path("noise/a.wav"), b"0" * (1 << 20))
    write_bytes(Path("rooms/b.wav"), b"1" * (1 << 20))
    recipe = recorded(Path("noise"), Path("rooms"))
    name = fingerprint(recipe)
    read: list[Path] = []
    monkeypatch.setattr(contents, "content", read.append)
    assert fingerprint(recipe) == name
    assert read == []


def test_what_cannot_be_read_is_named(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus()
    (folder / "transcripts.tsv").unlink()
    (folder / "transcripts.tsv").mkdir()
    with pytest.raises(UserError, match=r"transcripts\.tsv, which is no file"):
        fingerprint(make_recipe(), folder)


def test_it_imports_nothing_heavy() -> None:
    code = (
        "import sys; import schatten.corpus.fingerprint; "
        "print(*{'lhotse', 'numpy', 'torch', 'soundfile'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("folder", [None, Path("nowhere")])
def test_a_missing_folder_is_refused_by_the_recipes_name(folder: Path | None) -> None:
    with pytest.raises(UserError, match=r"'Our test'.*--config corpus_dir=DIR"):
        check_folder(make_recipe(title="Our test"), folder)


def test_a_folder_without_the_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"transcripts\.tsv, which does not exist"):
        check_folder(make_recipe(), tmp_path)


def test_kaldi_and_lhotse_corpora_have_fingerprints(tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        (tmp_path / split).mkdir()
        for name in ("wav.scp", "text"):
            (tmp_path / split / name).write_text("a b\n")
        (tmp_path / f"{split}.jsonl.gz").write_bytes(b"")
    kaldi, lhotse = (make_recipe(corpus={"source": name}) for name in ("kaldi", "lhotse"))
    before = fingerprint(kaldi, tmp_path), fingerprint(lhotse, tmp_path)
    (tmp_path / "train/segments").write_text("a b 0 1\n")
    (tmp_path / "dev.jsonl.gz").write_bytes(b"changed")
    after = fingerprint(kaldi, tmp_path), fingerprint(lhotse, tmp_path)
    assert len({*before, *after}) == 4


def test_the_synthetic_corpus_needs_no_folder() -> None:
    first, second = (
        make_recipe(corpus={"source": "voicesearch_like", "seed": seed}) for seed in (1, 2)
    )
    assert fingerprint(first) == fingerprint(first) != fingerprint(second)
