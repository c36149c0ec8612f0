"""The class of this CPU, and what a chunk reads, beside the model's own layers."""

import subprocess

import pytest

from schatten.errors import UserError
from schatten_bench import memory


def answer(program, kernels, text=""):
    return subprocess.run(
        [program],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={"SCHATTEN_KERNELS": kernels},
    )


@pytest.fixture
def program(build):
    return build("shared") / "bench/time_memory"


def test_the_class_is_capped_by_the_environment(program, monkeypatch):
    monkeypatch.setenv("SCHATTEN_KERNELS", "scalar")
    assert memory.cpu_and_class(program).endswith("class without vectors (scalar)")
    monkeypatch.delenv("SCHATTEN_KERNELS")
    fastest = answer(program, "").stdout.strip()
    assert memory.cpu_and_class(program).endswith(f"class {memory.CLASSES[fastest]} ({fastest})")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("avx9", "there are no kernels of that name"),
        ("neon", "there are no kernels of that name"),
        ("a" * 300, "there are no kernels of that name"),
    ],
)
def test_a_name_that_is_unknown_is_refused_with_those_that_are_there(program, name, why):
    done = answer(program, name)
    assert done.returncode == 1
    said = f"time_memory: SCHATTEN_KERNELS={name[:40]}: {why}; give one of scalar"
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1


def test_kernels_that_the_cpu_lacks_are_refused(program):
    for name in ("avx2", "avxvnni", "avx512vnni", "amx"):
        done = answer(program, name)
        if done.returncode == 0:
            assert done.stdout == f"{name}\n"
        else:
            assert f"SCHATTEN_KERNELS={name}: this CPU lacks these kernels" in done.stderr


def test_a_model_is_refused_where_the_name_is_unknown(build, made):
    model = made("partial", "int8")[1]
    done = subprocess.run(
        [build("shared") / "engine/schatten-recognize", model, "absent.wav"],
        capture_output=True,
        text=True,
        check=False,
        env={"SCHATTEN_KERNELS": "avx9"},
    )
    assert done.returncode != 0
    assert "SCHATTEN_KERNELS=avx9: there are no kernels of that name" in done.stderr


def test_every_class_gives_the_same_bits(build, made, tmp_path):
    sound = tmp_path / "sound.pcm"
    sound.write_bytes(bytes((7 * i * i + i // 3) % 251 for i in range(64000)))
    for precision in ("fp32", "int8"):
        model = made("partial", precision)[1]
        outputs = set()
        for name in ("", "scalar", "avx2", "avxvnni", "avx512vnni", "amx"):
            if answer(build("shared") / "bench/time_memory", name).returncode:
                continue
            command = [build("shared") / "tests/print_logprobs", model, sound, "1000"]
            environment = {"SCHATTEN_KERNELS": name}
            outputs.add(
                subprocess.run(command, capture_output=True, check=True, env=environment).stdout
            )
        assert len(outputs) == 1
        assert len(outputs.pop()) > 1000


def test_a_chunk_reads_recurrent_matrices_four_times(made):
    model, file = made("partial", "fp32")
    stored, read = memory.bytes_stored_and_read(file)
    recurrent = nonrecurrent = convolutions = 0
    for name, weight in model.bank.items():
        size = 4 * sum(one.numel() for one in weight.parameters())
        if ".rec" in name:
            recurrent += size
        else:
            nonrecurrent += size
    assert stored >= recurrent + nonrecurrent
    convolutions = read - 4 * recurrent - nonrecurrent
    assert convolutions > 0
    assert convolutions % 4 == 0


def test_speeds_are_measured(program):
    assert all(1e8 < speed < 1e13 for speed in memory.read_speeds(program, [100, 100_000]))
    with pytest.raises(UserError, match=r"give 1 \.\. 1e9 bytes"):
        memory.read_speeds(program, [0])
