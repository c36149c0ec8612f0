"""Training over grams: the exact loss, weights from a model of characters, and a second output."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from interruptions import interrupted_at
from small_data import RECIPE, write_data

from schatten import models, recipe
from schatten.artifacts import History
from schatten.errors import UserError
from schatten.recipe.techniques import Auxiliary, Initialise
from schatten.recipe.training import Training
from schatten.recipe.units import Grams
from schatten.runtime.files import write_text
from schatten.train import steps
from schatten.train.data import Batch
from schatten.train.graph_loss import graph_losses
from schatten.train.objectives.ctc import ctc_losses, greedy_errors
from schatten.train.state import epoch_model
from schatten.train.targets import Targets
from schatten.train.techniques import Context, Step
from schatten.train.techniques.auxiliary import SecondOutput
from schatten.train.techniques.initialise import Initialised
from schatten.units import BLANK, Units, characters
from schatten.units.graph import segmentations
from schatten.units.make import make_units
from schatten.units.spelled import SpelledUnits

GRAMS = Units("grams", (BLANK, " ", "a", "b", "aa", "ab", "ba", "aba"), " ")
TRAINING = Training(epochs=2, batch_seconds=2.5, learning_rate=0.01)
GRAM_SYSTEMS = """
units:
  grams: {type: grams, longest: 2, count: 3}
systems:
  dense: {model: tiny}
  warm:
    model: tiny
    units: grams
    chain:
      - train: {techniques: [initialise: {system: dense}, auxiliary: {weight: 0.5}], keep: [1]}
"""


def log_probs(frames: int, seed: int, units: int = len(GRAMS)) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(1, frames, units, generator=generator, dtype=torch.float64)
    return (2 * drawn).log_softmax(-1).requires_grad_()


def written(path: tuple[int, ...]) -> str:
    merged = [unit for unit, _ in itertools.groupby(path) if unit]
    return "".join(GRAMS.names[unit] for unit in merged)


def loss_of(text: str, values: torch.Tensor, units: Units = GRAMS) -> torch.Tensor:
    graph = segmentations(units.encode(text), units.grams)
    return graph_losses(values, torch.tensor([values.shape[1]]), [graph])[0]


@pytest.mark.parametrize("seed", range(4))
def test_the_loss_sums_over_every_path_that_writes_a_text(seed: int) -> None:
    """Also of repeats (`aaa`, `abab`); the probabilities of all texts add up to one."""
    values = log_probs(4, seed)
    rows, found = values[0].tolist(), dict[str, float]()
    for path in itertools.product(range(len(GRAMS)), repeat=4):
        score = sum(frame[unit] for frame, unit in zip(rows, path, strict=True))
        found[written(path)] = np.logaddexp(found.get(written(path), -np.inf), score)
    assert np.logaddexp.reduce(list(found.values())) == pytest.approx(0, abs=1e-12)
    texts = ["aaa", "abab", "ab ba", "b", "", *list(found)[::97]]
    for text in texts:
        assert float(loss_of(text, values).detach()) == pytest.approx(-found[text], abs=1e-9)
    assert len(texts) > 10


def test_its_gradient_is_that_of_finite_differences() -> None:
    values = log_probs(5, 7)
    loss_of("aaba", values).backward()
    step = 1e-5
    for frame, unit in itertools.product(range(5), range(len(GRAMS))):
        moved = torch.zeros_like(values)
        moved[0, frame, unit] = step
        with torch.no_grad():
            up, down = loss_of("aaba", values + moved), loss_of("aaba", values - moved)
        expected = float(up - down) / (2 * step)
        assert float(values.grad[0, frame, unit]) == pytest.approx(expected, abs=1e-6)


def test_over_letters_alone_it_is_ctc() -> None:
    letters = Units("grams", (BLANK, " ", "a", "b"), " ")
    values = log_probs(9, 1, 4)
    labels = torch.tensor(letters.encode("ab bba"))
    with torch.no_grad():
        expected = float(ctc_losses(values, torch.tensor([9]), [labels]))
        assert float(loss_of("ab bba", values, letters)) == pytest.approx(expected, abs=1e-4)


def test_an_utterance_without_a_path_has_no_gradient() -> None:
    values = log_probs(2, 3)
    losses = graph_losses(
        values.expand(2, -1, -1),
        torch.tensor([2, 2]),
        [segmentations(GRAMS.encode(text), GRAMS.grams) for text in ("aba b", "aba")],
    )
    assert torch.isinf(losses).tolist() == [True, False]
    losses.sum().backward()
    alone = log_probs(2, 3)
    loss_of("aba", alone).backward()
    assert torch.equal(values.grad, alone.grad)


@pytest.mark.parametrize(
    ("text", "frames"),
    [("", 0), ("aba", 1), ("aaa", 2), ("aaaa", 3), ("abab", 2), ("ab ba", 3), ("bb", 3)],
)
def test_the_fewest_frames_are_those_of_the_shortest_path(text: str, frames: int) -> None:
    targets = Targets(SpelledUnits(GRAMS, None), every=True)
    assert GRAMS.frames_needed(targets.shortest(text)) == frames
    assert "".join(GRAMS.names[unit] for unit in targets.shortest(text)) == text
    assert targets.labels(text).tolist() == GRAMS.encode(text)
    if frames > 1:
        assert torch.isinf(loss_of(text, log_probs(frames - 1, 0)))
    assert torch.isfinite(loss_of(text, log_probs(max(1, frames), 0)))


def test_errors_are_counted_in_letters() -> None:
    best = torch.full((1, 4, len(GRAMS)), -9.0)
    for frame, unit in enumerate([7, 0, 2, 2]):  # aba a
        best[0, frame, unit] = 0
    labels = [torch.tensor(GRAMS.encode("abab"))]
    assert greedy_errors(best, torch.tensor([4]), labels, GRAMS) == 1


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write features, a recipe with grams, and their inventory."""
    monkeypatch.chdir(tmp_path)
    cuts, statistics, path = write_data(tmp_path / "data")
    content = yaml.safe_load(RECIPE) | yaml.safe_load(GRAM_SYSTEMS)
    path.write_text(yaml.safe_dump(content))
    write_text(tmp_path / "train.txt", "ab aab\nbab ba\nabb\n")
    chosen = Grams(type="grams", longest=2, count=3)
    made = make_units(chosen, "grams", [], tmp_path / "train.txt", tmp_path / "u", alphabet="ab")
    assert made.names == [BLANK, " ", "a", "b", "ab", "ba", "aa"]
    inputs = {"train": cuts[0], "dev": cuts[1], "statistics": statistics}
    return recipe.load(str(path)), inputs


def test_a_model_of_grams_starts_from_one_of_characters(data, tmp_path: Path) -> None:
    settings, inputs = data
    start = tmp_path / "dense/model.pt"
    steps.train(settings.start("dense", 1), inputs, start)
    node = settings.start("warm", 1)
    assert set(node.needs) == {*inputs, "units", "start"}
    assert node.needs["start"].node == settings.start("dense", 1)
    with pytest.raises(UserError, match="needs --units and --start"):
        steps.train(node, inputs, tmp_path / "none.pt")
    inputs = inputs | {"units": tmp_path / "u/inventory.json"}
    fresh = steps.initial_model(node, inputs).eval()
    rows = fresh.output.weight.detach().clone()
    Initialised(Initialise(system="dense"), Context(TRAINING, start=start)).prepare(fresh)
    source = models.load(start)
    features, lengths = torch.randn(1, 30, 40), torch.tensor([30])
    with torch.no_grad():
        before, after = source(features, lengths)[0], fresh(features, lengths)[0]
    shared = after[..., :4] - after[..., :4].logsumexp(-1, keepdim=True)
    assert torch.allclose(shared, before, atol=1e-5)
    assert torch.equal(fresh.output.weight[4:], rows[4:])

    steps.train(node, inputs | {"start": start}, tmp_path / "warm/model.pt")
    trained = models.load(tmp_path / "warm/model.pt")
    assert trained.units.kind == "grams"
    assert not [name for name, _ in trained.named_modules() if name == "auxiliary"]
    assert models.load(epoch_model(tmp_path / "warm/model.pt", 1)).units == trained.units
    assert len(History.read(tmp_path / "warm/history.json").epochs) == 2


def test_a_joint_training_goes_on_from_any_step_with_the_same_bits(data, tmp_path: Path) -> None:
    """Of grams, from a model of characters and with a second output; the kept epoch too.

    Eight steps an epoch: killed in the first, at its end, and in the next one.
    """
    settings, inputs = data
    settings.trainings["default"] = settings.trainings["default"].model_copy(
        update={"checkpoint_steps": 1}
    )
    start = tmp_path / "dense.pt"
    models.save(steps.initial_model(settings.start("dense", 5), inputs), start)
    inputs = inputs | {"units": tmp_path / "u/inventory.json", "start": start}
    node, whole, cut = settings.start("warm", 1), Path("whole/model.pt"), Path("cut/model.pt")
    steps.train(node, inputs, whole)
    for step in (3, 8, 13):
        with interrupted_at(step):
            steps.train(node, inputs, cut)
        assert list(Path("state").glob("*/last.ckpt"))
        steps.train(node, inputs, cut)
        for of_whole in (whole, epoch_model(whole, 1)):
            one = models.read(of_whole)["state"]
            other = models.read(cut.with_name(of_whole.name))["state"]
            assert one.keys() == other.keys()
            assert all(torch.equal(value, other[name]) for name, value in one.items()), step
        histories = [History.read(path.with_name("history.json")) for path in (whole, cut)]
        losses = [[(one.train_loss, one.dev_loss) for one in each.epochs] for each in histories]
        assert losses[0] == losses[1]


def test_a_model_of_another_shape_is_no_start(data, tmp_path: Path) -> None:
    settings, inputs = data
    model = steps.initial_model(settings.start("dense", 1), inputs)
    models.save(model, tmp_path / "dense.pt")
    small = settings.models["tiny"].model_copy(update={"lstm": (8, 6)})
    technique = Initialised(
        Initialise(system="dense"), Context(TRAINING, start=tmp_path / "dense.pt")
    )
    with pytest.raises(UserError, match=r"dense.pt has another bank.* than the model that should"):
        technique.prepare(models.build(small, GRAMS, "partial"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lstm": [8, 6]}, "tiny and other are models of another shape: they may differ in"),
        ({"keep_every": 4, "dropout": 0.1}, None),
    ],
)
def test_only_stride_and_dropout_of_a_source_may_differ(
    tmp_path: Path, changes: dict[str, object], said: str | None
) -> None:
    content = yaml.safe_load(RECIPE) | yaml.safe_load(GRAM_SYSTEMS)
    content["models"]["other"] = content["models"]["tiny"] | changes
    content["systems"]["warm"]["model"] = "other"
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(content))
    if said is None:
        settings = recipe.load(str(tmp_path / "recipe.yaml"))
        assert settings.system("warm").source == Initialise(system="dense")
        return
    with pytest.raises(UserError, match=said):
        recipe.load(str(tmp_path / "recipe.yaml"))


def test_the_second_output_adds_ctc_of_characters(data) -> None:
    """Texts that do not fit add nothing."""
    settings, inputs = data
    model = steps.initial_model(settings.start("dense", 1), inputs)
    count = len(list(model.parameters()))
    technique = SecondOutput(Auxiliary(weight=0.25), Context(TRAINING, alphabet="ab"))
    technique.prepare(model)
    assert len(list(model.parameters())) == count + 2
    lengths = torch.tensor([40, 23])
    texts = ["ab a", "ab" * 40]
    batch = Batch(torch.randn(2, 40, 40), lengths, [], ["x", "y"], 0.6, 2, texts)
    step = Step(0, 0.0, 1, model, batch)
    step.log_probs, step.lengths = model(batch.features, lengths)
    hidden = technique.inputs
    assert hidden is not None
    found = technique.loss(torch.tensor(3.0), step)
    expected = ctc_losses(
        model.get_submodule("auxiliary")(hidden[:1]).log_softmax(-1),
        step.lengths[:1],
        [torch.tensor(characters("ab").encode(texts[0]))],
    )
    assert float(found.detach()) == pytest.approx(
        3.0 + 0.25 * float(expected.detach()) / 2, rel=1e-5
    )
    found.backward()
    assert float(model.get_submodule("auxiliary").weight.grad.abs().sum()) > 0
    technique.finish(model)
    assert len(list(model.parameters())) == count
