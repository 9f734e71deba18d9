"""Sentences made from passages by a program: true ones, lightly rephrased ones, and ones with one planted error."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kb.rag.dates import find_dates
from kb.rag.sentences import split_segments
from kb.rag.types import Passage
from kb.rag.wordlists import NUMBER_WORDS

Change = Callable[[str, random.Random], str | None]
MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WORDS = {str(value): name for name, value in NUMBER_WORDS.items()}
UNIT_SWAPS = {
    "days": "weeks", "day": "week", "weeks": "days", "week": "month", "months": "weeks", "month": "year", "hours": "days",
    "hour": "day", "minutes": "hours", "years": "months", "year": "month", "EUR": "USD", "GBP": "EUR", "%": " EUR",
    "percent": "euros", "km": "miles", "GB": "MB", "nights": "weeks", "night": "week",
}  # fmt: skip
STRANGERS = ("Petra Lindqvist", "Tomasz Wójcik", "Harrow Street", "Bluefin", "Kestrel")


@dataclass(frozen=True)
class Made:
    """A sentence made from ``passages[index]``, and what was done to it."""

    kind: str
    source: str
    sentence: str
    passage: Passage


def plain_sentences(passage: Passage) -> Iterator[str]:
    """Sentences of running text, long enough to say something."""
    for segment in split_segments(passage.text):
        words = passage.text[segment.body : segment.body_end]
        if segment.block == "p" and len(words.split()) >= 6 and words.endswith(".") and "](" not in words:
            yield " ".join(words.split())


def make(passages: list[Passage], changes: dict[str, Change], seed: int) -> list[Made]:
    """Apply every change to every sentence that it can change."""
    chance = random.Random(seed)
    made = []
    for passage in passages:
        for sentence in plain_sentences(passage):
            for kind, change in changes.items():
                changed = change(sentence, chance)
                if changed is not None and changed != sentence:
                    made.append(Made(kind, sentence, changed, passage))
    return made


def other_number(sentence: str, chance: random.Random) -> str | None:
    """One number in digits becomes another; dates are left alone."""
    dates = [range(date.start, date.end) for date in find_dates(sentence)]
    numbers = [
        m
        for m in re.finditer(r"(?<![\w.,:/-])\d[\d,]*(?:\.\d+)?(?![\w:/-])", sentence)
        if not any(m.start() in d for d in dates)
    ]
    if not numbers:
        return None
    match = chance.choice(numbers)
    wrong = str(int(float(match.group().replace(",", ""))) + chance.choice((1, 2, 5, 10, 100)))
    return sentence[: match.start()] + wrong + sentence[match.end() :]


def other_number_word(sentence: str, chance: random.Random) -> str | None:
    """A number in words becomes another."""
    numbers = list(re.finditer(rf"\b(?:{'|'.join(NUMBER_WORDS)})\b", sentence, re.IGNORECASE))
    numbers = [match for match in numbers if match.group().lower() not in ("one", "zero")]
    if not numbers:
        return None
    match = chance.choice(numbers)
    wrong = chance.choice(
        [word for word in ("two", "three", "six", "nine", "twelve") if word != match.group().lower()]
    )
    return sentence[: match.start()] + wrong + sentence[match.end() :]


def other_date(sentence: str, chance: random.Random) -> str | None:
    """Day, month or year of a date changes."""
    match = re.search(rf"\b(\d{{1,2}}) ({'|'.join(MONTH_NAMES)}) (\d{{4}})", sentence)
    if match is None:
        return None
    day, month, year = int(match.group(1)), match.group(2), int(match.group(3))
    wrong = chance.choice(
        (
            f"{day % 28 + 1} {month} {year}",
            f"{day} {MONTH_NAMES[MONTH_NAMES.index(month) - 1]} {year}",
            f"{day} {month} {year - 1}",
        )
    )
    return sentence[: match.start()] + wrong + sentence[match.end() :]


def other_weekday(sentence: str, chance: random.Random) -> str | None:
    """A weekday becomes another."""
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    match = re.search("|".join(days), sentence)
    if match is None:
        return None
    return sentence.replace(match.group(), chance.choice([day for day in days if day not in sentence]), 1)


def other_name(sentence: str, chance: random.Random) -> str | None:
    """A name becomes a stranger's."""
    match = re.search(r"(?<=[a-z,] )(?!(?:January|February|March|April|May|June|July|August|September|October|November|December|"
                      r"Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|I|EUR|GBP|USD)\b)[A-Z][a-z]+(?: [A-Z][a-z]+)*", sentence)  # fmt: skip
    return sentence.replace(match.group(), chance.choice(STRANGERS), 1) if match else None


def other_opening_name(sentence: str, chance: random.Random) -> str | None:
    """Two capitalised words that open the sentence become a stranger's name."""
    match = re.match(r"(?!The |A |All |Every )[A-Z][a-z]+ [A-Z][a-z]+(?= [a-z])", sentence)
    return chance.choice(STRANGERS[:2]) + sentence[match.end() :] if match else None


def negation(sentence: str, chance: random.Random) -> str | None:
    """A "not" comes or goes, or a modal verb changes its force."""
    swaps = (
        (r"\bmust not\b", "must"), (r"\bmay not\b", "may"), (r"\bis not\b", "is"), (r"\bare not\b", "are"), (r"\bcannot\b", "can"),
        (r"\bdo not\b", "do"), (r"\bnever\b", "always"), (r"\bmust\b", "may"), (r"\bmay\b", "may not"), (r"\bcan\b(?!['\u2019])", "cannot"),
        (r"\bshould\b", "should not"), (r"\bis\b", "is not"), (r"\bare\b", "are not"), (r"\bwill\b", "will not"), (r"\bwithout\b", "with"),
        (r"\bonly\b ?", ""), (r"\bhas\b", "has no"),
    )  # fmt: skip
    possible = [(pattern, new) for pattern, new in swaps if re.search(pattern, sentence)]
    if not possible:
        return None
    pattern, new = possible[0] if "not" in sentence or "never" in sentence else chance.choice(possible)
    return re.sub(pattern, new, sentence, count=1)


def other_unit(sentence: str, chance: random.Random) -> str | None:
    """The unit beside a number changes."""
    numbers = "|".join([r"\d[\d,.]*", *NUMBER_WORDS])
    found = list(
        re.finditer(
            rf"\b(?:{numbers})(?: (?:working|business|calendar))?[ -]?({'|'.join(UNIT_SWAPS)})(?!\w)",
            sentence,
        )
    )
    if not found:
        return None
    match = chance.choice(found)
    return sentence[: match.start(1)] + UNIT_SWAPS[match.group(1)] + sentence[match.end(1) :]


def swapped_subject(sentence: str, _: random.Random) -> str | None:
    """Two parties around a verb change places."""
    noun = r"(?:the|The|a|an|your|their) [a-z]+"
    match = re.match(
        rf"^({noun}) ((?:must |may |can |will |should |has to )?[a-z]+(?:s|es)?(?: [a-z]+)?) ({noun})(?=[ .,])",
        sentence,
    )
    if match is None:
        return None
    first, verb, second = match.groups()
    return f"{second[0].upper()}{second[1:]} {verb} {first[0].lower()}{first[1:]}{sentence[match.end() :]}"


def other_subject(sentence: str, chance: random.Random) -> str | None:
    """The party that a sentence opens with becomes another one."""
    parties = ("manager", "auditor", "employee", "supervisor", "team", "contractor", "director")
    match = re.match(
        rf"^(The |An? |Your |Each |Every )?({'|'.join(parties)})(?=s? )", sentence, re.IGNORECASE
    )
    if match is None:
        return None
    wrong = chance.choice([party for party in parties if party not in sentence.lower()])
    return (
        (match.group(1) or "") + (wrong if match.group(1) else wrong.capitalize()) + sentence[match.end() :]
    )


def verbatim(sentence: str, _: random.Random) -> str:
    """The sentence itself, so that it counts as made: with another kind of space."""
    return sentence.replace(" ", "  ", 1)


def digits_and_words(sentence: str, _: random.Random) -> str | None:
    """Small numbers change between digits and words."""
    changed = re.sub(
        r"(?<![\w.,:/-])\d{1,2}(?= (?:working |calendar )?[a-z])",
        lambda m: WORDS.get(m.group(), m.group()),
        sentence,
    )
    if changed == sentence:
        numbers = {name: str(value) for name, value in NUMBER_WORDS.items() if value > 1}
        changed = re.sub(rf"\b(?:{'|'.join(numbers)})\b", lambda m: numbers[m.group()], sentence)
    return changed if changed != sentence else None


def date_format(sentence: str, chance: random.Random) -> str | None:
    """A date is written in another way."""
    match = re.search(rf"\b(\d{{1,2}}) ({'|'.join(MONTH_NAMES)}) (\d{{4}})", sentence)
    if match is None:
        return None
    day, month, year = int(match.group(1)), match.group(2), match.group(3)
    forms = (
        f"{month} {day}, {year}",
        f"{year}-{MONTH_NAMES.index(month) + 1:02}-{day:02}",
        f"{day} {month[:3]} {year}",
    )
    return sentence[: match.start()] + chance.choice(forms) + sentence[match.end() :]


def attributed(sentence: str, _: random.Random) -> str:
    """With "According to the policy," before it."""
    keep = (
        sentence[0]
        if re.match(r"[A-Z][a-z]+ [A-Z]", sentence) or sentence[1:2].isupper()
        else sentence[0].lower()
    )
    return f"According to the policy, {keep}{sentence[1:]}"


def clause_first(sentence: str, _: random.Random) -> str | None:
    """A trailing if-clause or when-clause moves to the front."""
    match = re.fullmatch(r"([A-Z][^,]*?),? ((?:if|when|unless) [^,]+)\.", sentence)
    if match is None:
        return None
    main, clause = match.groups()
    return f"{clause[0].upper()}{clause[1:]}, {main[0].lower()}{main[1:]}."


def other_words(sentence: str, _: random.Random) -> str | None:
    """Everyday synonyms and contractions."""
    swaps = (
        (r"\bmust\b(?! not)", "have to"), (r"\bemployees\b", "staff"), (r"\bbuy\b", "purchase"), (r"\bcannot\b", "can't"),
        (r"\bdo not\b", "don't"), (r"\bis not\b", "isn't"), (r"\bstart\b", "begin"), (r"\bmay\b(?! not)", "can"), (r"\bfor example\b", "e.g."),
        (r"\bbefore\b", "prior to"), (r"\bmust not\b", "may not"),
    )  # fmt: skip
    changed = sentence
    for pattern, new in swaps:
        changed = re.sub(pattern, new, changed, count=1)
    return changed if changed != sentence else None


def shortened(sentence: str, _: random.Random) -> str | None:
    """Adverbs and articles go."""
    changed = re.sub(r"\b(?:the|a|an|all|also|then|usually|normally|always|any)\b ", "", sentence)
    changed = changed[0].upper() + changed[1:]
    return changed if changed != sentence else None


ERRORS: dict[str, Change] = {
    "number": other_number, "number in words": other_number_word, "date": other_date, "weekday": other_weekday, "name": other_name,
    "opening name": other_opening_name, "negation": negation, "unit": other_unit, "swapped subject": swapped_subject,
    "other subject": other_subject,
}  # fmt: skip
TRUTHS: dict[str, Change] = {
    "verbatim": verbatim, "digits and words": digits_and_words, "date format": date_format, "attributed": attributed,
    "clause first": clause_first, "other words": other_words, "shortened": shortened,
}  # fmt: skip
