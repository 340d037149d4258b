"""The labels of conduct: what an agent's turn can show, and which of them words and structure can decide.

The names and their meanings are those of mystery-shop scoring as docs/scoring.md tells them.
"""

GATES = (
    "greeting", "apology", "thanks", "upsell_over_open_problem", "deflect_website", "deflect_channel",
    "transfer_announced", "transfer_explained", "asks_again", "automatic_reply", "bot", "closing_anything_else",
    "feedback_request", "feedback_over_two_questions", "promise",
)  # fmt: skip
"""Labels that words and structure decide; they may decide a score."""

ASSISTS = (
    "empathy", "ownership", "blame_customer", "blame_other", "negative_wording", "positive_wording", "forced_cheer",
    "dead_end", "honours_mistake", "matches_tone", "jargon",
)  # fmt: skip
"""Labels that need judgement: what is found informs, and decides nothing until a person confirms it."""

LABELS = (*GATES, *ASSISTS)
