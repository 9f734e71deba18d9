"""Sketches of vectors: how near two of them are, in a few bits."""

from __future__ import annotations

import numpy as np
import pytest

from kb.search.engine.sketches import KINDS, CountedSketches, means
from tests.search.two_stage import DIMENSION, ROWS, questions, texts


def test_sketches_of_a_dimension_that_fills_no_byte() -> None:
    vectors = texts(200, 1)[:, :13]
    sketches = CountedSketches(np.zeros(13, np.float32))
    sketches.add(vectors)
    assert len(sketches) == 200
    differing = np.count_nonzero((vectors > 0) != (vectors[9] > 0), axis=1)
    nearest = sketches.nearest(vectors[9].astype(np.float32), 50)
    assert nearest[0] == np.flatnonzero(differing == 0)[0]
    assert differing[nearest].tolist() == sorted(differing)[:50]


@pytest.mark.parametrize("dimension", [DIMENSION, 13])
def test_estimates_are_finer_than_counts(dimension: int) -> None:
    vectors = texts(ROWS, 1)[:, :dimension]
    found = {}
    for kind, make in KINDS.items():
        sketches = make(means(vectors))
        sketches.add(vectors)
        assert len(sketches) == ROWS
        shares = []
        for question in questions()[:, :dimension]:
            right = np.argsort(-(vectors.astype(np.float32) @ question))[:100]
            shares.append(len({*right.tolist()} & {*sketches.nearest(question, 100).tolist()}) / 100)
        found[kind] = np.mean(shares)
    assert found["estimated"] > found["counted"] + 0.05
