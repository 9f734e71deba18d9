"""What a source doubts, denies, supposes or finds lacking is no fact; the frame itself may be repeated."""

from __future__ import annotations

import pytest

from kb.rag.support import check_sentence
from tests.rag.corpus import passage

UNCLEAR = "It is unclear whether the ferry carries bicycles in winter."
DOUBTFUL = "Whether the ferry carries bicycles in winter is doubtful."
DENIED = "The harbour master denied that the ferry carries bicycles."
MISTAKEN = "It is a common misconception that the ferry carries bicycles."
YET = "The harbour master has yet to sign the timetable."
FAILURE = "Failure to sign the timetable leads to a fine."
LACK = "A lack of wind delays the sailing boats."
SUPPOSE = "Suppose the harbour master refuses the permit; then you write to the ministry."
WOULD = "The draft timetable would double the number of ferries."
CONTRARY = "Contrary to what the poster announces, the ferry leaves from the north pier."
UNKLAR = "Es ist unklar, ob die Fähre im Winter Fahrräder befördert."
BESTRITT = "Der Hafenmeister bestritt, dass die Fähre Fahrräder befördert."
ANGENOMMEN = "Angenommen, der Hafenmeister verweigert die Genehmigung."


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (UNCLEAR, "The ferry carries bicycles in winter."),
        (DOUBTFUL, "The ferry carries bicycles in winter."),
        (DENIED, "The ferry carries bicycles."),
        (MISTAKEN, "The ferry carries bicycles."),
        (YET, "The harbour master has signed the timetable."),
        (FAILURE, "Sign the timetable."),
        (FAILURE, "Signing the timetable leads to a fine."),
        (LACK, "Wind delays the sailing boats."),
        ("The absence of wind delays the sailing boats.", "Wind delays the sailing boats."),
        (SUPPOSE, "The harbour master refuses the permit."),
        (WOULD, "The draft timetable doubled the number of ferries."),
        (CONTRARY, "The poster announces that the ferry leaves from the north pier."),
        (UNKLAR, "Die Fähre befördert im Winter Fahrräder."),
        (BESTRITT, "Die Fähre befördert Fahrräder."),
        (ANGENOMMEN, "Der Hafenmeister verweigert die Genehmigung."),
    ],
)
def test_what_stands_in_a_frame_is_no_fact(source: str, sentence: str) -> None:
    assert not check_sentence(sentence, [], [passage(source)]).supported


@pytest.mark.parametrize(
    "source",
    [
        *(UNCLEAR, DOUBTFUL, DENIED, MISTAKEN, YET, FAILURE, LACK, SUPPOSE, WOULD, CONTRARY),
        *(UNKLAR, BESTRITT, ANGENOMMEN),
    ],
)
def test_frame_may_be_repeated(source: str) -> None:
    assert check_sentence(source, [], [passage(source)]).supported
    assert check_sentence(source, [], [passage(f"{source} The harbour lies in the north.")]).supported


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (CONTRARY, "The ferry leaves from the north pier."),
        ("Because of a shortage of boats, tickets are sold at the pier.", "Tickets are sold at the pier."),
        ("Assume the role of captain at the drill on Monday.", "Assume the role of captain at the drill."),
    ],
)
def test_what_is_stated_beside_a_frame_is_proved(source: str, sentence: str) -> None:
    assert check_sentence(sentence, [], [passage(source)]).supported


BELOW = "- The ferry carries bicycles in winter.\n- Dogs travel on the upper deck.\n"


@pytest.mark.parametrize("heading", ["Myths", "Common misconceptions about us", "False claims", "Irrtümer"])
def test_what_stands_below_a_heading_that_calls_it_false_is_no_fact(heading: str) -> None:
    shown = [passage(f"## {heading}\n\n{BELOW}")]
    assert not check_sentence("The ferry carries bicycles in winter.", [], shown).supported
    assert not check_sentence("In winter the ferry carries bicycles.", [], shown).supported
    after = [passage(f"## {heading}\n\nNothing.\n\n## Facts\n\n{BELOW}")]
    assert check_sentence("The ferry carries bicycles in winter.", [], after).supported
    other = [passage(f"## Greek myths\n\n{BELOW}")]
    assert check_sentence("The ferry carries bicycles in winter.", [], other).supported
