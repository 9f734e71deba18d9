"""Passages cut to the sentences that matter: prompt tokens are time to the first token."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from kb.rag.statements import Statement, question_stems, statements_of
from kb.rag.types import Passage
from kb.rag.words import rarity, weight

# Title, number and fence of a passage in the prompt.
_FRAME_TOKENS = 24
# What a sentence is worth without any word of the question, so that growing fills the budget.
_BASE_VALUE = 0.05
_HEADING_SAY = 0.3
_CONTEXT_SAY = 0.4
_LOSS_PER_PLACE = 0.15
# What follows a good sentence explains it more often than what stands before it.
_ONWARD = 1.2


def trim_to_budget(
    passages: Sequence[Passage], budget_tokens: int, count_tokens: Callable[[str], int], question: str
) -> list[Passage]:
    """Keep each passage's contiguous sentences that matter most to the question, within a budget of prompt
    tokens.

    Cuts fall between sentences; a table row keeps its header and a list item the words above its list, in
    the text where that is near and as `lead` where it is not. The best-placed passage always keeps
    something.

    Args:
        passages: best first.
        count_tokens: of the model's tokenizer. It is called once per passage and a few times on the result.

    Returns:
        passages with moved spans (``text`` stays exactly the document's), those that got nothing left out,
        renumbered from 1.
    """
    costs = [count_tokens(passage.text) for passage in passages]
    if sum(costs) + _FRAME_TOKENS * len(passages) <= budget_tokens:
        return [replace(passage, n=n) for n, passage in enumerate(passages, 1)]
    asked = question_stems(question)
    rare = rarity([item.words for passage in passages for item in statements_of(passage)])
    drafts = [
        _Draft(passage, place, cost, asked, rare)
        for place, (passage, cost) in enumerate(zip(passages, costs, strict=True))
    ]
    allowed = budget_tokens
    while True:
        kept = [passage for draft in _fill(drafts, allowed) if (passage := draft.cut())]
        spent = sum(count_tokens(passage.text) + _FRAME_TOKENS for passage in kept)
        if spent <= budget_tokens or allowed < budget_tokens // 4:
            return [replace(passage, n=n) for n, passage in enumerate(kept, 1)]
        # The estimate per character was too low for what was kept.
        allowed -= max(spent - budget_tokens, budget_tokens // 20)


@dataclass
class _Draft:
    """A passage being cut: statements first to last (inclusive) are kept, none while first is -1."""

    passage: Passage
    place: int
    cost: int
    asked: Sequence[str]
    rare: Mapping[str, float]
    first: int = -1
    last: int = -1
    statements: tuple[Statement, ...] = field(init=False)
    values: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.statements = statements_of(self.passage)
        self.values = [self._value(statement) for statement in self.statements]

    def _value(self, statement: Statement) -> float:
        """How much of the question a statement answers; headings count mostly for what is below them."""
        below = set(statement.context)
        own = sum(weight(item, self.rare) for item in self.asked if item in statement.words)
        above = sum(
            weight(item, self.rare) for item in self.asked if item in below and item not in statement.words
        )
        say = 1.0 if statement.states else _HEADING_SAY
        return (say * own + _CONTEXT_SAY * above + _BASE_VALUE) / (1 + _LOSS_PER_PLACE * self.place)

    def seed(self) -> tuple[int, int]:
        """The best statement with what it hangs on: the table's header, the words above the list."""
        best = max(range(len(self.values)), key=lambda i: (self.values[i], -i))
        first = best
        lead = self.statements[best].lead
        while lead is not None and self._tokens(lead, best) <= self.cost // 2:
            first, lead = lead, self.statements[lead].lead
        return first, best

    def grow(self) -> tuple[float, int, int, int] | None:
        """The better of the two neighbours: (value, extra tokens, at least 1, first, last)."""
        options = []
        if self.first > 0:
            options.append((self.values[self.first - 1], self.first - 1, self.last))
        if self.last + 1 < len(self.statements):
            options.append((self.values[self.last + 1] * _ONWARD, self.first, self.last + 1))
        if not options:
            return None
        value, first, last = max(options)
        # A neighbour of a few characters may cost nothing as far as the estimate tells.
        extra = max(1, self._tokens(first, last) - self._tokens(self.first, self.last))
        return value, extra, first, last

    def _tokens(self, first: int, last: int) -> int:
        start, end = self._span(first, last)
        return ceil(self.cost * (end - start) / max(1, len(self.passage.text))) + 1

    def tokens_of(self, first: int, last: int) -> int:
        """Estimated prompt tokens of a stretch with its frame."""
        return self._tokens(first, last) + _FRAME_TOKENS

    def _span(self, first: int, last: int) -> tuple[int, int]:
        return self.statements[first].begin, self.statements[last].end

    def cut(self) -> Passage | None:
        """The passage reduced to what is kept; None when nothing is."""
        if self.first < 0:
            return None
        start, end = self._span(self.first, self.last)
        lead_at = self.statements[self.first].lead
        lead = self.passage.lead
        if lead_at is not None and lead_at < self.first:
            lead = self.passage.text[self.statements[lead_at].start : self.statements[lead_at].end]
        offset = self.passage.start
        return replace(
            self.passage, text=self.passage.text[start:end], start=offset + start, end=offset + end, lead=lead
        )


def _fill(drafts: Sequence[_Draft], allowed: int) -> Sequence[_Draft]:
    """Seed each passage in order of rank, then grow where the question gains most per token."""
    left = allowed
    for draft in drafts:
        draft.first = draft.last = -1
        if not draft.statements:
            continue
        first, last = draft.seed()
        cost = draft.tokens_of(first, last)
        if cost <= left or draft is drafts[0]:
            draft.first, draft.last = first, last
            left -= cost
    growing = [draft for draft in drafts if draft.first >= 0]
    while growing:
        options = [
            (option[0] / option[1], -draft.place, option, draft)
            for draft in growing
            if (option := draft.grow())
        ]
        affordable = [item for item in options if item[2][1] <= left]
        if not affordable:
            return drafts
        _, _, (_, cost, first, last), draft = max(affordable, key=lambda item: item[:2])
        draft.first, draft.last = first, last
        left -= cost
    return drafts
