"""Templates that no model should have."""

from __future__ import annotations

import pytest

from kb.llm.template_trial import problem_of
from tests.llm.test_template import CHATML, MERGING

LOOP = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
CONTENT = "{{ messages[0].content }}"


@pytest.mark.parametrize("source", [CHATML, MERGING, CONTENT])
def test_template_that_renders_a_question_is_taken(source: str) -> None:
    assert problem_of(source, "<s>", "</s>") == ""


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (f"{LOOP}{CONTENT}", "too long"),
        ("{{ 'a' * 100000000000 }}" + CONTENT, "too much memory"),
        ("{% for i in range(1000000000000) %}{% endfor %}" + CONTENT, "Range too big"),
        ("{{ messages.__class__.__mro__ }}" + CONTENT, "__class__"),
        ("{{ raise_exception('no users here') }}", "no users here"),
        ("Hello", "leaves out what is asked"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "recursion"),
    ],
)
def test_template_that_fails_for_the_plainest_question_says_why(source: str, problem: str) -> None:
    """Case 43."""
    assert problem in problem_of(source, "<s>", "</s>")
