"""`python -m schatten_engine`: words of files, or of a microphone."""

import argparse
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from schatten_engine import EngineError, Recognizer, Stream, Utterance, __version__
from schatten_engine.evaluate import TABLE, evaluate
from schatten_engine.microphone import record
from schatten_engine.recognizer import heard_in


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its status: 1 if something could not be recognised."""
    options = _parser().parse_args(arguments)
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):  # whatever bytes a file's name has
            output.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        recognizer = Recognizer(options.bundle)
        if options.command == "evaluate":
            return _evaluate(recognizer, Path(options.bundle), Path(options.folder))
        ends = {"silence": options.silence, "maximum": options.maximum, "gate": options.gate}
        if options.command == "mic":
            return _listen(recognizer.stream(**ends), options.device, options.json)
        return _recognize(lambda: recognizer.stream(**ends), options.files, options.json)
    except EngineError as error:
        _complain(str(error))
        return 1
    except BrokenPipeError:  # nobody reads what is printed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m schatten_engine", description="Speech to text, with a schatten bundle."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    recognize = commands.add_parser("recognize", help="print the words of files of sound")
    listen = commands.add_parser("mic", help="print what a microphone hears, until Ctrl-C")
    for command, silence in ((recognize, 0.0), (listen, 0.8)):
        command.add_argument("bundle", help="a folder that `schatten bundle` or `pack` wrote")
        command.add_argument("--json", action="store_true", help="an object an utterance")
        command.add_argument(
            "--silence",
            type=float,
            default=silence,
            help="seconds of pause that end an utterance; 0: never (default %(default)s)",
        )
        command.add_argument(
            "--maximum", type=float, default=0.0, help="seconds that end an utterance; 0: never"
        )
        command.add_argument(
            "--gate", action="store_true", help="write nothing in silence and noise"
        )
    recognize.add_argument(
        "files", nargs="+", metavar="FILE", help="such as schatten-recognize reads"
    )
    measure = commands.add_parser("evaluate", help="WER on the recordings of a table")
    measure.add_argument("bundle", help="a folder that `schatten bundle` or `pack` wrote")
    measure.add_argument("folder", help=f"with {TABLE}: a header, and columns path and text")
    listen.add_argument("--device", help="a microphone, as `arecord -L` names it")
    return parser


def _recognize(open_stream: Callable[[], Stream], files: Sequence[str], as_json: bool) -> int:
    status = 0
    for file in files:
        stream = open_stream()  # so that times are the file's
        try:
            for utterance in heard_in(file, stream):
                if utterance.words:
                    _print(utterance, file, as_json)
            _print(stream.finish(), file, as_json)
        except EngineError as error:
            _complain(str(error))
            if as_json:
                print(json.dumps({"file": file, "error": str(error)}), flush=True)
            status = 1
    return status


def _evaluate(recognizer: Recognizer, bundle: Path, folder: Path) -> int:
    """Print what was said and heard where they differ, then the word error rate."""
    found = evaluate(lambda path: recognizer.recognize_file(path).text, bundle, folder)
    for one in found.recordings:
        if one.errors:
            print(f"{one.path}\n  said:  {' '.join(one.said)}\n  heard: {' '.join(one.heard)}")
    low, high = found.interval
    print(
        f"WER {found.wer:.2f} % (95 % interval {low:.2f} to {high:.2f} with recordings drawn), "
        f"{len(found.recordings)} recordings, {found.words} words"
    )
    return 0


def _listen(stream: Stream, device: str | None, as_json: bool) -> int:
    growing = sys.stdout.isatty() and not as_json
    shown = ""
    for samples in record(device):
        for utterance in stream.accept(samples):
            shown = _replace(shown, "")
            if utterance.words:
                _print(utterance, "", as_json)
        if growing:
            shown = _replace(shown, stream.text)
    last = stream.finish()
    _replace(shown, "")
    if last.words:
        _print(last, "", as_json)
    return 0


def _replace(shown: str, text: str) -> str:
    """Replace the text that grows in the terminal's last line; return what is shown now."""
    columns = shutil.get_terminal_size().columns - 1
    tail = text if len(text) <= columns else f"...{text[len(text) - columns + 3 :]}"
    if tail != shown:
        print(f"\r\x1b[K{tail}", end="", flush=True)
    return tail


def _print(utterance: Utterance, file: str, as_json: bool) -> None:
    if as_json:
        words = [
            {"word": word.text, "start": round(word.start, 3), "end": round(word.end, 3)}
            for word in utterance.words
        ]
        print(json.dumps({"file": file, "text": utterance.text, "words": words}), flush=True)
    else:
        print(f"{file} {utterance.text}" if file else utterance.text, flush=True)


def _complain(text: str) -> None:
    print(f"schatten_engine: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
