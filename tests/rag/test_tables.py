"""A value proves only what its row and its column say of it."""

from __future__ import annotations

import pytest

from kb.rag.support import check_sentence
from tests.rag.corpus import passage

PLANS = """| Plan | Price per month | Storage |
|---|---|---|
| Basic | 5 EUR | 10 GB |
| Pro | 15 EUR | 100 GB |
| Team | 40 EUR | 1 TB |"""
TURNED = """| | Basic | Pro | Team |
|---|---|---|---|
| Price | 5 EUR | 15 EUR | 40 EUR |
| Storage | 10 GB | 100 GB | 1 TB |
| Support | e-mail | chat | phone |"""
CITIES = """| City | 2023 | 2024 |
|---|---|---|
| Berlin | 120 | 140 |
| Munich | 90 | 110 |
| Hamburg | 140 | 95 |"""
YEARS = """| Year | Members | Clubs |
|---|---|---|
| 2021 | 300 | 12 |
| 2022 | 320 | 14 |"""
SETTINGS = """| Setting | Default | Meaning |
|---|---|---|
| timeout_s | 30 | seconds until a call ends |
| retries | 5 | calls before an error |"""
VISAS = """| Country | Visa | Cost |
|---|---|---|
| Peru | on arrival | 40 EUR |
| New Peru | by post | 22 EUR |
| Norway | by phone | 15 EUR |"""


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (PLANS, "Pro costs 5 EUR per month."),
        (PLANS, "The Pro plan includes 10 GB of storage."),
        (PLANS, "The Basic plan costs 5 EUR and includes 100 GB of storage."),
        (TURNED, "Pro costs 5 EUR."),
        (TURNED, "The price of Pro is 5 EUR."),
        (TURNED, "The support for Pro is by phone."),
        (CITIES, "Berlin had 140 in 2023."),
        (CITIES, "Hamburg had 140 in 2024."),
        (YEARS, "In 2021 there were 320 members."),
        (YEARS, "In 2022 there were 12 clubs."),
        (SETTINGS, "The default of timeout_s is 5."),
        (VISAS, "A visa for Peru costs 22 EUR."),
        (VISAS, "A visa for New Peru costs 40 EUR."),
    ],
)
def test_value_of_another_cell_is_refused(table: str, sentence: str) -> None:
    assert not check_sentence(sentence, [], [passage(table)]).supported


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (PLANS, "The Pro plan costs 15 EUR per month."),
        (PLANS, "The Pro plan has 100 GB of storage."),
        (TURNED, "The price of Pro is 15 EUR."),
        (TURNED, "The support for Pro is by chat."),
        (CITIES, "Berlin had 140 in 2024."),
        (YEARS, "Members rose from 300 in 2021 to 320 in 2022."),
        (SETTINGS, "timeout_s is 30 seconds by default."),
        (SETTINGS, "The default of retries is 5."),
        # "Visa" heads a column without numbers, and "Peru" is a part of another row's name.
        (VISAS, "A visa for Peru costs 40 EUR."),
        (VISAS, "A visa for New Peru costs 22 EUR."),
    ],
)
def test_value_of_the_named_cell_is_proved(table: str, sentence: str) -> None:
    assert check_sentence(sentence, [], [passage(table)]).supported
