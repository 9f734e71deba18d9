"""Names that no row can hold are looked for in vain, on every database (PostgreSQL refuses NUL)."""

from __future__ import annotations

from typing import Protocol

import pytest
from rest_framework.test import APIClient

from kb.accounts.models import User
from kb.library.models import Collection
from tests.factories import make_document


class ClientOf(Protocol):
    def __call__(self, user: User) -> APIClient: ...


def test_external_id_is_looked_for_as_it_is_stored(
    client_of: ClientOf, owner: User, collection: Collection
) -> None:
    make_document(collection, external_id="guides/hello.md")
    client, address = client_of(owner), f"/api/v1/collections/{collection.pk}/documents/"

    def found(external_id: str) -> int:
        return int(client.get(address, {"external_id": external_id}).json()["count"])

    assert [found(name) for name in ("guides\\hello.md", "./guides/hel\0lo.md", "\0")] == [1, 1, 0]


@pytest.mark.parametrize("subject", ["username", "group"])
def test_grant_for_a_name_that_cannot_be_is_refused(
    client_of: ClientOf, owner: User, collection: Collection, subject: str
) -> None:
    answer = client_of(owner).post(
        f"/api/v1/collections/{collection.pk}/grants/", {subject: "\0", "role": "viewer"}, format="json"
    )
    assert answer.status_code == 400
