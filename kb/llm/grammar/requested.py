"""What a request says about the form of its answer: OpenAI's ``response_format``, llama.cpp's ``grammar``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kb.exceptions import InvalidInputError
from kb.llm.grammar.gbnf import read_grammar
from kb.llm.grammar.matcher import Matcher
from kb.llm.grammar.rules import Grammar
from kb.llm.grammar.schema import ANY_OBJECT, grammar_of_schema


def requested_grammar(given: Mapping[str, Any]) -> Grammar | None:
    """The grammar that the answer must follow; None where any text will do. May take a tenth of a second.

    Raises:
        InvalidInputError: with a sentence that says what is wrong with it.
    """
    text, form = given.get("grammar"), given.get("response_format")
    if text is not None and form not in (None, {"type": "text"}):
        raise InvalidInputError("Give grammar or response_format, not both.")
    if text is None:
        text = _from_format(form)
    if text is None:
        return None
    if not isinstance(text, str):
        raise InvalidInputError("grammar must be a text in GBNF.")
    grammar = read_grammar(text)
    Matcher(grammar)  # whether it can be begun at all
    return grammar


def _from_format(form: Any) -> str | None:
    kind = form.get("type") if isinstance(form, dict) else None
    if form is None or kind == "text":
        return None
    if kind == "json_object":
        # llama.cpp's servers take a schema here, too.
        return grammar_of_schema(form["schema"]) if "schema" in form else ANY_OBJECT
    if kind != "json_schema":
        raise InvalidInputError("The type of response_format must be text, json_object or json_schema.")
    told = form.get("json_schema")
    if not isinstance(told, dict) or "schema" not in told:
        raise InvalidInputError("json_schema of response_format must be an object with a schema.")
    return grammar_of_schema(told["schema"])
