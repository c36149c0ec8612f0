"""Makes a set of tied phones: its tree, its inventory, and the pronunciations of its words."""

from pathlib import Path

from schatten.artifacts import Inventory, PhoneTree
from schatten.errors import UserError
from schatten.recipe.units import Tied
from schatten.runtime.files import read_text, sha256, write_text
from schatten.units.inventory import BLANK, PHONES, TIED
from schatten.units.tree import grow, unit_names
from schatten.units.triphones import read_triphones


def make_tied(
    settings: Tied, name: str, triphones: Path, phones: Path, output: Path
) -> tuple[Inventory, PhoneTree]:
    """Write `tree.json`, `words.NAME.tsv` and `inventory.json` to `output`; return two of them.

    `triphones`: the statistics that the tree is grown on. `phones`: the inventory.json of the
    phones, whose pronunciations are taken over. The inventory is written last.

    Errors: `UserError` for phones that are not those of the statistics, and for fewer leaves than
    phones.
    """
    found, stored = read_triphones(triphones), Inventory.read(phones)
    if stored.kind != PHONES or tuple(stored.names) != found.phones:
        raise UserError(f"{triphones} has other phones than {phones}: make it again")
    tree = grow(found, settings.leaves, settings.minimum)
    written, words = output / "tree.json", output / f"words.{name}.tsv"
    tree.write(written)
    write_text(words, read_text(phones.parent / stored.words))
    about = stored.as_json() | {
        "name": name,
        "kind": TIED,
        "names": [BLANK, *unit_names(tree)],
        "words": words.name,
        "words_sha256": sha256(words),
        "tree_sha256": sha256(written),
    }
    inventory = Inventory.model_validate(about)
    inventory.write(output / "inventory.json")
    return inventory, tree
