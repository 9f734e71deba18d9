"""Sentences made of the right words in a wrong relation, or said wider than their source, English and German.

Somebody set out to have such sentences shown as fact; each stands for a kind.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.rag.support import check_sentence
from tests.rag.corpus import passage

ALLOWANCES = """| Country | Daily allowance | Overnight allowance |
|---|---|---|
| Germany | 28 EUR | 20 EUR |
| France | 44 EUR | 18 EUR |
"""
ROLES = """Contacts:

- Safety officer: Jonas Weber
- Lab manager: Ines Okoro
- Data protection officer: Petra Lang
"""
SALES = "Anna Keller leads sales in Asia. Tom Brandt leads sales in America."
LABORATORY = "The laboratory opens at 8:00. It is on the second floor. Visitors sign in at the desk."
PARCEL = "To send a parcel, print the label, weigh the parcel and then hand it in at the desk."
ROTOR = "The lid may be opened only after the rotor has stopped. Put on gloves before you touch the samples."

FALSE = [
    (ALLOWANCES, "The overnight allowance in Germany is 28 EUR."),
    (ALLOWANCES, "In France the daily allowance is 18 EUR."),
    (ALLOWANCES, "The daily allowance in France is higher than in Germany."),
    (ALLOWANCES, "France has the highest daily allowance."),
    (ROLES, "The safety officer is Ines Okoro."),
    (ROLES, "Petra Lang is the safety officer."),
    (SALES, "Keller leads sales in America."),
    (SALES, "Tom Brandt leads sales in Asia."),
    ("The gate is closed between 7 am and 7 pm.", "The gate is closed between 7 pm and 7 am."),
    ("The office is open from 9:00 to 17:00.", "The office is open from 17:00 to 9:00."),
    ("The road is closed from Monday to Thursday.", "The road is closed from Thursday to Monday."),
    (ROTOR, "The lid may be opened before the rotor has stopped."),
    (ROTOR, "Put on gloves after you touch the samples."),
    (
        "Before the rotor has stopped, the lid must stay closed. After the run, it may be opened.",
        "Before the rotor has stopped, it may be opened.",
    ),
    (
        "Fill in the form before the trip and hand in the receipts after the trip.",
        "Fill in the form after the trip.",
    ),
    (
        "Fill in the form before the trip and hand in the receipts after the trip.",
        "Hand in the receipts before the trip.",
    ),
    (PARCEL, "To send a parcel, print the label and then hand it in at the desk."),
    ("Samples weigh about 5 mg.", "Samples weigh at most 5 mg."),
    ("Samples weigh about 5 mg.", "Samples weigh exactly 5 mg."),
    ("Samples must weigh at most 5 mg.", "Samples must weigh 5 mg."),
    ("At least 30 % of the fee is refunded.", "Exactly 30 % of the fee is refunded."),
    ("At least 30 % of the fee is refunded.", "30 % of the fee is refunded."),
    ("The grant covers up to 800 euros of the fee.", "The grant covers 800 euros of the fee."),
    ("The grant covers up to 800 euros of the fee.", "The grant covers at least 800 euros of the fee."),
    ("Over 100 people work in the plant.", "100 people work in the plant."),
    ("The door is locked unless the deputy is present.", "The door is locked unless the head is present."),
    (
        "Craftsmen who are accompanied by an employee may enter the laboratory.",
        "Craftsmen may enter the laboratory.",
    ),
    ("Visitors accompanied by an employee may enter the laboratory.", "Visitors may enter the laboratory."),
    ("Orders that arrive damaged can be returned free of charge.", "Orders can be returned free of charge."),
    ("The per diem for meals is 30 euros per night.", "The per diem for meals is 30 euros per person."),
    ("The tax is 5 euros per night.", "The tax is 5 euros per person."),
    ("Bring your passport and your badge.", "Bring your passport or your badge."),
    ("Bring your passport or your badge.", "Bring your passport and your badge."),
    (
        "Employees may take their laptop home at the weekend.",
        "Employees may take their phone home at the weekend.",
    ),
    (
        "The fourteen days begin with the delivery of the goods.",
        "The fourteen days begin with the purchase of the goods.",
    ),
    ("The filters must be cleaned every month.", "The filters must be replaced every month."),
    ("The director approves trips to the United States.", "The board approves trips to the United States."),
    ("Port 22 is closed from outside and open from the office network.", "Port 22 is closed."),
    (
        "## Must every visitor sign in?\n\nNo. Only visitors of the laboratory sign in.",
        "Every visitor must sign in.",
    ),
    ("Must every visitor sign in? Only visitors of the laboratory do.", "Every visitor must sign in."),
    ("The fee will rise from 80 to 95 euros in 2027.", "The fee is 95 euros."),
    ("The board plans to raise the fee from 80 to 95 euros.", "The board raised the fee to 95 euros."),
    ("The board plans to raise the fee from 80 to 95 euros.", "The fee is 95 euros."),
    ("```python\nclient = Client(timeout=3)\n```", "The timeout is 3."),
    (
        "Members pay 20 euros a month; students pay 10 euros a month.",
        "Members and students pay 20 euros a month.",
    ),
    ("Members pay 20 euros a month; students pay 10 euros a month.", "Students pay 20 euros a month."),
    (
        "Der Antrag muss spätestens am 3. Mai eingereicht werden.",
        "Der Antrag muss frühestens am 3. Mai eingereicht werden.",
    ),
    (
        "Es dürfen nicht mehr als 5 Personen im Raum sein.",
        "Es dürfen nicht weniger als 5 Personen im Raum sein.",
    ),
    (
        "Vor dem Betreten ist die Hygieneschleuse zu benutzen.",
        "Nach dem Betreten ist die Hygieneschleuse zu benutzen.",
    ),
    (
        "Der Preis beträgt 50 Euro zuzüglich Mehrwertsteuer.",
        "Der Preis beträgt 50 Euro einschließlich Mehrwertsteuer.",
    ),
    ("Die Prüfung findet alle zwei Jahre statt.", "Die Prüfung findet jedes Jahr statt."),
    ("Das Tor wird um 18 Uhr geschlossen.", "Das Tor wird um 18 Uhr geöffnet."),
    ("Gäste dürfen nur in Begleitung eintreten.", "Gäste dürfen eintreten."),
    (
        "Mitarbeiter dürfen nicht mehr als 10 Tage mitnehmen.",
        "Mitarbeiter dürfen mehr als 10 Tage mitnehmen.",
    ),
    ("Die Frist beträgt mindestens 14 Tage.", "Die Frist beträgt höchstens 14 Tage."),
    ("Die Frist beträgt mindestens 14 Tage.", "Die Frist beträgt 14 Tage."),
    ("Der Zuschuss beträgt bis zu 800 Euro.", "Der Zuschuss beträgt 800 Euro."),
    ("Der Betriebsrat muss zustimmen.", "Der Betriebsrat muss nicht zustimmen."),
    ("Der Betriebsrat muss zustimmen.", "Der Betriebsrat kann zustimmen."),
    ("Handwerker, die begleitet werden, dürfen das Labor betreten.", "Handwerker dürfen das Labor betreten."),
    ("Bringen Sie Ihren Ausweis und Ihre Karte mit.", "Bringen Sie Ihren Ausweis oder Ihre Karte mit."),
    ("Das Büro ist von Montag bis Freitag geöffnet.", "Das Büro ist von Freitag bis Montag geöffnet."),
    (
        "Krankmeldungen sind ab dem dritten Tag vorzulegen.",
        "Krankmeldungen sind bis zum dritten Tag vorzulegen.",
    ),
    ("Wenn der Alarm ertönt, verlassen alle das Gebäude.", "Alle verlassen das Gebäude."),
    ("Außer an Feiertagen ist die Kantine täglich geöffnet.", "Die Kantine ist täglich geöffnet."),
    ("Die Gebühr wurde abgelehnt.", "Die Gebühr wurde genehmigt."),
]

TRUE = [
    (ALLOWANCES, "The daily allowance in Germany is 28 EUR."),
    (ALLOWANCES, "The overnight allowance in Germany is 20 EUR."),
    (ROLES, "The safety officer is Jonas Weber."),
    (ROLES, "Ines Okoro is the lab manager."),
    (ROLES, "Jonas Weber is the safety officer and Ines Okoro the lab manager."),
    (SALES, "Anna Keller leads sales in Asia."),
    (SALES, "Anna Keller leads sales in Asia and Tom Brandt leads sales in America."),
    (LABORATORY, "The laboratory is on the second floor."),
    (LABORATORY, "The laboratory opens at 8:00 and is on the second floor."),
    ("The gate is closed between 7 am and 7 pm.", "Between 7 am and 7 pm the gate is closed."),
    ("The office is open from 9:00 to 17:00.", "The office is open between 9:00 and 17:00."),
    (
        "Fill in the form before the trip and hand in the receipts after the trip.",
        "Hand in the receipts after the trip.",
    ),
    (PARCEL, "To send a parcel, print the label, weigh the parcel and hand it in at the desk."),
    ("Samples weigh about 5 mg.", "Samples weigh approximately 5 mg."),
    ("Samples must weigh at most 5 mg.", "Samples must weigh no more than 5 mg."),
    ("The maximum weight of a sample is 5 mg.", "The maximum weight of a sample is 5 mg."),
    ("Over 100 people work in the plant.", "More than 100 people work in the plant."),
    ("The door is locked unless the deputy is present.", "The door is locked unless the deputy is present."),
    (
        "Craftsmen who are accompanied by an employee may enter the laboratory.",
        "Craftsmen may enter the laboratory when they are accompanied by an employee.",
    ),
    ("The GDS team, which is based in Berlin, runs the platform.", "The GDS team runs the platform."),
    ("The tax is 5 euros per night.", "The tax is 5 euros a night."),
    ("Bring your passport or your badge.", "Bring your badge or your passport."),
    ("Port 22 is closed from outside and open from the office network.", "Port 22 is closed from outside."),
    (
        "The board plans to raise the fee from 80 to 95 euros.",
        "The board plans to raise the fee from 80 to 95 euros.",
    ),
    ("The fee will rise from 80 to 95 euros in 2027.", "The fee will rise to 95 euros in 2027."),
    (
        "Der Antrag muss spätestens am 3. Mai eingereicht werden.",
        "Der Antrag muss spätestens am 3. Mai eingereicht werden.",
    ),
    ("Die Frist beträgt mindestens 14 Tage.", "Die Frist beträgt mindestens 14 Tage."),
    ("Das Büro ist von Montag bis Freitag geöffnet.", "Von Montag bis Freitag ist das Büro geöffnet."),
    (
        "Wenn der Alarm ertönt, verlassen alle das Gebäude.",
        "Alle verlassen das Gebäude, wenn der Alarm ertönt.",
    ),
]


@pytest.mark.parametrize(("source", "sentence"), FALSE)
def test_what_the_source_does_not_say_is_not_proved(source: str, sentence: str) -> None:
    assert not check_sentence(sentence, [1], [passage(source)]).supported


@pytest.mark.parametrize(("source", "sentence"), TRUE)
def test_what_the_source_says_in_nearly_these_words_is_proved(source: str, sentence: str) -> None:
    verdict = check_sentence(sentence, [1], [passage(source)])

    assert verdict.supported, verdict.reason


@pytest.mark.parametrize(
    ("language", "sentence", "proved"),
    [
        ("fr", "Il n'est pas permis de fumer dans le laboratoire.", True),
        ("fr", "Il est permis de fumer dans le laboratoire.", False),
        ("fr", "Fumer dans le laboratoire.", False),
        ("", "Il n'est pas permis de fumer dans le laboratoire.", True),
    ],
)
def test_of_a_language_whose_small_words_are_unknown_only_the_statement_itself_is_proved(
    language: str, sentence: str, proved: bool
) -> None:
    source = replace(passage("Il n'est pas permis de fumer dans le laboratoire."), language=language)

    assert check_sentence(sentence, [1], [source]).supported is proved
