"""Where rules, not the model, say what an answer is: verified answers, blocked ones, and required notices."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from kb.chat.draft import add_sentence, cut_sentences
from kb.chat.lookup import Found
from kb.chat.models import Outcome
from kb.chat.record import Ask, Draft, complete
from kb.rag.support import check_sentence
from kb.rag.types import Quote
from kb.rules.errors import BlockedError
from kb.rules.record import BLOCKED, blocked_rule, log_firings, verified_rule
from kb.rules.verified import Verified

_ENDED_WELL = (Outcome.ANSWERED, Outcome.STOPPED)


def write_verified(draft: Draft, found: Found, verified: Verified) -> list[dict[str, Any]]:
    """The approved text, sentence by sentence, as the data of `sentence` events.

    A person stands for it, so every sentence counts as supported. Where the program finds the words of a
    source that prove one, it cites them; the sources that then are left stand behind the last sentence.

    Raises:
        BlockedError: a rule blocks the words of the answer.
    """
    draft.message.rule = verified_rule(verified.match.answer)
    text = found.guard.output().whole(verified.text)
    sentences = cut_sentences(text)
    question = draft.message.standalone_question
    proofs = [
        check_sentence(item.text, [], draft.passages, question=question).quotes[:1] for item in sentences
    ]
    cited = {quote.n for quotes in proofs for quote in quotes}
    left = tuple(Quote(p.n, p.start, p.end, p.text) for p in draft.passages if p.n not in cited)
    if sentences:
        proofs[-1] = (*proofs[-1], *left)
    return [
        add_sentence(
            draft,
            text=sentence.text,
            block=sentence.block,
            starts_block=sentence.starts_block,
            supported=True,
            quoted=False,
            reason="",
            quotes=quotes,
        )
        for sentence, quotes in zip(sentences, proofs, strict=True)
    ]


def write_notices(draft: Draft, found: Found) -> list[dict[str, Any]]:
    """The notices that the answer must bear, behind it; once, however often this is called."""
    if not draft.sentences or any(sentence.get("notice") for sentence in draft.sentences):
        return []
    answer = " ".join(sentence["text"] for sentence in draft.sentences)
    rules = found.guard.notices(draft.message.standalone_question, draft.passages, answer)
    return [
        add_sentence(
            draft,
            text=" ".join(rule.text.split()),
            block="p",
            starts_block=True,
            supported=True,
            quoted=False,
            reason="",
            notice=rule.pk,
            quotes=(),
        )
        for rule in rules
    ]


def block(draft: Draft, error: BlockedError) -> dict[str, Any]:
    """Take back what was written; the data of the `abstained` event."""
    draft.sentences.clear()
    draft.citations.clear()
    draft.message.rule = blocked_rule(error)
    return {"reason": BLOCKED, "message": error.message, "nearest": []}


@transaction.atomic
def close_answer(ask: Ask, draft: Draft, found: Found, outcome: Outcome, reason: str = "") -> None:
    """Store the answer, with its notices where it has any words, and log what fired."""
    if outcome in _ENDED_WELL:
        write_notices(draft, found)
    complete(draft, outcome, reason)
    verified = found.verified.match.answer if found.verified is not None else None
    log_firings(ask.user, draft.message.pk, found.guard.fired, verified)
