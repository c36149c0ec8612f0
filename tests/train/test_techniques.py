"""Techniques: they turn the loss of a batch into the minimised loss."""

from pathlib import Path

import chains
import pytest
import torch
import yaml
from small_data import RECIPE, write_data

from schatten import compress, models, recipe
from schatten.errors import UserError
from schatten.recipe.techniques import Distillation, Penalty, techniques_of
from schatten.recipe.training import Training
from schatten.train import techniques
from schatten.train.data import Batch
from schatten.train.techniques import Context, Step
from schatten.train.techniques.distillation import Distilled, divergence

STUDENT = {
    "model": "narrow",
    "distill": {"teacher": "dense", "weight": 0.4, "temperature": 2.0},
}
TRAINING = Training(epochs=2, batch_seconds=2.5, learning_rate=0.01)
NARROW = {"type": "lstm", "feature": "mel40", "stack": 2, "keep_every": 2, "lstm": [4]}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    cuts, statistics, path = write_data(tmp_path / "data")
    content = yaml.safe_load(RECIPE)
    content["models"]["narrow"], content["systems"]["student"] = NARROW, STUDENT
    path.write_text(yaml.safe_dump(content))
    return cuts, statistics, path


def changed(path: Path, **changes: object) -> None:
    content = yaml.safe_load(path.read_text())
    for place, value in changes.items():
        first, second, key = place.split("__")
        content[first][second][key] = value
    path.write_text(yaml.safe_dump(content))


def step_of(model: models.AcousticModel, seed: int = 5) -> Step:
    torch.manual_seed(seed)
    lengths = torch.tensor([40, 23])
    batch = Batch(torch.randn(2, 40, 40), lengths, [torch.tensor([2])] * 2, ["a", "b"], 0.6, 2)
    step = Step(0, 0.0, 1, model, batch)
    step.log_probs, step.lengths = model(batch.features, lengths)
    return step


def distilled_from(teacher: Path, **settings: float) -> Distilled:
    return Distilled(Distillation(teacher="dense", **settings), Context(TRAINING, teacher))


def test_divergence_is_that_of_the_softened_probabilities() -> None:
    p, q = torch.tensor([[0.7, 0.2, 0.1]]), torch.tensor([[0.3, 0.3, 0.4]])
    for temperature in (1.0, 2.0):
        soft_p, soft_q = (
            one ** (1 / temperature) / (one ** (1 / temperature)).sum() for one in (p, q)
        )
        expected = temperature**2 * float((soft_p * (soft_p / soft_q).log()).sum())
        assert float(divergence(p.log(), q.log(), temperature)) == pytest.approx(expected, rel=1e-5)
    assert float(divergence(p.log(), p.log(), 2.0)) == pytest.approx(0, abs=1e-6)


def test_a_student_that_is_its_teacher_has_nothing_to_learn(data, tmp_path: Path) -> None:
    _, statistics, path = data
    model = chains.initial_model(recipe.load(str(path)), "dense", 1, statistics).eval()
    models.save(model, tmp_path / "teacher.pt")
    distilled = distilled_from(tmp_path / "teacher.pt", weight=0.25)
    mixed = distilled.loss(torch.tensor(8.0), step_of(model))
    assert float(mixed.detach()) == pytest.approx(6.0, abs=1e-4)
    other = chains.initial_model(recipe.load(str(path)), "dense", 2, statistics).eval()
    seen = step_of(other)
    targets = model(seen.batch.features, seen.batch.lengths)[0]
    soft = sum(
        divergence(targets[row, :frames], seen.log_probs[row, :frames], 1.0)
        for row, frames in enumerate((20, 12))
    )
    expected = 6 + 0.25 * float(soft.detach()) / 2
    assert float(distilled.loss(torch.tensor(8.0), seen).detach()) == pytest.approx(
        expected, rel=1e-5
    )


def test_penalties_are_added(data) -> None:
    _, statistics, path = data
    model = chains.initial_model(recipe.load(str(path)), "trace_norm", 1, statistics)
    compress.factor_fully(model.bank)
    step, loss = step_of(model), torch.tensor(2.0)
    for kind, expected in (
        ("trace_norm", compress.trace_norm_penalty(model.bank, 0.1, 0.2)),
        ("l2", compress.l2_penalty(model.bank, 0.1, 0.2)),
        ("none", torch.tensor(0.0)),
    ):
        lambdas = {} if kind == "none" else {"lambda_rec": 0.1, "lambda_nonrec": 0.2}
        added = loss
        for one in techniques.make(
            techniques_of(Penalty(type=kind, **lambdas), None), Context(TRAINING)
        ):
            added = one.loss(added, step)
        assert float(added.detach()) == pytest.approx(2 + float(expected.detach()), rel=1e-6)


def test_a_student_follows_its_teacher(data) -> None:
    """Trained on soft targets alone, it comes nearer to the teacher than by labels alone."""
    cuts, statistics, path = data
    changed(
        path,
        trainings__default__epochs=4,
        systems__student__distill={"teacher": "dense", "weight": 1},
    )
    settings, teacher = recipe.load(str(path)), Path("teacher/model.pt")
    chains.stage1(settings, "dense", 1, cuts, statistics, teacher)
    with pytest.raises(UserError, match="student/seed1/whole/stage1 needs --teacher: give"):
        chains.stage1(settings, "student", 1, cuts, statistics, Path("none/model.pt"))
    chains.stage1(settings, "student", 1, cuts, statistics, Path("student/model.pt"), teacher)
    changed(path, systems__student__distill=None)
    alone = recipe.load(str(path))
    chains.stage1(alone, "student", 1, cuts, statistics, Path("alone/model.pt"))
    distilled = distilled_from(teacher, weight=1)
    apart = [
        float(
            distilled.loss(
                torch.tensor(0.0), step_of(models.load(Path(name) / "model.pt"))
            ).detach()
        )
        for name in ("student", "alone")
    ]
    assert apart[0] < 0.7 * apart[1]
    assert not list(Path("state").iterdir())


def test_a_teacher_of_another_stride_or_alphabet_is_refused(data, tmp_path: Path) -> None:
    _, statistics, path = data
    settings = recipe.load(str(path))
    models.save(chains.initial_model(settings, "dense", 1, statistics), tmp_path / "teacher.pt")
    distilled = distilled_from(tmp_path / "teacher.pt")
    changed(path, models__narrow__keep_every=4, systems__student__distill=None)
    student = chains.initial_model(recipe.load(str(path)), "student", 1, statistics)
    with pytest.raises(UserError, match=r"teacher.pt gives .* give both one stride and one alph"):
        distilled.loss(torch.tensor(0.0), step_of(student))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"systems__student__distill": {"teacher": "nobody"}}, "there is no 'nobody'"),
        ({"systems__student__distill": {"teacher": "student"}}, "learns from a teacher itself"),
        ({"models__narrow__keep_every": 3}, "at a stride of 2 frames and student mel40 at 3"),
    ],
)
def test_a_recipe_with_an_impossible_teacher_is_refused(data, changes, message: str) -> None:
    changed(data[2], **changes)
    with pytest.raises(UserError, match=message):
        recipe.load(str(data[2]))
