"""False sentences that a stranger made from texts of their own: each was shown as fact once."""

from __future__ import annotations

import pytest

from kb.rag.support import check_sentence
from tests.rag.corpus import passage

TEXTS = (
    (
        "Visitors register at gate 2. Trucks use gate 5. Gate 3 is for emergency vehicles only and must "
        "be kept clear at all times."
    ),
    (
        "The kit contains two cables, a charger (European plug), a manual in English and a carrying "
        "case. A British adapter is sold separately. The manual in French can be downloaded."
    ),
    (
        "According to the manufacturer, the battery lasts ten hours. In our own measurements it lasted "
        "between six and seven hours, depending on the brightness of the screen."
    ),
    (
        "Some customers reported that the pump becomes loud after two years. We could not reproduce "
        "this. If the noise occurs, replace the seal (part 4711); the impeller (part 4712) does not need "
        "to be replaced."
    ),
    (
        "The bridge is closed to vehicles over 3.5 tonnes. Buses of the city lines are exempt. Cyclists "
        "use the northern lane, pedestrians the southern one."
    ),
    (
        "Der Aufzug fährt nur mit Chipkarte in das Untergeschoss. Im Brandfall ist der Aufzug nicht zu "
        "benutzen. Rollstuhlfahrer warten am Sammelpunkt im Treppenhaus auf die Feuerwehr."
    ),
    (
        '"The best laboratory in Europe", as our founder liked to call it, opened in 1962 with three '
        "employees. By 1990 it had grown to 140. After the fire of 1994 it was rebuilt on the other side "
        "of the river."
    ),
    (
        "The survey was sent to 240 employees; 96 answered. Of those who answered, 70 % were satisfied "
        "with the new office and 15 % were undecided."
    ),
    (
        "Example: If Ms Berg travels from Kiel to Ulm for two days, she receives 14 euros for the day of "
        "departure and 14 euros for the day of return."
    ),
    (
        "Doctors recommend that adults sleep seven to nine hours. Children of primary school age need "
        "nine to twelve hours. Coffee after 4 pm can make it harder to fall asleep."
    ),
    (
        "Full-time staff receive 28 days of annual leave. Part-time staff receive leave in proportion to "
        "their hours. Up to five unused days may be carried over until 31 March of the following year; "
        "after that they lapse."
    ),
    (
        "## Site Berlin\nParking is free. The gate closes at 20:00. Contact: Mr Lindner.\n\n## Site "
        "Munich\nParking costs 4 euros a day. The gate closes at 22:00. Contact: Ms Roth."
    ),
    (
        "The centrifuge must be inspected annually by an authorised technician. In addition, users check "
        "the rotor for scratches before each run. A scratched rotor must not be used."
    ),
    (
        "Although the new printer is faster than the old one, it uses more toner. The old printer "
        "remains in the basement as a spare. Colour prints are possible on the new printer only."
    ),
    (
        "Alice approves invoices up to 5,000 euros. Invoices above that amount need a second signature "
        "by Bob or, in his absence, by Chen. Invoices without a purchase order are sent back to the "
        "supplier."
    ),
    (
        "Passwords must have at least 14 characters and contain a digit or a special character. They are "
        "valid for 180 days. After five failed attempts the account is locked for 30 minutes. The last "
        "ten passwords cannot be reused."
    ),
    (
        "The insurance does not cover:\n- damage caused by frost\n- theft from unlocked rooms\n- loss of "
        "data\nIt covers water damage up to 20,000 euros and fire damage without limit."
    ),
    (
        "Storage at 2–8 °C, unopened: 18 months. After opening: 28 days at 2–8 °C or 7 days at room "
        "temperature. Do not freeze. Shake before use."
    ),
    (
        "We expect revenue of 8 to 9 million euros this year, after 7.4 million last year. If the order "
        "from Oslo is confirmed, we will hire three more engineers. The plan to open an office in Lyon "
        "has been dropped."
    ),
    (
        "To restart the server, stop the queue first, wait until all jobs are finished, then run "
        "`systemctl restart kbd` as root. Do not restart during a backup. Backups run from 01:00 to "
        "03:00."
    ),
    (
        "Step 1: Switch off the mains. Step 2: Wait five minutes until the capacitor is discharged. Step "
        "3: Remove the four screws. Step 4: Lift the cover."
    ),
    (
        "Wanda Ferro founded the workshop in 1978 with her brother Enzo. Enzo left in 1991 and opened a "
        "shop in Turin. Since 2015 the workshop has been run by Wanda's daughter Rita."
    ),
    (
        "Rewards are paid in the month after the target is reached. Teams with fewer than four members "
        "do not take part. Interns may take part but receive no bonus money; they get a voucher worth 50 "
        "euros."
    ),
    (
        "| Room | Seats | Projector | Booking |\n|---|---|---|---|\n| Ada | 12 | yes | reception |\n| "
        "Babbage | 40 | no | facility team |\n| Curie | 6 | yes | self-service |"
    ),
    (
        "Our canteen serves lunch from 11:30 to 14:00. Guests pay 9.50 euros, employees 5.20 euros and "
        "trainees 3.80 euros. On Fridays only vegetarian dishes are offered."
    ),
    (
        "## Draft for discussion\nWe suggest moving the archive to Leipzig in 2027. This would save "
        "about 12,000 euros a year. The works council has not yet been consulted."
    ),
    (
        "Superseded (valid until 30 June 2024): Overtime is paid at 125 %.\nCurrent rule (since 1 July "
        "2024): Overtime is compensated with time off; payment requires approval by the managing "
        "director."
    ),
    (
        "The software was developed by Nordwerk GmbH for Hafen AG. Hafen AG owns the source code; "
        "Nordwerk may use it for support purposes only. Errors are reported to Nordwerk via the ticket "
        "system."
    ),
    (
        "Nach dem Urlaub übergibt Herr Vogel die Leitung an Frau Stein. Bis dahin vertritt ihn Herr "
        "Arslan. Frau Stein leitet derzeit das Lager in Ulm."
    ),
    (
        "Price list 2026 (net, per month)\nBasic: 19 EUR, 1 user, e-mail support\nTeam: 49 EUR, 5 users, "
        "e-mail and phone support\nEnterprise: on request, unlimited users, dedicated contact"
    ),
    (
        "Die Kaffeemaschine im dritten Stock wird montags von der Nachtschicht entkalkt, die im ersten "
        "Stock mittwochs von der Frühschicht. Bohnen bestellt Frau Sommer, Milch das Sekretariat."
    ),
    (
        "Dr. Sibel Aydin has headed the analytics department since 2021. Before that, she worked at the "
        "Institute for Optics. Her deputy is Marc Olsen, who also manages the mass spectrometer."
    ),
    (
        "The old intranet was switched off in March 2024. Since then all news has been published on the "
        "portal Lumen. Articles from before 2020 were not migrated; they can be requested from the "
        "archive."
    ),
)

FALSE = [
    (0, "Trucks use gate 5 and register there."),
    (1, "The kit contains a British adapter."),
    (2, "The battery lasts ten hours."),
    (3, "The pump becomes loud after two years."),
    (4, "The bridge is closed to vehicles."),
    (5, "Der Aufzug ist nicht zu benutzen."),
    (6, "The laboratory opened in 1994 on the other side of the river."),
    (7, "70 % of the employees were satisfied with the new office."),
    (7, "15 % of the 240 employees were undecided."),
    (8, "Ms Berg travels from Kiel to Ulm."),
    (8, "Ms Berg receives 14 euros."),
    (4, "The bridge is closed to all vehicles over 3.5 tonnes."),
    (4, "The bridge is closed to cyclists and pedestrians."),
    (9, "Children need nine to twelve hours of sleep."),
    (10, "All staff receive 28 days of annual leave."),
    (11, "The gate in Berlin closes at 22:00."),
    (11, "Ms Roth is the contact for Berlin."),
    (12, "A scratched rotor must not be used because it can break."),
    (13, "The new printer uses more toner because it is faster."),
    (14, "Alice approves invoices."),
    (15, "Failed attempts lock the account for 30 minutes."),
    (16, "The insurance covers fire damage up to 20,000 euros."),
    (1, "The charger has a British plug."),
    (9, "Coffee after 4 pm makes it harder to fall asleep."),
    (17, "Freeze before use."),
    (18, "We plan to open an office in Lyon."),
    (18, "If the order from Oslo is confirmed, we will hire three engineers in Lyon."),
    (19, "Restart the server during a backup."),
    (20, "Remove the four screws, then switch off the mains."),
    (20, "Lift the cover before you remove the four screws."),
    (21, "The workshop is in Turin."),
    (22, "Teams get a voucher worth 50 euros."),
    (7, "Most employees answered the survey."),
    (23, "All rooms have a projector."),
    (6, "It is the best laboratory in Europe."),
    (2, "The brightness of the screen depends on the battery."),
    (24, "Only vegetarian dishes are offered."),
    (25, "The archive will move to Leipzig in 2027."),
    (25, "The move to Leipzig saves about 12,000 euros a year."),
    (26, "Overtime is paid at 125 %."),
    (8, "If Ms Berg travels from Ulm to Kiel for two days, she receives 14 euros for the day of departure."),
    (27, "Nordwerk reports errors to Hafen AG."),
    (27, "Hafen AG developed the software."),
    (28, "Herr Vogel hat die Leitung an Frau Stein übergeben."),
    (25, "The archive moved to Leipzig."),
    (29, "The Team plan costs 49 EUR per user and month."),
    (28, "Herr Arslan vertritt Frau Stein."),
    (30, "Die Nachtschicht bestellt die Bohnen."),
    (31, "Sibel Aydin headed the Institute for Optics before 2021."),
    (32, "News from before 2020 is published in the archive."),
    (29, "Enterprise costs 49 EUR per month."),
]


@pytest.mark.parametrize(("text", "sentence"), FALSE)
def test_what_a_text_does_not_say_is_not_proved_by_it(text: int, sentence: str) -> None:
    assert not check_sentence(sentence, [1], [passage(TEXTS[text])]).supported
