"""What an answer is made from: the rules on the question, a verified answer, or passages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from kb.chat.conflicts import newest_first
from kb.chat.models import Message
from kb.chat.record import Ask, Draft, keep_passages
from kb.conf import config
from kb.library.filters import filters_of
from kb.library.retrieval import FoundChunk, allowed_collections, search_chunks
from kb.rag.links import without_targets
from kb.rag.numbered import are_apart, numbered
from kb.rag.passages import merge_neighbours, trim_to_budget
from kb.rag.types import Passage
from kb.rules.active import active_rules
from kb.rules.encoding import encoder_or_none
from kb.rules.errors import BlockedError
from kb.rules.guard import Guard
from kb.rules.labels import groups_of
from kb.rules.verified import Verified, find_verified

_CHARACTERS_PER_TOKEN = 4  # English and code, on average; only a budget, the model server has the true count


@dataclass
class Found:
    """At most one of `blocked` and `verified`; passages for the model where there is neither.

    Attributes:
        collections: ids of those that are searched.
    """

    guard: Guard
    collections: list[int]
    blocked: BlockedError | None = None
    verified: Verified | None = None
    passages: list[Passage] = field(default_factory=list)


def look_up(ask: Ask, draft: Draft) -> Found:
    """The rules on the question first, then verified answers, then the documents.

    Raises:
        NotFoundError: a collection that does not exist for this person.
        SearchUnavailableError: the search server is down and no verified answer holds.
    """
    message = draft.message
    wanted = message.conversation.collection_ids
    collections = allowed_collections(ask.user, wanted)
    active = active_rules()
    groups = groups_of(active, ask.user)
    guard = Guard(active, groups, frozenset(collections))
    try:
        # As it came, because a topic may be blocked by what is redacted.
        guard.check_question(ask.question, message.standalone_question)
    except BlockedError as blocked:
        return Found(guard, collections, blocked=blocked)
    guard.note_redacted(ask.question)
    if active.answers and ask.verified:
        question = message.standalone_question
        day = timezone.localdate()
        verified = find_verified(active, ask.user, groups, question, set(collections), encoder_or_none(), day)
        if verified is not None and _is_within(verified, message):
            keep_passages(draft, guard.mask_passages(_sources_of(verified, guard)))
            return Found(guard, collections, verified=verified)
    return Found(guard, collections, passages=_retrieve(ask, draft, guard))


def _retrieve(ask: Ask, draft: Draft, guard: Guard) -> list[Passage]:
    """Passages for the standalone question, merged, redacted, trimmed to the budget and stored."""
    found = search_chunks(
        ask.user,
        draft.message.standalone_question,
        draft.message.conversation.collection_ids,
        config.passages,
        guard.may_use if guard.looks_at_sources else None,
        for_prompt=True,
        filters=filters_of(draft.message.filters, timezone.localdate()),
    )
    draft.message.held_back = [{"document_id": item.document.pk, "chunk_id": item.pk} for item in found.held]
    chunks = _of_the_number_asked(draft.message.standalone_question, found.chunks)
    passages = prepare_passages(chunks, draft.message.standalone_question, guard.mask_passages)
    passages, draft.conflicts = newest_first(passages, draft.message.standalone_question)
    keep_passages(draft, passages)
    return passages


def _of_the_number_asked(question: str, chunks: Sequence[FoundChunk]) -> Sequence[FoundChunk]:
    """Without those of "Building 4" where the question is about building 3, and others are of that."""
    asked = numbered([question])
    named = [numbered((item.document.title, *item.heading_path)) for item in chunks]
    apart = [are_apart(asked, of) for of in named]
    if not any(asked.keys() & of.keys() and not is_apart for of, is_apart in zip(named, apart, strict=True)):
        return chunks
    return [item for item, is_apart in zip(chunks, apart, strict=True) if not is_apart]


def prepare_passages(
    chunks: Sequence[FoundChunk],
    question: str,
    masked: Callable[[list[Passage]], list[Passage]] = lambda passages: passages,
) -> list[Passage]:
    """Chunks, best first, as they are put before the model: neighbours merged, masked, trimmed."""
    passages = masked(merge_neighbours([as_passage(n, item) for n, item in enumerate(chunks, start=1)]))
    return trim_to_budget(passages, config.passage_tokens, estimate_tokens, question)


def as_passage(n: int, item: FoundChunk) -> Passage:
    return Passage(
        n=n,
        chunk_id=item.pk,
        document_id=item.document.pk,
        document_title=item.document.title,
        version=item.document.version,
        text=item.text,
        start=item.start,
        end=item.end,
        page_start=item.page_start,
        page_end=item.page_end,
        heading_path=tuple(item.heading_path),
        cosine=item.hit.cosine,
        bm25=item.hit.bm25,
        rrf_score=item.hit.rrf_score,
        vouched=bool(item.flags) and not item.withheld,
        language=item.document.language,
    )


def estimate_tokens(text: str) -> int:
    """Of a passage in the prompt, which has no targets of links."""
    return -(-len(without_targets(text)) // _CHARACTERS_PER_TOKEN)


def _is_within(verified: Verified, message: Message) -> bool:
    """Whether a verified answer rests on nothing but what the reader narrowed the question to."""
    filters = filters_of(message.filters, timezone.localdate())
    return filters is None or filters.hold_for_all({source.chunk_id for source in verified.sources})


def _sources_of(verified: Verified, guard: Guard) -> list[Passage]:
    """The words behind a verified answer, as passages that it can cite."""
    for source in verified.sources:
        guard.note_collection(source.document.pk, source.document.collection_id)
    return [
        Passage(
            n=n,
            chunk_id=source.chunk_id,
            document_id=source.document.pk,
            document_title=source.document.title,
            version=source.document.version,
            text=source.text,
            start=source.start,
            end=source.end,
        )
        for n, source in enumerate(verified.sources, start=1)
    ]
