"""From the model's draft to sentences that may be shown: cut, verify, cite."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from kb.chat.conflicts import newer_of
from kb.chat.record import LEFT_OUT, Draft
from kb.chat.second_look import second_look
from kb.chat.serialize import citation_object, sentence_object
from kb.rag.extract import answering, best_quotes
from kb.rag.filler import LOOP_CHARS, ends_in_loop, without_place
from kb.rag.links import without_targets
from kb.rag.markers import keep_shown
from kb.rag.nearness import Nearness
from kb.rag.sentences import Sentence, SentenceStream
from kb.rag.support import check_sentence
from kb.rag.types import Passage, Quote, Verdict
from kb.rules.output import Output
from kb.rules.redaction import REMOVED

NO_CLAIM = "no_claim"
NO_ANSWER = "no_answer"
LEAD_NOT_PROVED = "lead_not_proved"
_CIRCLES = 2
_SENTENCE_END = re.compile(r"[.!?\u2026|](?:\W|\[\d+\])*\Z")
# A draft whose best proof answers less than this share of what the best sentence of the passages does is
# beside the point.
_TO_THE_POINT = 0.6


class AnswerWriter:
    """Takes the model's text as it comes and adds judged sentences to the draft.

    Attributes:
        proved: how many sentences the program matched to a passage.
        withholds: sentences that are not proved are counted and left out.
        declined: the model itself wrote that the documents do not say.
        may_wait: judging may take as long as an answer of the search server.
    """

    def __init__(
        self, draft: Draft, output: Output, *, withholds: bool = False, nearness: Nearness | None = None
    ) -> None:
        self._draft = draft
        self._nearness = nearness
        self._output = output
        self._second_look = second_look()
        self.withholds = withholds
        self.may_wait = self._second_look.is_on
        self._starts_block = False
        self._stream = SentenceStream()
        self.proved = 0
        self.declined = False
        self._unproved = 0
        self._markers_removed = 0
        self._dropped = 0
        self._said: set[str] = set()
        self._repeated = 0
        self._newer_said = 0
        self._tail = ""
        self._is_looping = False
        self._lead_failed = False

    @property
    def going_in_circles(self) -> bool:
        """Whether the model only says again what it said; small models do so until their tokens run out."""
        return self._is_looping or self._repeated >= _CIRCLES

    def feed(self, text: str) -> list[dict[str, Any]]:
        """The sentences that this piece of text completes, as `sentence` event data."""
        self._tail = (self._tail + text)[-LOOP_CHARS:]
        self._is_looping = self._is_looping or ends_in_loop(self._tail)
        return list(self._judge(self._stream.feed(text)))

    def end(self, *, cut_off: bool = False) -> list[dict[str, Any]]:
        """The sentences that the end of the text completes.

        Args:
            cut_off: the model had no more tokens, or was stopped. What it said of a sentence until then may
                be true where the sentence is not: "You may park here" (on Sundays).
        """
        last = self._stream.close()
        broken = (cut_off or self.going_in_circles) and last and not _SENTENCE_END.search(last[-1].raw)
        kept = [] if self._is_looping else last[: len(last) - bool(broken)]
        self._dropped += len(last) - len(kept)
        return list(self._judge(kept))

    def counts(self) -> dict[str, int]:
        return {
            "proved": self.proved,
            "unproved": self._unproved,
            "markers_removed": self._markers_removed,
            "dropped": self._dropped,
            "repeated": self._repeated,
            "newer_said": self._newer_said,
        }

    def _judge(self, sentences: Iterable[Sentence]) -> Iterator[dict[str, Any]]:
        for sentence in map(self._in_words, sentences):
            if not sentence.text:
                self._dropped += 1
                continue
            if self._is_repeated(sentence):
                continue
            shown, removed = keep_shown(sentence.markers, {p.n for p in self._draft.passages})
            self._markers_removed += removed
            verdict = check_sentence(
                sentence.text,
                shown,
                self._draft.passages,
                question=self._draft.message.standalone_question,
            )
            verdict = self._second_look.at(sentence.text, verdict, shown, self._draft)
            if verdict.reason == NO_ANSWER:
                self.declined = True
                continue
            if verdict.reason == NO_CLAIM and REMOVED in sentence.text:
                self._unproved += 1
                self._leave_out(sentence)  # what it claims was taken out of it
                continue
            if verdict.reason == NO_CLAIM or self._is_title(sentence, verdict):
                self._dropped += 1  # "Here is what I found:" asserts nothing that could be proved
                continue
            verdict = self._with_its_lead(sentence, verdict)
            newer = newer_of(verdict.quotes[0], self._draft.conflicts) if verdict.supported else None
            if newer is not None:
                again = self._proof_in(sentence, newer)
                if again is None:
                    yield from self._say_newer(newer)
                    continue
                verdict = again
            if verdict.supported:
                self.proved += 1
            else:
                self._unproved += 1
            if self.withholds and not verdict.supported:
                self._leave_out(sentence)
                continue
            yield self._add(sentence, verdict)

    def _add(self, sentence: Sentence, verdict: Verdict) -> dict[str, Any]:
        starts = sentence.starts_block or self._starts_block or not self._draft.sentences
        self._starts_block = False
        return add_sentence(
            self._draft,
            text=sentence.text,
            block=sentence.block,
            starts_block=starts,
            supported=verdict.supported,
            **({"by": verdict.by} if verdict.by else {}),
            quoted=False,
            reason=verdict.reason,
            quotes=verdict.quotes[:1] if verdict.supported else (),
        )

    def _leave_out(self, sentence: Sentence) -> None:
        """Count it; what follows it begins the block that it would have begun."""
        trace = self._draft.message.trace
        trace[LEFT_OUT] = trace.get(LEFT_OUT, 0) + 1
        self._starts_block |= sentence.starts_block

    def _proof_in(self, sentence: Sentence, newer: Quote) -> Verdict | None:
        """The proof of a sentence by the newer document, where that says it too."""
        question = self._draft.message.standalone_question
        verdict = check_sentence(sentence.text, [newer.n], self._draft.passages, question=question)
        return verdict if verdict.supported and verdict.quotes[0].n == newer.n else None

    def _say_newer(self, newer: Quote) -> Iterator[dict[str, Any]]:
        """In the place of a sentence that only an older document proves, what the newer one says; once."""
        self._newer_said += 1
        self.proved += 1
        cited = {(c.passage.n, c.start, c.end) for c in self._draft.citations}
        if (newer.n, newer.start, newer.end) not in cited:
            # Not `quoted`: that says that quotations take the place of the whole draft.
            yield from self._in_own_words(newer, quoted=False, newer=True)

    def _in_own_words(self, quote: Quote, **fields: Any) -> Iterator[dict[str, Any]]:
        """The words of a source, as they stand there."""
        for sentence in cut_sentences(without_targets(quote.quote)):
            yield add_sentence(
                self._draft,
                text=self._output.whole(sentence.text),
                block=sentence.block,
                starts_block=sentence.starts_block,
                supported=True,
                reason="",
                quotes=(quote,),
                **fields,
            )

    def _with_its_lead(self, sentence: Sentence, verdict: Verdict) -> Verdict:
        """An item of a list says what the words above the list make it say: it falls with them."""
        if sentence.block != "li":
            self._lead_failed = sentence.text.endswith(":") and not verdict.supported
        elif self._lead_failed:
            return Verdict(supported=False, reason=LEAD_NOT_PROVED)
        return verdict

    def _in_words(self, sentence: Sentence) -> Sentence:
        """Without targets of links and copied headings.

        The model was shown no targets: those that it writes are its own.
        """
        text = without_targets(sentence.text)
        if sentence.block in ("p", "li"):
            text = without_place(text, self._draft.passages)
        return replace(sentence, text=text)

    def _is_repeated(self, sentence: Sentence) -> bool:
        words = " ".join(sentence.text.lower().split())
        if words not in self._said:
            self._said.add(words)
            return False
        self._repeated += 1
        return True

    def _is_title(self, sentence: Sentence, verdict: Verdict) -> bool:
        """A heading is in the sources, but says nothing: neither the model's own nor a copied one."""
        if sentence.block == "h":
            return True
        return any(is_heading(self._draft.passages[quote.n - 1], quote) for quote in verdict.quotes[:1])

    @property
    def is_mostly_unproved(self) -> bool:
        """Whether more of the draft was not found in the sources than was."""
        return self._unproved > self.proved

    @property
    def is_beside_the_point(self) -> bool:
        """Whether a sentence of the passages answers the question much better than all that was proved."""
        question, passages = self._draft.message.standalone_question, self._draft.passages
        best = best_quotes(question, passages, 1, self._nearness)
        cited = [Quote(c.passage.n, c.start, c.end, c.quote) for c in self._draft.citations]
        worth = [answering(question, quote, passages, self._nearness) for quote in (*best, *cited)]
        return bool(best) and max(worth[1:], default=0.0) < _TO_THE_POINT * worth[0]

    def fall_back_to_quotes(self) -> list[dict[str, Any]]:
        """Replace a draft of which too little could be proved by the passages' own words.

        A stopped or broken stream keeps its draft; only a finished one is replaced.

        Raises:
            BlockedError: those words may not be shown.
        """
        self._draft.clear()
        question = self._draft.message.standalone_question
        best = best_quotes(question, self._draft.passages, nearness=self._nearness)
        quotes = dict.fromkeys(newer_of(quote, self._draft.conflicts) or quote for quote in best)
        return [sentence for quote in quotes for sentence in self._in_own_words(quote, quoted=True)]


def add_sentence(draft: Draft, *, quotes: Iterable[Quote], **fields: Any) -> dict[str, Any]:
    """Add a sentence that cites these quotes; what it is as the data of a `sentence` event."""
    numbers = [draft.cite(quote) for quote in quotes]
    stored = {**fields, "citations": numbers}
    draft.sentences.append(stored)
    cited = [citation for citation in draft.citations if citation.n in numbers]
    objects = [citation_object(citation) for citation in cited]
    return {**sentence_object(stored, objects), "citations": objects}


def cut_sentences(text: str) -> list[Sentence]:
    """A text as blocks: lists stay lists and tables tables."""
    stream = SentenceStream()
    return [*stream.feed(text), *stream.close()]


def is_heading(passage: Passage, quote: Quote) -> bool:
    """Whether the quoted words are (part of) a Markdown heading of the passage."""
    at = quote.start - passage.start
    line = passage.text[passage.text.rfind("\n", 0, at) + 1 : at + 1]
    return line.lstrip().startswith("#")
