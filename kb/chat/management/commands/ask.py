"""manage.py ask QUESTION --collection NAME [--json]"""

from __future__ import annotations

import asyncio
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from kb.accounts.people import acting_user
from kb.chat.pipeline import answer
from kb.chat.record import Ask
from kb.exceptions import KBError
from kb.library.named import collection_named
from kb.rules.record import BLOCKED


class Command(BaseCommand):
    help = "Answer one question from a collection."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("question")
        parser.add_argument("--collection", help="name or slug (default: all)")
        parser.add_argument("--as-user", help="ask with this user's grants (default: the admin's)")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, question: str, collection: str | None, **options: Any) -> None:
        try:
            user = acting_user(options["as_user"])
            wanted = (collection_named(user, collection).pk,) if collection else ()
            done = asyncio.run(self._run(Ask(user, question, wanted, listed=False)))
        except KBError as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(json.dumps(done, cls=DjangoJSONEncoder, ensure_ascii=False))
        else:
            self._print(done)

    async def _run(self, ask: Ask) -> dict[str, Any]:
        data: dict[str, Any] = {}
        async for event in answer(ask):
            data = event.data
            if event.name == "error":
                raise KBError(f"{data['message']} Reference: {data['reference']}.")
        return data

    def _print(self, done: dict[str, Any]) -> None:
        if done["reason"] == BLOCKED:
            self.stdout.write(done["rule"]["message"])
            return
        if done["abstained"]:
            self.stdout.write("The documents don't say. Nearest passages:")
            for passage in done["passages"]:
                self.stdout.write(
                    f"  - {passage['document']['title']}: {' '.join(passage['text'].split())[:160]}"
                )
            return
        for sentence in done["sentences"]:
            markers = "".join(f"[{n}]" for n in sentence["citations"])
            line = f"{sentence['text']} {markers}".strip()
            self.stdout.write(
                line if sentence["supported"] else self.style.NOTICE(f"{line} (not found in the sources)")
            )
        self.stdout.write("")
        for citation in done["citations"]:
            quote = " ".join(citation["quote"].split())
            self.stdout.write(f"[{citation['n']}] {citation['document']['title']}: “{quote}”")
