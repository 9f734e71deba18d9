"""Formulas of Office documents (OMML, ISO/IEC 29500-1 §22.1) as LaTeX."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from ingest.parsers.ooxml import M, words_of
from ingest.parsers.xml_tree import Element, children, local_name

_SIGNS = {
    "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∬": r"\iint", "∭": r"\iiint", "∮": r"\oint", "∯": r"\oiint",
    "∰": r"\oiiint", "⋃": r"\bigcup", "⋂": r"\bigcap", "⋀": r"\bigwedge", "⋁": r"\bigvee", "∞": r"\infty",
    "±": r"\pm", "∓": r"\mp", "×": r"\times", "÷": r"\div", "⋅": r"\cdot", "·": r"\cdot", "∙": r"\cdot",
    "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx", "≡": r"\equiv", "∼": r"\sim", "∝": r"\propto",
    "→": r"\to", "←": r"\leftarrow", "⇒": r"\Rightarrow", "⇔": r"\Leftrightarrow", "↔": r"\leftrightarrow",
    "∂": r"\partial", "∇": r"\nabla", "∈": r"\in", "∉": r"\notin", "⊂": r"\subset", "⊆": r"\subseteq",
    "∪": r"\cup", "∩": r"\cap", "∀": r"\forall", "∃": r"\exists", "∅": r"\emptyset", "∧": r"\wedge",
    "∨": r"\vee", "¬": r"\neg", "…": r"\ldots", "⋯": r"\cdots", "√": r"\sqrt", "−": "-", "–": "-",
    "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$", "ϵ": r"\epsilon", "′": "'",
}  # fmt: skip
_ACCENTS = {
    "̂": "hat", "̃": "tilde", "̄": "bar", "̅": "bar", "̇": "dot", "̈": "ddot", "⃗": "vec", "̆": "breve",
}  # fmt: skip
_FUNCTIONS = frozenset(
    (
        *(
            "arccos",
            "arcsin",
            "arctan",
            "cos",
            "cosh",
            "cot",
            "coth",
            "csc",
            "deg",
            "det",
            "dim",
            "exp",
            "gcd",
        ),
        *("inf", "ker", "lg", "lim", "ln", "log", "max", "min", "sec", "sin", "sinh", "sup", "tan", "tanh"),
    )
)
_PROPERTIES = frozenset({"ctrlPr", "oMathParaPr"})


def latex(formula: Element) -> str:
    """An m:oMath, or anything below one, as LaTeX without the dollars around it."""
    return " ".join(_all(formula).split())


def _all(element: Element | None) -> str:
    if element is None:
        return ""
    return "".join(map(_one, children(element)))


def _one(element: Element) -> str:
    name = local_name(element)
    if name in _PROPERTIES or name.endswith("Pr"):
        return ""
    writer = _WRITERS.get(name)
    return writer(element) if writer else _all(element)


def _part(element: Element, name: str) -> str:
    return _all(element.find(f"{M}{name}"))


def _setting(element: Element, name: str, default: str) -> str:
    """The value of a property such as m:dPr/m:begChr; empty when it is set to nothing."""
    found = element.find(f"{M}{local_name(element)}Pr/{M}{name}")
    return default if found is None else found.get(f"{M}val") or ""


def _run(element: Element) -> str:
    pieces = []
    for child in children(element):
        if local_name(child) == "t":
            pieces.append("".join(map(_sign, words_of(child.text))))
    return "".join(pieces)


def _sign(char: str) -> str:
    # Letters of the mathematical alphabets are letters.
    if char not in _SIGNS:
        char = unicodedata.normalize("NFKC", char)
    if char in _SIGNS:
        sign = _SIGNS[char]
        return f" {sign} " if sign[-1].isalpha() else sign
    name = unicodedata.name(char, "") if len(char) == 1 else ""
    case, found, letter = name.partition(" LETTER ")
    if found and case in ("GREEK SMALL", "GREEK CAPITAL") and letter.isalpha():
        word = letter.lower().replace("lamda", "lambda")
        return f" \\{word if case == 'GREEK SMALL' else word.capitalize()} "
    return char


def _grouped(words: str) -> str:
    """A base that a power or an index belongs to as a whole."""
    return words if len(words.strip()) <= 1 else f"{{{words.strip()}}}"


def _script(element: Element) -> str:
    base = _part(element, "e")
    compound = element.find(f"{M}e/{M}f") is not None or element.find(f"{M}e/{M}d") is not None
    words = _grouped(base) if compound else base.rstrip()
    for name, sign in (("sub", "_"), ("sup", "^")):
        if element.find(f"{M}{name}") is not None:
            words += f"{sign}{{{_part(element, name)}}}"
    return words


def _pre_script(element: Element) -> str:
    return f"{{}}_{{{_part(element, 'sub')}}}^{{{_part(element, 'sup')}}}{_part(element, 'e')}"


def _fraction(element: Element) -> str:
    above, below = _part(element, "num"), _part(element, "den")
    if _setting(element, "type", "bar") == "noBar":
        return rf"\genfrac{{}}{{}}{{0pt}}{{}}{{{above}}}{{{below}}}"
    return rf"\frac{{{above}}}{{{below}}}"


def _radical(element: Element) -> str:
    degree = _part(element, "deg").strip()
    return rf"\sqrt{f'[{degree}]' if degree else ''}{{{_part(element, 'e')}}}"


def _nary(element: Element) -> str:
    words = _sign(_setting(element, "chr", "∫")).strip()
    for name, sign in (("sub", "_"), ("sup", "^")):
        bound = _part(element, name).strip()
        if bound:
            words += f"{sign}{{{bound}}}"
    return f"{words} {_part(element, 'e')}"


def _delimited(element: Element) -> str:
    left, right = _setting(element, "begChr", "("), _setting(element, "endChr", ")")
    between = _setting(element, "sepChr", "|")
    inside = between.join(_all(child) for child in element.findall(f"{M}e"))
    return rf"\left{_sign(left).strip() or '.'}{inside}\right{_sign(right).strip() or '.'}"


def _function(element: Element) -> str:
    name = _part(element, "fName").strip()
    head, _, rest = name.partition("_")
    if head in _FUNCTIONS:
        name = rf"\{name}"
    elif head.isalpha():
        name = rf"\operatorname{{{head}}}{'_' if rest else ''}{rest}"
    return f"{name} {_part(element, 'e')}"


def _limit(element: Element) -> str:
    sign = "_" if local_name(element) == "limLow" else "^"
    return f"{_part(element, 'e').rstrip()}{sign}{{{_part(element, 'lim').strip()}}}"


def _accent(element: Element) -> str:
    name = _ACCENTS.get(_setting(element, "chr", "̂"), "hat")
    return rf"\{name}{{{_part(element, 'e')}}}"


def _bar(element: Element) -> str:
    name = "overline" if _setting(element, "pos", "bot") == "top" else "underline"
    return rf"\{name}{{{_part(element, 'e')}}}"


def _brace(element: Element) -> str:
    name = "overbrace" if _setting(element, "pos", "bot") == "top" else "underbrace"
    return rf"\{name}{{{_part(element, 'e')}}}"


def _matrix(element: Element) -> str:
    rows = r" \\ ".join(" & ".join(map(_all, row.findall(f"{M}e"))) for row in element.findall(f"{M}mr"))
    return rf"\begin{{matrix}}{rows}\end{{matrix}}"


def _lines(element: Element) -> str:
    return r" \\ ".join(map(_all, element.findall(f"{M}e")))


_WRITERS: dict[str, Callable[[Element], str]] = {
    **{"r": _run, "f": _fraction, "rad": _radical, "nary": _nary, "d": _delimited, "func": _function},
    **{"sSub": _script, "sSup": _script, "sSubSup": _script, "sPre": _pre_script, "limLow": _limit},
    **{"limUpp": _limit, "acc": _accent, "bar": _bar, "groupChr": _brace, "m": _matrix, "eqArr": _lines},
}
