"""What the families of signs are held to say before any example is seen.

The clean texts at hand are not the handbooks of the world: a wording that is rare in them by chance must not
decide. So the fit begins from what each family was written to say, and bounds those that handbooks and
letters use too.
"""

from __future__ import annotations

from kb.rag.instructions.signs import FAMILIES

# Families that also stand in handbooks and letters say little, and never decide alone.
_WEAK = frozenset(
    {
        "act_when_asked", "as_you_reply", "asked_say", "can_you", "encoding", "every_nth", "foreign_machine",
        "foreign_orders", "hash_head", "in_language",
        "in_style", "instead", "judge", "just_say", "link_it", "lure", "machine_acts", "make_creative",
        "make_the_reply", "model", "not_true", "only", "orders_print", "say_quoted", "send_to",
        "shouted", "slot", "tell_me", "tell_reader", "the_reader", "to_some_model", "tool",
        "you_generate", "you_must", "your_orders", "your_reply",
    }
)  # fmt: skip
# Nothing but the tokens of chat templates.
_CERTAIN = frozenset({"template"})
_MOST = {True: 2.0, False: None}

PRIOR = tuple(5.0 if name in _CERTAIN else 0.7 if name in _WEAK else 2.5 for name in FAMILIES)
# The least and the most that a family may weigh: no wording makes an attack look harmless.
BOUNDS = tuple((0.0, _MOST[name in _WEAK]) for name in FAMILIES)
