"""The support check on sentences made by a program: planted errors are refused, rephrased truths are kept."""

from __future__ import annotations

from collections import Counter

import pytest

from kb.rag.support import check_sentence
from kb.rag.types import Passage
from tests.rag.corpus import passages
from tests.rag.planted import ERRORS, TRUTHS, Change, Made, make

LEAST_MADE = 100
REACH = 0.95


def judged(changes: dict[str, Change], supported: bool) -> tuple[list[Made], list[str]]:
    shown = passages()
    made = [item for seed in (1, 2) for item in make(shown, changes, seed)]
    wrong = [
        f"[{item.kind}] {item.sentence} ({item.source})"
        for item in made
        if check_sentence(item.sentence, [item.passage.n], shown).supported is not supported
    ]
    return made, wrong


@pytest.mark.parametrize(
    ("changes", "supported"), [(ERRORS, False), (TRUTHS, True)], ids=["errors", "truths"]
)
def test_made_sentences_are_judged_rightly_in_each_kind(changes: dict[str, Change], supported: bool) -> None:
    made, wrong = judged(changes, supported)
    assert len(made) >= LEAST_MADE
    assert set(changes) == {item.kind for item in made}
    made_of = Counter(item.kind for item in made)
    wrong_of = Counter(line[1 : line.index("]")] for line in wrong)
    assert not [kind for kind in made_of if wrong_of[kind] > (1 - REACH) * made_of[kind]], wrong


def test_a_true_sentence_is_not_proved_by_other_passages() -> None:
    shown = passages()
    made = make(shown, {"verbatim": TRUTHS["verbatim"]}, 1)

    def without(passage: Passage) -> list[Passage]:
        return [other for other in shown if other.n != passage.n]

    wrong = [
        item.sentence for item in made if check_sentence(item.sentence, [], without(item.passage)).supported
    ]
    assert not wrong
