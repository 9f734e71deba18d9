"""Passages of a fictional company, for the tests of this folder."""

from __future__ import annotations

from kb.rag.types import Passage

TRAVEL = """## Booking

Employees must book all business travel in Voyago at least 14 days before departure. The Travel Desk approves flights \
above 1,200 EUR within two working days. You may not book hotels outside Voyago unless the conference has reserved rooms. \
Anna Meier leads the Travel Desk in Lucerne. Rail tickets are always second class. \
Travellers should keep every receipt for 18 months.

## Daily allowance

| City | Breakfast | Hotel limit |
|---|---|---|
| Berlin | 12 EUR | 140 EUR |
| Paris | 15 EUR | 180 EUR |
| Oslo | 19 EUR | 210 EUR |

The allowance is paid with the salary of the following month. Receipts are not needed for amounts below 20 EUR.
"""

LEAVE = """# Leave

Full-time employees receive 27 days of paid annual leave per calendar year. Interns receive 15 days of paid annual leave \
per calendar year. Unused days expire on 31 March 2027. You must request leave in Tempo at least three weeks in advance if \
the absence is longer than five days. The manager confirms the request within 4 working days. \
Sick employees must inform the manager before 9:30 on the first day of absence. A medical certificate is required from the \
third day of sickness. Parental leave lasts 16 weeks and can be taken in two parts.

You cannot carry over more than 6 days into the next year. The HR team in Bergen grants exceptions only in writing. \
Employees on probation may not take more than 10 days in the first half of the year.
"""

SECURITY = """# Passwords and devices

Passwords must have at least 16 characters. The password manager Keywell is installed on every laptop. \
Never share a password by e-mail or chat. Lost devices must be reported to security@nordlicht.example within 2 hours. \
The security team locks the device remotely and issues ticket class SEC-204. \
Visitors may use the guest network, but they cannot reach internal systems. \
Administrators should review access rights every 3 months. Backups are kept for 90 days in Frankfurt. \
Private phones are not allowed in the server room. The audit of 14 September 2025 found 11 shared accounts.

You may not:

- install software without approval of the service desk
- store customer data on USB sticks
- use public cloud storage for contracts
"""

EXPENSES = """# Expenses

Submit expense reports in Tempo by the 5th of each month. The finance team reimburses approved reports within 10 working \
days. Meals with customers are covered up to 65 EUR per person. Alcohol is never reimbursed. \
Mileage is paid at 0.72 EUR per km for private cars. The company pays 80 percent of the public transport pass. \
A report above 2,500 EUR needs the signature of Tomas Berg. If a receipt is missing, employees must fill in form FIN-31. \
Taxis can be used only after 22:00 or with heavy luggage. Reports older than 60 days are rejected. \
The card limit was raised to 4,000 EUR on 1 February 2026. Cash advances are paid on Thursday.
"""

OFFICE = """# Office and remote work

The office in Lucerne opens at 7:00 and closes at 20:30. Employees may work from home up to 3 days per week. \
The team agrees on one common office day, which is Tuesday. Working from abroad is limited to 20 days per year and requires \
the approval of HR. The company gives 600 EUR for home office furniture once every four years. \
Dogs are welcome on the second floor, but not in the canteen. The reception hands out badges until 17:00. \
Desks must be reserved in Spotly before 18:00 on the day before. The fire drill takes place on 12 May 2026. \
Meeting rooms hold between 4 and 24 people. Parking costs 45 EUR per month.
"""

PURCHASING = """# Purchasing

Orders below 500 EUR need no approval. Team leads approve orders up to 5,000 EUR, and the board approves everything above \
50,000 EUR. Three quotations are required for orders above 10,000 EUR. The supplier sends the invoice to the accounting \
team. Invoices are paid within 30 days. A contract must not run longer than 36 months without the consent of the legal \
team. Software licences are bought through Orderly. The auditor checks 5% of all orders every year. \
The manager informs the supplier before the contract ends. Framework contract NL-7781 with Hansen Office ends on \
30 June 2027. Gifts worth more than 40 EUR may not be accepted.
"""

_TEXTS = (
    ("Travel policy", TRAVEL, ("Travel",)), ("Leave policy", LEAVE, ()), ("Security handbook", SECURITY, ()),
    ("Expense policy", EXPENSES, ()), ("Office guide", OFFICE, ()), ("Purchasing policy", PURCHASING, ()),
)  # fmt: skip


def passages() -> list[Passage]:
    """The company's passages, numbered from 1; each begins at another offset of its document."""
    return [
        Passage(n, 100 + n, 10 + n, title, 1, text, 50 * n, 50 * n + len(text), heading_path=path, cosine=0.5)
        for n, (title, text, path) in enumerate(_TEXTS, 1)
    ]


def passage(text: str, n: int = 1, start: int = 0, title: str = "Handbook") -> Passage:
    """A passage of one's own."""
    return Passage(n, n, n, title, 1, text, start, start + len(text), cosine=0.5)
