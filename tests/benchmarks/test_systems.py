import pandas as pd
import pytest

from scenarios.reading import LoadedScenario
from simulator.engine_compiled import variant_of
from simulator.floor_arrays import floor_of
from simulator.simulate import simulate


@pytest.mark.parametrize(("name", "variant"), [("queue", "one_queue"), ("volumes", "common"), ("whole", "whole")])
def test_each_system_runs_in_a_variant_of_its_own(name: str, variant: str, request: pytest.FixtureRequest) -> None:
    """Without it a feature that a scenario does not use could move it into a slower loop."""
    assert variant_of(floor_of(request.getfixturevalue(name)).arrays) == variant


def test_the_whole_desk_uses_what_it_is_there_for_and_the_engines_agree(whole: LoadedScenario) -> None:
    """Without it the row of the whole loop could time promises, callbacks and conferences that never occur."""
    one, other = (simulate(whole, replications=1, engine=engine).legs for engine in ("compiled", "simpy"))
    pd.testing.assert_frame_equal(one, other)
    ends = {"transferred", "abandoned", "contained", "blocked", "cut_off", "silent", "balked", "callback"}
    assert ends <= set(one["leg_end"])
    assert set(one["role"].dropna()) == {"conference", "work"}
    assert one["promise_kept_s"].notna().any()
    assert one["hold_s"].notna().any()
    assert (one["contact_outcome"] == "unresolved").any()
