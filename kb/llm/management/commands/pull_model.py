"""Fetch a GGUF model from a hub into the data folder."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kb.conf import config
from kb.exceptions import KBError
from kb.llm.inventory import models_folder


class Command(BaseCommand):
    help = "Fetch a GGUF file from a model hub into the data folder, and check it. Ended early, it goes on."
    requires_system_checks = ()  # it needs nothing but the data folder

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("repository", help="owner/name")
        parser.add_argument("file", help="the file's path in the repository, ending in .gguf")
        parser.add_argument("--revision", default="", help="a branch, tag or commit (default: the main one)")
        parser.add_argument(
            "--sha256", default="", help="what the content must be (default: as the hub says)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from kb.llm.pulling import pull

        try:
            path = pull(
                options["repository"],
                options["file"],
                models_folder(config),
                revision=options["revision"],
                sha256=options["sha256"],
            )
        except KBError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{path} is whole. To use it, start with")
        self.stdout.write(f"KB_LLM_MODEL={path}")
