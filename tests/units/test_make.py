"""The verb `units`, from a corpus in another language on; and lexicons of language models."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from schatten import recipe as recipes
from schatten.artifacts import Inventory
from schatten.cli import app
from schatten.errors import UserError
from schatten.recipe.corpus import Text
from schatten.recipe.units import Characters, Grams, Phones, Pieces
from schatten.runtime.files import read_json, read_lines, write_text
from schatten.units.inventory import BLANK, CHARACTERS, Units
from schatten.units.lexicon import read_lexicon
from schatten.units.make import make_units
from schatten.units.spelled import SpelledUnits

GERMAN = Path(__file__).parent / "german" / "german.yaml"
ARPA = """
\\data\\
ngram 1={count}

\\1-grams:
-1	<unk>
-99	<s>	0
-1	</s>
{words}

\\end\\
"""


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def text(tmp_path: Path) -> Path:
    write_text(tmp_path / "train.txt.gz", "call the cat\nthe cat\n")
    return tmp_path / "train.txt.gz"


def test_a_german_recipe_makes_a_corpus_and_its_phones(tmp_path: Path) -> None:
    run("corpus", "--recipe", GERMAN, "--output", tmp_path)
    texts = {name: tmp_path / f"text/{name}.txt.gz" for name in ("corpus", "train", "dev", "test")}
    output = tmp_path / "units/phones"
    named = [arg for name in ("corpus", "dev", "test") for arg in ("--text", texts[name])]
    common = ("--recipe", GERMAN, "--set", "phones", "--train-text", texts["train"])
    said = run("units", *common, *named, "--output-dir", output)
    found = SpelledUnits.read(output / "inventory.json")
    assert found.units.kind == "phones" and found.units.separator is None
    assert f"{len(found.units)} units, " in said and " by espeak" in said
    sentences = [line for path in texts.values() for line in read_lines(path)]
    assert all(found.labels(sentence) for sentence in sentences)
    assert {word for line in sentences for word in line.split()} == set(found.spellings or ())
    assert "straße\tʃ t ɾ ɑː s ə\tespeak" in read_lines(output / "words.phones.tsv")
    record = read_json(output / ".inventory.json.provenance.json")
    assert record["settings"]["step"] == "units"
    assert {Path(one["path"]).name for one in record["inputs"]} == {x.name for x in texts.values()}
    before = (output / "inventory.json").read_bytes(), (output / "words.phones.tsv").read_bytes()
    run("units", *common, *named, "--output-dir", tmp_path / "again")
    again = tmp_path / "again"
    assert ((again / "inventory.json").read_bytes(), (again / "words.phones.tsv").read_bytes()) == (
        before
    )


def test_a_lexicon_in_another_case_and_form_is_of_the_same_words(tmp_path: Path) -> None:
    write_text(tmp_path / "text", "ılık bahçe\n")
    lexicon = "\ufeffILIK\ta \u00e7\r\nBAHC\u0327E\ta c\u0327\r\n"
    (tmp_path / "own").write_bytes(lexicon.encode())
    text = Text(alphabet="abcçehıikl", language="tr")
    settings = Phones(type="phones", language="tr", lexicon="own", unknown="refuse")
    made = make_units(settings, "p", [], tmp_path / "text", tmp_path, tmp_path, text.in_case)
    assert made.names == ["<blank>", "a", "ç"]
    assert made.origins == {"lexicon": 2}


def test_a_word_with_what_cannot_be_seen_is_refused(text: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "own", "the\tDH AH\nthe\u200b\tDH IY\n")
    with pytest.raises(UserError, match=r"own, line 2: .*U\+200B ZERO WIDTH SPACE"):
        make_units(Phones(type="phones", lexicon="own"), "p", [], text, tmp_path, tmp_path)
    with pytest.raises(UserError, match=r"own, line 2: .*U\+200B ZERO WIDTH SPACE"):
        read_lexicon(tmp_path / "own")
    write_text(tmp_path / "own", "\ufeffscho\u0308n\ta b\r\n")
    assert read_lexicon(tmp_path / "own") == [("sch\u00f6n", ("a", "b"))]


def test_english_phones_are_always_the_same(text: Path, tmp_path: Path) -> None:
    made = make_units(Phones(type="phones"), "p", [], text, tmp_path)
    assert Inventory.read(tmp_path / "inventory.json") == made
    assert len(made.names) == 40 and made.language == "en-us"
    assert (made.word_count, made.origins) == (3, {"cmudict": 4})
    assert read_lines(tmp_path / "words.p.tsv")[-2:] == [
        "the\tDH AH\tcmudict",
        "the\tDH IY\tcmudict",
    ]


def test_pieces_spell_words_of_all_texts(text: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "more.txt", "teach\n")
    made = make_units(Pieces(type="pieces", count=16), "b", [tmp_path / "more.txt"], text, tmp_path)
    assert len(made.names) == 17 and made.separator is None and made.language is None
    assert made.names[1:4] == ["▁a", "▁c", "▁e"]
    found = SpelledUnits.read(tmp_path / "inventory.json")
    spelled = [found.units.names[label] for label in found.labels("teach the cat")]
    assert "".join(spelled) == "▁teach▁the▁cat"


def test_a_lexicon_with_the_blank_is_refused_by_its_name(text: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "mine.tsv", "the\tD <blank>\n")
    settings = Phones(type="phones", language="de", lexicon="mine.tsv")
    with pytest.raises(UserError, match=r"mine\.tsv gives units p of no use \(a unit stands twice"):
        make_units(settings, "p", [], text, tmp_path / "units", tmp_path)
    assert not (tmp_path / "units").exists()


def test_settings_and_inventories_agree_on_what_writes_words() -> None:
    for name, settings in recipes.BUILT_IN.items():
        names, separator = ((BLANK, " "), " ") if settings.type == "grams" else ((BLANK,), None)
        units = Units(settings.type, names, separator)
        assert not isinstance(settings, Characters)
        assert settings.writes_words == units.writes_words, name
    assert recipes.CHARACTERS == CHARACTERS


def test_grams_are_the_most_frequent_sequences_of_the_training_text(
    text: Path, tmp_path: Path
) -> None:
    write_text(tmp_path / "more.txt", "tech\n")
    chosen = Grams(type="grams", longest=3, count=4)
    more = [tmp_path / "more.txt"]
    made = make_units(chosen, "g", more, text, tmp_path, alphabet="acehlt")
    assert made.names == [BLANK, " ", *"acehlt", "ca", "at", "cat", "he"]  # `th`, `the` come later
    found = SpelledUnits.read(tmp_path / "inventory.json")
    assert found.units.separator == " "
    assert found.labels("the") == found.units.encode("the")
    assert [found.units.names[one] for one in found.shortest("the cat")] == ["t", "he", " ", "cat"]
    assert found.units.letters(found.shortest("the cat")) == tuple(found.labels("the cat"))
    assert found.units.decode(found.shortest("the cat")) == ["the", "cat"]
    assert "tech\tt e c h\tletters" in read_lines(tmp_path / "words.g.tsv")
    for settings, letters, message in (
        (chosen, "acehl", "3 words outside the recipe's text.alphabet, such as cat, tech, the"),
        (Grams(type="grams", count=50), "acehlt", r"have 10 grams of 2 to 3 letters, not 50"),
    ):
        with pytest.raises(UserError, match=message):
            make_units(settings, "g", more, text, tmp_path, alphabet=letters)


def test_empty_texts_and_unknown_sets_are_refused(tmp_path: Path) -> None:
    write_text(tmp_path / "none.txt", "")
    with pytest.raises(UserError, match=r"none\.txt holds no words"):
        make_units(Phones(type="phones"), "p", [], tmp_path / "none.txt", tmp_path)
    with pytest.raises(UserError, match="no units 'phonemes'; there are characters, ph"):
        recipes.load(str(GERMAN)).unit_set("phonemes")


def write_arpa(path: Path, *words: str) -> Path:
    lines = "\n".join(f"-1\t{word}" for word in words)
    path.write_text(ARPA.format(count=3 + len(words), words=lines))
    return path


def test_a_language_models_lexicon_has_every_spelling(text: Path, tmp_path: Path) -> None:
    make_units(Phones(type="phones"), "p", [], text, tmp_path)
    arpa = write_arpa(tmp_path / "arpa", "the", "cat")
    common = ("lm", "lexicon", "--recipe", "voicesearch_like/smoke", "--arpa", arpa, "--output")
    run(*common, tmp_path / "phones", "--units", tmp_path / "inventory.json")
    assert (tmp_path / "phones").read_text() == "cat\tK AE T\nthe\tDH AH\nthe\tDH IY\n"
    run(*common, tmp_path / "letters")
    assert (tmp_path / "letters").read_text() == "cat\tc a t\nthe\tt h e\n"
    write_arpa(arpa, "the", "dog")
    with pytest.raises(
        UserError, match=r"arpa has 1 words that .*words.p.tsv does not spell.* dog"
    ):
        run(*common, tmp_path / "phones", "--units", tmp_path / "inventory.json")
