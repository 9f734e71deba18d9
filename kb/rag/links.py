"""Links of Markdown: their words are what a text says, their targets are not.

A model that is shown targets copies them, or makes up others; and a question matches the words of a target
that no reader sees.
"""

from __future__ import annotations

import re

# Targets with spaces are no Markdown, but what the template languages of site generators make of it. Bounded
# on hostile text (case 29).
_TARGET = r"\((?:[^()\n]|\([^()\n]{0,100}\)){0,500}\)"
# A number is no words: "[1][2]" are two footnotes.
_REFERENCE = r"(?<![\[\d]\])\[[^\[\]\n]{0,100}\]"
_LINK = re.compile(rf"!?\[([^\[\]]{{0,300}})\](?:{_TARGET}|{_REFERENCE})")
_NAMING = re.compile(r"^[ ]{0,3}#{1,6}[ \t].*$|^[ \t]*\d{1,3}[.)][ \t]", re.MULTILINE)
_DEFINITION = re.compile(r"^[ ]{0,3}\[[^\[\]\n]{1,100}\]:[ \t]+\S.{0,500}$\n?", re.MULTILINE)


def without_targets(text: str) -> str:
    """The text with the words of its links and pictures in their places, and without definitions of links.

    "[the form](https://example.com/form)" becomes "the form". Bare addresses stay: they are words.
    """
    if "](" not in text and "][" not in text and "]:" not in text:
        return text
    return _LINK.sub(r"\1", _DEFINITION.sub("", text))


def link_share(text: str) -> float:
    """How much of a text is links with their targets, and definitions of links, 0 to 1."""
    if not text or ("](" not in text and "][" not in text and "]:" not in text):
        return 0.0
    defined = sum(len(found[0]) for found in _DEFINITION.finditer(text))
    return (defined + sum(len(found[0]) for found in _LINK.finditer(_DEFINITION.sub("", text)))) / len(text)


def is_only_links(text: str) -> bool:
    """Whether nothing but links stands there: it names what can be read elsewhere."""
    if "](" not in text and "][" not in text:
        return False
    return _LINK.search(text) is not None and not re.search(r"\w", _LINK.sub(" ", text))


def only_names(text: str) -> bool:
    """Whether a text says nothing by itself: it has links and headings, like a table of contents."""
    return is_only_links(_NAMING.sub("", text))
