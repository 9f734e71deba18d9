"""evaluate disagreement: how often sources are wrongly said to disagree, and how many planted ones are found.

Each question is searched as an answer would, with as many passages. In a corpus that holds one state of
things, whatever is told then is a false alarm, or shows that the corpus contradicts itself: both statements
are listed, so that a person can see which. For the other half one value of a passage is changed, and the copy
is put beside the passages of its question as another document. A folder `docs_*_snapshot` beside the
documents holds an older state of them; what is told with it added is listed as well.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kb.chat.conflicts import Conflict, told
from kb.conf import config
from kb.quality.datasets import EvalDocument, load_data_set
from kb.quality.deployment import described, throw_away_deployment
from kb.quality.rest import RestClient, rest_client
from kb.rag.disagreement import find_disagreements
from kb.rag.reading import read
from kb.rag.statements import Statement, statements_of
from kb.rag.types import Passage
from kb.rag.values import DATE, TIME, Value, values_of

_TRIES = 20
_PLANTED_IN = 20  # passages of each question, so that there are enough of them
_DIGITS = re.compile(r"\d+")
_OTHER_WORDS = {
    "two": "five",
    "three": "six",
    "four": "nine",
    "five": "eight",
    "six": "three",
    "ten": "twelve",
}
_WORD = re.compile(rf"\b({'|'.join(_OTHER_WORDS)})\b", re.IGNORECASE)

Found = list[tuple[str, list[Passage]]]


def evaluate_disagreement(
    folder: Path, limit: int | None, seed: int, show: Callable[[int, int], None]
) -> dict[str, Any]:
    """False alarms on the corpus alone, planted disagreements found, and what an older snapshot brings."""
    data = load_data_set(folder)
    asked = [question.text for question in data.sample(limit, seed) if question.answerable]
    snapshot = list(_snapshot(folder))
    with throw_away_deployment(with_llm=False) as deployment, rest_client(deployment) as client:
        client.upload_all(data.documents)
        wide = _search(client, asked, _PLANTED_IN, show)
        if snapshot:
            client.upload_all(snapshot)
        beside = _search(client, asked, config.passages, show) if snapshot else []
    return {
        "alone": alarms([(question, passages[: config.passages]) for question, passages in wide]),
        "planted": planted(wide, random.Random(seed)),  # noqa: S311 - a draw, not a secret
        **({"with_snapshot": alarms(beside)} if snapshot else {}),
        "config": described(),
    }


def alarms(found: Found) -> dict[str, Any]:
    """For how many questions something is told, and what."""
    shown = [(question, told_of(question, passages)) for question, passages in found]
    telling = [(question, items) for question, items in shown if items]
    return {
        "questions": len(found),
        "told": round(len(telling) / len(found), 4) if found else None,
        "found_at_all": sum(bool(find_disagreements(passages)) for _, passages in found),
        "statements": [
            {"question": question, "kind": item["kind"], "said": [side["quote"] for side in item["sides"]]}
            for question, items in telling
            for item in items
        ],
    }


def told_of(question: str, passages: Sequence[Passage]) -> list[dict[str, Any]]:
    conflicts = [Conflict(found, None) for found in find_disagreements(passages)]
    return told(conflicts, question, passages)


def planted(found: Found, rng: random.Random) -> dict[str, Any]:
    """Each passage once, with one value changed in its copy: the share of the changes that is found."""
    seen: set[int] = set()
    by_kind: dict[str, list[bool]] = {}
    for _, passages in found:
        for passage in passages:
            if passage.chunk_id in seen:
                continue
            seen.add(passage.chunk_id)
            changed = with_other_value(passage, rng)
            if changed is not None:
                kind, copy = changed
                others = [passage, *(p for p in passages if p is not passage)][: config.passages]
                by_kind.setdefault(kind, []).append(is_found(passage, copy, others))
    every = [right for rights in by_kind.values() for right in rights]
    return {
        "n": len(every),
        "found": round(sum(every) / len(every), 4) if every else None,
        "by_kind": {
            kind: {"n": len(rights), "found": round(sum(rights) / len(rights), 4)}
            for kind, rights in sorted(by_kind.items())
        },
    }


def is_found(passage: Passage, copy: Passage, others: Sequence[Passage]) -> bool:
    pair = {passage.n, copy.n}
    return any({side.quote.n for side in item.sides} == pair for item in find_disagreements([*others, copy]))


def with_other_value(passage: Passage, rng: random.Random) -> tuple[str, Passage] | None:
    """A copy of a passage in another document with one value changed, drawn among all; None without any."""
    places = [
        (statement, value)
        for statement in statements_of(passage)
        if statement.block != "h" and not statement.speaks_to_model
        for value in values_of(statement.reading)
        if value.comparable
    ]
    rng.shuffle(places)
    for statement, value in places:
        text = _changed(passage.text, statement, value, rng)
        if text is not None:
            copy = replace(
                passage, n=1000, chunk_id=-1, document_id=-1, text=text, end=passage.start + len(text)
            )
            return value.named, copy
    return None


def _changed(text: str, statement: Statement, value: Value, rng: random.Random) -> str | None:
    """The text with another value at its place; None where that place cannot be told."""
    written = statement.reading.text[value.start : value.end]
    words = text[statement.start : statement.end]
    [*places] = re.finditer(rf"(?<![\w/.#-]){re.escape(written)}(?![\w/-])", words)
    if len(places) != 1 or words.count(written) != 1:
        return None
    start, end = places[0].span()
    for _ in range(_TRIES):
        changed = words[:start] + _other(written, value, rng) + words[end:]
        if _differ_in_one(statement, value, changed):
            return text[: statement.start] + changed + text[statement.end :]
    return None


def _differ_in_one(statement: Statement, value: Value, changed: str) -> bool:
    """Whether the changed words still read as the same kind of value, and only that differs."""
    before = [(item.kind, item.same) for item in values_of(statement.reading)]
    after = [(item.kind, item.same) for item in values_of(read(changed))]
    own = [(item.kind, item.same) for item in values_of(read(changed)) if item.kind == value.kind]
    return bool(own) and (value.kind, value.same) not in after and len(set(after) - set(before)) == 1


def _other(written: str, value: Value, rng: random.Random) -> str:
    if not _DIGITS.search(written):
        return _WORD.sub(lambda match: _OTHER_WORDS[match.group().lower()], written, count=1)
    # Of a date the day, of a time the hour: the first number, unless that is a year.
    numbers = [match for match in _DIGITS.finditer(written) if value.named != DATE or len(match.group()) < 4]
    if not numbers:
        return written
    match = numbers[0]
    most = 28 if value.named == DATE else 11 if value.named == TIME else 10 ** len(match.group()) - 1
    least = 1 if value.named in (DATE, TIME) else 10 ** (len(match.group()) - 1)
    choices = [number for number in range(least, min(most, least + 500) + 1) if number != int(match.group())]
    return written[: match.start()] + str(rng.choice(choices)) + written[match.end() :]


def _search(client: RestClient, asked: Sequence[str], limit: int, show: Callable[[int, int], None]) -> Found:
    found = []
    for done, question in enumerate(asked, start=1):
        hits = client.search(question, limit)
        found.append((question, [_passage(n, hit) for n, hit in enumerate(hits, start=1)]))
        show(done, len(asked))
    return found


def _passage(n: int, hit: dict[str, Any]) -> Passage:
    document = hit["document"]
    return Passage(
        n=n,
        chunk_id=hit["chunk_id"],
        document_id=document["id"],
        document_title=document["title"],
        version=document["version"],
        text=hit["text"],
        start=0,
        end=len(hit["text"]),
        heading_path=tuple(hit["heading_path"]),
    )


def _snapshot(folder: Path) -> Iterator[EvalDocument]:
    for older in sorted(folder.glob("docs_*_snapshot")):
        for path in sorted(older.rglob("*.md")):
            yield EvalDocument(f"{older.name}/{path.relative_to(older).as_posix()}", path)
