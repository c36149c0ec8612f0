"""The table of bundles: megabytes of each model in int8, its language model and lexicon."""

from dataclasses import dataclass

from schatten.artifacts import Manifest, Score, read
from schatten.recipe.layout import bundle_lm
from schatten.report.captions import origin
from schatten.report.collect import Experiment, Trained
from schatten.report.columns import Column, Table, line, number, words


@dataclass(frozen=True)
class Bundle:
    """A model with everything that a device needs except the program."""

    model: Trained
    manifest: Manifest
    score: Score
    """Score in fp32 with the bundle's language model, on the main test split."""

    def megabytes(self, name: str) -> float:
        """Size of a file of the bundle in 10^6 bytes."""
        return self.manifest.files[name].bytes / 1e6


def bundles_table(experiment: Experiment) -> Table[Bundle]:
    """Return a line for each model at the end of its training."""
    lm, split = _language_model(experiment), experiment.recipe.splits.test[0]
    entries = [
        Bundle(
            model,
            read(experiment.layout.bundle(model.node, lm) / "manifest.json", Manifest),
            experiment.score(model.node, lm, split),
        )
        for model in experiment.models
    ]
    columns = _columns(lm, split)
    return Table("On a device", columns, tuple(line(columns, entry) for entry in entries))


def bundles_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table."""
    lm, layout = _language_model(experiment), experiment.layout
    narrow = any(model.node.deployed == "int4" for model in experiment.models)
    return [
        f"A bundle holds the model in int8, the language model {lm}, its lexicon, a script and a "
        "manifest; the whole is without the program. MB are 10^6 bytes. For comparison: the whole "
        "system of Prabhavalkar et al. (2016) was 20.3 MB. Bundles: "
        f"{layout.bundle(experiment.models[0].node, lm)} and those beside it. WER is that of fp32.",
        *(["Models that a step `quantize` trained with 4 bits are in int4."] if narrow else []),
        origin(experiment),
    ]


def _language_model(experiment: Experiment) -> str:
    name = bundle_lm(experiment.recipe)
    assert name is not None, "asked for by `tables.bundles` with a language model of words"
    return name


def _columns(lm: str, split: str) -> tuple[Column[Bundle], ...]:
    return (
        words("system", "system", lambda b: b.model.node.system),
        words("rank", "rank", lambda b: b.model.node.label),
        words("seed", "seed", lambda b: b.model.node.seed),
        number("params (M)", "parameters", lambda b: b.model.history.parameters, scale=1e-6),
        number(
            "model, int8 (MB)", "megabytes_model", lambda b: b.megabytes("model.gguf"), digits=3
        ),
        number(f"{lm} (MB)", "megabytes_lm", lambda b: b.megabytes("lm.bin"), digits=3),
        number("lexicon (MB)", "megabytes_lexicon", lambda b: b.megabytes("lexicon.txt"), digits=3),
        number("whole (MB)", "megabytes", lambda b: b.manifest.bytes / 1e6, digits=3),
        number(f"WER {split}", "wer", lambda b: b.score.wer),
    )
