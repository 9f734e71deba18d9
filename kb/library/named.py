"""Collections by the name that a person types."""

from __future__ import annotations

from django.db.models import Q

from kb.exceptions import NotFoundError
from kb.library.access import AnyUser, collections_for
from kb.library.models import Collection


def collection_named(user: AnyUser, name: str) -> Collection:
    """By slug or by name, letter case aside.

    Raises:
        NotFoundError: naming those that there are.
    """
    visible = collections_for(user)
    found = visible.filter(Q(slug=name) | Q(name__iexact=name)).first()
    if found is None:
        known = ", ".join(visible.values_list("slug", flat=True)) or "none"
        raise NotFoundError(f"There is no collection {name!r}. There are: {known}.")
    return found
