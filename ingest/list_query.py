"""What narrows the list of a collection's documents over REST; the library's page has the same filters."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from ingest.names import clean_external_id
from kb.api.pagination import Pages
from kb.exceptions import InvalidInputError
from kb.library.kinds import WORDS as KINDS
from kb.library.listing import LONGEST_SEARCH, Narrowing
from kb.library.models import Collection, Document, Status
from kb.library.overview import present_documents


def _one_of(values: list[str], help_text: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(
        values,
        required=False,
        allow_blank=True,
        help_text=help_text,
        error_messages={"invalid_choice": f"must be one of {', '.join(values)}."},
    )


def _words(longest: int, help_text: str) -> serializers.CharField:
    return serializers.CharField(required=False, allow_blank=True, max_length=longest, help_text=help_text)


class ListQuery(serializers.Serializer[Any]):
    """All that is given must hold; what is empty narrows nothing."""

    status = _one_of(Status.values, "State, exactly.")
    kind = _one_of(list(KINDS), "What sort of file.")
    language = serializers.RegexField(
        r"^[a-z]{2}$",
        required=False,
        allow_blank=True,
        help_text="A code of ISO 639-1: de, en.",
        error_messages={"invalid": "must be a code of ISO 639-1."},
    )
    # Serializers have a label themselves; what is declared is kept apart from it.
    label = _words(100, "Bears this label, in any letter case.")  # type: ignore[assignment]
    q = _words(LONGEST_SEARCH, "Has this in its title or its path, in any letter case.")
    external_id = _words(4000, "Your own name for it, exactly.")


PAGING = [
    OpenApiParameter("page", int, description="From 1."),
    OpenApiParameter(
        "page_size", int, description=f"{Pages.page_size} unless given, {Pages.max_page_size} at most."
    ),
]


def listed_documents(collection: Collection, request: Request) -> QuerySet[Document]:
    """The documents that the request asks for, the latest first.

    Raises:
        InvalidInputError: a value that is none of the choices, which the message names.
    """
    # Nothing holds NUL: external ids and labels are kept without it.
    told = {name: str(value).replace("\0", "") for name, value in request.query_params.items()}
    query = ListQuery(data=told)
    if not query.is_valid():
        name, problems = next(iter(query.errors.items()))
        raise InvalidInputError(f"{name} {problems[0]}{_languages(collection) if name == 'language' else ''}")
    given = query.validated_data
    rows = present_documents([collection])
    if given.get("status"):
        rows = rows.filter(status=given["status"])
    if external_id := request.query_params.get("external_id"):
        rows = rows.filter(external_id=clean_external_id(external_id))
    names = {"words": "q", "kind": "kind", "language": "language", "label": "label"}
    return Narrowing(**{field: given.get(name, "") for field, name in names.items()}).of(rows)


def _languages(collection: Collection) -> str:
    there = present_documents([collection]).exclude(language="").order_by("language")
    codes = ", ".join(there.values_list("language", flat=True).distinct())
    return f" This collection has {codes}." if codes else ""
