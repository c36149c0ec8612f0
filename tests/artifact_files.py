"""Every artifact of a finished run: its class, and what that makes of the file."""

import re
from pathlib import Path

from schatten import artifacts
from schatten.artifacts import Artifact
from schatten.artifacts.history import StoredMatrix

KINDS: dict[str, type[Artifact]] = {
    r"history(\.\w+)?\.json": artifacts.History,
    r"(\w+\.)?score(\.\w+)?\.json": artifacts.Score,
    r"weights\.json": artifacts.Weights,
    r"(\w+\.)?reliability\.json": artifacts.Reliability,
    r"beams\.json": artifacts.Beams,
    r"info(\.\w+)?\.json": artifacts.LmInfo,
    r"validation\.json": artifacts.Validation,
    r"statistics\.json": artifacts.FeatureStatistics,
    r"(model(\.fp32|\.int8|\.int4)?|exported)\.json": artifacts.Exported,
    r"(model\.\w+\.)?instructions\.json": artifacts.Instructions,
    r"manifest\.json": artifacts.Manifest,
    r"(test|recordings)\.json": artifacts.Acceptance,
    r"measured(\.[\w-]+)?\.json": artifacts.Measured,
    r"choice\.json": artifacts.Choice,
    r"tiers\.json": artifacts.Tiers,
    r"graph\.fst\.json": artifacts.GraphNames,
    r"inventory\.json": artifacts.Inventory,
    r"tree\.json": artifacts.PhoneTree,
    r"notes\.json": artifacts.TextNotes,
    r"too_long\.json": artifacts.TooLongByStride,
    r"recognised(\.[\w-]+)?\.json": artifacts.Recognised,
}
"""By pattern of a file's name."""
COUNTS_OF_TEXTS = "summary.json"
"""`text/summary.json`, which holds an artifact by the name of each file of text."""
MAY_BE_MISSING: dict[type[Artifact], set[str]] = {
    artifacts.History: {"trained_on"},
    artifacts.LmInfo: {"dev", "threshold", "ngrams_before_pruning"},
    artifacts.Score: {"units"},
    StoredMatrix: {"zeros", "int8_bytes"},
    artifacts.Inventory: {"tree_sha256"},
    artifacts.TreeNode: {"unit", "side", "question", "gain", "yes", "no"},
    artifacts.Weights: {"temperature"},
    artifacts.Validation: {"text_notes", "without_frames", "characters_per_word", "corpora"},
    artifacts.SplitSize: {"copies"},
    artifacts.Acceptance: {"bytes", "noise_interval", "apart"},
    artifacts.AcceptedAtLevel: {"interval"},
    artifacts.Manifest: {"gate"},
    artifacts.Recognised: {"speed_up", "acoustic_share", "load_seconds", "peak_megabytes"},
}
"""Trained on the whole split; without text of dev or pruning; where words are scored; without a
mask; of units that are not tied, and leaves or questions of their tree; where the decoder gives no
confidences; with clean text, without faults, and of one corpus; without distorted copies; of
synthetic commands, and without a split that is shown on its own; without thresholds of the gate; on
an emulated CPU."""


def kind_of(path: Path) -> type[Artifact] | None:
    """Return the class of a file, by its name; `choice/GRID.json` by its folder."""
    if path.parent.name == "choice":
        return artifacts.Choice
    return next((k for name, k in KINDS.items() if re.fullmatch(name, path.name)), None)


def not_given(artifact: Artifact) -> set[str]:
    """Return the fields of an artifact and of all in it that their writer left out."""
    kind = type(artifact)
    found = set(kind.model_fields) - artifact.model_fields_set - MAY_BE_MISSING.get(kind, set())
    for value in artifact.__dict__.values():
        found |= _not_given_in(value)
    return found


def _not_given_in(value: object) -> set[str]:
    if isinstance(value, Artifact):
        return not_given(value)
    parts = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list | tuple):
        return set()
    return {name for part in parts for name in _not_given_in(part)}  # type: ignore[attr-defined]


def check(path: Path, scratch: Path) -> None:
    """Read an artifact and write it again: it gives every field, and the same bytes."""
    if path.name == COUNTS_OF_TEXTS:
        counts = artifacts.read_by_name(path, artifacts.TextCounts)
        assert [not_given(one) for one in counts.values()] == [set()] * len(counts)
        artifacts.write_by_name(scratch, counts)
    else:
        kind = kind_of(path)
        assert kind is not None, f"{path.name} has no class"
        artifact = kind.read(path)
        assert not_given(artifact) == set(), path
        artifact.write(scratch)
    assert scratch.read_bytes() == path.read_bytes(), path
