"""What is taken out of texts, and that streams lose exactly what whole texts lose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.rules.patterns import compile_pattern
from kb.rules.personal import CARD, EMAIL, IBAN, KINDS, PHONE
from kb.rules.redaction import REMOVED, Redaction, collapse, shown

EVERYTHING = Redaction(frozenset(KINDS))
OWN = Redaction(frozenset(KINDS), (compile_pattern(r"\bEMP-\d+\b"), compile_pattern(r"project \w+")))
PIECES = (
    "DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19", "4111 1111 1111 1111",
    "5500-0000-0000-0004",
    "max.mustermann@example.com", "+49 (0)30 / 123 456-78", "030 1234567", "(212) 555-0187", "14 days",
    "EMP-123",
    "2026-03-03", "Project Falcon", "EUR 1,000", "IBAN:", "[1]", "Call", "the", "USA", ".", ",",
    "\n", "\n\n", "- ",
    "12345678901234567890", "x" * 150, "é", "１２３", "…",
    "anna (at) example.org", "berg [at] example [dot] org", "berg at example dot org",
    '"anna berg"@example.org', "(", ")", "at", "dot", '"', "@", "(at)",
    "bob&#64;acme.example", "bob&commat;acme&#x2e;example", "bob&nbsp;&#40;at&#41;&nbsp;acme&nbsp;",
    "**4111** 1111 1111 1111", "**4111 1111** 1111 1111", "bob@**acme**.example", "_jane@acme.example_",
    "`4111` `1111` ~~1111~~ 1111", "bob\\@acme.example", "jane%40acme%2Eexample", "&nbsp;", "&quot;",
    "\u200b", "&#52;111&nbsp;1111  1111.1111", "E**MP**-12", "EMP&#45;&#x31;2", "Project&nbsp;Fal**con**",
    "&", "&#", ";",
    "&#64;", "#64;", "**", "*", "_", "`", "~~", "\\", "%40", "%", "40", "e_", "&#65", "&amp;#64;", "&lt;a",
)  # fmt: skip
# As they are cut while they are written.
SCRAPS = st.text("&#x64;*_`~\\%@.01ab \u200b", max_size=40)
TEXTS = st.lists(st.sampled_from([*PIECES, " ", " ", " "]), max_size=14).map("".join) | SCRAPS


def redact(text: str, wanted: Redaction = EVERYTHING) -> str:
    return "".join(shown(piece) for piece in wanted.pieces(text))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to max.mustermann@example.com.", EMAIL),
        ("Write to max＠example.com today", EMAIL),
        ("Write to anna.berg (at) example.org please", EMAIL),
        ("Write to anna.berg(at)example.org.", EMAIL),
        ("Write to berg [at] example [dot] org, or not", EMAIL),
        ("Write to anna [dot] berg@example.org.", EMAIL),
        ("Write to anna.berg@example [dot] org.", EMAIL),
        ("Schreiben Sie an berg (ät) example (punkt) org!", EMAIL),
        ("Write to berg ( at ) example.org", EMAIL),
        ("Write to berg {AT} example {DOT} org", EMAIL),
        ("Write to berg at example dot org.", EMAIL),
        ("Write to berg @ example.org now", EMAIL),
        ('Write to "anna berg"@example.org now', EMAIL),
        ("Call +49 30 1234567 now", PHONE),
        ("Call +49 (0)30 / 123 456-78", PHONE),
        ("Call 0049 30 1234567", PHONE),
        ("Call 030 1234567 or come", PHONE),
        ("Call (212) 555-0187.", PHONE),
        ("Pay to DE89 3704 0044 0532 0130 00 today", IBAN),
        ("Pay to DE89370400440532013000.", IBAN),
        ("Pay to GB29 NWBK 6016 1331 9268 19 BIC", IBAN),
        ("Pay to de89370400440532013000", IBAN),
        ("Card 4111 1111 1111 1111 until 12/28", CARD),
        ("Card 4111-1111-1111-1111", CARD),
        ("Card 378282246310005", CARD),
        ("Card 4111\u200b1111\u200b1111\u200b1111", CARD),
        ("Card ４１１１ １１１１ １１１１ １１１１", CARD),
        ("Card 4111\u00a01111\u00a01111\u00a01111", CARD),
        ("Card 4111  1111  1111  1111 until 12/28", CARD),
        ("Card 4111.1111.1111.1111", CARD),
        ("Card 4111 \u200b 1111 1111 1111", CARD),
        ("Card 3782  822463  10005", CARD),
        ("Invoice 06 4111 1111 1111 1111 is paid", CARD),
        ("Invoice 06 4111-1111-1111-1111 of 2026", CARD),
        ("Pay to IBANDE89370400440532013000 today", IBAN),
        ("Pay to iban_DE89370400440532013000 today", IBAN),
        ("Pay to DE89.3704.0044.0532.0130.00 today", IBAN),
        ("Pay to DE 89 3704 0044 0532 0130 00 today", IBAN),
        ("Pay to DE 89370400440532013000", IBAN),
        ("Call (555)1230017 now", PHONE),
        ("Call (555) 1230017 now", PHONE),
        ("Call (555)123-0017 now", PHONE),
    ],
)
def test_personal_data_is_found_by_its_kind(text: str, kind: str) -> None:
    masked, found = Redaction(frozenset([kind])).masked(text)
    assert found == [kind]
    assert len(masked) == len(text)
    assert not any(
        word in masked for word in ("1111", "example", "0532", "1234567", "555", "0004", "822463", "berg")
    )


@pytest.mark.parametrize(
    "text",
    [
        "Returns within 14 days, from 03.03.2026 to 31.12.2026.",
        "Open 08.00-17.00 and 2026-03-03.",
        "Order 0000 0000 0000 0000, EUR 1,000,000 or 12 345 678.",
        "Room 101, floor 2, extension 4711, ISO 9001:2015, KB-1234.",
        "Ask @everyone, not me@ or @there.",
        "Between 1990 and 2026 about 300 000 people.",
        "Look at example.org (at the bottom), or at the dot on the map.",
        'The "dot" and the "at" sign (@) are keys; see [1] (at most two).',
        "Order 2024.0001.0002.0009 and 1024  2048  4096  8192, from 2023  2024  2025  2026.",
        "Version 10.4.1234.5678, build 2026.03.03.1200, KB 12.345.678.901.234.",
        "1.05*1000*200 is EUR 210,000.00; **EUR 4,500** or *4,500*, ~4 500, 2**10 and 4 * 5 * 6.",
        "In 20 days, IN 20 days, EU 27 member states agreed on a common text of the law.",
        "On *03.03.2026* at `08.00`-`17.00`, &euro;1,000,000 &amp; 50%, 100%25 and R&D; snake_case_name.",
        "(555) items in 1230017 parts; see (200) 12 and **(3)** _4_ \\[5\\].",
    ],
)
def test_what_is_no_personal_data_stays(text: str) -> None:
    assert redact(text) == text


def test_numbers_with_wrong_check_digits_stay() -> None:
    card, iban = "Order 4111 1111 1111 1112.", "Pay DE89 3704 0044 0532 0130 01 now."
    assert redact(card, Redaction(frozenset([CARD]))) == card
    assert redact(iban, Redaction(frozenset([IBAN]))) == iban


def test_words_around_stay_and_the_length_tells_nothing() -> None:
    assert redact("Ask max@example.com, or call 030 1234567.") == f"Ask {REMOVED}, or call {REMOVED}."
    masked, _ = EVERYTHING.masked("Pay DE89 3704 0044 0532 0130 00 now")
    assert collapse(masked) == f"Pay {REMOVED} now"


@pytest.mark.parametrize(
    "address",
    ["anna (at) example.org", "berg at example dot org", '"anna berg"@example.org', "a [dot] b@example.org"],
)
def test_disguised_address_is_found_wherever_the_stream_is_cut(address: str) -> None:
    text = f"Please write to {address} on 030 1234567, thanks."
    whole = redact(text)
    assert "example" not in whole and whole.endswith("thanks.")
    for cut in range(len(text) + 1):
        assert _streamed([text[:cut], text[cut:]], EVERYTHING) == whole


def test_own_pattern_is_taken_out_whatever_its_case() -> None:
    assert redact("Ask emp-00042 about it", OWN) == f"Ask {REMOVED} about it"
    assert redact("TEMP-1 stays, EMP-1 does not", OWN) == f"TEMP-1 stays, {REMOVED} does not"


@pytest.mark.parametrize("before", [0, 99, 100, 101, 150, 199, 200, 201, 350])
def test_own_pattern_is_found_anywhere_in_a_long_line(before: int) -> None:
    text = "." * before + " EMP-123456 " + "." * 300
    assert "EMP" not in redact(text, OWN)
    assert redact(text, OWN).count(REMOVED) == 1


@pytest.mark.parametrize("wanted", [EVERYTHING, OWN, Redaction(own=OWN.own)], ids=["kinds", "both", "own"])
@pytest.mark.parametrize("piece", PIECES[:12])
def test_every_two_chunk_split_gives_the_same(wanted: Redaction, piece: str) -> None:
    text = f"Please see {piece} and {piece}, thanks. EMP-9"
    whole = redact(text, wanted)
    for cut in range(len(text) + 1):
        assert _streamed([text[:cut], text[cut:]], wanted) == whole


@given(TEXTS, st.data())
def test_every_cut_of_every_text_gives_the_same(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert _streamed(parts, OWN) == redact(text, OWN)


@given(TEXTS)
def test_single_characters_give_the_same(text: str) -> None:
    assert _streamed(list(text), OWN) == redact(text, OWN)


@given(TEXTS)
def test_nothing_but_removals_changes(text: str) -> None:
    assert "".join(piece.text for piece in OWN.pieces(text)) == text


def test_words_are_held_back_no_longer_than_needed() -> None:
    stream = EVERYTHING.stream()
    assert _text(stream.feed("Call the office at 030 ")) == "Call the office at"
    assert _text(stream.feed("123")) == ""
    assert _text(stream.feed("4567 or come")) == f" {REMOVED} or"
    assert _text(stream.close()) == " come"


def test_hostile_text_takes_linear_time() -> None:
    """Case 29. A hundred thousand characters each; quadratic time would take minutes."""
    for text in (
        "1 " * 50_000, "a@" * 50_000, "A1 " * 33_000, "+" * 100_000, "(0)" * 33_000, "x" * 100_000,
        "at " * 33_000, "a dot " * 17_000, '" ' * 50_000, "a @ " * 25_000, "( at ) " * 14_000, 'a "' * 33_000,
    ):  # fmt: skip
        redact(text, OWN)


def _text(pieces: object) -> str:
    return "".join(shown(piece) for piece in pieces)  # type: ignore[attr-defined]


def _streamed(parts: list[str], wanted: Redaction) -> str:
    stream = wanted.stream()
    made = [piece for part in parts for piece in stream.feed(part)]
    return _text([*made, *stream.close()])
