from django.apps import AppConfig


class IngestConfig(AppConfig):
    name = "ingest"

    def ready(self) -> None:
        """Make the Celery application current, so that tasks reach the configured broker; add our checks."""
        from ingest import checks
        from kb import celery  # noqa: F401

        checks.connect()
