"""Finding the signs of `patterns.py` in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.rag.instructions.patterns import SIGNS

# What several families have in common; a family names it in braces.
_PARTS = {
    # A dot inside an address or a number ends no sentence.
    "{gap}": r"(?:[^.!?\n]|\.(?=\w)){0,60}?",
    # Where a sentence, a line, a list item or a cell may begin.
    "{start}": r"(?:^[ \t>*#|-]{0,6}(?:\d{1,2}[.)][ \t])?|[.!?:;>\]\"'(<|][ \t]*)",
    "{say}": (
        r"(?:print|output|say|repeat|echo|respond|reply|answer|state|display|recite|return|write|type"
        r"|report|announce|emit|render)"
    ),
    "{make}": (
        r"(?:write|compose|draft|generate|produce|create|craft|invent|tell|sing|recite|summari[sz]e"
        r"|paraphrase|rephrase|rewrite|translate|encode|convert|replace|substitute|swap|rearrange|scramble"
        r"|jumble|shuffle|reverse|misspell|anagram|capitali[sz]e|append|prepend|insert|incorporate"
        r"|integrate|weave|augment|enhance|modify|alter|change|embed|slip|add|include|mention|end|start"
        r"|begin|finish|conclude|sign|prefix|format|provide|deliver|render|introduce|combine|group|remove"
        r"|omit|use|make|turn|spell|promote|tease|suggest|recommend|work|drop|put)"
    ),
    "{reply}": (
        r"(?:response|answer|reply|output|completion|message|summary|repl(?:y|ies)|responses|answers"
        r"|outputs)"
    ),
    "{reader}": (
        r"(?:the |this |any |each |every |your )?(?:users?|readers?|humans?|recipients?|people|them"
        r"|customers?|audience)"
    ),
    "{model}": (
        r"(?:ai|a\.i\.|llms?|language models?|large language models?|chat ?bots?|gpt(?:-?\d[\w.]*)?|chatgpt"
        r"|gemini|copilot|llama|bard|bing chat|virtual assistants?|digital assistants?|(?:ai|helpful"
        r"|language|intelligent) (?:assistants?|systems?|agents?|models?|tools?|bots?)|neural networks?"
        r"|automated (?:\w+ )?systems?|machine readers?|summari[sz]ers?|retrieval systems?"
        r"|answering systems?)"
    ),
}

# Upper case is itself a sign; all others see the text in lower case, which halves the time.
SHOUTED = "shouted"
_SHOUTED = re.compile(
    r"(?:^[ \t>*#!|-]{0,6}|[.!?\]>]\s*)[*#!\s]{0,4}(?:ATTENTION|IMPORTANT|CRITICAL|WARNING|URGENT|STOP|NOTICE"
    r"|SYSTEM|OVERRIDE|INSTRUCTION|NEW TASK|TASK|COMMAND|IGNORE|ALERT|NOTE TO)\b",
    re.MULTILINE,
)
FAMILIES = (*SIGNS, SHOUTED)


def _compiled(pattern: str) -> re.Pattern[str]:
    for name, part in _PARTS.items():
        pattern = pattern.replace(name, part)
    return re.compile(pattern, re.MULTILINE)


_COMPILED = {name: _compiled(pattern) for name, pattern in SIGNS.items()}


def signs_in(text: str) -> Iterator[tuple[str, int, int]]:
    """(family, start, end) of every sign in a text, family by family; [start, end) in characters.

    Args:
        text: in the letters that `clear` leaves, upper case and lower case as written.
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # a capital that is two characters in lower case
        lowered = "".join(lower if len(lower := one.lower()) == 1 else one for one in text)
    for name, pattern in _COMPILED.items():
        for match in pattern.finditer(lowered):
            yield name, match.start(), match.end()
    for match in _SHOUTED.finditer(text):
        yield SHOUTED, match.start(), match.end()
