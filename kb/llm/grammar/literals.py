"""JSON values as literals of a grammar."""

from __future__ import annotations

import json
from typing import Any

from kb.exceptions import InvalidInputError

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})


def json_literal(value: Any) -> str:
    """The value's one JSON text, as a GBNF literal."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError("The schema holds half of a character pair.") from error
    return f'"{text.translate(_ESCAPES)}"'
