from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from kb.accounts.models import User, create_api_key


@pytest.fixture
def client_of() -> object:
    """A REST client that calls as the given person, with a key of its own."""

    def make(user: User, *, can_write: bool = True) -> APIClient:
        _, key = create_api_key(user, f"key-{can_write}", can_write=can_write)
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
        return client

    return make
