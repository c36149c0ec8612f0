"""The report in headless Chromium, opened from disk: `make test-browser`."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from browser_conftest import PATIENCE, requests_of

from schatten.artifacts import Score, read
from schatten.recipe.layout import WEB

pytestmark = pytest.mark.xdist_group("browser")


def wait(condition: Callable[[], object], what: str) -> object:
    """Return what `condition` returns as soon as it is true."""
    until = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < until, f"waited too long for {what}"
        time.sleep(0.2)
    return found


class Opened:
    """The page in the browser."""

    def __init__(self, driver, path: Path) -> None:
        self.driver = driver
        requests_of(driver)
        driver.get_log("browser")
        driver.get(path.as_uri())
        self.wait_for("document.querySelector('#explorer-chart svg')")

    def run(self, script: str, *arguments):
        return self.driver.execute_script(script, *arguments)

    def value(self, expression: str):
        return self.run(f"return {expression}")

    def wait_for(self, expression: str):
        return wait(lambda: self.value(expression), expression)

    def set(self, name: str, value: object) -> None:
        """Set a control as a person does."""
        self.run(
            "const one = document.getElementById(arguments[0]); one.value = arguments[1];"
            "one.dispatchEvent(new Event('input', {bubbles: true}));",
            name,
            value,
        )

    def text(self, name: str) -> str:
        return str(self.value(f"document.getElementById('{name}').innerText"))

    def messages(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def opened(driver, report) -> Opened:
    return Opened(driver, report)


def test_it_opens_without_errors_or_requests(opened, report):
    assert opened.messages() == []
    asked = [one for one in requests_of(opened.driver) if not one.startswith("data:")]
    assert asked == [report.as_uri()]


def test_sliders_change_the_answer(opened):
    everything = opened.text("answer")
    assert "models fit" in everything
    opened.set("memory", 0)
    assert "No model fits" in opened.text("answer")
    opened.set("memory", 1000)
    assert opened.text("answer") == everything
    opened.set("clock", 0)
    assert "No model fits" in opened.text("answer")
    opened.set("clock", 1000)


def test_a_slower_board_leaves_fewer_models_and_they_are_faint_in_the_chart(opened):
    count = int(opened.text("answer").split(" of ")[0])
    for place in range(1000, 0, -20):
        opened.set("clock", place)
        left = opened.text("answer").split(" of ")[0]
        if left.isdigit() and 0 < int(left) < count:
            break
    else:
        pytest.fail("the slider goes from all models to none at once")
    assert "modelled" in opened.text("answer")
    bundle = opened.text("answer-bundle")
    assert f"--bundle {bundle}" in opened.text("answer-command")
    opened.wait_for("document.getElementById('explorer-caption').textContent.includes('faint')")
    opened.set("clock", 1000)


def test_axes_and_filters_change_the_chart(opened):
    before = opened.value("document.querySelectorAll('#explorer-chart .mark-symbol path').length")
    opened.set("x-choice", "training_minutes")
    opened.wait_for(
        "document.querySelector('#explorer-chart').textContent.includes('training time')"
    )
    opened.run("document.querySelector('#precision-filter input[value=int8]').click()")
    opened.wait_for(
        f"document.querySelectorAll('#explorer-chart .mark-symbol path').length < {before}"
    )
    opened.run("document.querySelector('#precision-filter input[value=int8]').click()")
    opened.set("x-choice", "megabytes_with_lm")


def test_a_cell_of_the_table_is_that_of_the_csv_and_a_click_sorts(opened, experiment):
    rows = (experiment.layout.tables / "wer.csv").read_text().splitlines()
    keys, first = (line.split(",") for line in rows[:2])
    place = keys.index("wer_large")
    table = "document.querySelector('#table-wer table')"
    column = opened.value(
        f"[...{table}.tHead.rows[0].cells].findIndex((one) => one.dataset.keys === 'wer_large')"
    )
    shown = opened.value(f"{table}.tBodies[0].rows[0].cells[{column}].textContent")
    assert shown == f"{float(first[place]):.2f}"
    values = f"[...{table}.tBodies[0].rows].map((row) => row.cells[{column}].dataset.raw)"
    for _ in range(2):
        opened.run(f"{table}.tHead.rows[0].cells[{column}].querySelector('button').click()")
    found = [float(one) for one in opened.value(values) if one]
    assert found == sorted(found, reverse=True)
    said = opened.value(f"{table}.tHead.rows[0].cells[{column}].getAttribute('aria-sort')")
    assert said == "descending"


def test_errors_of_two_models_stand_side_by_side(opened, experiment):
    node = experiment.recipe.node("dense", 1, "stage1")
    score = read(experiment.layout.score(node, "lexicon", "large", "test"), Score)
    opened.set("errors-filter", "first")
    opened.set("errors-second", 0)
    assert opened.text("errors-count") == "No utterance is like that."
    opened.set("errors-filter", "either")
    assert opened.text("errors-count").endswith(f"of {score.utterances_with_errors} utterances")
    opened.run("document.querySelector('#confusions td button').click()")
    assert "→" in opened.text("errors-count")
    times = int(opened.value("document.querySelector('#confusions td.number').textContent"))
    wrong = "document.querySelectorAll('#utterances dd .wrong').length"
    assert opened.value(wrong) >= min(times, 20)


def groups_of(opened) -> list[str]:
    return opened.value("[...document.getElementById('errors-group').options].map((o) => o.value)")


def test_errors_are_grouped_by_what_is_known_of_a_split(opened):
    assert groups_of(opened) == ["speaker", "noise", "snr", "room", "length"]
    assert opened.text("groups-note") == ""
    opened.set("errors-group", "room")
    assert "no reverberation added" in opened.text("groups")
    opened.set("errors-group", "snr")
    assert "10 to 15 dB" in opened.text("groups")
    opened.set("errors-split", "test_accent")
    assert groups_of(opened) == ["speaker", "length"]
    assert "not known and not estimated" in opened.text("groups-note")
    assert "dB" not in opened.text("groups"), "grouped by speaker again"
    opened.set("errors-split", "test")
    assert groups_of(opened) == ["speaker", "noise", "snr", "room", "length"]


def test_sound_plays(opened):
    opened.set("errors-filter", "all")
    played = opened.driver.execute_async_script(
        "const done = arguments[0]; const one = document.querySelector('#utterances audio');"
        "one.addEventListener('timeupdate', () => one.currentTime > 0.2 && done(one.duration));"
        "one.addEventListener('error', () => done(one.error.message));"
        "one.play().catch((error) => done(error.message));"
    )
    assert played == pytest.approx(1.5, abs=0.1)


def test_curves_are_drawn_when_they_come_into_sight(opened):
    opened.run("document.getElementById('training').scrollIntoView()")
    opened.wait_for("document.querySelector('.curve svg')")
    assert opened.value("document.querySelectorAll('.pipeline rect').length") > 5


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_light_and_dark_are_readable(opened, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    opened.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    colours = "getComputedStyle(document.body)"
    ground, text = (
        [int(one) for one in opened.value(f"{colours}.{name}")[4:-1].split(",")]
        for name in ("backgroundColor", "color")
    )
    first, second = sorted(map(luminance, (ground, text)))
    assert (second + 0.05) / (first + 0.05) > 7, "contrast as WCAG's AAA asks for"
    assert (luminance(ground) < 0.1) == (scheme == "dark")


def test_on_a_phone_the_legend_leaves_the_chart_its_width(opened):
    share = (
        "(() => { const [plot, whole] = ['.role-frame .background', 'svg'].map((one) => "
        "document.querySelector(`#explorer-chart ${one}`).getBoundingClientRect().width);"
        "return plot / whole; })()"
    )
    phone = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    opened.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    opened.wait_for(f"document.body.clientWidth <= 390 && {share} > 0.7")
    opened.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    opened.wait_for(f"document.body.clientWidth > 390 && {share} < 0.9")


def luminance(colour: list[int]) -> float:
    """Return the relative luminance of sRGB (WCAG 2.1)."""
    shares = [one / 255 for one in colour]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares]
    return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_control_has_a_name(opened):
    unnamed = opened.value(
        "[...document.querySelectorAll('input, select, button, audio')].filter((one) => "
        "!(one.labels?.length || one.textContent.trim() || one.getAttribute('aria-label')))"
        ".map((one) => one.outerHTML.slice(0, 80))"
    )
    assert unnamed == []


needs_engine = pytest.mark.skipif(not WEB.is_dir(), reason="make wasm builds what it needs")


def native_text(experiment, program: Path, path: Path, model: str) -> str:
    """Return what the engine of this machine hears."""
    from schatten.device.devices import Device, bundle_payload, recognise

    here = Device(title="here", runner="host")
    bundle = experiment.layout.home / "bundle" / model / "large"
    return recognise(here, program, bundle_payload(bundle), [path]).texts[0]


@needs_engine
def test_a_recording_is_heard_as_by_the_native_engine(opened, experiment, recording, build):
    program = build("shared") / "engine/schatten-recognize"
    sides = [f"talk-{side}" for side in ("first", "second")]
    opened.run("document.getElementById('talk-second').selectedIndex = 1")
    models = [opened.value(f"document.getElementById('{side}').value") for side in sides]
    opened.driver.find_element("id", "recording").send_keys(str(recording))
    opened.wait_for("document.getElementById('talk-state').textContent.includes('s of sound')")
    heard = [opened.text(f"{side}-said") for side in sides]
    assert heard == [native_text(experiment, program, recording, one) for one in models]
    assert all(heard) and heard[0] != heard[1], "two models, and both heard something"


@needs_engine
def test_a_fake_microphone_is_heard(opened):
    before = opened.value("document.querySelectorAll('#talk-first-said li').length")
    opened.run("document.getElementById('listen').click()")
    opened.wait_for(
        "document.getElementById('listen').textContent === 'Stop' "
        "|| document.getElementById('talk-state').textContent.startsWith('The microphone')"
    )
    assert opened.text("talk-state") == "Listening …"
    opened.wait_for(
        "document.getElementById('talk-first-partial').textContent "
        f"|| document.querySelectorAll('#talk-first-said li').length > {before}"
    )
    opened.run("document.getElementById('listen').click()")
    opened.wait_for("document.getElementById('listen').textContent === 'Listen'")
    assert opened.text("talk-state") == "Ready."
    after = opened.value("document.querySelectorAll('#talk-first-said li').length")
    assert after > before
    partial = opened.text("talk-first-partial")
    assert partial == ""


def test_nothing_was_complained_of_or_asked_for_by_then(opened):
    """Last in the file: all that was done before it left no error and asked for nothing."""
    assert [one for one in opened.messages() if "favicon" not in one] == []
    asked = requests_of(opened.driver)
    assert [one for one in asked if not one.startswith(("data:", "blob:", "file:"))] == []
