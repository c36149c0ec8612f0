"""The JSON files that steps hand to each other: one class each, for its writer and its readers.

A writer constructs the class and calls `write`; a reader calls `read`. Nothing here imports torch.
"""

from schatten.artifacts.base import (
    Artifact,
    read,
    read_by_name,
    write_by_name,
    write_list,
)
from schatten.artifacts.choices import Choice, GridPoint, TierModel, Tiers
from schatten.artifacts.commands import Acceptance, AcceptedAtLevel
from schatten.artifacts.corpora import (
    FeatureStatistics,
    SpeechCopies,
    SplitSize,
    TextCounts,
    TextNotes,
    TooLong,
    TooLongByStride,
    Validation,
)
from schatten.artifacts.devices import (
    BundledFile,
    Exported,
    Gate,
    Instructions,
    Latency,
    Manifest,
    Measured,
    Recognised,
)
from schatten.artifacts.history import (
    Epoch,
    History,
    MatrixMeasures,
    Point,
    StoredMatrix,
    TrainedOn,
)
from schatten.artifacts.language_models import LmInfo, Perplexity
from schatten.artifacts.scores import OutOfLexicon, Rates, Score
from schatten.artifacts.searches import (
    BeamPoint,
    Beams,
    GraphNames,
    GraphUnits,
    Reliability,
    ReliabilityBin,
    SearchError,
    SearchErrors,
    TriedWeights,
    Weights,
)
from schatten.artifacts.unit_sets import Inventory, PhoneTree, TreeNode

__all__ = [
    "Acceptance",
    "AcceptedAtLevel",
    "Artifact",
    "BeamPoint",
    "Beams",
    "BundledFile",
    "Choice",
    "Epoch",
    "Exported",
    "FeatureStatistics",
    "Gate",
    "GraphNames",
    "GraphUnits",
    "GridPoint",
    "History",
    "Instructions",
    "Inventory",
    "Latency",
    "LmInfo",
    "Manifest",
    "MatrixMeasures",
    "Measured",
    "OutOfLexicon",
    "Perplexity",
    "PhoneTree",
    "Point",
    "Rates",
    "Recognised",
    "Reliability",
    "ReliabilityBin",
    "Score",
    "SearchError",
    "SearchErrors",
    "SpeechCopies",
    "SplitSize",
    "StoredMatrix",
    "TextCounts",
    "TextNotes",
    "TierModel",
    "Tiers",
    "TooLong",
    "TooLongByStride",
    "TrainedOn",
    "TreeNode",
    "TriedWeights",
    "Validation",
    "Weights",
    "read",
    "read_by_name",
    "write_by_name",
    "write_list",
]
