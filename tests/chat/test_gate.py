"""Which calibration decides, and what it decides."""

from __future__ import annotations

import pytest

from kb.chat import gate
from kb.chat.gate import decided, gate_for, judge
from kb.chat.models import Calibration
from kb.chat.opinion import Opinion
from kb.library.models import Collection
from kb.rag.gate import Gate, default_gate
from kb.rag.types import Passage
from tests.fakes import FakeSearch

STRICT = Gate((1.0, 1.0, 1.0, 1.0, 0.0), -10.0, 0.5)
LENIENT = Gate((1.0, 1.0, 1.0, 1.0, 0.0), 10.0, 0.5)
TEXT = "Business flights are booked in Voyago."
PASSAGE = Passage(1, 1, 1, "Travel", 1, TEXT, 0, len(TEXT), cosine=0.8)
ASKED = "Where are business flights booked?"


@pytest.fixture(autouse=True)
def search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "search_client", lambda: FakeSearch([1]))


def calibrated(made: Gate, collection: Collection | None = None) -> None:
    Calibration.objects.create(collection=collection, gate=made.as_json())


def test_without_a_calibration_the_one_that_ships_decides(collection: Collection) -> None:
    assert gate_for([collection.pk]) == default_gate()


def test_collection_goes_before_the_installation_and_the_newest_before_older_ones(
    collection: Collection,
) -> None:
    calibrated(LENIENT, collection)
    calibrated(STRICT, collection)
    calibrated(LENIENT)
    assert gate_for([collection.pk]) == STRICT


def test_several_collections_go_by_the_installation(collection: Collection) -> None:
    other = Collection.objects.create(name="Other", slug="other")
    calibrated(STRICT, collection)
    assert gate_for([collection.pk, other.pk]) == default_gate()
    calibrated(LENIENT)
    assert gate_for([collection.pk, other.pk]) == gate_for([other.pk]) == LENIENT


def test_question_below_the_threshold_is_not_answered(collection: Collection) -> None:
    calibrated(STRICT, collection)
    assert judge(ASKED, [PASSAGE], [collection.pk]).reason == "not_relevant"
    calibrated(LENIENT, collection)
    judgement = judge(ASKED, [PASSAGE], [collection.pk])
    assert judgement.reason == ""
    assert judgement.trace["probability"] > judgement.trace["threshold"] == 0.5


def test_question_about_a_name_that_no_passage_mentions_is_not_answered(collection: Collection) -> None:
    calibrated(LENIENT, collection)
    judgement = judge("How is it booked in Deel?", [PASSAGE], [collection.pk])
    assert judgement.reason == "unknown_name"
    assert judgement.trace["unknown_names"] == ["Deel"]


@pytest.mark.django_db(databases=[])
def test_no_passages_are_a_reason_by_themselves() -> None:
    """Case 20."""
    assert judge(ASKED, [], [1]).reason == "nothing_found"


def test_a_calibration_that_cannot_be_read_lets_nothing_through(collection: Collection) -> None:
    Calibration.objects.create(collection=collection, gate={"weights": []})
    with pytest.raises(ValueError, match="gate"):
        judge(ASKED, [PASSAGE], [collection.pk])


ASKING = Gate((0.0, 0.0, 0.0, 0.0, 10.0), -5.0, 0.5, "some-model")


@pytest.mark.parametrize(("said", "reason"), [(0.9, ""), (0.1, "not_relevant")])
def test_opinion_of_the_model_decides_where_it_was_calibrated(
    collection: Collection, said: float, reason: str
) -> None:
    calibrated(ASKING, collection)
    judgement = judge(ASKED, [PASSAGE], [collection.pk])
    assert judgement.open is not None
    final = decided(judgement, Opinion(said, "some-model"))
    assert (final.reason, final.open, final.trace["opinion"]) == (reason, None, said)


@pytest.mark.parametrize("opinion", [None, Opinion(0.01, "other-model")])
def test_where_the_calibrated_model_gives_no_opinion_the_fit_that_ships_decides(
    collection: Collection, opinion: Opinion | None
) -> None:
    calibrated(ASKING, collection)
    final = decided(judge(ASKED, [PASSAGE], [collection.pk]), opinion)
    assert final.reason == ""
    assert final.trace["threshold"] == pytest.approx(default_gate().threshold, abs=1e-3)
    assert "opinion" not in final.trace


def test_model_is_not_asked_where_its_opinion_could_change_nothing(collection: Collection) -> None:
    calibrated(Gate((0.0, 0.0, 0.0, 0.0, 1.0), -5.0, 0.5, "some-model"), collection)
    judgement = judge(ASKED, [PASSAGE], [collection.pk])
    assert (judgement.reason, judgement.open) == ("not_relevant", None)
    calibrated(ASKING, collection)
    assert judge("How is it booked in Deel?", [PASSAGE], [collection.pk]).open is None
