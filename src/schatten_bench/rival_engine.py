"""A rival of the engine in a process of its own: loads a model, then times chunks when asked.

It speaks as `time_engine` does: first a line with the CPU seconds of loading and the memory in
bytes that model and first chunks added (now, and at most); then, for each count on standard
input, it runs that many chunks of four output frames and writes the microseconds of CPU time of
the fastest.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Step = Callable[[], object]
"""Runs the next chunk of a stream."""
WARM_CHUNKS = 10
BATCH = 4
"""Output frames of a chunk."""


def serve(load: Callable[[], Step]) -> None:
    """Load a model and answer to counts until standard input ends.

    Libraries must be imported before, so that their memory is not the model's.
    """
    before, start = _memory("VmRSS"), time.process_time()
    step = load()
    seconds = time.process_time() - start
    for _ in range(WARM_CHUNKS):
        step()
    grown = [_memory(name) - before for name in ("VmRSS", "VmHWM")]
    print(f"{seconds:.6f} {grown[0]} {grown[1]}", flush=True)
    for line in sys.stdin:
        least = min(_seconds(step) for _ in range(int(line))) * 1e6
        print(f"{least:.3f}", flush=True)


def _seconds(step: Step) -> float:
    start = time.process_time()
    step()
    return time.process_time() - start


def _memory(name: str) -> int:
    """Return bytes by that name in the process's status: VmRSS now, VmHWM at most."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0


def onnx_stream(path: Path) -> Callable[[], Step]:
    """Return what loads an exported ONNX model into onnxruntime, one thread, state carried."""
    import onnxruntime

    def load() -> Step:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        bindings = _bindings(session, onnxruntime.OrtValue.ortvalue_from_numpy)
        turn = 0

        def step() -> None:
            nonlocal turn
            turn = 1 - turn
            session.run_with_iobinding(bindings[turn])

        return step

    return load


def _bindings(session: Any, value: Callable[[np.ndarray], Any]) -> list[Any]:
    """Bind a steady chunk twice: each run's memories are the next one's, and nothing is copied."""
    stored = session.get_modelmeta().custom_metadata_map
    metadata = {name: json.loads(stored[f"schatten.{name}"]) for name in _METADATA}
    frames = BATCH * metadata["stride"]
    draw = np.random.default_rng(1)
    shape = (1, frames, metadata["bins"])
    given = {
        "features": value(draw.standard_normal(shape, np.float32) - 8),
        "trailing": value(np.zeros(len(metadata["start"]), np.int64)),
    }
    log_probs = value(np.zeros((BATCH, len(metadata["units"])), np.float32))
    memories = [
        {name: value(np.zeros(shape, np.float32)) for name, shape in metadata["steady"].items()}
        for _ in range(2)
    ]
    bindings = []
    for before, after in (memories, memories[::-1]):
        binding = session.io_binding()
        for name, one in {**given, **before}.items():
            binding.bind_ortvalue_input(name, one)
        binding.bind_ortvalue_output("log_probs", log_probs)
        for name, one in after.items():
            binding.bind_ortvalue_output(f"next_{name}", one)
        bindings.append(binding)
    return bindings


_METADATA = ("stride", "bins", "start", "units", "steady")
