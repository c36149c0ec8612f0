"""Text without spaces between words is noticed, and characters can be its words."""

from collections.abc import Callable
from pathlib import Path

import pytest
from small_corpora import make_recipe

from schatten.corpus import make
from schatten.corpus.fingerprint import fingerprint
from schatten.corpus.report import lines
from schatten.corpus.text import Normaliser
from schatten.corpus.unspaced import seems_unspaced
from schatten.corpus.validate import validate
from schatten.recipe import step_settings
from schatten.recipe.corpus import Text
from schatten.runtime.files import read_lines

Corpus = Callable[..., Path]
UNSPACED = {
    "Chinese": ["宋朝末年年间", "渐渐行动不便"],
    "Chinese, with a name": ["他在google工作了很多年", "你好"],
    "Japanese": ["今日はいい天気ですね", "ありがとうございます"],
    "Thai": ["สวัสดีครับวันนี้อากาศดี", "ไปไหนมาครับ"],
    "English": ["turnonthelightsplease", "callmymother"],
}
SPACED = {
    "Chinese": ["宋朝 末年 年间", "渐渐 行动 不便"],
    "Chinese characters": ["宋 朝 末 年 年 间"],
    "Chinese commands": ["打开", "关灯"],
    "Japanese": ["今日 は いい 天気 です ね"],
    "Thai": ["สวัสดี ครับ วันนี้ อากาศ ดี"],
    "English commands": ["yes", "seven", "forward"],
    "German": ["donaudampfschifffahrt", "auf dem see"],
    "Finnish": ["epäjärjestelmällisyys on tavallista"],
    "nothing": ["", ""],
}


@pytest.mark.parametrize("texts", UNSPACED.values(), ids=UNSPACED)
def test_text_without_spaces_is_noticed(texts: list[str]) -> None:
    assert seems_unspaced(texts)


@pytest.mark.parametrize("texts", SPACED.values(), ids=SPACED)
def test_words_are_words(texts: list[str]) -> None:
    assert not seems_unspaced(texts)


@pytest.mark.parametrize(
    ("raw", "normalised"),
    [
        ("宋朝 末年!", "宋 朝 末 年"),
        ("น้ำดี", "น้ ำ ดี"),
        ("  ", ""),
        ("Ab", "a b"),
    ],
)
def test_each_character_is_a_word_where_the_recipe_says_so(raw: str, normalised: str) -> None:
    normalise = Normaliser(Text(alphabet="宋朝末年ab", words="characters"))
    assert normalise(raw) == normalised
    assert normalise(normalised) == normalised


def test_a_corpus_without_spaces_has_a_way_out(tsv_corpus: Corpus, tmp_path: Path) -> None:
    chinese = {"text": "渐渐行动不便"}
    folder = tsv_corpus(anna1=chinese, anna2=chinese, bert1=chinese, carl1=chinese)
    alphabet = {"alphabet": "渐行动不便"}
    plain = make_recipe(text=alphabet)
    make(plain, folder, tmp_path / "plain")
    report = validate(plain, tmp_path / "plain", folder)
    assert report.characters_per_word == {"train": 6.0, "dev": 6.0, "test": 6.0}
    [said] = [line for line in lines(report, {}) if line.startswith("train: words have 6")]
    assert "text.words: characters" in said
    assert "segmenter" in said
    split = make_recipe(text={**alphabet, "words": "characters"})
    make(split, folder, tmp_path / "split")
    assert read_lines(tmp_path / "split/text/train.txt.gz") == ["渐 渐 行 动 不 便"] * 2
    report = validate(split, tmp_path / "split", folder)
    assert "characters_per_word" not in report.as_json()
    assert report.splits["train"].words == 12


def test_the_setting_names_other_data_and_no_older_data(tsv_corpus: Corpus) -> None:
    folder = tsv_corpus()
    plain, same, split = (
        make_recipe(text=text) for text in ({}, {"words": "spaces"}, {"words": "characters"})
    )
    assert "words" not in plain.text.model_dump()
    assert fingerprint(plain, folder) == fingerprint(same, folder) != fingerprint(split, folder)
    assert "characters" not in step_settings.score_settings(plain)
    assert "characters" in step_settings.score_settings(split)
