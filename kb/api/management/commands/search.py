"""manage.py search QUERY --collection NAME [--limit 10] [--json]"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from kb.accounts.people import acting_user
from kb.api.search import search_body
from kb.exceptions import KBError
from kb.library.named import collection_named


class Command(BaseCommand):
    help = "Search a collection, as the API does."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("query")
        parser.add_argument("--collection", help="name or slug (default: all)")
        parser.add_argument("--limit", type=int, default=10)
        parser.add_argument("--as-user", help="search with this user's grants (default: the admin's)")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, query: str, collection: str | None, limit: int, **options: Any) -> None:
        try:
            user = acting_user(options["as_user"])
            wanted = [collection_named(user, collection).pk] if collection else None
            body = search_body(user, query, wanted, limit)
        except KBError as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(json.dumps(body, cls=DjangoJSONEncoder, ensure_ascii=False))
            return
        for rank, hit in enumerate(body["hits"], start=1):
            path = " › ".join([hit["document"]["title"], *hit["heading_path"]])
            self.stdout.write(self.style.MIGRATE_HEADING(f"{rank}. {path}"))
            self.stdout.write(" ".join(hit["text"].split())[:300])
        self.stdout.write(f"{len(body['hits'])} hits in {body['timings_ms']['total']} ms")
