"""From fragments of a rendered template to token ids."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

from kb.llm.template import Fragment
from kb.llm.types import Span


class Vocabulary(Protocol):
    @property
    def bos(self) -> int: ...

    @property
    def control_tokens(self) -> frozenset[int]: ...

    def tokenize(self, text: str, *, with_control: bool) -> list[int]: ...

    def text(self, token: int) -> str: ...


def tokenize_prompt(vocabulary: Vocabulary, fragments: Iterable[Fragment]) -> list[int]:
    """Token ids of the prompt; control tokens come from the template alone (case 16).

    Each fragment is tokenized for itself. No pair of characters is merged across their borders, which
    costs a token here and there and nothing else: templates end their markup with a line break.
    """
    return tokenize_with_units(vocabulary, fragments)[0]


def tokenize_with_units(
    vocabulary: Vocabulary, fragments: Iterable[Fragment]
) -> tuple[list[int], list[Span]]:
    """The same, and which of the tokens are those of units, in order."""
    tokens: list[int] = []
    units: list[Span] = []
    for fragment in fragments:
        start = len(tokens)
        if fragment.is_content:
            tokens += tokenize_content(vocabulary, fragment.text)
        else:
            tokens += vocabulary.tokenize(fragment.text, with_control=True)
        if fragment.is_unit:
            units.append(Span(start, len(tokens)))
    if vocabulary.bos >= 0 and tokens[:1] != [vocabulary.bos]:
        tokens.insert(0, vocabulary.bos)
        units = [Span(start + 1, end + 1) for start, end in units]
    return tokens, units


def tokenize_content(vocabulary: Vocabulary, text: str) -> list[int]:
    """Token ids of a text that is data, none of them a control token.

    Without parsing of control tokens, most vocabularies yield none. Some still do: files that declare
    markers as ordinary words, and merges that happen to spell ``</s>``. There the marker is cut in two, so
    that the model reads its letters.
    """
    tokens = vocabulary.tokenize(text, with_control=False)
    found = vocabulary.control_tokens.intersection(tokens)
    if not found:
        return tokens
    markers = [vocabulary.text(token) for token in found]
    return [
        token
        for part in _cut_inside(text, markers)
        for token in vocabulary.tokenize(part, with_control=False)
        if token not in vocabulary.control_tokens
    ]


def is_marker(text: str, template: str) -> bool:
    """Whether an added word of the vocabulary is markup: the template writes it, and not just as a space.

    Line breaks and runs of spaces are added words in some vocabularies, and occur in every template.
    """
    return len(text.strip()) > 1 and text in template


def _cut_inside(text: str, markers: Sequence[str]) -> Iterator[str]:
    """The text in parts that hold no whole marker; a marker is parted after its first character."""
    start = 0
    for cut in sorted(_cuts(text, markers)):
        yield text[start:cut]
        start = cut
    yield text[start:]


def _cuts(text: str, markers: Sequence[str]) -> Collection[int]:
    cuts = set()
    for marker in markers:
        at = text.find(marker) if len(marker) > 1 else -1
        while at >= 0:
            cuts.add(at + 1)
            at = text.find(marker, at + 1)
    return cuts
