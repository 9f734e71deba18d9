"""What an answer's text goes through before anybody sees it: blocked words first, then redaction.

It holds for the model's raw text (the `delta` events) as for sentences, because the sentences are cut from
what comes out of here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from kb.rules.active import ActiveRule
from kb.rules.errors import BlockedError
from kb.rules.pieces import Piece
from kb.rules.redaction import RedactionStream, shown

ANSWER_BLOCKED_TEXT = "The answer would be about a topic that is not answered here."

Note = Callable[[ActiveRule, Mapping[str, int]], None]


class Output:
    """One answer's way out.

    While a rule blocks by words of the answer, the word that is being written is held back, so that no
    blocked one is ever shown whole.
    """

    def __init__(self, blocks: Sequence[ActiveRule], redactions: Sequence[ActiveRule], note: Note) -> None:
        self._blocks = blocks
        self._streams: list[tuple[ActiveRule, RedactionStream]] = [
            (rule, rule.redaction.stream()) for rule in redactions
        ]
        self._note = note
        self._seen = ""
        self._checked = 0

    def feed(self, text: str) -> str:
        """What may be shown now. Raises BlockedError."""
        if not self._blocks and not self._streams:
            return text
        return self._redacted(self._let_through(text), final=False)

    def close(self) -> str:
        """What was held back. Raises BlockedError."""
        rest = self._seen[self._checked :] if self._blocks else ""
        self._check(self._seen)
        return self._redacted(rest, final=True)

    def whole(self, text: str) -> str:
        """A text that is no stream, as it may be shown; what was streamed before plays no part.

        Raises BlockedError.
        """
        self._check(text)
        for rule, _ in self._streams:
            text = "".join(self._named(rule, rule.redaction.pieces(text)))
        return text

    def _let_through(self, text: str) -> str:
        if not self._blocks:
            return text
        self._seen += text
        end = len(self._seen)
        while end > self._checked and not self._seen[end - 1].isspace():
            end -= 1
        if end == self._checked:
            return ""
        self._check(self._seen[:end])
        released = self._seen[self._checked : end]
        self._checked = end
        return released

    def _check(self, text: str) -> None:
        for rule in self._blocks:
            if rule.condition.cause(text) is not None:
                self._note(rule, {})
                raise BlockedError(rule.text or ANSWER_BLOCKED_TEXT, rule_id=rule.pk, rule_name=rule.name)

    def _redacted(self, text: str, *, final: bool) -> str:
        for rule, stream in self._streams:
            pieces = [*stream.feed(text), *(stream.close() if final else ())]
            text = "".join(self._named(rule, pieces))
        return text

    def _named(self, rule: ActiveRule, pieces: Iterable[Piece]) -> Iterator[str]:
        for piece in pieces:
            if piece.kind:
                self._note(rule, Counter([piece.kind]))
            yield shown(piece)
