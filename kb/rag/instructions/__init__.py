"""Telling instructions to a language model from other text (docs/decisions/0024-injection.md)."""

from kb.rag.instructions.finding import Finding, find_instructions

__all__ = ["Finding", "find_instructions"]
