"""manage.py ingest PATH… --collection NAME [--wait] [--json]"""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ingest.at_once import failures_of, members_of, submit_at_once
from ingest.folders import FoundFile, collection_to_fill, find_files
from ingest.services import Submission, Upload
from ingest.waiting import wait_for
from kb.accounts.models import User
from kb.accounts.people import acting_user
from kb.exceptions import KBError
from kb.library.dating import file_modified
from kb.library.kinds import ARCHIVE
from kb.library.models import PENDING, RETRYABLE, Collection, Document, Status
from kb.supervise.heartbeat import why_nothing_works

_BAR = 30


class Command(BaseCommand):
    help = "Upload files and folders into a collection, which is made if it is missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--collection", required=True, help="name or slug")
        parser.add_argument("--as-user", help="upload as this user (default: the admin)")
        parser.add_argument("--wait", action="store_true", help="until every document is ready or has failed")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, **options: Any) -> None:
        self._taken = 0
        try:
            self._ingest(**options)
        except KeyboardInterrupt:
            files = f"{self._taken} file{'' if self._taken == 1 else 's'}"
            self.stderr.write(
                f"\nStopped. {files} arrived and will be worked on while `make up` runs; run the same "
                "command again for the rest: what arrived is skipped."
            )
            sys.exit(130)  # as a shell reports what Ctrl-C ended

    def _ingest(self, *, paths: list[Path], collection: str, wait: bool, **options: Any) -> None:
        started = time.monotonic()
        try:
            files = list(find_files(paths))
            user = acting_user(options["as_user"])
            target = collection_to_fill(user, collection)
        except KBError as error:
            raise CommandError(error.message) from error
        self._failures: list[dict[str, str]] = []
        submissions = self._opened(self._upload(files, user, target), wait)
        created = [submission.document.pk for _, submission in submissions if submission.created]
        retried = [s.document.pk for _, s in submissions if not s.created and s.document.status in RETRYABLE]
        if wait:
            self._wait(created + retried)
        summary = self._summary(submissions, created + retried, time.monotonic() - started)
        self.stdout.write(
            json.dumps(summary, ensure_ascii=False) if options["json"] else self._words(summary, wait)
        )
        if summary["failed"]:
            sys.exit(1)

    def _upload(
        self, files: list[FoundFile], user: User, target: Collection
    ) -> list[tuple[FoundFile, Submission]]:
        done: list[tuple[FoundFile, Submission]] = []
        for number, file in enumerate(files, start=1):
            try:
                with file.path.open("rb") as stream:
                    modified = datetime.fromtimestamp(file.path.stat().st_mtime, UTC)
                    upload = Upload(
                        stream,
                        file.path.name,
                        external_id=file.external_id,
                        metadata=file_modified(modified),
                    )
                    done.append((file, submit_at_once(target, user, upload, self._unpacking)))
            except (KBError, OSError) as error:
                self._refuse(file.external_id, error)
            self._taken = len(done)
            self._show("Uploading", number, len(files))
        return done

    def _opened(
        self, submissions: list[tuple[FoundFile, Submission]], wait: bool
    ) -> list[tuple[FoundFile, Submission]]:
        """In the place of archives those of their members, of which some may have been refused."""
        archives = [taken.document.pk for _, taken in submissions if taken.document.kind == ARCHIVE]
        if wait:
            self._wait(archives)  # those that a worker has in hand
        opened: list[tuple[FoundFile, Submission]] = []
        for file, taken in submissions:
            if taken.document.kind != ARCHIVE:
                opened.append((file, taken))
                continue
            archive = Document.objects.get(pk=taken.document.pk)
            if archive.status in PENDING:
                opened.append((file, replace(taken, created=True)))
            opened += [(FoundFile(file.path, path), member) for path, member in members_of(archive)]
            self._failures += failures_of(archive)
        return opened

    def _unpacking(self, current: int, maximum: int) -> None:
        self._show("Unpacking", current, maximum)

    def _refuse(self, path: str, error: KBError | OSError) -> None:
        code = error.code if isinstance(error, KBError) else "unreadable"
        reason = error.message if isinstance(error, KBError) else f"cannot be read: {error.strerror}"
        self._failures.append({"path": path, "code": code, "reason": reason})

    def _wait(self, document_ids: list[int]) -> None:
        if document_ids and (trouble := why_nothing_works()):
            self.stderr.write(f"{trouble} The documents wait in the queue until `make up` runs.")
        wait_for(document_ids, lambda ended: self._show("Processing", ended, len(document_ids)))

    def _show(self, step: str, current: int, maximum: int) -> None:
        if not self.stderr.isatty() or not maximum:
            return
        filled = _BAR * current // maximum
        end = "\n" if current == maximum else ""
        self.stderr.write(f"\r{step} {'█' * filled}{'░' * (_BAR - filled)} {current}/{maximum}", ending=end)
        self.stderr.flush()

    def _summary(
        self, submissions: list[tuple[FoundFile, Submission]], touched: list[int], seconds: float
    ) -> dict[str, Any]:
        rows = (
            Document.objects.filter(pk__in=touched).in_bulk() if len(touched) <= 500 else _in_parts(touched)
        )
        paths = {submission.document.pk: file.external_id for file, submission in submissions}
        ended = [(paths[pk], row) for pk, row in rows.items()]
        failures = self._failures + [
            {"path": path, "code": row.failure_code, "reason": row.failure_reason}
            for path, row in ended
            if row.status in RETRYABLE
        ]
        ready = [row for _, row in ended if row.status == Status.READY]
        return {
            "ready": len(ready),
            "failed": len(failures),
            "unchanged": len(submissions) - len(touched),
            "queued": len(ended) - len(ready) - (len(failures) - len(self._failures)),
            "chunks": sum(row.chunk_count for row in ready),
            "seconds": round(seconds, 2),
            "failures": failures,
        }

    def _words(self, summary: dict[str, Any], waited: bool) -> str:
        lines = [f"{failure['path']}: {failure['reason']}" for failure in summary["failures"]]
        counts = f"{summary['ready']} ready, {summary['failed']} failed, {summary['unchanged']} unchanged"
        queued = f", {summary['queued']} queued" if summary["queued"] or not waited else ""
        return "\n".join([*lines, f"{counts}{queued} ({summary['chunks']} chunks, {summary['seconds']} s)"])


def _in_parts(document_ids: list[int]) -> dict[int, Document]:
    rows: dict[int, Document] = {}
    for at in range(0, len(document_ids), 500):
        rows.update(Document.objects.in_bulk(document_ids[at : at + 500]))
    return rows
