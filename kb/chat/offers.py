"""What a person may want next when nothing was answered: other words, other collections, other people.

Made without the model, from what this person may be shown: a collection that they may not read, a passage
that a rule keeps from them, and a blocked topic leave no trace in it (case 3).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils import timezone

from kb.chat.models import Message, Outcome
from kb.chat.record import Ask, Draft
from kb.exceptions import KBError
from kb.library.retrieval import FoundChunk, allowed_collections, search_chunks
from kb.rag.slips import nearest_word
from kb.rag.types import Passage
from kb.rag.wordlists import ASKING
from kb.rag.words import is_content, plain, stem, tokens
from kb.rules.active import active_rules
from kb.rules.guard import Guard
from kb.rules.labels import groups_of
from kb.rules.record import BLOCKED

logger = logging.getLogger(__name__)

_MOST_WORDS = 5  # looked up: each is a search
_MOST_PLACES = 3
_LOOKED_AT = 20
_SHORTEST = 3
_LONGEST_HEADING = 100
_ASKING = frozenset(stem(word) for word in ASKING)


def make_offers(ask: Ask, draft: Draft) -> dict[str, Any]:
    """What is stored with an unanswered message; empty parts where the search server cannot be asked."""
    message = draft.message
    started = timezone.now()
    offers: dict[str, Any] = {"places": list(_places(draft.passages))}
    try:
        search = _Search(ask)
        offers["unknown"] = search.unknown_words(message.standalone_question, draft.passages)
        offers["wider"] = search.nearer_elsewhere(draft)
    except KBError as error:
        logger.warning("No further offers for %s: %s", message.pk, error.message)
    offers["meant"] = _meant(message.question, offers.get("unknown", ()), draft.passages)
    message.timings_ms["offers"] = round((timezone.now() - started).total_seconds() * 1000, 1)
    return offers


class _Search:
    """Looks further for a person, under the rules that hold for them; what fires is not logged again."""

    def __init__(self, ask: Ask) -> None:
        self._user = ask.user
        self._readable = allowed_collections(ask.user, None)
        active = active_rules()
        self._guard = Guard(active, groups_of(active, ask.user), frozenset(self._readable))

    def unknown_words(self, question: str, passages: Sequence[Passage]) -> list[str]:
        """Content words of the question that nothing which this person may read holds."""
        known = {stem(word) for word in _words_of(passages)}
        missing = [word for word in _asked(question) if stem(word) not in known]
        return [word for word in missing[:_MOST_WORDS] if not self._occurs(word)]

    def _occurs(self, word: str) -> bool:
        wanted = stem(word)
        found = self._find(word, None, for_prompt=False)
        return any(wanted in {stem(token) for token in _tokens_of(item)} for item in found)

    def nearer_elsewhere(self, draft: Draft) -> list[int]:
        """Collections beside the chosen ones that hold a nearer passage than any found, the nearest first."""
        chosen = set(draft.message.conversation.collection_ids)
        others = [pk for pk in self._readable if pk not in chosen]
        if not chosen or not others:
            return []
        best = max((passage.cosine or 0.0 for passage in draft.passages), default=0.0)
        nearer: dict[int, float] = {}
        for item in self._find(draft.message.standalone_question, others, for_prompt=True):
            cosine, place = item.hit.cosine or 0.0, item.document.collection_id
            if cosine > max(best, nearer.get(place, 0.0)):
                nearer[place] = cosine
        return sorted(nearer, key=lambda pk: -nearer[pk])[:_MOST_PLACES]

    def _find(self, words: str, wanted: Sequence[int] | None, *, for_prompt: bool) -> list[FoundChunk]:
        keep = self._guard.may_use if self._guard.looks_at_sources else None
        return search_chunks(self._user, words, wanted, _LOOKED_AT, keep, for_prompt=for_prompt).chunks


def _asked(question: str) -> list[str]:
    """Content words in order, each once; words that only ask, numbers and single letters left out."""
    found = (token.partition("'")[0] for token in tokens(plain(question)) if is_content(token))
    wanted = (word for word in found if len(word) >= _SHORTEST and not word.isdigit())
    return list(dict.fromkeys(word for word in wanted if stem(word) not in _ASKING))


def _words_of(passages: Iterable[Passage]) -> Iterator[str]:
    for passage in passages:
        yield from tokens(plain(" ".join([passage.document_title, *passage.heading_path, passage.text])))


def _tokens_of(item: FoundChunk) -> list[str]:
    return tokens(plain(" ".join([item.document.title, *item.heading_path, item.text])))


def _meant(question: str, unknown: Iterable[str], passages: Sequence[Passage]) -> list[dict[str, str]]:
    """For mistyped words the nearest of the passages; the search has looked for it too (decision 0018)."""
    known = list(_words_of(passages))
    found = []
    for word in unknown:
        nearest = nearest_word(word, known)
        corrected = re.sub(rf"\b{re.escape(word)}\b", nearest, question, flags=re.IGNORECASE)
        if nearest and corrected != question:
            found.append({"word": word, "nearest": nearest, "question": corrected})
    return found


def _places(passages: Iterable[Passage]) -> Iterator[dict[str, Any]]:
    """The nearest places, each once, as questions that can be asked with a click."""
    seen: set[tuple[str, str]] = set()
    for passage in passages:
        title = " ".join(passage.document_title.split())
        heading = " ".join(passage.heading_path[-1].split()) if passage.heading_path else ""
        heading = "" if heading == title else heading
        if (title, heading) in seen or max(len(title), len(heading)) > _LONGEST_HEADING:
            continue
        seen.add((title, heading))
        about = f" about “{heading}”" if heading else ""
        question = f"What does “{title}” say{about}?"
        yield {"document_id": passage.document_id, "title": title, "heading": heading, "question": question}
        if len(seen) == _MOST_PLACES:
            return


def has_offers(message: Message) -> bool:
    """A blocked topic gets none: they would lead to it."""
    return message.outcome == Outcome.ABSTAINED and message.reason != BLOCKED


def offers_object(message: Message, readable: Mapping[int, str]) -> dict[str, Any]:
    """What may still be offered to a person.

    Args:
        message: with its passages, of an answer that this person may see.
        readable: names of the collections that they may read now.
    """
    live = [row.document for row in message.passages.all() if row.document.deleted_at is None]
    known = {document.pk for document in live}
    stored = message.offers
    chosen = [pk for pk in message.conversation.collection_ids if pk in readable]
    near = list(dict.fromkeys(document.collection_id for document in live))
    places = chosen or [pk for pk in near if pk in readable] or list(readable)
    return {
        "unknown_words": stored.get("unknown", []),
        "did_you_mean": stored.get("meant", []) if live else [],
        "questions": [item for item in stored.get("places", []) if item["document_id"] in known],
        "wider": _named([pk for pk in stored.get("wider", []) if pk in readable], readable),
        "send_to": _named(places, readable),
    }


def _named(collections: Iterable[int], readable: Mapping[int, str]) -> list[dict[str, Any]]:
    return [{"collection": pk, "collection_name": readable[pk]} for pk in collections]
