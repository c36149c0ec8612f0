"""Text as corpora really write it: forms of letters, case, what cannot be seen or is not spoken."""

import unicodedata
from typing import Any

import pytest
from small_corpora import make_recipe

from schatten import cli
from schatten.corpus.text import Normaliser
from schatten.recipe.corpus import Text

NORMALISE = Normaliser(Text())
GERMAN = "abcdefghijklmnopqrstuvwxyz'äöüß"
TURKISH = "abcçdefgğhıijklmnoöprsştuüvyz"
GREEK = "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_an_alphabet_in_another_form_is_the_same_alphabet() -> None:
    assert Text(alphabet=decomposed(GERMAN)) == Text(alphabet=GERMAN)
    assert Text(alphabet=decomposed("가각힣")).alphabet == "가각힣"


def test_letters_that_nfc_takes_apart_are_their_parts_in_alphabet_and_text() -> None:
    text = Text(alphabet="कखजरल\u0958\u095bािीुू्ं")
    assert text.alphabet == "कखजरल\u093cािीुू्ं"
    normalise = Normaliser(text)
    for written in ("\u0958लर", "क\u093cलर"):
        assert normalise(written) == "क\u093cलर"
        assert normalise.foreign(normalise(written)) == ""


@pytest.mark.parametrize(
    ("text", "raw", "normalised"),
    [
        ({"alphabet": TURKISH, "language": "tr"}, "ILIK İzmir KIRIK", "ılık izmir kırık"),
        ({"alphabet": TURKISH, "language": "az-AZ"}, decomposed("İZMİR"), "izmir"),
        ({"alphabet": TURKISH, "case": "keep"}, "ılık", "ılık"),
        ({"alphabet": "IİLKZMR", "case": "upper", "language": "tr"}, "ılık izmir", "ILIK İZMİR"),
        ({}, "İzmir", "i\u0307zmir"),
        ({"alphabet": "ABERSTẞ", "case": "upper"}, "Straße", "STRAẞE"),
        ({"alphabet": "ABERST", "case": "upper"}, "Straße", "STRASSE"),
        ({"alphabet": GERMAN}, "STRAẞE", "straße"),
        ({"alphabet": GREEK}, "ΟΔΟΣ.ΑΛΛΟΣ ΣΟΦΟΣ: Σ", "οδος αλλος σοφος σ"),
        ({"alphabet": "iìíĩ", "language": "lt"}, "Ì i\u0307\u0300 ì I", "ì ì ì i"),
        ({"alphabet": "ԵՎ", "case": "upper", "language": "hy"}, "և", "ԵՎ"),
    ],
)
def test_case_is_that_of_the_language(text: dict[str, Any], raw: str, normalised: str) -> None:
    assert Normaliser(Text(**text))(raw) == normalised


def test_case_follows_the_language_of_the_phones() -> None:
    units = {"phones": {"type": "phones", "language": "tr"}}
    assert make_recipe(text={"alphabet": TURKISH}, units=units).text.language == "tr"
    own = {"alphabet": TURKISH, "language": "az"}
    assert make_recipe(text=own, units=units).text.language == "az"
    units["phones"]["language"] = "de"
    assert make_recipe(units=units).text.language is None, "its case is everybody's"


def test_younger_settings_change_no_data_key_at_their_defaults() -> None:
    assert set(Text().model_dump()) == {"alphabet", "case", "strip"}
    changed = Text(brackets="words", unspoken=("[*]",), language="tr", edge_apostrophes="dropped")
    assert Text.model_validate(changed.model_dump()) == changed


@pytest.mark.parametrize(
    ("raw", "normalised", "note"),
    [
        ("go\u200bon", "go on", "U+200B ZERO WIDTH SPACE, taken as a space"),
        ("so\u00adft", "soft", "U+00AD SOFT HYPHEN, dropped"),
        ("\ufeffgo", "go", "U+FEFF ZERO WIDTH NO-BREAK SPACE, dropped"),
        ("\u202ago\u202c", "go", "U+202A LEFT-TO-RIGHT EMBEDDING, dropped"),
        ("go\ufe0f", "go", "U+FE0F VARIATION SELECTOR-16, dropped"),
        ("a\u200db", "ab", "U+200D ZERO WIDTH JOINER, dropped"),
        ("go\u2060on", "goon", "U+2060 WORD JOINER, dropped"),
    ],
)
def test_characters_that_cannot_be_seen_are_dropped_and_noted(
    raw: str, normalised: str, note: str
) -> None:
    normalise = Normaliser(Text())
    assert normalise(raw) == normalised
    assert normalise.notes[note] == 1


def test_other_spaces_part_words() -> None:
    assert NORMALISE("a\u00a0b\u2009c\u3000d\re") == "a b c d e"


def test_joiners_that_spell_words_stay() -> None:
    persian = "می\u200cخواه"
    assert Normaliser(Text(alphabet="میخواه\u200c"))(persian) == persian
    without = Normaliser(Text(alphabet="میخواه"))
    assert without.foreign(without(persian + "\u200c")) == "\u200c"
    assert Normaliser(Text(alphabet="میخواه", strip="\u200c"))(persian) == "می خواه"
    chillu = "അവന\u0d4d\u200d"
    assert Normaliser(Text(alphabet="അവന\u0d4d"))(chillu) == chillu


@pytest.mark.parametrize(
    ("raw", "normalised"),
    [
        ("go [noise] on", "go on"),
        ("yes {Laugh}<BREATH>", "yes"),
        ("[lip smack] (laughter) [vocalized-noise] a[cough]b", "a b"),
        ("%HESITATION yes !SIL <s> no </s>", "yes no"),
        ("(he said) yes", "he said yes"),
        ("go ' on", "go on"),
        ("'fine' 'fine,' he said", "fine fine he said"),
        ("rock 'n' roll 'tis the dogs", "rock 'n' roll 'tis the dogs"),
        ("``hi there'' ''you'' ``and``", "hi there you and"),
    ],
)
def test_what_is_not_spoken_is_no_word(raw: str, normalised: str) -> None:
    assert NORMALISE(raw) == normalised
    assert NORMALISE(normalised) == normalised


@pytest.mark.parametrize("mark", ["[beep2]", "<unk>", "(( ))", "((maybe))", "{a b}", "[[x]]"])
def test_marks_that_nobody_listed_stay_and_are_refused(mark: str) -> None:
    sentence = NORMALISE(f"go {mark} on")
    assert NORMALISE.refused_marks(sentence) == [mark]
    assert list(NORMALISE.clean([f"go {mark} on"])) == [None]
    assert Normaliser(Text(unspoken=(mark,)))(f"go {mark.upper()} on") == "go on"


def test_a_bracket_without_its_pair_makes_no_word_of_a_mark() -> None:
    assert NORMALISE.foreign(NORMALISE("go [noise on")) == "["


def test_marks_follow_the_recipe() -> None:
    assert Normaliser(Text(brackets="words"))("[the company] is ((gone))") == "the company is gone"
    assert Normaliser(Text(unspoken=("[*]",)))("a [b c] d") == "a d"
    assert Normaliser(Text(unspoken=()), marks_are_gone=True)("[noise] a") == "noise a"
    inside = Normaliser(Text(edge_apostrophes="dropped"))
    assert inside("'hello there world' don't") == "hello there world don't"
    hyphens = Normaliser(Text(alphabet="abc-"))
    assert hyphens("a - b-c --") == "a b-c"


def test_marks_are_counted() -> None:
    normalise = Normaliser(Text())
    for sentence in ("[noise] a [Noise]", "'tis the dogs' day", "(b)"):
        normalise(sentence)
    assert normalise.notes == {
        "[noise], dropped": 2,
        "words in parentheses, taken as spoken": 1,
        "passages between apostrophes, kept (text.edge_apostrophes: dropped drops them)": 1,
    }


def test_messages_show_what_cannot_be_seen(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli._fail("no recording a\u200bb\u202e\x1b[31m:\n  1 x é")
    assert capsys.readouterr().err == (
        "schatten: no recording a<U+200B>b<U+202E><U+001B>[31m:\n  1 x é\n"
    )
