"""Front matter, YAML between "---" or TOML between "+++": read as data, never as part of the text."""

from __future__ import annotations

import datetime
import math
import re
import tomllib
from typing import Any

import yaml

from ingest.parsers.base import normalise_text

# PyYAML reads about 50 KB per second; real front matter is a few lines.
MAX_CHARS = 8_192
MAX_VALUES = 500
MAX_DEPTH = 6
MAX_KEY_CHARS = 200

_FENCED = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML = re.compile(r"\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_KEY_LINE = re.compile(r"([A-Za-z_][\w-]*):(?:[ \t]+(.*))?")


class _Loader(yaml.SafeLoader):
    """SafeLoader without aliases: nested ones expand to billions of values."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Separate the front matter from the text after it.

    Returns:
        Its values as JSON values (dates as ISO strings) and the text without it; an empty dict and the
        unchanged text when the text does not begin with front matter.
    """
    is_toml = text.startswith("+++")
    if not is_toml and not text.startswith("---"):
        return {}, text
    fenced = (_TOML if is_toml else _FENCED).match(text[: MAX_CHARS + 8])
    if fenced is None:
        return {}, text
    values = _load_toml(fenced[1]) if is_toml else _load(fenced[1])
    if values is None:
        return {}, text
    return values, text[fenced.end() :].lstrip("\n")


def _load(source: str) -> dict[str, Any] | None:
    try:
        # _Loader is a SafeLoader: it builds plain values only.
        loaded = yaml.load(source, _Loader)  # noqa: S506
    # ValueError: impossible dates and numbers of too many digits.
    except (yaml.YAMLError, ValueError, RecursionError):
        return _key_lines(source)
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        return None
    values = _as_json(loaded, [MAX_VALUES], 0)
    return values if isinstance(values, dict) else None


def _load_toml(source: str) -> dict[str, Any] | None:
    try:
        loaded = tomllib.loads(source)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        return None
    values = _as_json(loaded, [MAX_VALUES], 0)
    return values if isinstance(values, dict) else None


def _key_lines(source: str) -> dict[str, Any] | None:
    """Read `key: value` lines that are not valid YAML, for example a title with a colon in it.

    Returns:
        None when other lines stand between them: then this is text between two rules.
    """
    values: dict[str, Any] = {}
    for line in source.split("\n"):
        match = _KEY_LINE.fullmatch(line)
        if match:
            values[match[1]] = (match[2] or "").strip().strip("\"'")
        elif line.strip() and not line.startswith((" ", "\t", "- ", "#")):
            return None
    return values or None


def _as_json(value: Any, budget: list[int], depth: int) -> Any:
    budget[0] -= 1
    if budget[0] < 0 or depth > MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return {
            normalise_text(str(key))[:MAX_KEY_CHARS]: _as_json(item, budget, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set):
        return [_as_json(item, budget, depth + 1) for item in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, str):
        return normalise_text(value)  # "\0" in quotes is a NUL
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return str(value)
