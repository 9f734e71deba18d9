"""Forms of signing in and of a person's own settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm

from kb.accounts.models import ApiKey, User

_LIFETIMES = (("30", "30 days"), ("90", "90 days"), ("365", "One year"), ("", "Until revoked"))
_SCOPES = (("read", "Read: search and ask"), ("write", "Write: also upload and delete"))


def _look_like_ours(form: forms.BaseForm) -> None:
    """Give every field the house's classes."""
    form.label_suffix = ""
    for field in form.fields.values():
        kind = "select" if isinstance(field.widget, forms.Select) else "input"
        field.widget.attrs.setdefault("class", kind)


class SignInForm(AuthenticationForm):
    """Name and password; the words are the same for unknown names and wrong passwords."""

    error_messages = {  # noqa: RUF012 - Django's name and shape
        "invalid_login": "The name or the password is wrong.",
        "inactive": "The name or the password is wrong.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "Name"
        _look_like_ours(self)


class NewPasswordForm(PasswordChangeForm):
    """The old password and twice the new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].widget.attrs.pop("autofocus", None)
        self.fields["new_password1"].help_text = "At least 8 characters, and not one that many people use."
        self.fields["new_password2"].label = "The new password again"
        self.fields["new_password2"].help_text = ""
        _look_like_ours(self)


class NewKeyForm(forms.Form):
    """What a new API key is called, may do, and how long it lives."""

    name = forms.CharField(max_length=100, strip=True)
    scope = forms.ChoiceField(choices=_SCOPES, label="It may")
    days = forms.ChoiceField(choices=_LIFETIMES, required=False, label="It lives", initial="90")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user
        self.fields["name"].widget.attrs.update(autocomplete="off", placeholder="For example: nightly upload")
        _look_like_ours(self)

    def clean_name(self) -> str:
        """Names are unique per person, revoked keys included, so that a log line names one key."""
        name: str = self.cleaned_data["name"]
        if ApiKey.objects.filter(user=self._user, name=name).exists():
            raise forms.ValidationError("You have, or had, a key of this name. Choose another.")
        return name

    @property
    def can_write(self) -> bool:
        """Whether the key may change data."""
        return bool(self.cleaned_data["scope"] == "write")

    @property
    def lifetime(self) -> timedelta | None:
        """None: until it is revoked."""
        days = self.cleaned_data["days"]
        return timedelta(days=int(days)) if days else None
