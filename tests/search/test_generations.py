from __future__ import annotations

import pytest

from kb.exceptions import ConfigurationError
from kb.search.generations import serving_generation
from kb.search.models import IndexGeneration

pytestmark = pytest.mark.django_db


def test_first_call_makes_the_serving_generation_and_the_next_finds_it() -> None:
    made = serving_generation("tiny@1", 4)

    assert made.serving
    assert serving_generation("tiny@1", 4) == made
    assert IndexGeneration.objects.count() == 1


@pytest.mark.parametrize(("model_id", "dimension"), [("other@2", 4), ("tiny@1", 8)])
def test_another_model_than_the_served_one_is_refused(model_id: str, dimension: int) -> None:
    """Case 39: vectors of two models are never mixed."""
    serving_generation("tiny@1", 4)
    with pytest.raises(ConfigurationError, match=r"tiny@1 \(4 dimensions\)"):
        serving_generation(model_id, dimension)

    assert IndexGeneration.objects.get().model_id == "tiny@1"


def test_existing_generation_of_the_model_is_taken_into_service() -> None:
    idle = IndexGeneration.objects.create(model_id="tiny@1", dimension=4)

    assert serving_generation("tiny@1", 4) == idle
    idle.refresh_from_db()
    assert idle.serving


def test_losing_the_race_to_another_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both looked, both found nothing, the other one wrote first."""
    winner = IndexGeneration.objects.create(model_id="other@2", dimension=4, serving=True)
    real = IndexGeneration.objects.filter
    answers = iter([IndexGeneration.objects.none()])
    monkeypatch.setattr(IndexGeneration.objects, "filter", lambda **how: next(answers, None) or real(**how))
    with pytest.raises(ConfigurationError):
        serving_generation("tiny@1", 4)

    assert IndexGeneration.objects.get() == winner
