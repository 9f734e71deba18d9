"""Names of languages, for people."""

from __future__ import annotations

from django.utils.translation import get_language_info


def language_name(code: str) -> str:
    """ "German" for "de"; the code where its name is not known."""
    try:
        return str(get_language_info(code)["name"])
    except KeyError:
        return code
