"""llama.cpp's grammars as llguidance reads them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kb.exceptions import InvalidInputError
from kb.llm.gbnf import MAX_GRAMMAR_CHARS, lark_of_gbnf
from tests.llm.bytewise import Forms, next_bytes, taken


@pytest.fixture(scope="module")
def forms() -> Iterator[Forms]:
    made = Forms()
    yield made
    made.close()


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
        ('root ::= "a" x "c" | "ab" "d"\nx ::= "b"', ["abc", "abd"], ["ab", "abcd"]),
        ('root ::= [a-z]+ "x"', ["abx", "xx"], ["x", "ab"]),
        ('root ::= root "x" | "y"', ["y", "yxx"], ["x"]),
        ('root ::= "ab"{2}{2} ("c" | | "d"){0,0}', ["abababab"], ["abab", "ababababc"]),
        ("root ::= . [\\uD800-\\uDFFFa]", ["aa", "\na"], ["ab"]),
        ("root ::= [^]", ["x", "\n"], ["", "xx"]),
        ('root ::= a-b aB a_b\naB ::= "2"\na-b ::= "1"\na_b ::= "3"', ["123"], ["12"]),
        ('root ::= a b\na ::= "x"?\nb ::= a "y"', ["y", "xy", "xxy"], ["x", "xxxy"]),
    ],
)
def test_grammar_allows_its_texts_and_no_others(
    forms: Forms, grammar: str, right: list[str], wrong: list[str]
) -> None:
    form = lark_of_gbnf(grammar)
    assert [text for text in right if not forms.allows(form, text)] == []
    assert [text for text in wrong if forms.allows(form, text)] == []


def test_beginning_of_a_character_is_allowed_only_where_the_character_may_become_one_of_the_grammar(
    forms: Forms,
) -> None:
    follower = forms.begin(lark_of_gbnf('root ::= "é" | "😀"'))
    smiley = "😀".encode()

    assert next_bytes(follower) == ["é".encode()[0], smiley[0]]
    assert taken(follower, smiley[:3]) == 3
    assert next_bytes(follower) == [smiley[3]]
    assert not follower.is_complete


@pytest.mark.parametrize(
    ("grammar", "reason"),
    [
        ("", "no rule root"),
        ('answer ::= "x"', "no rule root"),
        ("root ::= other", "other, which it does not define"),
        ('root ::= "x', "line 1"),
        ('root ::= "x"\nroot ::= "y"', "line 2: root is defined twice"),
        ("root ::= [a", "line 1"),
        ('root ::= "x")', "could close"),
        ("root ::= * x", "nothing to repeat"),
        ('"x"', "name of a rule"),
        (r'root ::= "\U00110000"', "no character"),
        ('root ::= "' + "x" * MAX_GRAMMAR_CHARS, "are allowed"),
        ("root ::= []", "no character is possible"),
        ('root ::= ("x"', ") is missing"),
        ('root = "x"', "::= are missing"),
        ('root ::= "x"{3,2}', "comes before"),
        (r'root ::= "\q"', "line 1"),
        ("root ::= <think>", "not understood"),
    ],
)
def test_grammar_that_cannot_be_read_is_refused_with_the_place(grammar: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        lark_of_gbnf(grammar)
    assert reason in caught.value.message
