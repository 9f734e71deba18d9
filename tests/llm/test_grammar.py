"""Grammars: what they allow, and what is refused before it can do harm."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.exceptions import InvalidInputError
from kb.llm.errors import GrammarError
from kb.llm.grammar.gbnf import MAX_GRAMMAR_CHARS, read_grammar
from kb.llm.grammar.matcher import Matcher

# Far more than any of them needs, far less than what each does to llama.cpp.
SOON_S = 5.0
DOUBLING = 'root ::= "a" root "b" | "a" root "c" | "a"'


def matches(grammar: str, text: str) -> bool:
    return goes_on(Matcher(read_grammar(grammar)), text.encode())


def goes_on(matcher: Matcher, *parts: bytes) -> bool:
    """Whether the answer may be these parts, and end there."""
    for part in parts:
        if not matcher.allows(part, None):
            return False
        matcher.accept(part, None)
    return matcher.is_complete


@pytest.mark.parametrize(
    ("grammar", "right", "wrong"),
    [
        ('root ::= "yes" | "no"', ["yes", "no"], ["", "y", "yesno", "Yes"]),
        ('root ::= [a-c]{2,3}"-"?', ["ab", "abc-"], ["a", "abca", "ad"]),
        ("root ::= [^a-c]+", ["xyz", "-"], ["", "xa"]),
        ("root ::= .{2}", ["é😀"], ["é", "abc"]),
        ('root ::= ("ab"){2,}', ["abab", "ababab"], ["ab", "abb", "ababa"]),
        ('root ::= "ab"{0}"c"{1}', ["c"], ["abc", ""]),
        ('root ::= item ("," item)*\nitem ::= [0-9]+', ["1", "1,22,3"], ["1,", ",1"]),
        ('root ::= "(" root ")" | ""', ["", "()", "((()))"], ["(", "())"]),
        ('root ::= (  "a" # a comment\n | "b"\n)\n\n# more\n', ["a", "b"], ["ab"]),
        ('root ::= "a" |\n "b"', ["a", "b"], [""]),
        (r'root ::= "\"\\\n\x41\u00e9\U0001F600" [\]\-\[]', ['"\\\nAé😀-', '"\\\nAé😀]'], ['"\\\nAé😀a']),
        ('root ::= [a-] "x"', ["ax", "-x"], ["bx"]),
        ('root ::= "é" | [à-ü]', ["é", "ö"], ["e", "z"]),
        ('root ::= a b\na ::= "x"?\nb ::= a "y"', ["y", "xy", "xxy"], ["x", "xxxy"]),
    ],
)
def test_grammar_allows_its_texts_and_no_others(grammar: str, right: list[str], wrong: list[str]) -> None:
    assert [text for text in right if not matches(grammar, text)] == []
    assert [text for text in wrong if matches(grammar, text)] == []


@given(st.sets(st.integers(0, 20)))
def test_text_may_be_split_anywhere_even_inside_of_a_character(cuts: set[int]) -> None:
    text = "naïve 😀 Größe".encode()
    places = [0, *sorted(cuts), len(text)]
    parts = [text[start:end] for start, end in pairwise(places)]

    assert goes_on(Matcher(read_grammar('root ::= "naïve " [😀-😅] .*')), *parts)


def test_beginning_of_a_character_is_allowed_only_where_the_character_may_become_one_of_the_grammar() -> None:
    matcher = Matcher(read_grammar('root ::= "é" | "😀"'))
    smiley = "😀".encode()

    assert matcher.allows("é".encode()[:1], None)
    assert matcher.allows(smiley[:2], None)
    assert not matcher.allows("ÿ".encode()[:1] + b"a", None)
    assert not matcher.allows(b"\xe4", None)
    assert not matcher.allows(b"\xff", None)
    matcher.accept(smiley[:3], None)
    assert not matcher.is_complete
    assert not matcher.allows(b"\x81", None)
    matcher.accept(smiley[3:], None)
    assert matcher.is_complete


@pytest.mark.parametrize(
    ("grammar", "reason"),
    [
        ("", "no rule root"),
        ('answer ::= "x"', "no rule root"),
        ("root ::= other", "other, which it does not define"),
        ('root ::= "x', "line 1"),
        ('root ::= "x"\nroot ::= "y"', "line 2: root is defined twice"),
        ("root ::= [a", "line 1"),
        ("root ::= []", "no character is possible"),
        ('root ::= ("x"', ") is missing"),
        ('root = "x"', "::= is missing"),
        ('root ::= "x"{3,2}', "comes before"),
        (r'root ::= "\q"', "line 1"),
        ("root ::= <think>", "not understood"),
        ('root ::= root "x" | "y"', "root of the grammar can begin with itself"),
        ('root ::= "a" | b\nb ::= c "x"\nc ::= b', "begin with itself"),
        # llama.cpp takes this one, and never comes back.
        ('root ::= e root "x" | "y"\ne ::= f\nf ::= "" | "z"', "root of the grammar can begin with itself"),
        ('root ::= ("a"*)*', "begin with itself"),
    ],
)
def test_grammar_that_cannot_be_used_is_refused_with_the_place(grammar: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_grammar(grammar)
    assert reason in caught.value.message


@pytest.mark.parametrize(
    "grammar",
    [
        "root ::= " + "(" * 20_000 + '"x"' + ")" * 20_000,
        'root ::= "x"{0,100000000}',
        'root ::= "x"{10000}{10000}{10000}',
        "root ::= " + '"x"{10000} ' * 5000,
        'root ::= "' + "x" * MAX_GRAMMAR_CHARS,
        'root ::= "' + "x" * (MAX_GRAMMAR_CHARS - 20),
        "root ::= [" + "x" * (MAX_GRAMMAR_CHARS - 20),
        "root ::= " + "x " * 30_000,
    ],
)
def test_gigantic_grammar_is_refused_at_once(grammar: str) -> None:
    """Some of them end llama.cpp with a stack overflow, others take its memory."""
    started_s = time.monotonic()
    with pytest.raises(InvalidInputError):
        read_grammar(grammar)
    assert time.monotonic() - started_s < SOON_S


def test_long_chains_and_repeated_references_are_no_trouble() -> None:
    """Both end llama.cpp: one its stack, the other its time."""
    chain = "\n".join(f"a{n} ::= a{n + 1}" for n in range(3000))
    twice = "\n".join(f"a{n} ::= a{n + 1} | a{n + 1}" for n in range(60))

    assert matches(f'root ::= a0\n{chain}\na3000 ::= "x"', "x")
    assert matches(f'root ::= a0\n{twice}\na60 ::= "x"', "x")


def test_meanings_that_double_with_each_character_are_cut_off_in_time() -> None:
    """llama.cpp takes seven seconds for the 14th, and four times as long for each further one."""
    matcher = Matcher(read_grammar(DOUBLING))
    started_s = time.monotonic()
    assert matcher.allows(b"a" * 6, None)
    assert not matcher.allows(b"a" * 60, None)
    with pytest.raises(GrammarError, match="ambiguous"):
        matcher.accept(b"a" * 60, None)
    assert time.monotonic() - started_s < SOON_S

    nested = "\n".join(f'a{n} ::= a{n + 1} "x" | a{n + 1} "y"' for n in range(60))
    with pytest.raises(GrammarError, match="ambiguous"):
        Matcher(read_grammar(f'root ::= a0\n{nested}\na60 ::= "z"'))


def test_long_text_of_an_ordinary_grammar_is_never_cut_off() -> None:
    matcher = Matcher(read_grammar('root ::= ("[" root "]" | [a-z ] ","?)*'))
    for _ in range(20_000):
        matcher.accept(b"[ab, c]", "[ab, c]")
    assert matcher.is_complete
