"""A few consecutive statements of a passage, taken together as the source of a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from kb.rag.reading import Clause
from kb.rag.statements import Statement
from kb.rag.words import stem


@dataclass(frozen=True)
class Window:
    """Consecutive statements of a passage, as one source."""

    passage_text: str
    statements: tuple[Statement, ...]
    everything: tuple[Statement, ...]

    @cached_property
    def stems(self) -> frozenset[str]:
        """Content stems of the statements."""
        return frozenset(item for statement in self.statements for item in statement.stems)

    @cached_property
    def context(self) -> tuple[str, ...]:
        """Stems of the title and the headings above."""
        return self.statements[0].context

    @cached_property
    def all_stems(self) -> frozenset[str]:
        """Stems of every word of the statements and of what stands above them."""
        return self.stems | {stem(token) for token in self.all_tokens} | set(self.context)

    @cached_property
    def all_tokens(self) -> tuple[str, ...]:
        """Every word of the statements, in order."""
        return tuple(token for statement in self.statements for token in statement.reading.all_tokens)

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        """The clauses of the statements."""
        return tuple(clause for statement in self.statements for clause in statement.reading.clauses)

    @property
    def points_back(self) -> bool:
        """Whether it needs the sentence before it to be understood."""
        return any(statement.points_back for statement in self.statements)
