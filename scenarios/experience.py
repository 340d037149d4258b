"""What a customer's experience is counted in: the words that the ledger, the churn model and the reports share.

The ledger adds these up over all of a customer's legs; a churn model gives some of them a weight.
"""

from __future__ import annotations

from typing import Literal, get_args

Term = Literal[
    "wait_beyond_min",
    "retellings",
    "transfers",
    "cut_offs",
    "contradictions",
    "promises_late",
    "promises_broken",
    "hops",
    "deflections",
    "unresolved",
    "repeats",
    "blamed",
    "kindness",
    "apologies",
    "compensations",
    "proactive_calls",
    "complaints",
]
"""wait_beyond_min: minutes waited beyond what the customer tolerates on that channel. retellings: times the story was
told again. hops: contacts over another channel than the one before in the same case. deflections: sent elsewhere.
unresolved: cases that came to nothing. repeats: contacts of a case beyond its first. complaints: cases that the
customer called a complaint. The others: how often it happened."""

TERMS: tuple[Term, ...] = get_args(Term)
