import numpy as np

from probes.browse import Handful, best_start_s, choose_handful
from scenarios.plan import make_plan
from scenarios.reading import HERE, load_scenario


def test_a_handful_are_customers_of_the_plan_who_come_close_together() -> None:
    """Without it the browser could play customers whom nobody planned, or keep a demo waiting for an hour."""
    loaded = load_scenario(HERE / "quiet_tuesday.yaml")
    start_s = best_start_s(loaded)
    chosen = choose_handful(loaded, 1, Handful(chats_per_intent=2, forms=2, apart_s=1.5), start_s, scale=10.0)
    assert list(chosen["channel"]) == ["form"] * 2 + ["chat"] * 6
    assert set(chosen.loc[chosen["channel"] == "chat", "intent"].value_counts()) == {2}
    assert chosen["due_s"].iloc[0] == start_s
    assert np.allclose(np.diff(chosen["due_s"]), 15.0)
    planned = make_plan(loaded, 1).set_index("contact_id").loc[chosen["contact_id"]]
    for kept in ("customer_id", "intent", "channel", "journey", "patience_s", "entity"):
        assert list(planned[kept]) == list(chosen[kept])
