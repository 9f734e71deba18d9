"""Words of a source that narrow what it says, and that a sentence leaves out.

"Employees on probation receive 20 days" does not say "Employees receive 20 days", nor does "You may park here
after 18:00" say "You may park here". What tells of one past event may be told shorter; a rule may not. Read
off the alignment of the two: a stretch of the source that the claim skips, by where it stands and how it
opens.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from kb.rag.alignment import Alignment, alignments
from kb.rag.reading import Reading
from kb.rag.window import Window
from kb.rag.wordlists import NUMBER_WORDS
from kb.rag.words import content_stems, is_content, stem, token_spans


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RELATIVE = _words("who whom whose that which die der das welche welcher welches denen deren dessen")
_NARROWING = _RELATIVE | _words(
    """with without on in under over from of for at above below between during after before outside inside
    until within mit ohne auf in im unter über von vom für bei beim aus nach vor während bis ab am an
    außerhalb
    innerhalb zwischen zum zur"""
)
# In a rule, each of them opens a restriction; "of" and "to" belong to the words before them.
_RESTRICTING = (_NARROWING - _RELATIVE) - _words("of von vom zum zur over über")
_RULING = _words(
    """may must can cannot shall should is are will allowed permitted required need needs
    darf dürfen kann können muss müssen soll sollen ist sind wird werden"""
)
_TOLD = _words("was were had did war waren hatte hatten wurde wurden")
_JOINING = _words("and or but und oder aber")
_NEXT = _words("then afterwards finally danach dann anschließend zuletzt")
_EMPTY = _words("a an the it der die das ein eine es")
# They colour what is said and leave it true: "currently", "still", "highly".
_ADVERBS = _words("already also always even just much often quite rather really so still too very well")
# Of a dropped stretch's content words, the question and the headings must hold this share to set the case.
_KNOWN = 0.5
_CONDITIONS = _words("if unless provided wenn falls sofern")
_LIMITS = _words(
    """more less fewer least most over under up to above below within exceeding older younger longer mehr
    weniger mindestens höchstens bis über unter länger"""
)
# "In addition", "for example": they join and set no case.
_SETS_NO_CASE = _words(
    """addition example examples case cases reason reasons general fact particular practice instance contrast
    summary short conclusion detail details information note view turn beispiel allgemeinen regel übrigen"""
)
# A sentence that keeps less of its source's order than this was said anew.
_REPEATS = 0.7
_LONGEST_ATTRIBUTE = 3


@dataclass(frozen=True)
class _Dropped:
    """The stretch ``theirs[start:end]`` of a source that the claim skips."""

    beside: Alignment
    start: int
    end: int

    @property
    def words(self) -> tuple[str, ...]:
        return self.beside.theirs[self.start : self.end]

    @property
    def following(self) -> str:
        """The word behind it, which the claim has; empty at the end."""
        return self.beside.theirs[self.end] if self.end < len(self.beside.theirs) else ""

    @property
    def before(self) -> tuple[str, ...]:
        return self.beside.theirs[: self.start]

    @cached_property
    def content(self) -> frozenset[str]:
        return frozenset(stem(word) for word in self.words if is_content(word))

    @property
    def gap(self) -> str:
        """What stands between the word before it and its first word."""
        spans = token_spans(self.beside.source.text)
        return self.beside.source.text[spans[self.start - 1][1] : spans[self.start][0]] if self.start else ""

    @property
    def inner(self) -> str:
        """Its text up to the word behind it."""
        spans = token_spans(self.beside.source.text)
        end = spans[self.end][0] if self.end < len(spans) else len(self.beside.source.text)
        return self.beside.source.text[spans[self.start][0] : end]


def narrowing_dropped(claim: Reading, asked: Collection[str], window: Window) -> str:
    """condition_dropped where a restriction was left out, order_differs where the claim joins the ends of two
    things said; else empty.

    Args:
        asked: stems of the question, which may set the case: "Can I park here after 18:00?"
    """
    known = set(asked) | set(window.context) | {stem(token) for token in claim.all_tokens}
    for beside in alignments(claim, window):
        if beside.nearness < _REPEATS:
            continue
        for dropped in _dropped(beside):
            if _spliced(dropped) or _step_skipped(dropped):
                return "order_differs"
            if len(dropped.content & known) >= _KNOWN * len(dropped.content):
                continue
            if any(narrows(dropped) for narrows in _WAYS):
                return "condition_dropped"
    return ""


def _dropped(beside: Alignment) -> Iterator[_Dropped]:
    """Stretches with content words in whose place the claim has none."""
    for kind, a, b, c, d in beside.opcodes:
        bare = kind == "replace" and _EMPTY.issuperset(beside.mine[a:b])
        if (kind == "insert" or bare) and beside.theirs[c:d] != ("in", "order"):
            found = _Dropped(beside, c, d)
            if found.content:
                yield found


def _spliced(dropped: _Dropped) -> bool:
    """The claim skips from inside one of two things joined by "and" into the inside of the other."""
    if not dropped.before or not dropped.following or "," in dropped.gap:
        return False
    for at, word in enumerate(dropped.words):
        if word in _JOINING:
            return bool(content_stems(" ".join(dropped.words[:at]))) and bool(
                content_stems(" ".join(dropped.words[at + 1 :]))
            )
    return False


def _step_skipped(dropped: _Dropped) -> bool:
    """A step in the middle is left out: "print it, weigh it and then hand it in"."""
    rest = (*dropped.words[-2:], *dropped.beside.theirs[dropped.end : dropped.end + 2])
    return bool(dropped.before) and not _NEXT.isdisjoint(rest) and not _NEXT.isdisjoint(dropped.beside.mine)


def _subject_narrowed(dropped: _Dropped) -> bool:
    """ "Craftsmen [who are accompanied] may enter": it stands behind a noun and before its verb."""
    first = dropped.words[0]
    relative = first in _RELATIVE
    if not dropped.before or not is_content(dropped.before[-1]):
        return False
    # A comma parts what only explains, in English; in German every relative clause has one.
    if "(" in dropped.gap or ("," in dropped.gap and not (relative and not first.startswith("w"))):
        return False
    if relative and not dropped.following:
        return True
    narrows = first in _NARROWING or first.endswith(("ed", "ing"))
    verb = dropped.following in _RULING or (is_content(dropped.following) and not _has_verb(dropped.before))
    return narrows and bool(dropped.following) and verb


def _has_verb(words: tuple[str, ...]) -> bool:
    return not (_RULING | _TOLD).isdisjoint(words)


def _attribute_dropped(dropped: _Dropped) -> bool:
    """ "[Part-time] employees receive": right before the word that the claim opens with."""
    opening = dropped.beside.claim.stems[:1]
    if not opening or stem(dropped.following) != opening[0] or len(dropped.words) > _LONGEST_ATTRIBUTE:
        return False
    if content_stems(" ".join(dropped.before)) or not all(_says_which(word) for word in dropped.words):
        return False
    names = (set(name.words) for name in dropped.beside.source.names)
    mine = dropped.beside.mine
    at = mine.index(dropped.following) if dropped.following in mine else -1
    if mine[at + 1 : at + 2] != dropped.beside.theirs[dropped.end + 1 : dropped.end + 2]:
        return False  # the claim goes on in its own words: "lorry park" is "parking area for trucks"
    named = any({dropped.following, *dropped.words} <= words for words in names)
    return not named and not set(",;:()").intersection(dropped.inner)


def _opening_dropped(dropped: _Dropped) -> bool:
    """ "[In winter] the pool closes at 20:00": of what is a rule and no event."""
    if dropped.before or dropped.words[0] not in _RESTRICTING or not _SETS_NO_CASE.isdisjoint(dropped.words):
        return False
    return _TOLD.isdisjoint(dropped.beside.theirs)


def _condition_cut(dropped: _Dropped) -> bool:
    """ "If they hold a licence [and have been instructed]"."""
    clause = " ".join(dropped.before).rpartition(",")[2].split()
    return dropped.words[0] in ("and", "und") and not _CONDITIONS.isdisjoint(clause)


def _limit_dropped(dropped: _Dropped) -> bool:
    """ "Alice approves invoices [up to 5,000 euros]"."""
    numbers = any(word[0].isdigit() or word in NUMBER_WORDS for word in dropped.words)
    if not dropped.before or not _JOINING.isdisjoint((dropped.words[0], dropped.words[-1])):
        return False  # another thing said
    return numbers and not _LIMITS.isdisjoint(dropped.words) and _TOLD.isdisjoint(dropped.beside.theirs)


def _says_which(word: str) -> bool:
    return is_content(word) and not word.endswith("ly") and word not in _ADVERBS


def _rule_widened(dropped: _Dropped) -> bool:
    """ "You may park here [after 18:00]": a rule without its restriction."""
    if dropped.words[0] not in _RESTRICTING or set(",(").intersection(dropped.gap):
        return False
    if dropped.words[0] in ("from", "von") and dropped.following in ("to", "auf"):
        return False  # where something rises from, or goes from
    mine = set(dropped.beside.mine)
    return bool(mine & _RULING) and mine.isdisjoint(_TOLD) and _has_verb(dropped.before)


_WAYS = (
    _subject_narrowed,
    _attribute_dropped,
    _rule_widened,
    _opening_dropped,
    _condition_cut,
    _limit_dropped,
)
