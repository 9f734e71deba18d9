"""What a reader sees of Markdown and HTML is what is redacted and blocked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.rules.conditions import compile_condition
from kb.rules.folding import fold, settled
from kb.rules.patterns import compile_pattern
from kb.rules.personal import CARD, EMAIL, IBAN, KINDS, PHONE
from kb.rules.pieces import Piece
from kb.rules.redaction import REMOVED, Redaction, shown

OWN = Redaction(own=(compile_pattern(r"\bfalcon\b"), compile_pattern(r"project \w+")))
BOTH = Redaction(frozenset(KINDS), OWN.own)
DISGUISED = [
    ("bob&#64;acme.example", EMAIL),
    ("bob&#x40;acme.example", EMAIL),
    ("bob&commat;acme&period;example", EMAIL),
    ("bob &#40;at&#41; acme.example", EMAIL),
    ("bob&nbsp;(at)&nbsp;acme.example", EMAIL),
    ("bob&nbsp;at acme&nbsp;dot example", EMAIL),
    ("&quot;bob berg&quot;@acme.example", EMAIL),
    ("bob@**acme**.example", EMAIL),
    ("**bob**@acme.example", EMAIL),
    ("bob`@`acme.example", EMAIL),
    ("bob@~~acme~~.example", EMAIL),
    ("_bob_ (at) _acme_.example", EMAIL),
    ("bob\\@acme\\.example", EMAIL),
    ("bob%40acme.example", EMAIL),
    ("bob%40acme%2Eexample", EMAIL),
    ("**4111** 1111 1111 1111", CARD),
    ("**4111 1111** 1111 1111", CARD),
    ("4111_1111_1111_1111", CARD),
    ("4111*1111*1111*1111", CARD),
    ("4111&nbsp;1111&nbsp;1111&nbsp;1111", CARD),
    ("4111 &nbsp; 1111 1111 1111", CARD),
    ("`4111` `1111` `1111` `1111`", CARD),
    ("_4111_ _1111_ _1111_ _1111_", CARD),
    ("4111\\-1111\\-1111\\-1111", CARD),
    ("&#52;&#49;11 1111 1111 1111", CARD),
    ("**DE89** 3704 0044 0532 0130 00", IBAN),
    ("DE89&nbsp;3704&#160;0044 0532 0130 00", IBAN),
    ("**+49** 30 1234567", PHONE),
    ("\\(212\\) 555-0187", PHONE),
    ("&plus;49 30 1234567", PHONE),
]


@pytest.mark.parametrize(("written", "kind"), DISGUISED)
def test_personal_data_in_markup_is_found_wherever_the_stream_is_cut(written: str, kind: str) -> None:
    text = f"See {written} or come, thanks."
    wanted = Redaction(frozenset([kind]))
    pieces = wanted.pieces(text)
    assert [piece.kind for piece in pieces if piece.kind] == [kind]
    assert not any(word in _shown(pieces) for word in ("bob", "acme", "111", "0532", "1234567", "0187"))
    assert _shown(pieces).startswith("See ") and _shown(pieces).endswith(" or come, thanks.")
    assert len(wanted.masked(text)[0]) == len(text)
    for cut in range(len(text) + 1):
        assert _streamed([text[:cut], text[cut:]], wanted) == _shown(pieces)
    assert _streamed(list(text), wanted) == _shown(pieces)


@pytest.mark.parametrize(
    "written",
    [
        "f&#97;lcon", "**fal**con", "fal\u200bcon", "`fal`con", "fal~~con~~",
        "&#102;&#97;&#108;&#99;&#111;&#110;",
        "project&nbsp;_owl_", "project **owl**", "project&#32;owl", "ｆalcon",
    ],
)  # fmt: skip
@pytest.mark.parametrize("before", [0, 90, 99, 100, 150, 199, 300])
@pytest.mark.parametrize("wanted", [OWN, BOTH], ids=["own", "both"])
def test_own_pattern_in_markup_is_found_wherever_the_stream_is_cut(
    written: str, before: int, wanted: Redaction
) -> None:
    text = "." * before + f" {written} and " + "." * 250
    whole = _shown(wanted.pieces(text))
    assert "fal" not in whole and "owl" not in whole and whole.count(REMOVED) == 1
    for cut in range(before, len(text), 7):
        assert _streamed([text[:cut], text[cut:]], wanted) == whole
    assert _streamed(list(text), wanted) == whole


@pytest.mark.parametrize("chars", range(184, 196))
def test_reference_at_the_end_of_a_window_is_not_read_before_it_is_written(chars: int) -> None:
    text = f"project {'x' * chars}&#97;**b**\\_c and " + "." * 250
    wanted = Redaction(own=OWN.own[1:])
    assert _streamed(list(text), wanted) == _shown(wanted.pieces(text))


@pytest.mark.parametrize("sign", ["@", "%40", "&#64;", "(at)", " [at] "])
def test_of_a_link_with_an_address_the_rest_stays(sign: str) -> None:
    wanted = Redaction(frozenset([EMAIL]))
    pieces = wanted.pieces(f"[Calendar](https://example.org/embed?src=jane{sign}acme.example&x=1) of all")
    assert _shown(pieces) == f"[Calendar](https://example.org/embed?src={REMOVED}) of all"


def test_own_pattern_is_found_as_it_is_written_too() -> None:
    marked = Redaction(own=(compile_pattern(r"\*\*draft\*\*"), compile_pattern(r"&amp;Co")))
    assert _shown(marked.pieces("A **draft** of M&amp;Co.")) == f"A {REMOVED} of M{REMOVED}."


def test_matches_side_by_side_in_references_are_all_found() -> None:
    text = " ".join(["f&#97;lcon falcon fal**con**"] * 40)
    assert set(_shown(OWN.pieces(text)).split()) <= {REMOVED, REMOVED + "**"}


def test_markup_holds_back_no_more_than_a_window() -> None:
    stream = Redaction(own=OWN.own[:1]).stream()
    said = "".join(shown(piece) for piece in stream.feed("A **bold** word. " * 20))
    assert len(said) >= 100


@given(st.text("ab1 &#6;4*_`~\\%0@\u200b\u00a0x", max_size=60), st.integers(0, 60))
def test_what_is_settled_is_read_the_same_whatever_follows(text: str, cut: int) -> None:
    sure = settled(text[:cut])
    early = fold(text[:cut], stop=sure)
    whole = fold(text)
    assert whole.text.startswith(early.text)
    assert whole.starts[: len(early.starts)] == early.starts
    assert whole.ends[: len(early.ends)] == early.ends


@given(st.text("ab1&#64;*_`~\\%0@ \n", max_size=40), st.text("ab1&#64;*_`~\\%0@ \n", max_size=40))
def test_words_are_read_one_by_one_as_they_are_together(one: str, other: str) -> None:
    assert fold(f"{one} {other}").text == f"{fold(one).text} {fold(other).text}"


def test_hostile_markup_takes_linear_time() -> None:
    """Case 29. As for the text as it stands."""
    for text in (
        "&" * 100_000, "&#" * 50_000, "&#97;" * 20_000, "*" * 100_000, "*a" * 50_000, "_ " * 50_000,
        "\\" * 100_000, "\u200b" * 100_000, ("\u200b" * 1590 + "abcdefghij") * 60, "4 4 3 2 1 " * 10_000,
        "4.4" * 33_000, "DE89." * 20_000, "DE 89 " * 16_000, "IBAN" * 25_000,
    ):  # fmt: skip
        BOTH.pieces(text)


@pytest.mark.parametrize(
    "text",
    ["the f&#97;lcon", "the **fal**con", "the f&#x61;lcon&#115;", "the `fal`con", "fal&shy;con"],
)
def test_blocked_words_and_expressions_are_seen_in_markup(text: str) -> None:
    assert compile_condition(["falcon"], []).cause(text) == "falcon"
    assert compile_condition([], [r"\bfalcons?\b"]).cause(text) == "pattern"
    assert compile_condition(["owl"], []).cause(text) is None


def test_blocked_words_without_spaces_are_seen_in_markup() -> None:
    assert compile_condition(["\u730e\u9e70"], []).cause("the &#29454;**&#40560;** cabinet") == "\u730e\u9e70"


def _shown(pieces: list[Piece]) -> str:
    return "".join(shown(piece) for piece in pieces)


def _streamed(parts: list[str], wanted: Redaction) -> str:
    stream = wanted.stream()
    made = [piece for part in parts for piece in stream.feed(part)]
    return _shown([*made, *stream.close()])
