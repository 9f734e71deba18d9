from django.apps import AppConfig


class SuperviseConfig(AppConfig):
    name = "kb.supervise"

    def ready(self) -> None:
        from kb.supervise import checks, heartbeat, quiet

        checks.connect()
        heartbeat.connect()
        quiet.connect()
