import pytest

from schatten.errors import UserError
from schatten.lm import kenlm


@pytest.fixture(scope="session")
def kenlm_programs():
    """Skip where KenLM is not built."""
    try:
        return {name: kenlm.program(name) for name in ("lmplz", "build_binary", "query")}
    except UserError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def sentences():
    """A few hundred sentences of a small grammar, the same in every run."""
    people = ["anna", "bob", "carol", "dave"]
    verbs = ["calls", "likes", "visits", "the old friend of"]
    things = ["the cat", "a dog", "the town", "bob's house", "nobody"]
    found = [f"{p} {v} {t}" for p in people for v in verbs for t in things]
    found += [
        f"{p} {verbs[i % 4]} {things[i % 5]} and {q}"
        for i, p in enumerate(people * 9)
        for q in people[: 1 + i % 4]
    ]
    return found


@pytest.fixture(scope="session")
def text(tmp_path_factory, sentences):
    path = tmp_path_factory.mktemp("text") / "corpus.txt"
    path.write_text("".join(f"{line}\n" for line in sentences))
    return path
