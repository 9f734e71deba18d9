"""Files of a source with the same bytes as what people uploaded."""

from __future__ import annotations

from io import BytesIO

import pytest

from ingest.services import Upload, submit_document
from ingest.sources.models import Source
from kb.accounts.models import User
from kb.library.models import Collection
from tests.ingest.sources import Place, later, live, make_source, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(collection: Collection, owner: User) -> Source:
    return make_source(collection, owner)


def test_what_was_uploaded_stays_when_a_file_of_a_source_with_the_same_bytes_is_gone(
    source: Source, collection: Collection, owner: User
) -> None:
    place = Place({f"{number}.md": f"Page {number}" for number in range(10)})
    run(source, place)
    document = live(collection)["wiki/3.md"]
    submit_document(collection, owner, Upload(BytesIO(b"Page 3"), "mine.md"))
    del place.files["3.md"]
    run(source, place, later(hours=1))
    run(source, place, later(hours=26))
    assert live(collection)["mine.md"] == document
