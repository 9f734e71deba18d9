from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "kb.rules"

    def ready(self) -> None:
        from kb.library.veil import install
        from kb.rules.veil import redaction_veil

        install(redaction_veil)
