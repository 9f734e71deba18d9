from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from kb.accounts.models import User

Browser = Callable[[User], Client]


@pytest.fixture
def browser_of() -> Browser:
    """A browser in which the given person has signed in."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make
