"""The words of AsciiDoc lines: links become their words, macros what they show, and marks of emphasis go."""

from __future__ import annotations

import re
from collections.abc import Mapping

_MAX_ATTRIBUTES_DEEP = 3
_ATTRIBUTE = re.compile(r"\{([A-Za-z0-9_][\w-]*)\}")
_ANCHOR = re.compile(r"\[\[[^\[\]\n]{1,200}\]\]|\[#[^\[\]\n]{1,200}\](?=\S)")
_CROSS_REFERENCE = re.compile(r"<<([^<>,\n]{1,200})(?:,([^<>\n]{1,300}))?>>")
_LINK = re.compile(r"(?:link:|xref:|mailto:)([^\s\[\]]{1,500})\[([^\[\]\n]{0,500})\]")
_ADDRESS = re.compile(r"((?:https?|ftp|irc)://[^\s\[\]<>]{1,1000})\[([^\[\]\n]{0,500})\]")
_SHOWN = re.compile(r"\b(?:kbd|btn|stem|latexmath|asciimath|pass|mailto):[a-z,]{0,10}\[([^\[\]\n]{0,500})\]")
_MENU = re.compile(r"\bmenu:([^\s\[\]]{1,200})\[([^\[\]\n]{0,300})\]")
_NOTE = re.compile(r"\s?\bfootnote(?:ref)?:[\w-]{0,100}\[([^\[\]\n]{1,1000})\]")
_IMAGE = re.compile(r"\b(?:image|icon):{1,2}([^\s\[\]:]{1,500})\[([^\[\]\n]{0,500})\]")
_INDEX = re.compile(r"\bindexterm2?:\[[^\[\]\n]{0,300}\]|\(\(\([^()\n]{1,300}\)\)\)")
_INDEXED = re.compile(r"\(\(([^()\n]{1,300})\)\)")
_ROLE = re.compile(r"\[[.#%][\w .#%-]{1,100}\](?=[#*_`])")
_MARKS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\*\*([^*\n]{1,2000})\*\*",
        r"__([^_\n]{1,2000})__",
        r"(?<![\w*])\*(?![\s*])([^*\n]{1,2000})(?<!\s)\*(?![\w*])",
        r"(?<![\w_])_(?![\s_])([^_\n]{1,2000})(?<!\s)_(?![\w_])",
        r"(?<![\w#])#(?![\s#])([^#\n]{1,2000})(?<!\s)#(?![\w#])",
        r"\+\+\+([^+\n]{1,2000})\+\+\+",
    )
)
_CODE = re.compile(r"(`[^`\n]{1,500}`)")


def shown_words(line: str, attributes: Mapping[str, str]) -> str:
    """What a reader sees of a line; words between backticks stay as they are."""
    longest = 10 * len(line) + 1000
    for _ in range(_MAX_ATTRIBUTES_DEEP):
        filled = _ATTRIBUTE.sub(lambda match: attributes.get(match[1].lower(), match[0]), line)
        if filled == line or len(filled) > longest:
            break
        line = filled
    return "".join(piece if piece.startswith("`") else _plain(piece) for piece in _CODE.split(line))


def image_words(attributes: str) -> str:
    """The alternative text in the brackets of an image macro."""
    first = attributes.partition(",")[0].strip().strip('"')
    named = re.search(r'\balt=("[^"]*"|[^,]*)', attributes)
    return named[1].strip('"') if named else "" if "=" in first else first


def _plain(text: str) -> str:
    text = _INDEX.sub("", _ANCHOR.sub("", text))
    text = _INDEXED.sub(r"\1", text)
    text = _NOTE.sub(r" (\1)", text)
    text = _IMAGE.sub(lambda match: image_words(match[2]), text)
    text = _CROSS_REFERENCE.sub(lambda match: match[2] or match[1].lstrip("#"), text)
    text = _LINK.sub(lambda match: _link_words(match[2]) or match[1], text)
    text = _ADDRESS.sub(lambda match: _link_words(match[2]) or match[1], text)
    text = _SHOWN.sub(r"\1", text)
    text = _MENU.sub(lambda match: " > ".join(filter(None, [match[1], match[2]])), text)
    text = _ROLE.sub("", text)
    for mark in _MARKS:
        text = mark.sub(r"\1", text)
    return text


def _link_words(text: str) -> str:
    words, _, rest = text.partition(",")
    return (words if not rest or "=" in rest else text).rstrip("^").strip('"')
