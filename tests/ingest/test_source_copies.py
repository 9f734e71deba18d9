"""Files of a source with the same bytes as what people uploaded."""

from __future__ import annotations

from io import BytesIO

import pytest

from ingest.services import Upload, submit_document
from ingest.sources.models import Source
from ingest.sources.services import remove_source
from kb.accounts.models import User
from kb.library.event_models import Stage
from kb.library.models import Collection, OtherName
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


def test_removing_a_source_with_its_documents_leaves_what_was_uploaded_with_the_same_bytes(
    source: Source, collection: Collection, owner: User
) -> None:
    run(source, Place({"a.md": "A", "copy.md": "A", "b.md": "B"}))
    document = live(collection)["wiki/a.md"]
    submit_document(collection, owner, Upload(BytesIO(b"A"), "mine.md"))
    remove_source(source, delete_its_documents=True)
    assert live(collection) == {"mine.md": document}
    assert not OtherName.objects.exists()


def test_removing_a_source_leaves_what_another_one_has_too(
    source: Source, collection: Collection, owner: User
) -> None:
    run(source, Place({"a.md": "A"}))
    other = make_source(collection, owner, name="Other", prefix="other")
    place = Place({"x.md": "A"})
    run(other, place)
    document = live(collection)["wiki/a.md"]
    remove_source(source, delete_its_documents=True)
    run(other, place, later(hours=1))
    assert live(collection) == {"other/x.md": document}


def test_what_a_source_deletes_is_in_the_log_of_the_document(source: Source, collection: Collection) -> None:
    run(source, Place({"a.md": "A"}))
    document = live(collection)["wiki/a.md"]
    remove_source(source, delete_its_documents=True)
    assert document.events.filter(stage=Stage.DELETED).exists()
