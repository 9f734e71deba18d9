"""What a model writes, and what of it reaches the reader."""

from __future__ import annotations

import pytest

from kb.accounts.models import User
from kb.api.openai import _finish_reason
from kb.chat.models import Message, Outcome
from kb.library.models import Chunk, Collection, Document
from tests.chat.conftest import BOOKING, TEXT, Run, names
from tests.chat.fakes import FakeGenerator
from tests.factories import browser_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    "draft",
    [
        "Book flights at least 21 days before you leave. [1]",
        "Book flights at least 14 weeks before you leave. [1]",
        "You must not book flights at least 14 days before you leave. [1]",
        "Expensify is used for all reservations. [1]",
    ],
)
def test_wrong_sentence_is_never_shown_as_fact(run: Run, draft: str) -> None:
    done = run(FakeGenerator(draft))[-1].data
    for sentence in done["sentences"]:
        assert not sentence["supported"] or sentence["text"] in TEXT


def test_draft_without_proof_gives_way_to_the_documents_own_words(run: Run) -> None:
    done = run(FakeGenerator("Flights are booked 90 days ahead on the moon. [1]"))[-1].data
    assert done["sentences"]
    for sentence in done["sentences"]:
        assert sentence["quoted"]
        assert sentence["supported"]
        assert sentence["text"] in TEXT


def test_marker_to_a_passage_that_was_not_shown_is_removed(run: Run) -> None:
    """Case 20."""
    done = run(FakeGenerator("Use Concur for all reservations. [7]"))[-1].data
    assert "[7]" not in done["text"]
    assert [citation["n"] for citation in done["citations"]] == [1]
    assert Message.objects.get().trace["markers_removed"] == 1


def test_model_that_goes_in_circles_is_stopped_and_says_it_once(run: Run) -> None:
    generator = FakeGenerator(*["Use Concur for all reservations. [1]\n\n"] * 50)
    done = run(generator, BOOKING)[-1].data
    assert done["text"] == "Use Concur for all reservations."
    assert done["outcome"] == Outcome.ANSWERED
    assert done["model"] == "fake-model"
    assert done["usage"]["prompt_tokens"] == 100
    assert 0 < done["usage"]["completion_tokens"] < 50
    assert generator.closed


def test_model_that_stammers_is_stopped_in_mid_sentence(run: Run) -> None:
    stammer = ["-tips"] * 60
    generator = FakeGenerator("Use Concur for all reservations. [1]\n\nSee the travel", *stammer)
    done = run(generator, BOOKING)[-1].data
    assert done["text"] == "Use Concur for all reservations."
    assert generator.closed


def test_reader_is_told_that_an_answer_was_cut_off(run: Run, teammate: User) -> None:
    for finish_reason, told in (("length", True), ("stop", False)):
        generator = FakeGenerator("Use Concur for all reservations. [1]", finish_reason=finish_reason)
        done = run(generator, BOOKING)[-1].data
        page = browser_of(teammate).get(f"/c/{done['conversation']}/").content.decode()
        assert ("reached its longest length" in page) is told
        assert _finish_reason(done) == finish_reason


def test_sentence_that_was_cut_off_is_not_shown(run: Run) -> None:
    """What the source says of it may follow: "Book flights" (at least 14 days before you leave)."""
    begun = "Use Concur for all reservations. [1] Use Concur"
    assert run(FakeGenerator(begun), BOOKING)[-1].data["text"] == begun.replace(" [1]", "")
    done = run(FakeGenerator(begun, finish_reason="length"), BOOKING)[-1].data
    assert (done["text"], done["cut_off"]) == ("Use Concur for all reservations.", True)
    whole = FakeGenerator("Use Concur for all reservations. [1]", finish_reason="length")
    assert run(whole, BOOKING)[-1].data["text"] == "Use Concur for all reservations."


def test_quotations_in_the_place_of_a_draft_that_was_cut_off_are_whole(run: Run) -> None:
    done = run(FakeGenerator("Book them on the", finish_reason="length"), BOOKING)[-1].data
    assert done["sentences"][0]["quoted"] and not done["cut_off"]


@pytest.mark.parametrize(("beside", "quoted"), [(1, False), (2, True)])
def test_draft_of_which_most_is_not_in_the_sources_gives_way_to_quotations(
    run: Run, beside: int, quoted: bool
) -> None:
    inventions = ["It rains on the moon.", "Cats pay for the trains."][:beside]
    said = " ".join(["Use Concur for all reservations. [1]", *inventions])
    done = run(FakeGenerator(said), BOOKING)[-1].data
    assert {sentence["quoted"] for sentence in done["sentences"]} == {quoted}
    assert any(invention in done["text"] for invention in inventions) is not quoted
    assert "Use Concur for all reservations." in done["text"]


def test_model_that_goes_in_circles_is_not_proved_by_what_it_had_begun(run: Run) -> None:
    circle = "The moon is a lovely place to stay."
    pieces = " ".join([circle] * 3 + ["Use Concur for all"]).split(" ")
    done = run(FakeGenerator(*(f"{piece} " for piece in pieces)), BOOKING)[-1].data
    assert all(sentence["quoted"] for sentence in done["sentences"])


def test_headings_are_no_answer(run: Run) -> None:
    draft = "# Booking travel\n\nBooking travel\n\nUse Concur for all reservations. [1]"
    done = run(FakeGenerator(draft), BOOKING)[-1].data
    assert done["text"] == "Use Concur for all reservations."


@pytest.mark.parametrize("draft", ["Travel guide", "Travel guide > Booking travel [1]", "Booking travel."])
def test_where_a_passage_stands_is_no_answer(run: Run, document: Document, draft: str) -> None:
    Chunk.objects.filter(document=document).update(heading_path=["Booking travel"])
    done = run(FakeGenerator(f"Book flights at least 14 days before you leave. [1]\n\n{draft}"))[-1].data
    assert [sentence["text"] for sentence in done["sentences"]] == [
        "Book flights at least 14 days before you leave."
    ]


def test_link_that_the_model_made_up_reaches_nobody(run: Run) -> None:
    draft = "Book flights at least [14 days](https://concur.example/14-days) before you leave. [1]"
    done = run(FakeGenerator(draft))[-1].data
    assert done["sentences"][0]["supported"]
    assert done["text"] == "Book flights at least 14 days before you leave."


def test_answer_beside_the_point_gives_way_to_the_sentence_that_answers(run: Run) -> None:
    done = run(FakeGenerator("Use Concur for all reservations. [1]"))[-1].data
    assert done["sentences"][0]["quoted"]
    assert done["text"].startswith("Book flights at least 14 days before you leave.")


def test_model_that_declines_is_believed(run: Run) -> None:
    events = run(FakeGenerator("The documents do not say."))
    assert names(events) == ["retrieval", "abstained", "done"]
    assert events[-1].data["reason"] == "model_declined"


def test_list_falls_with_the_words_above_it(collection: Collection, teammate: User, run: Run) -> None:
    draft = "Nobody on the moon may use:\n\n- Concur for all reservations\n- flights at least 14 days\n\n"
    done = run(FakeGenerator(draft, "Use Concur for all reservations. [1]"), BOOKING)[-1].data
    proved = [sentence["text"] for sentence in done["sentences"] if sentence["supported"]]
    assert proved == ["Use Concur for all reservations."]
