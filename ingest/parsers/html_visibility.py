"""What of a page a person does not see (case 19).

Parts that are not displayed at all (menus, dialogues) are dropped. Text that is displayed and cannot be seen
(white on white, without size, transparent, off the screen) is kept and reported: that is how words are
smuggled in, but a page whose colours come from elsewhere may only look like it. Styles are read from
attributes and from simple rules of the page's own style sheets; nothing is fetched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

# Private characters frame what is not seen while the page becomes Markdown; the page's own are taken out.
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"
_MARKS = re.compile(f"[{_OPEN}{_CLOSE}]")
_NOT_DISPLAYED = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|content-visibility\s*:\s*hidden", re.IGNORECASE
)
_DECLARATION = re.compile(r"([a-z-]+)\s*:\s*([^;}]{1,200})", re.IGNORECASE)
_RULE = re.compile(r"([^{}]{1,300})\{([^{}]{0,2000})\}")
_SIMPLE = re.compile(r"^(?:[a-z][a-z0-9]*|\.[\w-]+|#[\w-]+|[a-z][a-z0-9]*\.[\w-]+)$", re.IGNORECASE)
_TRANSPARENT = re.compile(r"^(?:transparent|rgba?\([^)]*[,/]\s*0?\.?0+%?\s*\))$", re.IGNORECASE)
_NOTHING = re.compile(r"^0*\.?0*(?:px|pt|em|rem|%)?$|^0?\.[0-9]px$|^1px$", re.IGNORECASE)
_FAR_AWAY = re.compile(r"^-\s*(?:\d{4,}(?:\.\d+)?(?:px|pt)?|\d{3,}(?:em|rem|vw|vh|%))$", re.IGNORECASE)
_NAMED = {
    "white": (255, 255, 255), "snow": (255, 250, 250), "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245), "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240), "black": (0, 0, 0),
}  # fmt: skip
_WHITE = (255, 255, 255)
# The sum of the differences of red, green and blue below which nobody reads.
_UNREADABLE = 24
_LEAST_OPACITY = 0.05
Styles = dict[str, str]
Colour = tuple[int, int, int]


def is_dropped(tag: Tag, whole_length: int) -> bool:
    """Whether the tag is not displayed, or is decoration that is hidden from screen readers too."""
    if tag.has_attr("hidden") or _NOT_DISPLAYED.search(str(tag.get("style") or "")):
        return True
    # A page that was saved with a dialogue open hides all of its content so.
    return tag.get("aria-hidden") == "true" and len(tag.get_text()) <= whole_length / 2


def mark_unseen(page: BeautifulSoup, rules: dict[str, Styles]) -> None:
    """Frame each text that is displayed and cannot be seen; `take_marks` finds the frames again."""
    looks = _Looks(rules)
    for string in list(page.find_all(string=True)):
        if type(string) is not NavigableString or not string.strip():
            continue
        words = without_marks(string)
        if string.parent is not None and not looks.of(string.parent).is_seen:
            words = frame_unseen(words)
        if words != string:
            string.replace_with(words)


def without_marks(words: str) -> str:
    """The words without characters that could be taken for frames."""
    return _MARKS.sub("", words)


def frame_unseen(words: str) -> str:
    """Frame words, which hold no frame yet."""
    return f"{_OPEN}{words}{_CLOSE}"


def take_marks(markdown: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text without the frames, and the spans [start, end) that they framed."""
    pieces, spans, length, at, opened = [], [], 0, 0, -1
    for match in _MARKS.finditer(markdown):
        pieces.append(markdown[at : match.start()])
        length += match.start() - at
        at = match.end()
        if match.group() == _OPEN:
            opened = length
        elif 0 <= opened < length:
            spans.append((opened, length))
            opened = -1
    return "".join([*pieces, markdown[at:]]), tuple(spans)


def style_rules(page: BeautifulSoup) -> dict[str, Styles]:
    """By selector (a tag, a class, an id, a tag with a class), the declarations of the page's own sheets."""
    found: dict[str, Styles] = {}
    for sheet in page.find_all("style"):
        for selectors, body in _RULE.findall(sheet.string or ""):
            declared = _declarations(body)
            for selector in selectors.split(","):
                if _SIMPLE.match(selector.strip()):
                    found.setdefault(selector.strip().lower(), {}).update(declared)
    return found


def _declarations(body: str) -> Styles:
    return {
        name.lower(): value.replace("!important", "").strip().lower()
        for name, value in _DECLARATION.findall(body)
    }


def _styles(tag: Tag, rules: dict[str, Styles]) -> Styles:
    classes = [str(name).lower() for name in tag.get_attribute_list("class") if name]
    identity = str(tag.get("id") or "").lower()
    selectors = [tag.name, *(f".{name}" for name in classes), *(f"{tag.name}.{name}" for name in classes)]
    styles: Styles = {}
    if tag.get("bgcolor"):
        styles["background-color"] = str(tag["bgcolor"]).lower()
    if tag.name == "font" and tag.get("color"):
        styles["color"] = str(tag["color"]).lower()
    for selector in [*selectors, f"#{identity}"]:
        styles.update(rules.get(selector, {}))
    styles.update(_declarations(str(tag.get("style") or "")))
    return styles


@dataclass(frozen=True)
class _Look:
    """How text directly in a tag looks; empty where no tag around it says anything."""

    vanished: bool = False
    colour: str = ""
    size: str = ""
    background: str = ""

    def inside(self, styles: Styles) -> _Look:
        """The look in a tag that stands in one of this look."""
        background = styles.get("background-color") or styles.get("background") or ""
        if _TRANSPARENT.match(background):
            background = ""
        return _Look(
            self.vanished or _vanishes(styles),
            styles.get("color") or self.colour,
            styles.get("font-size") or self.size,
            background or self.background,
        )

    @property
    def is_seen(self) -> bool:
        if self.vanished or (self.size and _NOTHING.match(self.size)):
            return False
        if not self.colour:
            return True
        return not _TRANSPARENT.match(self.colour) and _differs(self.colour, self.background or None)


class _Looks:
    """The looks of a page's tags, each worked out once."""

    def __init__(self, rules: dict[str, Styles]) -> None:
        self._rules = rules
        self._known: dict[int, _Look] = {}

    def of(self, tag: Tag) -> _Look:
        waiting = []
        look = _Look()
        for above in (tag, *tag.parents):
            if id(above) in self._known:
                look = self._known[id(above)]
                break
            if above.name != "[document]":
                waiting.append(above)
        for above in reversed(waiting):
            look = self._known[id(above)] = look.inside(_styles(above, self._rules))
        return look


def _vanishes(styles: Styles) -> bool:
    """Whether a style makes a tag and everything in it invisible, whatever stands around it."""
    if _NOT_DISPLAYED.search(";".join(f"{name}:{value}" for name, value in styles.items())):
        return True
    faint = _share(styles.get("opacity", "1")) < _LEAST_OPACITY
    moved = any(
        _FAR_AWAY.match(styles.get(side, "")) for side in ("left", "top", "right", "bottom", "text-indent")
    )
    clipped = re.match(r"^rect\(\s*0(?:px)?[ ,]+0(?:px)?[ ,]+0", styles.get("clip", "")) is not None
    return faint or moved or clipped


def _share(value: str) -> float:
    """An opacity, "0.5" or "50%"; 1 when it is neither."""
    try:
        return float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        return 1.0


def _differs(colour: str, background: str | None) -> bool:
    """Whether text of a colour can be read; a background that is a picture or unknown counts as readable."""
    front, back = _rgb(colour), _WHITE if background is None else _rgb(background)
    if front is None or back is None:
        return True
    return sum(abs(one - other) for one, other in zip(front, back, strict=True)) > _UNREADABLE


def _rgb(colour: str) -> Colour | None:
    colour = colour.strip()
    if colour in _NAMED:
        return _NAMED[colour]
    if re.fullmatch(r"#[0-9a-f]{3}(?:[0-9a-f])?", colour):
        return int(colour[1] * 2, 16), int(colour[2] * 2, 16), int(colour[3] * 2, 16)
    if re.fullmatch(r"#[0-9a-f]{6}(?:[0-9a-f]{2})?", colour):
        return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
    numbers = re.match(r"rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})", colour)
    return (int(numbers[1]), int(numbers[2]), int(numbers[3])) if numbers else None
