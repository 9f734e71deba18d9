"""evaluate support: figures of verdicts, from a file of labels or planted sentences."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from kb.quality.support import Labelled, evaluate_support, figures

ROWS = [
    {"sentence": "The office opens at 7:00.", "passage": "The office opens at 7:00 daily.",
    "supported": True},
    {"sentence": "The office opens at 8:00.", "passage": "The office opens at 7:00 daily.",
    "supported": False, "kind": "time"},
]  # fmt: skip


def written(folder: Path, rows: list[dict[str, object]]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_the_command_ends_with_the_contracts_line(tmp_path: Path) -> None:
    out = StringIO()
    call_command("evaluate", "support", str(written(tmp_path, ROWS)), "--json", stdout=out)
    found = json.loads(out.getvalue().splitlines()[-1])
    assert (found["n"], found["precision"], found["recall"]) == (2, 1.0, 1.0)
    assert {kind: share["right"] for kind, share in found["by_kind"].items()} == {"all": 1.0, "time": 1.0}


def test_precision_and_recall_are_those_of_the_verdict_supported() -> None:
    rows = [Labelled("", "", supported) for supported in (True, True, False, False)]
    found = figures(rows, [True, False, True, True])
    assert (found["precision"], found["recall"]) == (0.3333, 0.5)
    assert (found["errors_refused"]["right"], found["truths_kept"]["right"]) == (0.0, 0.5)


def test_an_interval_holds_its_share_and_stays_inside_of_0_and_1() -> None:
    found = figures([Labelled("", "", True)] * 50, [True] * 50)
    low, high = found["truths_kept"]["interval"]
    assert 0.9 < low < 1.0 == high


def test_no_verdict_is_no_figure() -> None:
    assert figures([], [])["precision"] is None


@pytest.mark.parametrize(
    "row", [{"sentence": "A.", "passage": "B."}, {"sentence": "A.", "passage": 3, "supported": True}]
)
def test_a_row_that_lacks_something_is_named(tmp_path: Path, row: dict[str, object]) -> None:
    with pytest.raises(CommandError, match="Line 2"):
        call_command("evaluate", "support", str(written(tmp_path, [ROWS[0], row])))


def test_a_data_set_is_planted_and_most_is_judged_rightly(tmp_path: Path) -> None:
    text = (
        "The office in Lucerne opens at 7:00 and closes at 20:30. Visitors must sign the"
        " book before they leave."
    )
    (tmp_path / "documents.jsonl").write_text(json.dumps({"id": 1, "text": text}), encoding="utf-8")
    found = evaluate_support(tmp_path, 5, 0)
    assert found["n"] > 4
    assert {"verbatim", "modality", "direction"} <= set(found["by_kind"])
    assert found["errors_refused"]["right"] == 1.0
