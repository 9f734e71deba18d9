"""What is measured for each question of a calibration, and the command around it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from kb.accounts.models import User
from kb.chat.models import Calibration
from kb.exceptions import InvalidInputError
from kb.library import retrieval
from kb.library.models import Chunk, Collection
from kb.quality import calibration_cases
from kb.quality.calibration import Case
from kb.quality.calibration_cases import asking, cases_of, read_cases, write_cases
from kb.quality.datasets import EvalQuestion
from kb.rag.signals import Signals
from tests.chat.fakes import FakeGenerator
from tests.factories import browser_of, make_document
from tests.fakes import FakeSearch

ASKED = "How many days of leave do interns get?"


@pytest.fixture(autouse=True)
def search(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> FakeSearch:
    make_document(collection, "Interns get 15 days of leave.", title="Leave", external_id="leave.md")
    make_document(collection, "Flights are booked in Voyago.", title="Travel", external_id="travel.md")
    fake = FakeSearch(list(Chunk.objects.order_by("pk").values_list("pk", flat=True)))
    monkeypatch.setattr(retrieval, "search_client", lambda: fake)
    monkeypatch.setattr(calibration_cases, "search_client", lambda: fake)
    return fake


def asked(text: str, relevant: str = "", *, answerable: bool = True) -> EvalQuestion:
    return EvalQuestion("1", text, answerable=answerable, relevant={relevant: 1.0} if relevant else {})


def test_known_document_makes_a_second_case_without_it(collection: Collection, admin: User) -> None:
    whole, without = cases_of([asked(ASKED, "leave.md")], collection, admin)
    assert (whole.answerable, without.answerable) == (True, False)
    assert whole.question == without.question == ASKED
    assert whole.signals.statement_coverage > 0.7
    assert without.signals.statement_coverage == 0.0


def test_question_without_an_answer_is_one_case(collection: Collection, admin: User) -> None:
    [only] = cases_of([asked("What does the moon weigh?", answerable=False)], collection, admin)
    assert not only.answerable
    assert only.signals.coverage == 0.0


def test_nothing_found_counts_as_no_sign_of_an_answer(
    collection: Collection, admin: User, search: FakeSearch
) -> None:
    search.chunk_ids = []
    [only] = cases_of([asked(ASKED)], collection, admin)
    assert only.signals == Signals(0, 0, 0, 0)


def test_saved_cases_are_read_again(tmp_path: Path) -> None:
    cases = [Case(ASKED, Signals(0.1, 0.2, 0.3, 0.4), True), Case("é", Signals(0, 0, 0, 0), False)]
    write_cases(tmp_path / "cases.jsonl", cases)
    assert list(read_cases(tmp_path / "cases.jsonl")) == cases


def test_file_that_was_not_saved_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.jsonl").write_text('{"question": "x"}\n')
    with pytest.raises(InvalidInputError, match=r"line 1 is not what --save writes"):
        list(read_cases(tmp_path / "other.jsonl"))


def test_opinion_of_the_language_model_is_one_of_the_signals(collection: Collection, admin: User) -> None:
    model = FakeGenerator()
    with asking(model) as ask:
        whole, without = cases_of([asked(ASKED, "leave.md")], collection, admin, ask=ask)
    assert whole.signals.opinion == pytest.approx(1 / (1 + math.exp(-1.0)))
    assert whole.model == without.model == "fake-model"
    assert model.checked[0][-1]["content"].endswith("Reply with Yes or No only.")
    assert "15 days" in model.checked[0][-1]["content"] and "15 days" not in model.checked[1][-1]["content"]


def test_endpoint_without_opinions_is_refused_in_words(collection: Collection, admin: User) -> None:
    model = FakeGenerator()
    model.opinion = None
    with asking(model) as ask, pytest.raises(InvalidInputError, match="--ask-model"):
        list(cases_of([asked(ASKED, "leave.md")], collection, admin, ask=ask))


def test_saved_opinions_are_read_again(tmp_path: Path) -> None:
    cases = [Case(ASKED, Signals(0.1, 0.2, 0.3, 0.4, 0.5), True, "some-model")]
    write_cases(tmp_path / "cases.jsonl", cases)
    assert list(read_cases(tmp_path / "cases.jsonl")) == cases


def questions(folder: Path, count: int) -> Path:
    path = folder / "questions.jsonl"
    rows = [{"question": f"{ASKED} {number}", "doc_id": "leave.md"} for number in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_command_calibrates_a_collection(
    collection: Collection, admin: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("calibrate", questions=questions(tmp_path, 20), collection=collection.name, json=True)
    made = Calibration.objects.get()
    assert made.collection == collection
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["gate"] == made.gate
    assert told["chosen"]["wrong"] <= 0.05
    assert (told["answerable"], told["unanswerable"]) == (20, 20)


def test_doc_id_that_is_no_document_of_the_collection_is_refused_by_name(
    collection: Collection, admin: User, tmp_path: Path
) -> None:
    given = questions(tmp_path, 20)
    given.write_text(given.read_text().replace("leave.md", "leaves.md", 3))
    with pytest.raises(CommandError, match=r"1 doc_id .* leaves\.md\."):
        call_command("calibrate", questions=given, collection=collection.name)
    assert not Calibration.objects.exists()


def test_warning_is_told_by_the_command_and_in_the_console(
    collection: Collection, admin: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "saved.jsonl"
    write_cases(
        saved,
        [
            Case(f"question {number}", Signals(value, value, value, value), number % 2 == 0)
            for number in range(60)
            for value in [0.9 if number in (0, 2, 4, 6, 8, 10) else 0.5]
        ],
    )
    call_command("calibrate", signals=[saved], max_wrong=0.05)
    assert "Warning: 80% of the questions with an answer would get none" in capsys.readouterr().err
    page = browser_of(admin).get("/console/").content.decode()
    assert "80% of the questions with an answer would get none" in page


def test_trial_changes_nothing(collection: Collection, admin: User, tmp_path: Path) -> None:
    call_command("calibrate", questions=questions(tmp_path, 20), collection=collection.name, dry=True)
    assert not Calibration.objects.exists()


def test_saved_signals_calibrate_the_whole_installation(
    collection: Collection, admin: User, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.jsonl"
    call_command("calibrate", questions=questions(tmp_path, 20), save=saved, dry=True)
    call_command("calibrate", signals=[saved], max_silent=0.1)
    assert Calibration.objects.get().collection is None


def test_command_says_what_is_missing(collection: Collection, admin: User, tmp_path: Path) -> None:
    few = questions(tmp_path, 3)
    with pytest.raises(CommandError, match="20 of each are needed"):
        call_command("calibrate", questions=few, collection=collection.name)
    with pytest.raises(CommandError, match="no collection Elsewhere"):
        call_command("calibrate", questions=few, collection="Elsewhere")
    with pytest.raises(CommandError, match="No such file"):
        call_command("calibrate", questions=tmp_path / "none.jsonl", collection=collection.name)
