"""What the model is shown for one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb.rag.prompt import Message, build_check, build_messages
from kb.rag.types import Passage


@dataclass(frozen=True)
class Prompt:
    """Question and passages as the rules let the model see them.

    Attributes:
        known_passages: whether the model server may keep what it computes of the passages.
        user: who asks, as a word that says nothing about them.
    """

    question: str
    passages: Sequence[Passage]
    known_passages: bool = False
    user: str = ""

    def messages(self) -> list[Message]:
        """For an answer."""
        return build_messages(self.question, self.passages, known_passages=self.known_passages)

    def check(self, passage: Passage) -> list[Message]:
        """For an opinion whether this passage states the answer."""
        return build_check(self.question, passage)
