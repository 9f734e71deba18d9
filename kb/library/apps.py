from django.apps import AppConfig


class LibraryConfig(AppConfig):
    name = "kb.library"
