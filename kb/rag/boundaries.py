"""Where a sentence ends inside a block of Markdown, decided from a bounded look-ahead.

Each decision reads the text from the sentence's start to a point behind it that the text itself fixes (the
end of the next word, of a citation marker, of the next line's head). More text never changes a decision, so
a stream cut anywhere gives the sentences of the whole. Abbreviations, initials and numbers are the business
of `sentencex`: it is asked whether it would cut between the words before the full stop and the next word.
"""

from __future__ import annotations

import re

from sentencex import segment

from kb.rag.blocks import Block, classify, line_head, rule_length
from kb.rag.markers import MARKER_RUN, OPENERS, may_grow, strip_markers
from kb.rag.wordlists import UNFINISHED

UNDECIDED = -1
_GO_ON = -2
_CLOSERS = r"[\"'\u201d\u2019)\]*_`~]*"
_WIDE_STOPS = "\u3002\uff01\uff1f"
_STOP = re.compile(rf"(?<=\S)[.!?]+{_CLOSERS}|[{_WIDE_STOPS}]+[\u201d\u300d\u300f\uff09]*|\n")
_ENDED = re.compile(rf"(?:[.!?]{_CLOSERS}|[{_WIDE_STOPS}])\s*\Z")
_NEWLINE = re.compile(r"\n")
_SPACE = re.compile(r"\s*")
_NEXT_WORD = re.compile(r"\S{1,24}")
_CONTEXT_CHARS = 200
_LAST_WORD = re.compile(r"[A-Za-z]+\Z")
# The library takes "gov." and "CO." for abbreviations: here they end an address and an acronym.
_WHOLE_BY_ITSELF = re.compile(r"\S+@\S+\.[a-z]+\.|(?:https?://|www\.)\S+\.|(?!DR|MR|MS|ST|NO)[A-Z]{2,5}\.")
_ENUMERATOR = re.compile(r"\(?\d{1,3}[.)]+")
# "Am 3. Tag", "bis zum 31. Dezember": German ordinals end no sentence.
_ORDINAL = re.compile(
    r"\b(?:am|im|vom|zum|bis|der|die|das|des|dem|den|seit|beim|jede[nmrs]?|zur|ins)\s\d{1,3}\.\Z",
    re.IGNORECASE,
)
_GERMAN_MONTH = re.compile(
    r"(?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\b"
)
# The library takes a unit behind its number for an initial, and the end of "e-mail." for an abbreviation.
_WHOLE_WORD = re.compile(r"\d\s?(?:[a-zµ]{1,3}|%|°C)\.\Z|\be-mails?\.\Z|\bE-Mails?\.\Z")
# A line at least this long without a full stop was wrapped; a shorter one was ended.
_WRAPPED_LINE_CHARS = 45
# The library ends sentences after these.
_ABBREVIATIONS = frozenset(
    [
        "approx.",
        "rm.",
        "ca.",
        "cf.",
        "max.",
        "min.",
        "incl.",
        "excl.",
        "vs.",
        "viz.",
        "resp.",
        "tel.",
        "mo.",
        "tues.",
        "thurs.",
        "mon.",
        "tue.",
        "wed.",
        "thu.",
        "fri.",
        "sat.",
        "sun.",
        "para.",
        "paras.",
        "art.",
        "ref.",
        "refs.",
        "encl.",
        "dept.",
        "div.",
        "est.",
    ]
)


def find_end(window: str, scan: int, block: Block, column: int, final: bool) -> tuple[int, int]:
    """Find the end of the sentence that begins at the window's start.

    Args:
        window: the text from the sentence's start.
        scan: stops before this offset are known not to end it.
        column: characters of the sentence's first line that stand before the window.
        final: nothing comes behind the window.

    Returns:
        (end, exclusive, markers included; or UNDECIDED), and the offset to scan from next time.
    """
    stops = _STOP if block in ("p", "li") else _NEWLINE
    for stop in stops.finditer(window, scan):
        if stop.group() == "\n":
            end = _at_newline(window, stop.start(), block, column, final)
        else:
            end = _at_stop(window, stop.end(), final)
        if end != _GO_ON:
            return end, stop.start()
    return (len(window) if final else UNDECIDED), len(window)


def _at_stop(window: str, stop: int, final: bool) -> int:
    if stop == len(window):
        return stop if final else UNDECIDED
    wide = window[stop - 1] in _WIDE_STOPS or window[stop - 1] in "\u300d\u300f\uff09"
    if not (wide or window[stop].isspace() or window[stop] in OPENERS):
        return _GO_ON
    run = MARKER_RUN.match(window, stop)
    end = run.end() if run else stop
    if not final and may_grow(window[end:]):
        return UNDECIDED
    if not (run or wide or window[stop].isspace()):
        return _GO_ON
    following = _SPACE.match(window, end)
    ahead = following.end() if following else end
    if "\n" in window[end:ahead]:
        return _GO_ON
    if ahead == len(window):
        return end
    return _cut_before(window, stop, ahead, end, final)


def _at_newline(window: str, at: int, block: Block, column: int, final: bool) -> int:
    following = _SPACE.match(window, at)
    ahead = following.end() if following else at
    if ahead == len(window):
        return at if final else UNDECIDED
    if window[ahead] in OPENERS:
        run = MARKER_RUN.match(window, ahead)
        rest = window[run.end() if run else ahead :]
        behind = rest.lstrip(" \t.")
        if not final and (may_grow(rest) or not behind):
            return UNDECIDED
        if run and behind[:1] in ("", "\n"):
            return run.end()
    if block in ("h", "row") or window.count("\n", at, ahead) > 1:
        return at
    head, rule = line_head(window, ahead, final), rule_length(window, ahead, final)
    if head is None or rule is None:
        return UNDECIDED
    if rule or classify(head).block != "p":
        return at
    if _goes_on(window[max(0, at - _CONTEXT_CHARS) : at]):
        return _GO_ON
    begin = window.rfind("\n", 0, at) + 1
    if _ENDED.search(strip_markers(window[max(begin, at - _CONTEXT_CHARS) : at])):
        return _cut_before(window, at, ahead, at, final)
    wrapped = at - begin + (0 if begin else column) >= _WRAPPED_LINE_CHARS and window[at - 1] != ":"
    return _GO_ON if wrapped or head[:1].islower() else at


def _goes_on(before: str) -> bool:
    """Whether a line cannot end here: inside the words of a link, or after a word that wants another."""
    if before.rfind("[") > before.rfind("]"):
        return True
    word = _LAST_WORD.search(before)
    return word is not None and word.group().casefold() in UNFINISHED


def _cut_before(window: str, stop: int, ahead: int, end: int, final: bool) -> int:
    """``end`` when a sentence that stops at ``stop`` is over before the word at ``ahead``."""
    word = _NEXT_WORD.match(window, ahead)
    if word is None or (word.end() == len(window) and word.end() - ahead < 24 and not final):
        return UNDECIDED
    return end if _is_over(window[max(0, stop - _CONTEXT_CHARS) : stop], word.group()) else _GO_ON


def _is_over(before: str, next_word: str) -> bool:
    context = " ".join(strip_markers(before).split()).rstrip("*_`~ ")
    if not context or next_word.lstrip("*_`~\"'(\u201c\u2018")[:1].islower():
        return False
    if context[-1] in _WIDE_STOPS:
        return True
    if _ENUMERATOR.fullmatch(context) or _is_ordinal(context, next_word):
        return False
    last = context.rpartition(" ")[2].lstrip("(\"'*_")
    if last.casefold() in _ABBREVIATIONS:
        return False
    if context.count("(") > context.count(")") or context.count("\u201c") > context.count("\u201d"):
        return False
    if context.count('"') % 2:
        return False
    if _WHOLE_BY_ITSELF.fullmatch(last) or _WHOLE_WORD.search(context):
        return True
    if context.startswith("(") and context.endswith((".)", "!)", "?)")):
        return True
    at = 0
    for piece in segment("en", f"{context} {next_word}"):
        at += len(piece)
        if at >= len(context):
            return at <= len(context) + 1
    return False


def _is_ordinal(context: str, next_word: str) -> bool:
    if _ORDINAL.search(context):
        return True
    return context[-2:-1].isdigit() and context.endswith(".") and _GERMAN_MONTH.match(next_word) is not None
