"""The engine's search and flashlight-text's are timed on the same input."""

from dataclasses import replace

import pytest
from toy_decoding import WORDS, arpa_text, clear_values, log_probs

from schatten.decode.logprobs import write_logprobs
from schatten.recipe.decoding import Decoding
from schatten.runtime.files import write_json, write_jsonl
from schatten_bench.decoders import DecoderInputs, as_lines, time_decoders

WIDE = Decoding(beam=2000, beam_threshold=300.0, token_beam=5)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "lm.arpa").write_text(arpa_text())
    (tmp_path / "lexicon").write_text("".join(f"{word}\t{' '.join(word)}\n" for word in WORDS))
    return tmp_path / "lexicon", tmp_path / "lm.arpa"


def test_the_table_says_what_look_ahead_does(build, files, tmp_path):
    lexicon, lm = files
    first_pass = tmp_path / "first.arpa"
    first_pass.write_text(arpa_text().replace("-0.9\tab", "-3.0\tab"))
    texts = {"a": "ba a ab", "b": "cab abb", "c": "ab"}
    values = {name: clear_values(text) for name, text in texts.items()}
    write_logprobs(tmp_path / "test.npz", log_probs(values))
    cuts = [
        {"id": name, "supervisions": [{"id": name, "speaker": "s", "text": f"{text} x"}]}
        for name, text in texts.items()
    ]
    write_jsonl(tmp_path / "test.cuts.jsonl.gz", cuts)
    write_json(tmp_path / "weights.json", {"lm_weight": 0.5, "word_bonus": 0.0})
    program = build("shared") / "bench/decode_logprobs"
    names = (tmp_path / name for name in ("test.npz", "test.cuts.jsonl.gz"))
    inputs = DecoderInputs(*names, lm, lexicon, tmp_path / "weights.json", program, first_pass)
    (one,) = time_decoders(inputs, WIDE, [50], 1)
    wrong = 100 * 3 / 9  # the x of each reference
    assert (one.engine_wer, one.flashlight_wer) == (pytest.approx(wrong),) * 2
    assert one.look_ahead is not None
    assert (one.look_ahead.wer, one.look_ahead.same) == (pytest.approx(wrong), 1.0)
    head, row = as_lines([one])[:2]
    assert head.split()[5:7] == ["points", "s"]
    assert row.split()[:4] == ["50", "33.33", "33.33", "+0.00"]
    head, row = as_lines([one])[-2:]
    assert head.startswith("beam  WER alone  WER look-ahead")
    assert row.split()[:3] == ["50", "33.33", "33.33"]
    (plain,) = time_decoders(replace(inputs, look_ahead=None), WIDE, [50], 1)
    assert plain.look_ahead is None
    assert "look-ahead" not in "\n".join(as_lines([plain]))
