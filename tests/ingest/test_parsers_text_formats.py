"""Formats that are text with marks: CSV, AsciiDoc, reStructuredText, RTF."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from ingest.parsers import PARSERS, detect
from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.csv_table import find_separator
from ingest.parsers.rtf import RtfParser
from tests.ingest.office_files import hidden_words, parsed


def read(folder: Path, name: str, source: str | bytes) -> ParsedDocument:
    path = folder / "stored"
    path.write_bytes(source.encode() if isinstance(source, str) else source)
    return parsed(detect(path, name), path)


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("a\tb\n1, 2\t3\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('a,b\n"x;y;z",2\n', ","),
        ("only\none\n", ","),
    ],
)
def test_separator_of_values_is_found(text: str, separator: str) -> None:
    assert find_separator(text) == separator


def test_values_become_a_table_in_any_encoding(tmp_path: Path) -> None:
    table = "| Größe | Text |\n| --- | --- |\n| 1 | a \\| b c |\n| 2 |  |"
    for encoding in ("utf-8", "cp1252", "utf-16"):
        source = 'Größe;Text\n1;"a | b\nc"\n2\n'.encode(encoding)
        assert read(tmp_path, "t.csv", source).text == table
    assert read(tmp_path, "t.csv", "sep=|\nx|y;z\n").text == "| x | y;z |\n| --- | --- |"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("One\nifdef::web[]\ntwo\nendif::web[]\nthree.", "One two three."),
        ("ifdef::web[Only there.]\n\nHere.", "Only there.\n\nHere."),
        ('* one\nifeval::["{a}" == "b"]\n* two\nendif::[]', "- one\n- two"),
        ("----\nifndef::web[]\ncode\nendif::[]\n----", "```\ncode\n```"),
        (
            "|===\n|A |B\n\n|1 |2\nifdef::web[]\n|3 |4\nendif::[]\n|===",
            "| A | B |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |",
        ),
        ("----\n\\ifdef::web[]\n----", "```\nifdef::web[]\n```"),
        ("Words of\ninclude::other.adoc[]\nthis file.", "Words of this file."),
    ],
)
def test_conditions_of_asciidoc_are_no_text(tmp_path: Path, source: str, text: str) -> None:
    assert read(tmp_path, "a.adoc", source).text == text


def test_asciidoc_becomes_markdown(tmp_path: Path) -> None:
    source = """= Travel policy
Jane Doe <jane@x.example>
v1.2, 2024-03-01
:tool: Concur

// a comment
Book with *{tool}* at https://x.example[the site^]footnote:[A note.].

. One
.. Sub
. Two

* [x] done

[source,python]
----
a = "|"
----

.Rates
[cols="1,2*"]
|===
|Country |EUR |USD

|DE
2+|both 28
.2+|FR |1 |2
|3 |4
|===

include::secret.txt[]

image::a.png[The form]
"""
    document = read(tmp_path, "t.adoc", source)
    assert document.text == (
        "# Travel policy\n\nBook with Concur at the site (A note.).\n\n1. One\n    1. Sub\n2. Two\n    - [x] done\n\n"
        '```\na = "|"\n```\n\nRates\n\n| Country | EUR | USD |\n| --- | --- | --- |\n| DE | both 28 | both 28 |\n'
        "| FR | 1 | 2 |\n| FR | 3 | 4 |\n\nThe form"
    )
    assert document.title == "Travel policy"
    assert document.metadata == {"author": "Jane Doe", "modified": "2024-03-01"}


def test_restructuredtext_becomes_markdown(tmp_path: Path) -> None:
    source = """
Travel policy
=============

:Author: Jane Doe

Booking
-------

Book at :ref:`the tool <tool>` or :py:func:`~send`; see `the site <https://x.example>`_ [1]_.

.. versionchanged:: 2.0
   Limits are higher.

.. toctree::

   other

.. code-block:: python

   a = 1

=======  ===
Country  EUR
=======  ===
DE       28
=======  ===

.. [1] A note.
"""
    document = read(tmp_path, "t.rst", source)
    assert document.text == (
        "# Travel policy\n\n## Booking\n\nBook at the tool or send; see the site [1].\n\n"
        "Versionchanged: 2.0 Limits are higher.\n\n```\na = 1\n```\n\n"
        "| Country | EUR |\n| --- | --- |\n| DE | 28 |\n\n[1] A note."
    )
    assert document.title == "Travel policy"
    assert document.metadata == {"author": "Jane Doe"}


def test_restructuredtext_takes_in_no_other_file(tmp_path: Path) -> None:
    """Case 12: neither by directive nor by raw HTML, and no program is run."""
    (tmp_path / "secret.txt").write_text("planted")
    secret = tmp_path / "secret.txt"
    source = (
        f"Words.\n\n.. include:: {secret}\n\n.. raw:: html\n   :file: {secret}\n\n.. csv-table::\n   :file: {secret}\n\n"
        f".. literalinclude:: {secret}\n\n.. raw:: html\n\n   <p>planted</p>\n"
    )
    assert "planted" not in read(tmp_path, "t.rst", source).text


RTF = (
    r"{\rtf1\ansi\ansicpg1252{\info{\title Leave policy}{\author Jane}}{\fonttbl\f0 Arial;}\f0 Gr\'fc\'dfe.\par "
    r"\trowd\cellx1\cellx2 Kind\cell Days\cell\row\trowd\cellx1\cellx2 Paid\cell 20\cell\row\pard Then {\v obey me}.\par}"
)


def test_rich_text_keeps_words_and_tables_and_marks_what_is_hidden(tmp_path: Path) -> None:
    """Case 19."""
    document = read(tmp_path, "t.doc", RTF)
    assert document.text == "Grüße.\n\n| Kind | Days |\n| --- | --- |\n| Paid | 20 |\n\nThen obey me."
    assert document.title == "Leave policy"
    assert hidden_words(document) == ["obey me"]


def test_rich_text_without_words_says_so(tmp_path: Path) -> None:
    """Case 14."""
    path = tmp_path / "x.rtf"
    path.write_bytes(rb"{\rtf1\ansi\par}")
    with pytest.raises(ParseError) as refused:
        RtfParser().parse(path)
    assert refused.value.code == "empty"


PATHOLOGICAL = (
    "*" * 50_000,
    "_a" * 30_000,
    "[[" * 30_000,
    "{a}" * 20_000,
    "`a" * 30_000,
    "|" * 50_000,
    "<<" * 30_000,
)


@pytest.mark.parametrize("name", ["t.adoc", "t.csv", "t.rtf"])
@pytest.mark.parametrize("text", PATHOLOGICAL)
def test_pathological_text_takes_no_time(tmp_path: Path, name: str, text: str) -> None:
    """Case 29."""
    started = time.process_time()
    source = rf"{{\rtf1 {text}}}" if name == "t.rtf" else f"x\n\n{text}"
    with contextlib.suppress(ParseError):  # where no words are left
        read(tmp_path, name, source)
    assert time.process_time() - started < 5


def test_attributes_that_hold_themselves_do_not_grow(tmp_path: Path) -> None:
    """Case 11."""
    source = ":a: {b}{b}{b}{b}{b}{b}{b}{b}{b}{b}\n:b: {a}{a}{a}{a}{a}{a}{a}{a}{a}{a}\n\n" + "{a}" * 1000
    assert len(read(tmp_path, "t.adoc", source).text) < 1_000_000


def test_every_parser_has_its_own_name() -> None:
    assert len({parser.name for parser in PARSERS}) == len(PARSERS)
