"""How much of a text comes out of a parser is measured by what a reader sees."""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.fidelity import compare, readable, token_f1

WANTED = """# A *title*

Words and [a link](https://x.example) <!-- image --> of **the** text.

| A | B |
| - | - |
| 1 | two |
"""


@pytest.mark.parametrize(
    "same",
    [
        WANTED,
        "A title\n=======\n\nwords and a link of the TEXT.\n\n|A|B|\n|:--|:-:|\n|1|two|",
        "# A title\n\nWords ![picture](x.png) and a link of<br>the text.\n\n"
        "<table><tr><td>A</td><td>B</td></tr><tr><td>1</td><td>two</td></tr></table>",
    ],
)
def test_another_way_of_writing_costs_nothing(same: str) -> None:
    found = compare(readable(same), readable(WANTED))
    assert (found.token_f1, found.headings, found.tables) == (1.0, 1, 1)


def test_plain_text_has_no_marks() -> None:
    assert readable("# a <b>", "plain").words == {"a": 1, "b": 1}
    assert not readable("# a", "plain").headings


def test_words_headings_and_tables_that_are_missing_cost() -> None:
    found = compare(readable("A title\n\nWords and a link of the text."), readable(WANTED))
    assert 0.7 < found.token_f1 < 0.9
    assert (found.headings, found.tables) == (0, 0)


def test_a_table_counts_once() -> None:
    table = "| A | B |\n| - | - |\n| 1 | 2 |"
    assert compare(readable(table), readable(f"{table}\n\nx\n\n{table}")).tables == 1


@settings(deadline=None)
@given(st.text(), st.text())
def test_measure_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    first, second = readable(one, "plain").words, readable(other, "plain").words
    assert 0 <= token_f1(first, second) == token_f1(second, first) <= 1
    assert token_f1(first, first) == 1


@pytest.fixture
def parsing_set(tmp_path: Path) -> Path:
    entries: list[dict[str, str | None]] = []
    for name, source, wanted in (
        ("good.md", "# A\n\nWords.", "# A\n\nWords."),
        ("half.txt", "one", "one two three"),
        ("bad.zip", "PK", "words"),
    ):
        (tmp_path / name).write_text(source, encoding="utf-8")
        (tmp_path / f"{name}.truth").write_text(wanted, encoding="utf-8")
        form = "mixed" if name == "half.txt" else name.rpartition(".")[2]
        entries.append({"format": form, "source": name, "groundtruth_md": f"{name}.truth"})
    entries.append({"format": "md", "source": "good.md", "groundtruth_md": None})
    lines = "\n".join(map(json.dumps, entries))
    (tmp_path / "index.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def evaluated(path: Path, *arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("evaluate", "parsing", str(path), "--json", *arguments, stdout=out)
    figures: dict[str, Any] = json.loads(out.getvalue())
    return figures


def test_command_measures_each_format(parsing_set: Path) -> None:
    figures = evaluated(parsing_set)
    assert set(figures) == {"md", "txt", "zip"}
    assert figures["md"]["files"] == 1
    assert figures["md"]["ours"]["token_f1"] == 1.0
    assert figures["md"]["ours"]["headings_found"] == 1
    assert figures["txt"]["ours"]["token_f1"] == 0.5
    assert figures["zip"]["ours"]["token_f1"] == 0.0
    assert figures["zip"]["ours"]["failed"] == {"bad.zip": "unsupported"}


def test_command_measures_another_program_beside(parsing_set: Path) -> None:
    program = parsing_set / "other.py"
    program.write_text("import sys; assert 'zip' not in sys.argv[1]; print('# A')", encoding="utf-8")
    figures = evaluated(parsing_set, "--compare", f"{sys.executable} {program}")
    assert figures["md"]["other"]["token_f1"] == pytest.approx(0.667)
    assert figures["zip"]["other"]["failed"] == {"bad.zip": "CalledProcessError"}


def test_folder_without_an_index_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"index\.jsonl"):
        evaluated(tmp_path)
