"""What a question names to the letter: identifiers, quoted phrases, and words that hardly any chunk has."""

from __future__ import annotations

import re

from kb.search.engine.analysis import normalise

_RARE_CHUNKS = 3  # a word in no more chunks than this is rare when it looks like a name
_RARE_SHARE = 0.001  # in no larger share of many chunks it is rare whatever it looks like
# In a question of more words a rare one among them is not what it is about. Any word may be rare by accident.
_MOST_BESIDE_NAME, _MOST_BESIDE_WORD = 16, 5
_MOST_PHRASES = 8
_MOST_CHARS = 200
_QUOTED = re.compile(
    rf"""
    "([^"\n]{{2,{_MOST_CHARS}}})" | “([^“”\n]{{2,{_MOST_CHARS}}})” | „([^„“”\n]{{2,{_MOST_CHARS}}})[“”]
    | «([^«»\n]{{2,{_MOST_CHARS}}})» | `([^`\n]{{2,{_MOST_CHARS}}})`
    | (?<!\w)'(?=\w)([^'\n]{{2,{_MOST_CHARS}}})'(?!\w) | ‘([^‘’\n]{{2,{_MOST_CHARS}}})’(?!\w)
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[^\W_]+")
_MOST_NAMES, _LONGEST_NAME = 8, 4


def quoted_phrases(question: str) -> list[str]:
    """What stands between quotation marks or backticks, in order."""
    found = _QUOTED.finditer(normalise(question))
    return [next(filter(None, match.groups())) for match in found][:_MOST_PHRASES]


def rare_in(chunks: int, words: int, *, like_a_name: bool) -> float:
    """In how many chunks at most a word of a question may stand to be rare; 0 where none is.

    Args:
        chunks: how many there are.
        words: distinct words of the question, without stop words.
    """
    if like_a_name:
        return max(_RARE_CHUNKS, _RARE_SHARE * chunks) if words <= _MOST_BESIDE_NAME else 0
    return _RARE_SHARE * chunks if words <= _MOST_BESIDE_WORD else 0


def full_names(question: str) -> list[str]:
    """Runs of two to four words with a capital, in order: "Will Slack", whose words may be common ones."""
    words = list(_WORD.finditer(normalise(question)))
    names: list[str] = []
    run: list[re.Match[str]] = []
    for word in [*words, None]:
        touches = bool(run) and word is not None and word.start() == run[-1].end() + 1
        if word is not None and word[0][0].isupper() and (touches or not run):
            run.append(word)
            continue
        if 2 <= len(run) <= _LONGEST_NAME:
            names.append(" ".join(each[0] for each in run))
        run = [word] if word is not None and word[0][0].isupper() else []
    return names[:_MOST_NAMES]


def without_quotations(question: str) -> str:
    """The normalised question with a gap for each quotation, whatever their number."""
    return _QUOTED.sub(" ", normalise(question))


def name_like(question: str) -> set[str]:
    """Words written like a name: with a capital letter after the first word, or one within, or a digit."""
    words = list(_WORD.finditer(normalise(question)))
    return {
        match[0]
        for at, match in enumerate(words)
        if any(letter.isupper() for letter in match[0][0 if at else 1 :]) or any(map(str.isdigit, match[0]))
    }
