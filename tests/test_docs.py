"""The documents for people say what the program does: settings, links, commands and names are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands

from kb.conf import Config
from kb.exceptions import ConfigurationError
from tests.performance.__main__ import WHERE

ROOT = Path(__file__).resolve().parents[1]
NOT_OURS = ("var", "build", "dist", "node_modules")
# The demo documents are data: their addresses belong to a company that does not exist.
DATA = ROOT / "ingest" / "demo" / "corpus"

FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
SETTING = re.compile(r"\bKB_[A-Z][A-Z0-9_]*\b")
SPECS: Mapping[str, Mapping[str, Any]] = {item.metadata["name"]: item.metadata for item in fields(Config)}


@dataclass(frozen=True)
class Row:
    """One line of a table in docs/configuration.md."""

    names: list[str]
    kind: str
    default: str
    bounds: str
    meaning: str


def documents() -> list[Path]:
    """Every Markdown file of the repository that is written for people."""
    found = []
    for path in sorted(ROOT.rglob("*.md")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") or part.endswith(".egg-info") for part in parts)
        if not hidden and parts[0] not in NOT_OURS and DATA not in path.parents:
            found.append(path)
    return found


def prose(path: Path) -> str:
    """The text without code, in which brackets are not links."""
    return CODE_SPAN.sub("", FENCE.sub("", path.read_text(encoding="utf-8")))


def code(path: Path) -> str:
    """What stands in code, one piece a line."""
    text = path.read_text(encoding="utf-8")
    fenced = [match.group() for match in FENCE.finditer(text)]
    return "\n".join([*fenced, *CODE_SPAN.findall(FENCE.sub("", text))])


def anchors(path: Path) -> set[str]:
    """What a link may name behind #: headings in lower case, with hyphens for spaces."""
    headings = HEADING.findall(FENCE.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows() -> Iterator[Row]:
    for line in (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `KB_"):
            name, kind, _, default, bounds, meaning = (cell.strip() for cell in line.strip("|").split("|"))
            yield Row(SETTING.findall(name), kind, default.strip("`"), bounds, meaning)


def by_name() -> dict[str, Row]:
    return {row.names[0]: row for row in rows()}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_setting_is_documented_once_and_nothing_else() -> None:
    assert sorted(row.names[0] for row in rows()) == sorted(SPECS)


@pytest.mark.parametrize("name", SPECS)
def test_documented_default_is_the_default(name: str) -> None:
    assert by_name()[name].default == (SPECS[name]["default"] or "empty")


@pytest.mark.parametrize("name", SPECS)
def test_secrets_and_only_secrets_are_documented_with_a_file(name: str) -> None:
    expected = [name, f"{name}_FILE"] if SPECS[name]["secret"] else [name]
    assert by_name()[name].names == expected


@pytest.mark.parametrize("name", SPECS)
def test_documented_bounds_are_accepted_and_what_lies_beyond_is_refused(name: str) -> None:
    row, parse = by_name()[name], SPECS[name]["parse"]
    if row.kind in ("whole number", "number"):
        low, high = (int(bound) for bound in row.bounds.split(" to "))
        accepted, refused = [str(low), str(high)], [str(low - 1), str(high + 1)]
    elif row.kind in ("choice", "boolean"):
        accepted, refused = re.findall(r"`([^`]+)`", row.bounds), ["yes", "true", ""]
    else:
        assert row.bounds == "–"
        accepted, refused = ["anything, at all"], []
    for value in accepted:
        parse(name, value)
    for value in refused:
        with pytest.raises(ConfigurationError, match=name):
            parse(name, value)


def test_every_setting_has_a_meaning() -> None:
    for row in rows():
        assert len(row.meaning) > 20, row.names
        assert row.meaning.endswith("."), row.names


@pytest.mark.parametrize("path", documents(), ids=named)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (path.parent / file).resolve() if file else path
        assert linked.exists(), target
        assert linked.is_relative_to(ROOT), f"{target} leads out of the repository"
        if anchor and linked.suffix == ".md":
            assert anchor in anchors(linked), target


@pytest.mark.parametrize("path", documents(), ids=named)
def test_every_named_setting_exists(path: Path) -> None:
    known = set(SPECS) | {f"{name}_FILE" for name, spec in SPECS.items() if spec["secret"]}
    assert set(SETTING.findall(path.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("path", documents(), ids=named)
def test_every_named_management_command_exists(path: Path) -> None:
    mentioned = set(re.findall(r"manage\.py[ \t]+([a-z][a-z_]*)", path.read_text(encoding="utf-8")))
    assert mentioned <= get_commands().keys()


@pytest.mark.parametrize("path", documents(), ids=named)
def test_every_named_make_target_exists(path: Path) -> None:
    targets = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    mentioned = set(re.findall(r"(?:^|[\s`])make ([a-z]+)\b", code(path)))
    assert mentioned <= set(" ".join(targets).split())


def test_architecture_links_every_decision_record() -> None:
    folder = ROOT / "docs" / "decisions"
    numbers = [path.name[:4] for path in sorted(folder.glob("*.md"))]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    linked = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for path in folder.glob("*.md"):
        assert f"decisions/{path.name}" in linked, path.name


def test_every_benchmark_is_explained() -> None:
    explained = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    assert {name for name in WHERE if f"`{name}`" not in explained} == set()


def test_the_newest_version_is_in_the_changelog() -> None:
    declared = re.search(
        r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert declared is not None
    assert f"## [{declared[1]}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
