"""How an encoder is compared with its reference, and which one is used then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from kb.search.engine.agreement import Agreement, Comparison, ProbeVectors, compare, store, stored
from kb.search.engine.encoder import Encoder
from kb.search.engine.encoder_cpu import choose
from kb.search.engine.errors import EncoderDisagreesError
from kb.search.engine.probe_texts import PASSAGES, QUESTIONS
from tests.fakes import FakeEncoder

GOOD = Agreement(0.9999, 0.9995, 0.995)
BAD_COSINE = Agreement(0.9995, 0.9989, 1.0)
BAD_OVERLAP = Agreement(0.9999, 0.9995, 0.98)
NOT_A_NUMBER = Agreement(float("nan"), float("nan"), 1.0)
BINDING = {"weights": "abc", "backend": "OpenVINO 1", "processor": "BF16 FP32"}


class Pretend(FakeEncoder):
    def __init__(self, backend: str, comparison: Comparison) -> None:
        super().__init__()
        self.backend, self.comparison = backend, comparison


def chosen(measured: Mapping[str, Agreement], changed: tuple[str, ...] = ()) -> Pretend:
    """Args: changed: precisions that do not compute what was measured any more."""

    def load(precision: str, comparison: Comparison) -> Encoder:
        if precision in changed:
            raise EncoderDisagreesError("It changed.")
        return Pretend(precision, comparison)  # type: ignore[return-value]

    found = choose(measured, load, lambda comparison: Pretend("torch", comparison))  # type: ignore[arg-type, return-value]
    assert isinstance(found, Pretend)
    return found


def directions(count: int, seed: int = 0) -> npt.NDArray[np.float32]:
    vectors = np.random.default_rng(seed).standard_normal((count, 64)).astype(np.float32)
    unit: npt.NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


REFERENCE = ProbeVectors(directions(40), directions(8, seed=1))


def test_the_same_vectors_agree_wholly() -> None:
    agreement = compare(REFERENCE, REFERENCE)

    assert agreement.mean_cosine == pytest.approx(1) and agreement.least_cosine == pytest.approx(1)
    assert agreement.overlap == 1 and agreement.holds


def test_one_text_that_is_off_shows_in_the_least_cosine() -> None:
    passages = REFERENCE.passages.copy()
    passages[7] = REFERENCE.passages[8]
    cosine = float(REFERENCE.passages[7] @ REFERENCE.passages[8])
    agreement = compare(REFERENCE, ProbeVectors(passages, REFERENCE.questions))

    assert agreement.least_cosine == pytest.approx(cosine, abs=1e-5)
    assert agreement.mean_cosine == pytest.approx((47 + cosine) / 48, abs=1e-5)
    assert not agreement.holds


def test_a_question_that_is_off_shows_as_well() -> None:
    questions = REFERENCE.questions.copy()
    questions[3] *= -1

    assert compare(REFERENCE, ProbeVectors(REFERENCE.passages, questions)).least_cosine == pytest.approx(-1)


def test_overlap_counts_the_ten_nearest_passages_of_each_text() -> None:
    """On a fan of twelve each has ten neighbours of eleven; turning one changes who is left out."""
    angles = np.linspace(0, 1, 12)
    fan = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    none = np.zeros((0, 2), np.float32)
    turned = fan.copy()
    turned[0] = (np.cos(2), np.sin(2))  # from one end of the fan to beyond the other
    agreement = compare(ProbeVectors(fan, none), ProbeVectors(turned, none))
    expected = []
    for row in range(12):
        right = set(sorted(set(range(12)) - {row}, key=lambda other: -float(fan[row] @ fan[other]))[:10])
        ours = set(sorted(set(range(12)) - {row}, key=lambda other: -float(turned[row] @ turned[other]))[:10])
        expected.append(len(right & ours) / 10)

    assert agreement.overlap == pytest.approx(np.mean(expected))
    assert 0.9 <= agreement.overlap < 1


@pytest.mark.parametrize("bad", [BAD_COSINE, BAD_OVERLAP, NOT_A_NUMBER])
def test_what_disagrees_is_refused_and_the_next_is_taken(
    bad: Agreement, caplog: pytest.LogCaptureFixture
) -> None:
    encoder = chosen({"bf16": bad, "f32": GOOD})

    assert (encoder.backend, encoder.comparison.agreement) == ("f32", GOOD)
    (refusal,) = encoder.comparison.refused
    assert refusal.startswith("OpenVINO bfloat16: it agrees too little")
    assert "OpenVINO bfloat16 is not used" in caplog.text
    assert json.dumps(encoder.comparison.facts(), allow_nan=False)


def test_the_fastest_that_agrees_is_taken() -> None:
    encoder = chosen({"bf16": GOOD, "f32": GOOD})

    assert (encoder.backend, encoder.comparison.refused) == ("bf16", ())


def test_where_nothing_agrees_the_reference_itself_computes() -> None:
    encoder = chosen({"bf16": BAD_COSINE, "f32": BAD_OVERLAP})

    assert (encoder.backend, encoder.comparison.agreement) == ("torch", None)
    assert len(encoder.comparison.refused) == 2


def test_where_nothing_could_be_measured_the_reference_itself_computes() -> None:
    encoder = chosen({})

    assert encoder.backend == "torch"
    assert "could not be converted" in encoder.comparison.refused[0]


def test_files_that_changed_since_they_were_measured_are_refused() -> None:
    encoder = chosen({"bf16": GOOD, "f32": GOOD}, changed=("bf16",))

    assert (encoder.backend, encoder.comparison.refused) == ("f32", ("OpenVINO bfloat16: It changed.",))


def test_a_measurement_is_found_again(tmp_path: Path) -> None:
    store(tmp_path, BINDING, {"bf16": GOOD, "f32": BAD_OVERLAP})

    assert stored(tmp_path, BINDING) == {"bf16": GOOD, "f32": BAD_OVERLAP}


@pytest.mark.parametrize("changed", ["weights", "backend", "processor"])
def test_a_measurement_means_nothing_for_anything_else(tmp_path: Path, changed: str) -> None:
    store(tmp_path, BINDING, {"bf16": GOOD})
    other = {**BINDING, changed: "another"}
    assert stored(tmp_path, other) is None

    (path,) = tmp_path.iterdir()
    store(tmp_path, other, {"bf16": BAD_COSINE})
    path.replace(next(each for each in tmp_path.iterdir() if each != path))  # under the other's name
    assert stored(tmp_path, other) is None


@pytest.mark.parametrize("body", [b"", b"[]", b'{"of": {}}', b'{"measured"', b"\xff"])
def test_a_measurement_that_cannot_be_read_is_none(tmp_path: Path, body: bytes) -> None:
    store(tmp_path, BINDING, {"bf16": GOOD})
    (path,) = tmp_path.iterdir()
    path.write_bytes(body)

    assert stored(tmp_path, BINDING) is None


def test_probe_texts_are_many_and_different() -> None:
    assert len(set(PASSAGES)) == len(PASSAGES) >= 60
    assert len(set(QUESTIONS)) == len(QUESTIONS) >= 10
    assert not set(PASSAGES) & set(QUESTIONS)
