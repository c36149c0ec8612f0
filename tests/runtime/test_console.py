"""The console's lines about steps."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from schatten.runtime import console
from schatten.runtime.console import (
    RunDisplay,
    RunningStep,
    duration,
    outputs_name,
    step_from,
    tail,
)
from schatten.runtime.progress import Progress


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1:00 min"), (125, "2:05 min"), (3725, "1:02:05 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        ("schatten train --recipe a/b > log 2>&1", "train"),
        ("schatten lm prune --recipe a/b\n   --output x", "lm prune"),
        ("sort x | schatten show", "show"),
        ("echo schattenfuge", "a_rule"),
    ],
)
def test_a_step_is_called_by_its_verb(command: str, verb: str) -> None:
    assert step_from({"shellcmd": command, "rule_name": "a_rule"}).verb == verb


def test_a_step_says_what_it_makes() -> None:
    info = {"shellcmd": "schatten x", "output": ["results/a/b.json", "results/a/c"], "log": ["l"]}
    step = step_from(info)
    assert (step.makes, step.log) == ("a/b.json (+1)", Path("l"))
    assert step_from(info).name.endswith(" a/b.json (+1)")
    assert step_from({**info, "rule_msg": "the b of a"}).name == "the b of a"
    assert outputs_name([]) == ""
    why = "Missing output files: a, b; Params have changed since last execution: c"
    assert step_from({**info, "reason": why}).reason == (
        "Missing output files; Params have changed since last execution"
    )


def test_the_tail_of_a_log_is_what_a_terminal_would_show(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {n}\n" for n in range(100)) + "1 %\r50 %\r100 %\n\nend\n")
    assert tail(log, 3) == ["line 99", "100 %", "end"]
    assert tail(tmp_path / "none") == []


def test_time_left_goes_by_the_pace_that_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    step = RunningStep("train", "x", None, "schatten train", started=0.0)
    resumed = Progress("stage 1", batch=10, batches=20, epoch=3, epochs=4, loss=12.3456)
    assert step.describe(resumed) == "stage 1, epoch 3/4, 50 %, loss 12.35, 1:40 min"
    now[0] = 130.0
    on = Progress("stage 1", batch=20, batches=20, epoch=3, epochs=4, loss=11.0)
    assert step.describe(on) == "stage 1, epoch 3/4, 100 %, loss 11, 2:10 min, 1:00 min left"


def run_display() -> tuple[RunDisplay, io.StringIO]:
    output = io.StringIO()
    return RunDisplay(Console(file=output, width=40), None), output


def test_a_failure_shows_the_log_and_the_way_to_run_it(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    log.write_text("[bold]ValueError: too bad[/bold]\n")
    shown, output = run_display()
    shown.plan(2)
    shown.start(7, RunningStep("train", "m.pt", log, "schatten train --output m.pt"))
    shown.fail(7)
    shown.close()
    assert output.getvalue().splitlines() == [
        "[0/2] start train m.pt",
        "FAILED train m.pt after 0 s",
        "  | [bold]ValueError: too bad[/bold]",
        f"  log: {log}",
        "  to run it alone: schatten train --output m.pt",
        "failed, 0 of 2 steps done; after mending, the same command goes on",
    ]


def test_a_step_that_succeeds_at_its_second_try_fails_no_run() -> None:
    shown, output = run_display()
    shown.plan(1)
    for end in (shown.fail, shown.finish):
        shown.start(1, RunningStep("train", "m.pt", None, "schatten train"))
        end(1)
    shown.close()
    assert "FAILED train m.pt" in output.getvalue()
    assert output.getvalue().endswith("1 steps done in 0 s\n")


def test_where_a_step_says_nothing_the_log_of_what_runs_it_is_shown(tmp_path: Path) -> None:
    shown, output = run_display()
    slurm = tmp_path / "12.log"
    slurm.write_text("srun: error: task 0: Killed\n")
    shown.plan(1)
    shown.start(1, RunningStep("train", "m.pt", tmp_path / "own.log", "schatten train"))
    shown.fail(1, [tmp_path / "own.log", slurm])
    assert "  | srun: error: task 0: Killed\n" in output.getvalue()


def test_an_interrupted_step_is_no_failure() -> None:
    shown, output = run_display()
    shown.plan(1)
    shown.start(1, RunningStep("train", "m.pt", None, "schatten train"))
    shown.interrupt()
    shown.fail(1)
    shown.close()
    assert "FAILED" not in output.getvalue()
    assert output.getvalue().endswith("stopped; the same command goes on\n")


def test_progress_is_printed_now_and_then_where_nothing_is_redrawn(tmp_path: Path) -> None:
    output = io.StringIO()
    shown = RunDisplay(Console(file=output, width=40), tmp_path)
    step = RunningStep("train", "m.pt", Path("log"), "schatten train")
    shown.plan(1)
    shown.start(1, step)
    (tmp_path / "1.json").write_text(
        f'{{"log": "{Path("log").absolute()}", "step": "stage 1", "batch": 3, "batches": 9}}'
    )
    shown.tick()
    step.said -= 100
    shown.tick()
    shown.tick()
    assert output.getvalue().splitlines()[1:] == ["[0/1] train m.pt: stage 1, 33 %, 0 s"]


def test_a_choice_makes_a_run_longer() -> None:
    shown, output = run_display()
    shown.plan(1)
    shown.start(1, RunningStep("choose", "a.json", None, "schatten choose"))
    shown.finish(1)
    shown.grow(2)
    shown.start(2, RunningStep("train", "m.pt", None, "schatten train"))
    shown.finish(2)
    shown.close()
    assert output.getvalue().splitlines()[2:] == [
        "[1/2] start train m.pt",
        "[2/2] train m.pt (0 s)",
        "2 steps done in 0 s",
    ]
