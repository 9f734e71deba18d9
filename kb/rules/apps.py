from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "kb.rules"
