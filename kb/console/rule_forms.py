"""Forms in which rules and verified answers are written."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group

from kb.library.models import Collection
from kb.rules.approving import AnswerFields
from kb.rules.models import Kind, Label, Rule, VerifiedAnswer
from kb.rules.personal import KINDS
from kb.rules.services import RuleFields, fields_of

_LINES = "One a line."
# The fields of each kind, in the order of the form.
_WHERE = ("in_question", "in_sources", "in_answer")
_WHO = ("collections", "groups", "groups_excepted")
_FIELDS = {
    Kind.BLOCK: ("name", "words", "patterns", "in_question", "in_answer", "text", *_WHO),
    Kind.NOTICE: ("name", "text", "words", "patterns", *_WHERE, *_WHO),
    Kind.REDACTION: ("name", "personal", "patterns", *_WHERE, *_WHO),
    Kind.LABEL: ("name", "label", "groups"),
}
_TEXT_LABELS = {Kind.BLOCK: "What the reader is told", Kind.NOTICE: "The notice"}


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"class": "textarea", "rows": rows})


def _date() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date", "class": "input"})


class RuleForm(forms.Form):
    """One rule; only the fields that mean something for its kind."""

    name = forms.CharField(
        max_length=120, widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"})
    )
    label = forms.ModelChoiceField(Label.objects.all(), to_field_name="name", empty_label=None)
    words = forms.CharField(
        label="Words and phrases",
        required=False,
        widget=_area(4),
        help_text=f"{_LINES} Inflected forms count.",
    )
    patterns = forms.CharField(
        label="Expressions", required=False, widget=_area(3),
        help_text=f"{_LINES} Regular expressions of RE2, matched within lines, whatever the letter case.",
    )  # fmt: skip
    personal = forms.MultipleChoiceField(
        label="Remove", choices=list(KINDS.items()), required=False, widget=forms.CheckboxSelectMultiple
    )
    text = forms.CharField(max_length=2000, required=False, widget=_area(3))
    in_question = forms.BooleanField(label="Look at the question", required=False)
    in_sources = forms.BooleanField(label="Look at the passages", required=False)
    in_answer = forms.BooleanField(label="Look at the answer", required=False)
    collections = forms.ModelMultipleChoiceField(
        Collection.objects.filter(deleted_at=None), required=False, widget=forms.CheckboxSelectMultiple,
        label="Only in these collections", help_text="None chosen: in all.",
    )  # fmt: skip
    groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"), to_field_name="name", required=False,
        widget=forms.CheckboxSelectMultiple, label="Only for these groups",
        help_text="None chosen: for everybody.",
    )  # fmt: skip
    groups_excepted = forms.BooleanField(label="For everybody but these groups", required=False)

    def __init__(self, kind: Kind, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        for name in set(self.fields) - set(_FIELDS[kind]):
            del self.fields[name]
        self.order_fields(_FIELDS[kind])
        if kind in _TEXT_LABELS:
            self.fields["text"].label = _TEXT_LABELS[kind]
        if kind == Kind.LABEL:
            self.fields["groups"].label = "Who gets it"
            self.fields["groups"].help_text = "Passages that bear the label reach nobody else."
        if kind == Kind.REDACTION:
            self.fields["in_question"].help_text = "What is removed of a question is not written down."
            self.fields["in_sources"].help_text = (
                "Also in titles, paths, search and on the documents' pages. Managers of a collection see its "
                "documents as they are, so that they can mend them."
            )
        if "in_answer" in self.fields and kind == Kind.BLOCK:
            self.fields["in_answer"].label = "Look at the passages and the answer"
        for field in self.fields.values():
            if isinstance(field.widget, forms.Select) and not isinstance(
                field.widget, forms.CheckboxSelectMultiple
            ):
                field.widget.attrs["class"] = "select"
            if isinstance(field.widget, forms.CheckboxInput):
                field.widget.attrs["class"] = "checkbox"

    def given(self) -> RuleFields:
        """The form as the services take it; of a valid form."""
        data: dict[str, Any] = dict(self.cleaned_data)
        for name in ("words", "patterns"):
            if name in data:
                data[name] = lines(data[name])
        if "collections" in data:
            data["collections"] = [row.pk for row in data["collections"]]
        if "groups" in data:
            data["groups"] = [row.name for row in data["groups"]]
        if "label" in data:
            data["label"] = data["label"].name
        return RuleFields(**data)


def initial_of(rule: Rule) -> dict[str, Any]:
    given = fields_of(rule)
    return {**vars(given), "words": "\n".join(rule.words), "patterns": "\n".join(rule.patterns)}


class VerifiedForm(forms.Form):
    """A verified answer; its sources are chosen beside it."""

    variants = forms.CharField(
        label="Questions", widget=_area(4), max_length=20_000,
        help_text=f"{_LINES} In as many wordings as people use; three or more make the match surer.",
    )  # fmt: skip
    text = forms.CharField(
        label="The approved answer",
        widget=_area(6),
        max_length=10_000,
        help_text="Markdown. Shown word for word.",
    )
    valid_until = forms.DateField(
        label="Answers until", required=False, widget=_date(),
        help_text="After this day it no longer answers.",
    )  # fmt: skip
    review_by = forms.DateField(
        label="Review by", required=False, widget=_date(),
        help_text="From this day on you are reminded; it goes on answering.",
    )  # fmt: skip

    label_suffix = ""

    def given(self, chunks: list[int]) -> AnswerFields:
        data = self.cleaned_data
        return AnswerFields(
            lines(data["variants"]), data["text"], chunks, data["valid_until"], data["review_by"]
        )


def verified_initial(answer: VerifiedAnswer) -> dict[str, Any]:
    return {
        "variants": "\n".join(row.question for row in answer.variants.all()),
        "text": answer.text,
        "valid_until": answer.valid_until.isoformat() if answer.valid_until else "",
        "review_by": answer.review_by.isoformat() if answer.review_by else "",
    }


def lines(text: str) -> list[str]:
    """Lines that hold something, each once."""
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
