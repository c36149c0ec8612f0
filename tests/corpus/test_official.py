"""LibriSpeech and Common Voice in the folders that people download."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lhotse import CutSet
from small_corpora import make_recipe, write_audio

from schatten.corpus import make
from schatten.corpus.fingerprint import fingerprint
from schatten.errors import UserError
from schatten.runtime.files import read_json, read_jsonl

LIBRISPEECH = make_recipe(
    corpus={
        "source": "librispeech",
        "parts": {"train": ["train-clean-100", "train-clean-360"], "dev": ["dev-clean"]},
    },
    splits={"test": ["test_clean"]},
)
CHAPTERS = {
    "train-clean-100/19/198": {"19-198-0000": "NORTHANGER ABBEY", "19-198-0001": "OR IT'S NOT"},
    "train-clean-360/14/208": {"14-208-0000": "AND SO ON"},
    "dev-clean/84/121123": {"84-121123-0000": "GO"},
    "test-clean/61/70968": {"61-70968-0000": "HE BEGAN"},
}
COMMON_VOICE = make_recipe(corpus={"source": "common_voice"})
HEADER = "client_id\tpath\tsentence_id\tsentence\tup_votes\tage\taccents\tlocale"
TABLES = {
    "train": ['f00\tcommon_voice_en_1.mp3\ta1\tHe said "no".\t2\t\t\ten'],
    "dev": ["f01\tcommon_voice_en_2.mp3\ta2\tGo on\t2\ttwenties\t\ten"],
    "test": ["f02\tcommon_voice_en_3.mp3\ta3\tThat's it!\t2\t\tUnited States English\ten"],
}


@pytest.fixture
def librispeech(tmp_path: Path) -> Path:
    folder = tmp_path / "LibriSpeech"
    for place, lines in CHAPTERS.items():
        chapter = folder / place
        for name in lines:
            write_audio(chapter / f"{name}.flac", 2.0)
        write_lines(chapter, [f"{name} {text}" for name, text in lines.items()])
    return folder


def write_lines(chapter: Path, lines: list[str]) -> Path:
    path = chapter / f"{chapter.parent.name}-{chapter.name}.trans.txt"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.fixture
def common_voice(tmp_path: Path) -> Path:
    folder = tmp_path / "cv-corpus-24.0/en"
    for name, rows in TABLES.items():
        for row in rows:
            write_audio(folder / "clips" / row.split("\t")[1], 2.0, 48000)
        (folder / f"{name}.tsv").write_text("\n".join([HEADER, *rows]) + "\n")
    (folder / "validated.tsv").write_text(f"{HEADER}\n")
    return folder


def cuts_of(recipe, folder: Path, split: str) -> list[object]:
    make(recipe, folder, folder.parent / "data")
    cuts = CutSet.from_file(folder.parent / f"data/{split}.cuts.jsonl.gz")
    return list(cuts.with_recording_path_prefix(folder))


def test_parts_of_librispeech_become_splits(librispeech: Path) -> None:
    cuts = cuts_of(LIBRISPEECH, librispeech, "train")
    assert [(cut.id, cut.supervisions[0].speaker, cut.supervisions[0].text) for cut in cuts] == [
        ("14-208-0000", "14", "and so on"),
        ("19-198-0000", "19", "northanger abbey"),
        ("19-198-0001", "19", "or it's not"),
    ]
    assert cuts[0].load_audio().shape == (1, 32000)
    [cut] = cuts_of(LIBRISPEECH, librispeech, "test_clean")
    assert cut.id == "61-70968-0000"


def test_a_part_that_no_split_has_is_not_read(librispeech: Path) -> None:
    (librispeech / "test-other/1/2").mkdir(parents=True)
    (librispeech / "test-other/1/2/1-2.trans.txt").write_text("nonsense\n")
    key = fingerprint(LIBRISPEECH, librispeech)
    write_lines(librispeech / "train-clean-360/14/208", ["14-208-0000 AND SO OFF"])
    assert fingerprint(LIBRISPEECH, librispeech) != key
    assert len(cuts_of(LIBRISPEECH, librispeech, "train")) == 3


def _no_part(folder: Path) -> None:
    (folder / "dev-clean/84/121123/84-121123.trans.txt").unlink()


def _other_folder(folder: Path) -> None:
    (folder / "dev-clean").rename(folder / "dev")


def _no_recording(folder: Path) -> None:
    (folder / "train-clean-100/19/198/19-198-0001.flac").unlink()


def _no_line(folder: Path) -> None:
    write_lines(folder / "train-clean-100/19/198", ["19-198-0000 NORTHANGER ABBEY"])


def _other_chapter(folder: Path) -> None:
    write_lines(folder / "dev-clean/84/121123", ["84-121124-0000 GO"])


def _no_text(folder: Path) -> None:
    write_lines(folder / "dev-clean/84/121123", ["84-121123-0000"])


def _twice(folder: Path) -> None:
    write_lines(folder / "dev-clean/84/121123", ["84-121123-0000 GO"] * 2)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (_no_part, r"dev-clean has no READER/CHAPTER/\*.trans.txt: unpack dev-clean.tar.gz"),
        (_other_folder, "dev-clean has no READER"),
        (_no_recording, r"19-198.trans.txt names 19-198-0001, and 19-198-0001.flac is not beside"),
        (_no_line, "19-198.trans.txt has no line for 19-198-0001.flac beside it: unpack"),
        (_other_chapter, "line 1 is not `84-121123-NUMBER TEXT`"),
        (_no_text, "line 1 is not `84-121123-NUMBER TEXT`"),
        (_twice, "line 2 names 84-121123-0000 a second time"),
    ],
)
def test_what_is_wrong_with_librispeech_is_said(
    librispeech: Path, fault: Callable[[Path], None], said: str
) -> None:
    fault(librispeech)
    with pytest.raises(UserError, match=said):
        make(LIBRISPEECH, librispeech, librispeech.parent / "data")
    assert not list(librispeech.parent.glob("data/*.gz"))


def test_tables_of_common_voice_become_splits(common_voice: Path) -> None:
    [cut] = cuts_of(COMMON_VOICE, common_voice, "train")
    assert (cut.id, cut.supervisions[0].speaker) == ("common_voice_en_1", "f00")
    assert cut.supervisions[0].text == "he said no"
    assert cut.load_audio().shape == (1, 32000), "at 16 kHz"


def test_ages_and_accents_of_common_voice_are_kept(common_voice: Path) -> None:
    make(COMMON_VOICE, common_voice, common_voice / "data")
    rows = {
        split: read_jsonl(common_voice / f"data/{split}.conditions.jsonl.gz")
        for split in ("dev", "test")
    }
    assert rows == {
        "dev": [{"id": "common_voice_en_2", "age": "twenties"}],
        "test": [{"id": "common_voice_en_3", "accent": "United States English"}],
    }


def test_another_table_may_be_a_split(common_voice: Path) -> None:
    (common_voice / "train.tsv").rename(common_voice / "mine.tsv")
    with pytest.raises(UserError, match=r"train.tsv, which does not exist"):
        fingerprint(COMMON_VOICE, common_voice)
    recipe = make_recipe(corpus={"source": "common_voice", "tables": {"train": "mine.tsv"}})
    [cut] = cuts_of(recipe, common_voice, "train")
    assert cut.id == "common_voice_en_1"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("f09\tnone.mp3\ta\tGone\t2\t\t\ten", "none.mp3"),
        ("f09\tcommon_voice_en_2.mp3\ta\tTwice\t2\t\t\ten", "common_voice_en_2"),
        ("\tcommon_voice_en_4.mp3\ta\tNobody\t2\t\t\ten", "line 3 has no speaker"),
        ("f09\tcommon_voice_en_4.mp3\tOne\tless", "line 3 has 4 columns and the header 8"),
    ],
)
def test_what_is_wrong_with_common_voice_is_said(common_voice: Path, line: str, said: str) -> None:
    with (common_voice / "train.tsv").open("a") as table:
        table.write(f"{line}\n")
    with pytest.raises(UserError, match=said):
        make(COMMON_VOICE, common_voice, common_voice.parent / "data")


def test_text_of_another_alphabet_is_left_out_and_counted(common_voice: Path) -> None:
    write_audio(common_voice / "clips/common_voice_en_7.mp3", 2.0, 48000)
    with (common_voice / "train.tsv").open("a") as table:
        table.write(
            "f07\tcommon_voice_en_7.mp3\ta\tA Caf\u00e9 in \u0141\u00f3d\u017a\t2\t\t\ten\n"
        )
    corpus = {"source": "common_voice", "foreign_text": "left_out"}
    assert len(cuts_of(make_recipe(corpus=corpus), common_voice, "train")) == 1
    counted = read_json(common_voice.parent / "data/left_out.json")
    assert counted == {"text outside the alphabet (train)": 1}
    wider = {"alphabet": "abcdefghijklmnopqrstuvwxyz'\u00e9\u00f3\u0142\u017a"}
    assert len(cuts_of(make_recipe(corpus=corpus, text=wider), common_voice, "train")) == 2
