"""How long each thing that a shopper did was without an answer: from when it was meant, and from when it was done.

Both times stand side by side. From the intended start a desk that stalls is charged for those too who would have come
meanwhile, whether or not our generator kept up (coordinated omission; Tene, How NOT to measure latency, 2015); from the
actual start it is charged for what it did with what it was sent. An answer is the first thing that came back before the
shopper did the next thing: a rung of the ladder, a page, or words.

>>> steps = pd.DataFrame({
...     "contact_id": ["a", "a"], "leg": [0, 0], "step": [0, 1], "rung": [None, "accepted"],
...     "intended_s": [10.0, None], "actual_s": [10.5, None], "seen_by_s": [None, 12.0], "state": ["open", "seen"],
... })
>>> responses_of(steps, pd.DataFrame(columns=["contact_id", "at_s", "speaker"]))[["what", "intended_s", "seen_by_s"]]
   what  intended_s  seen_by_s
0  open        10.0       12.0
"""

from __future__ import annotations

import pandas as pd

DONE = ("open", "say", "ask", "retell", "press", "search", "attach")
"""What a shopper does that wants an answer."""

COLUMNS = ("contact_id", "leg", "step", "what", "intended_s", "actual_s", "seen_by_s")


def responses_of(steps: pd.DataFrame, messages: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each thing done: when it was meant, when it was done, and when the first answer was seen.

    Args:
        steps: of a measured run.
        messages: of the same.

    Returns:
        The columns of `COLUMNS`, times in scenario seconds; `seen_by_s` is NaN where nothing came before the next
        thing was done, or the contact ended.
    """
    done = steps[steps["state"].isin(DONE) & steps["actual_s"].notna()]
    done = done.rename(columns={"state": "what"})[list(COLUMNS)].drop(columns="seen_by_s")
    done = done.assign(next_s=done.groupby("contact_id")["actual_s"].shift(-1))
    signs = steps.loc[steps["seen_by_s"].notna(), ["contact_id", "seen_by_s"]]
    spoken = messages.loc[messages["speaker"] != "customer", ["contact_id", "at_s"]]
    signs = pd.concat([signs, spoken.rename(columns={"at_s": "seen_by_s"})]).astype(
        {"contact_id": "str", "seen_by_s": float}
    )
    signs = signs.sort_values("seen_by_s", kind="stable")
    done = done.astype({"contact_id": "str", "actual_s": float}).sort_values("actual_s", kind="stable")
    found = pd.merge_asof(
        done, signs, by="contact_id", left_on="actual_s", right_on="seen_by_s", direction="forward",
    )  # fmt: skip
    late = found["seen_by_s"] > found["next_s"]
    found = found.assign(seen_by_s=found["seen_by_s"].mask(late))
    return found.sort_values(["contact_id", "leg", "step"], ignore_index=True)[list(COLUMNS)]
