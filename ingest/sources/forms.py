"""The form in which a source is written."""

from __future__ import annotations

from typing import Any

from django import forms

from ingest.sources.models import Source
from ingest.sources.protocols import Protocol, protocol_named
from ingest.sources.services import SourceFields, secrets_set

_LABELS = {
    "key": "Access key", "secret": "Secret key", "token": "Token", "endpoint_url": "Endpoint",
    "region": "Region", "service_account": "Service account (JSON)", "account_name": "Account",
    "account_key": "Account key", "sas_token": "SAS token", "host": "Host", "port": "Port",
    "username": "User", "password": "Password", "base_url": "Address of the server", "ref": "Branch or tag",
    "org": "Organisation", "repo": "Repository", "sha": "Branch or tag",
}  # fmt: skip
_REQUIRED = {"host", "base_url", "account_name", "org", "repo"}


def _text(**attributes: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input", "autocomplete": "off", **attributes})


def _lines(label: str, hint: str) -> forms.CharField:
    area = forms.Textarea(attrs={"class": "textarea", "rows": 2})
    return forms.CharField(label=label, required=False, widget=area, max_length=5000, help_text=hint)


def _number(label: str, low: int, high: int, first: int, hint: str) -> forms.IntegerField:
    box = forms.NumberInput(attrs={"class": "input"})
    return forms.IntegerField(
        label=label, min_value=low, max_value=high, initial=first, widget=box, help_text=hint
    )


class SourceForm(forms.Form):
    """A source of one protocol, whose options are fields of their own."""

    label_suffix = ""
    name = forms.CharField(
        max_length=100, widget=_text(), help_text="Its documents are filed under this name."
    )
    location = forms.CharField(label="Place", max_length=1000, widget=_text())
    include = _lines("Only files like these", "One pattern a line: *.md or guides/*. Empty: all files.")
    exclude = _lines("Never files like these", "One pattern a line. Wins over the others.")
    every_minutes = _number("Look every … minutes", 1, 44_640, 60, "60 is once an hour, 1440 once a day.")
    grace_hours = _number(
        "Delete after … hours", 0, 8760, 24, "How long a file must be gone before its document is deleted."
    )

    def __init__(self, protocol: str, stored: Source | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._protocol, spec = protocol, protocol_named(protocol)
        self.fields["location"].help_text = f"For example: {spec.example}"
        for name in (*spec.options, *spec.secrets):
            self.fields[f"option_{name}"] = self._option(name, spec, stored)
        options = [f"option_{name}" for name in (*spec.options, *spec.secrets)]
        self.order_fields(["name", "location", *options])

    def given(self) -> SourceFields:
        """Of a valid form."""
        data = self.cleaned_data
        options = {
            name.removeprefix("option_"): value for name, value in data.items() if name.startswith("option_")
        }
        return SourceFields(
            data["name"],
            self._protocol,
            data["location"],
            {name: value for name, value in options.items() if value},
            _patterns(data["include"]),
            _patterns(data["exclude"]),
            data["every_minutes"],
            data["grace_hours"],
        )

    def _option(self, name: str, spec: Protocol, stored: Source | None) -> forms.CharField:
        secret = name in spec.secrets
        kept = secret and stored is not None and name in secrets_set(stored)
        hint = "Encrypted, and never shown again." if secret else ""
        if kept:
            hint = "One is stored. Leave empty to keep it; for another place it must be entered again."
        attributes = {"class": "input", "autocomplete": "new-password" if secret else "off"}
        # Never rendered back, not even after a mistake elsewhere in the form.
        widget = forms.PasswordInput(attrs=attributes) if secret else forms.TextInput(attrs=attributes)
        return forms.CharField(
            label=_LABELS[name], required=name in _REQUIRED, widget=widget, max_length=10_000, help_text=hint
        )


def initial_of(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "location": source.location,
        "include": "\n".join(source.include),
        "exclude": "\n".join(source.exclude),
        "every_minutes": source.every_minutes,
        "grace_hours": source.grace_hours,
        **{f"option_{name}": value for name, value in source.options.items()},
    }


def _patterns(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
