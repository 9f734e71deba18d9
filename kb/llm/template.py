"""The model's own chat template, with the contents kept apart from the markup."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from jinja2 import Template, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from kb.exceptions import InvalidInputError
from kb.llm.errors import ModelLoadError
from kb.llm.types import ChatMessage


@dataclass(frozen=True)
class Fragment:
    """A part of the prompt: markup of the template, or the content of a message, or a part of it.

    Attributes:
        is_unit: see `kb.llm.types.ChatMessage`.
    """

    text: str
    is_content: bool
    is_unit: bool = False


class ChatTemplate:
    """A template out of a model file. The file is foreign, so the template runs in a sandbox.

    Args:
        source: Jinja, as in ``tokenizer.chat_template``.
        bos: the text of the token that begins a sequence; the template may want to place it.
        eos: likewise, that ends one.

    Raises:
        ModelLoadError: the source is no template.
    """

    def __init__(self, source: str, bos: str = "", eos: str = "") -> None:
        self.source = source
        # Models that can think aloud first would make the reader wait, and think where answers are proved.
        self._variables = {"bos_token": bos, "eos_token": eos, "enable_thinking": False}
        self._template = _compile(source)
        # The template sees marks in place of contents. Random: no template can hold one by chance.
        self._salt = secrets.token_hex(8)
        self._mark = re.compile(f"{self._salt}:([0-9]+);")

    def render(self, messages: Sequence[ChatMessage]) -> list[Fragment]:
        """The prompt up to where the answer begins, in order.

        Raises:
            InvalidInputError: the template refuses the messages, for instance the order of their roles.
        """
        # Empty contents stay empty: templates ask whether there is one.
        marked = [
            {"role": message.role, "content": f"{self._salt}:{at};" if message.content else ""}
            for at, message in enumerate(messages)
        ]
        try:
            text = self._template.render(messages=marked, add_generation_prompt=True, **self._variables)
        except (TemplateError, TypeError, ValueError, LookupError) as error:
            raise InvalidInputError(f"The model's chat template refuses the messages: {error}") from error
        return self._split(text, messages)

    def _split(self, text: str, messages: Sequence[ChatMessage]) -> list[Fragment]:
        # re.split alternates what lies between the marks and the number inside each mark.
        parts = self._mark.split(text)
        fragments = [
            fragment
            for at, part in enumerate(parts)
            for fragment in (_parted(messages[int(part)]) if at % 2 else [Fragment(part, False)])
        ]
        return [fragment for fragment in fragments if fragment.text]


def _parted(message: ChatMessage) -> Iterator[Fragment]:
    at = 0
    for start, end in message.units:
        yield Fragment(message.content[at:start], True)
        yield Fragment(message.content[start:end], True, is_unit=True)
        at = end
    yield Fragment(message.content[at:], True)


def _compile(source: str) -> Template:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        extensions=["jinja2.ext.loopcontrols"],
    )
    # Functions that the templates of well-known models call.
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = _now
    try:
        return environment.from_string(source)
    except TemplateSyntaxError as error:
        raise ModelLoadError(f"The chat template in the model file is broken: {error}.") from error


def _refuse(reason: object) -> NoReturn:
    raise TemplateError(str(reason))


def _now(form: str) -> str:
    return datetime.now().astimezone().strftime(form)
