"""Pronunciations: CMUdict, a lexicon of one's own, espeak-ng's rules, and words that have none."""

from pathlib import Path

import pytest

from schatten.corpus.voicesearch import grammar
from schatten.errors import UserError
from schatten.espeak import Espeak
from schatten.recipe.units import Phones
from schatten.units import arpabet, phones
from schatten.units.words import Spelling
from schatten_bench.pronunciations import compare, compare_words


def spell(*words: str, folder: Path = Path(), **settings: object) -> dict[str, list[str]]:
    """Return the pronunciations of words as strings with their origins."""
    chosen = Phones.model_validate({"type": "phones", **settings})
    _, spelled = phones.spell(words, chosen, folder)
    return {w: [f"{' '.join(s.units)} {s.origin}" for s in found] for w, found in spelled.items()}


def test_words_have_every_pronunciation_of_cmudict_once_and_without_stress() -> None:
    assert spell("the", "record", "ourselves") == {
        "the": ["DH AH cmudict", "DH IY cmudict"],
        "record": ["R AH K AO R D cmudict", "R EH K ER D cmudict", "R IH K AO R D cmudict"],
        "ourselves": ["AW ER S EH L V Z cmudict", "AA R S EH L V Z cmudict"],
    }
    assert spell("the", pronunciations="first") == {"the": ["DH AH cmudict"]}
    assert spell("THE", "The") == {w: ["DH AH cmudict", "DH IY cmudict"] for w in ("THE", "The")}


def test_all_of_cmudict_is_in_39_phones() -> None:
    found = {p for spelled in phones.cmudict().values() for one in spelled for p in one}
    assert found == set(arpabet.PHONES)
    assert len(arpabet.PHONES) == 39 and list(arpabet.PHONES) == sorted(arpabet.PHONES)
    assert {p for names in arpabet._ARPABET.values() for p in names} <= found


def test_names_with_phones_of_other_languages_are_pronounced() -> None:
    assert phones.by_rule("utrecht", "en") == [("Y", "UW", "T", "R", "EH", "K", "T")]
    assert phones.by_rule("saaaay", "en") == [("S", "AE", "AE", "IY")]


def test_words_that_cmudict_lacks_are_pronounced_by_rule() -> None:
    assert spell("audiobook", "gulliver's") == {
        "audiobook": ["AO D IY OW B UH K espeak"],
        "gulliver's": ["G AH L IH V ER Z espeak"],
    }
    with pytest.raises(UserError, match=r"a word has no pronunciation \(audiobook\)"):
        spell("hello", "audiobook", unknown="refuse")


def test_the_rules_make_few_errors_on_words_of_voice_search() -> None:
    rules = grammar.load("voice_search").rules.values()
    parts = [part for rule in rules for parts in rule.alternatives for part in parts]
    words = sorted({word for p in parts if not p.is_rule for word in p.text.split()})
    known = [word for word in words if word in phones.cmudict()]
    found = compare_words(known)
    print(f"{len(known)} words: {found.phone_error_rate:.2f} % phone errors")
    assert len(known) > 6000 and found.phone_error_rate < 4.3


def test_the_rules_make_few_errors_on_the_most_frequent_words_of_books(corpora: Path) -> None:
    found = compare(corpora / "text" / "books.txt.gz", 3000)
    print(f"{found.words} words: {found.phone_error_rate:.2f} % phone errors")
    assert found.words == 3000 and found.phone_error_rate <= 2.7


@pytest.mark.parametrize("word", ["mp3", "'", "жук", "ж", "abжc", "a.b"])
def test_words_that_nothing_can_pronounce_are_named_with_the_file(word: str) -> None:
    place = r"a file in recipes/own, and name it as the units' `lexicon`"
    with pytest.raises(UserError, match=rf"\({word}\): write lines .* {place}"):
        spell("hello", word, folder=Path("recipes/own"))


def test_a_lexicon_of_ones_own_wins(tmp_path: Path) -> None:
    (tmp_path / "mine.tsv").write_text(
        "the\tDH AH0\nthe\tDH AH1\nmp3\tEH M P IY TH R IY\tespeak\nunused\tAH\n"
    )
    assert spell("the", "mp3", "cat", folder=tmp_path, lexicon="mine.tsv") == {
        "the": ["DH AH lexicon"],
        "mp3": ["EH M P IY TH R IY lexicon"],
        "cat": ["K AE T cmudict"],
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("the\tDH @\n", r"mine.tsv, line 1: 'the' has '@', which is no phone of CMUdict"),
        ("the DH AH\n", r"mine.tsv, line 1 is not `WORD TAB UNIT UNIT ...`"),
        ("", r"mine.tsv holds no word"),
        ("THE\tDH AH\n", r"has none of the corpus's words, but such as 'THE': .* case"),
    ],
)
def test_a_wrong_lexicon_is_refused(line: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "mine.tsv").write_text(line)
    with pytest.raises(UserError, match=message):
        spell("the", folder=tmp_path, lexicon="mine.tsv")
    with pytest.raises(UserError, match=r"other.tsv does not exist"):
        spell("the", folder=tmp_path, lexicon="other.tsv")
    (tmp_path / "mine.tsv").write_text("the\tDH AH\n")
    with pytest.raises(UserError, match=r"\(mp3\): write lines .* into .*mine.tsv$"):
        spell("the", "mp3", folder=tmp_path, lexicon="mine.tsv")


def test_other_languages_have_espeaks_phones_that_their_words_need(tmp_path: Path) -> None:
    german = Phones(type="phones", language="de")
    names, spelled = phones.spell({"zeit", "straße", "jeans"}, german, tmp_path)
    assert spelled["zeit"] == [Spelling(("ts", "aɪ", "t"), "espeak")]
    assert spelled["straße"] == [Spelling(("ʃ", "t", "ɾ", "ɑː", "s", "ə"), "espeak")]
    assert spelled["jeans"] == [Spelling(("dʒ", "iː", "n", "z"), "espeak")], "an English word"
    assert names == sorted({name for found in spelled.values() for name in found[0].units})
    (tmp_path / "mine.tsv").write_text("zeit\tts aɪ tʰ\n")
    own = Phones(type="phones", language="de", lexicon="mine.tsv")
    assert "tʰ" in phones.spell({"zeit"}, own, tmp_path)[0]
    for word in ("жук", "ж"):
        with pytest.raises(UserError, match=rf"a word has no pronunciation \({word}\)"):
            spell("zeit", word, language="de")
    assert spell("привет", language="ru") == {"привет": ["p rʲ i vʲ e t espeak"]}
    with pytest.raises(UserError, match=r"no language 'fr-fr': choose among .* fr, "):
        spell("bonjour", language="fr-fr")


def test_pronunciations_depend_on_nothing_said_before() -> None:
    espeak = Espeak()
    first = espeak.phones("garage", "de")
    espeak.phones("garage", "en-us")
    assert espeak.phones("garage", "de") == first == Espeak().phones("garage", "de")
    assert espeak.phones("", "de").names == ()
