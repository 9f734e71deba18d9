"""manage.py load_demo: the demo documents, for everyone to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ingest.folders import find_files
from ingest.services import Upload, submit_document
from ingest.waiting import wait_for
from kb.accounts.people import acting_user
from kb.exceptions import KBError
from kb.library.models import Collection, Grant, Role
from kb.library.services import create_collection, grant

NAME = "Demo: Skerrow Instruments"
DESCRIPTION = (
    "The policies of a company that does not exist, to try the product with. Delete it when you like."
)
CORPUS = Path(__file__).resolve().parents[2] / "demo" / "corpus"


class Command(BaseCommand):
    help = "Load the demo documents into a collection that everyone may read."

    def handle(self, **options: Any) -> None:
        try:
            user = acting_user(None)
            collection = Collection.objects.filter(name=NAME, deleted_at=None).first() or create_collection(
                user, NAME, DESCRIPTION
            )
            if not Grant.objects.filter(collection=collection, everyone=True).exists():
                grant(collection, Role.VIEWER)
            identities = []
            for file in find_files([CORPUS]):
                with file.path.open("rb") as stream:
                    upload = Upload(stream, file.path.name, external_id=file.external_id)
                    identities.append(submit_document(collection, user, upload).document.pk)
        except KBError as error:
            raise CommandError(error.message) from error
        wait_for(identities, lambda ended: self._show(ended, len(identities)))

    def _show(self, ended: int, total: int) -> None:
        if ended == total:
            self.stdout.write(f"{total} demo documents are ready")
