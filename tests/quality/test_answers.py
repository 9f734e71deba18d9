"""The figures of whole answers, and what is written down of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kb.quality.answers import Asked, score, write_details
from kb.quality.datasets import EvalQuestion

BOOKED = EvalQuestion("q1", "Where is travel booked?", answers=("Wayfarer",), relevant={"travel.md": 1.0})
UNKNOWN = EvalQuestion("q2", "Who plays the oboe?", answerable=False)


def answer(text: str = "", *, supported: bool = True, documents: tuple[int, ...] = ()) -> dict[str, Any]:
    return {
        "abstained": not text,
        "text": text,
        "sentences": [{"text": text, "supported": supported, "quoted": False}] if text else [],
        "citations": [{"document_id": document} for document in documents],
        "passages": [{"document": {"id": document}} for document in (1, 2)],
        "usage": {"prompt_tokens": 10},
        "timings_ms": {"ttft": 5, "tpot": 1},
        "model": "m",
    }


RIGHT = Asked(BOOKED, answer("In Wayfarer.", documents=(1,)), frozenset({"travel.md"}))
SILENT = Asked(BOOKED, answer(), frozenset())
BESIDE = Asked(BOOKED, answer("In the tool.", supported=False), frozenset({"other.md"}))
INVENTED = Asked(UNKNOWN, answer("Jo does.", supported=False), frozenset())
HONEST = Asked(UNKNOWN, answer(), frozenset())


def test_rates_are_of_the_questions_named_before_them() -> None:
    figures = score([RIGHT, SILENT, BESIDE, BESIDE, INVENTED, HONEST])
    assert figures["answerable"] | {"token_f1": 0} == {
        "n": 4,
        "answered": 0.75,
        "contains_gold": 0.25,
        "token_f1": 0,
        "cited_gold_document": 0.3333,
        "wrong_abstention": 0.25,
    }
    assert figures["unanswerable"] == {"n": 2, "abstained": 0.5}
    assert (figures["sentences"]["shown"], figures["sentences"]["supported"]) == (4, 1)


def test_details_tell_what_was_found_and_cited_for_each_question(tmp_path: Path) -> None:
    file = tmp_path / "details.jsonl"
    write_details(file, [RIGHT, INVENTED], {1: ["travel.md", "copy of travel.md"]})
    right, invented = map(json.loads, file.read_text().splitlines())

    assert (right["id"], right["relevant"], right["cited"]) == ("q1", ["travel.md"], ["travel.md"])
    assert right["found"] == ["travel.md", "copy of travel.md"]
    assert (right["contains_gold"], invented["contains_gold"]) == (True, False)
    assert invented["answer"]["text"] == "Jo does."
