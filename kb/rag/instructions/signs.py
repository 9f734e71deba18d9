"""Finding the signs of `patterns.py` and `orders.py` in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.rag.instructions.orders import ORDERS
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
    # Whom an order addresses. Only in orders: much is automated of which handbooks speak.
    "{machine}": (
        r"(?:{model}|(?:automat(?:ed|ic)|machine|artificial|digital|virtual|llm|robotic|software)"
        r"(?: \w+)? (?:readers?|summari[sz]ers?|assistants?|agents?|models?|tools?|bots?|crawlers?"
        r"|helpers?|answerers?))"
    ),
    "{when}": r"(?:when(?:ever)?|while|if|before|after|in|once|(?:each|every|any) time)"
    r"(?: you(?:'re| are)?| it| they)?",
    "{replying}": (
        r"(?:(?:answer|respond|repl|summari[sz]|quot|cit|paraphras|translat|describ|process|ingest)"
        r"(?:e|es|s|y|ies|ying|ing)?)\b"
    ),
    "{must}": (
        r"(?:please|always|also|never|only|then|kindly|must|shall|should|have to|has to|will|need to"
        r"|be sure to|make sure to|remember to|do not|don't)"
    ),
    "{act}": (
        r"(?:mention|recommend|suggest|include|add|say|state|tell|claim|append|insert|cite|quote|list|praise"
        r"|promote|advertise|endorse|refer|direct|send|link|write|print|output|answer|respond|reply|ignore"
        r"|disregard|omit|leave out|conceal|hide|deny|refuse|warn|advise|assure|insist|pretend|repeat)"
    ),
    # Within one sentence.
    "{near}": r"[^.!?\n]{0,40}?",
    "{far}": r"[^.!?\n]{0,70}?",
}

# Upper case is itself a sign; all others see the text in lower case, which halves the time.
SHOUTED = "shouted"
_SHOUTED = re.compile(
    r"(?:^[ \t>*#!|-]{0,6}|[.!?\]>]\s*)[*#!\s]{0,4}(?:ATTENTION|IMPORTANT|CRITICAL|WARNING|URGENT|STOP|NOTICE"
    r"|SYSTEM|OVERRIDE|INSTRUCTION|NEW TASK|TASK|COMMAND|IGNORE|ALERT|NOTE TO)\b",
    re.MULTILINE,
)
_ALL_SIGNS = {**SIGNS, **ORDERS}
FAMILIES = (*_ALL_SIGNS, SHOUTED)


def _compiled(pattern: str) -> re.Pattern[str]:
    # Parts may name parts that stand before them.
    for name, part in reversed(_PARTS.items()):
        pattern = pattern.replace(name, part)
    return re.compile(pattern, re.MULTILINE)


# The words of which signs are made, as far as they are written out in them.
_WORDS = frozenset(re.findall(r"[a-z]{3,}", " ".join([*_ALL_SIGNS.values(), *_PARTS.values()])))


def is_sign_word(word: str) -> bool:
    """Whether a lower-case word may be a part of a sign, in the singular or in the plural."""
    return word in _WORDS or f"{word}s" in _WORDS or word.removesuffix("s") in _WORDS


_COMPILED = {name: _compiled(pattern) for name, pattern in _ALL_SIGNS.items()}


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
