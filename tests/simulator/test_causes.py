"""What loses customers: worlds without one thing each, on the same luck, and how sure their differences are."""

import dataclasses

import numpy as np
import pytest

from results.statistics import replication_estimate
from scenarios.changes import changed
from scenarios.churn import ChurnModel
from scenarios.reading import HERE, load_scenario
from simulator.causes import BASE_TIMES, NothingLostError, apart, causes_of, difference, lives_of, lost_of, surplus_of
from simulator.simulate import simulate
from simulator.worlds import with_enough_people, worlds_of
from tests.written import about, demand, exactly, one_desk, written

BELIEF = {"model": "published"}
OBSERVED = {"rate": 0.03, "over_days": 30, "source": "billing"}
CUSTOMERS = {
    "count": 5000,
    "currency": "EUR",
    "segments": {"all": {"share": 1.0, "monthly_revenue": {"mean": 50.0}, "margin": 0.4}},
}


def passing(**changes):
    """A desk of plenty that passes half of its callers on to another, where nothing else can go wrong."""
    desk = one_desk(agents=30, service=about(200), demand=[demand(60)], churn=BELIEF)
    desk["teams"]["back"] = {"channels": ["phone"], "skills": [], "agents": {"00:00": 30}}
    desk["teams"]["back"]["service"] = {"default": about(300)}
    desk["teams"]["front"]["skills"] = ["order"]
    desk["transfers"] = [{"from": "front", "to": "back", "probability": 0.5, **changes.pop("transfer", {})}]
    return {**desk, **changes}


def scarce(**changes):
    """A desk of few, whose customers give up: what it loses hangs on who comes when."""
    desk = one_desk(agents=2, service=about(1500), demand=[demand(100)], patience={"phone": about(900)}, churn=BELIEF)
    desk["teams"]["front"]["resolves"] = 0.8
    return {**desk, **changes}


def named(found, name):
    return next(cause for cause in found.causes if cause.name == name)


def test_the_only_thing_that_goes_wrong_comes_first_and_keeps_all_that_service_loses(tmp_path):
    """Without it the page could name a cause that has nothing to do with the losses."""
    desk = written(tmp_path, passing(transfer={"cut_off": 0.4}))
    found = causes_of(desk, replications=6)
    first = found.causes[0]
    assert first.name in ("cut_offs", "transfers")  # without transfers none is cut
    cut = named(found, "cut_offs")
    assert cut.low > 0
    untroubled = 60 * 0.05  # of those with every term at 0
    assert cut.customers_kept == pytest.approx(found.base.customers.mean() - untroubled, rel=0.15)
    assert named(found, "waiting").customers_kept == pytest.approx(0, abs=0.01)


def test_a_thing_that_changes_nothing_keeps_nobody(tmp_path):
    """Without it noise would be sold as a cause: this model does not weigh telling a story again."""
    found = causes_of(written(tmp_path, passing()), replications=4)
    retelling = named(found, "retelling")
    assert (retelling.low, retelling.customers_kept, retelling.high) == (0, 0, 0)
    assert retelling.interval_ratio is None


def test_causes_keep_the_margin_that_comes_after_contracts(tmp_path):
    """Without it a remedy would be credited with money that bound customers pay anyhow."""
    kind = {"share": 1.0, "monthly_revenue": {"mean": 50.0}, "margin": 0.4}
    bound = {**kind, "contract": {"share": 1.0, "months": 24.0}}
    free, held = (
        causes_of(
            written(
                tmp_path / name,
                scarce(churn={**BELIEF, "observed": OBSERVED}, customers={**CUSTOMERS, "segments": {"all": segment}}),
            ),
            replications=2,
        )
        for name, segment in (("free", kind), ("held", bound))
    )
    assert held.base.customers.tolist() == free.base.customers.tolist()
    months_after = (12 * 12 / 24) / 2  # half of the contracts end within 12 months, and leave 6 of them in the mean
    assert held.base.margin.sum() / free.base.margin.sum() == pytest.approx(months_after / 12, rel=0.25)
    assert free.base.margin.tolist() == pytest.approx((free.base.customers * 50 * 0.4 * 12).tolist())


def test_things_that_a_scenario_does_not_have_are_not_tried(tmp_path):
    """Without it the page would list causes that keep nobody, among them those that the desk is free of."""
    names = [
        world.name for world in worlds_of(written(tmp_path / "a", one_desk(demand=[demand(9)], churn=BELIEF))).worlds
    ]
    assert names == ["waiting"]
    desk = passing(transfer={"history_carried": True})
    desk["channels"]["phone"] |= {"lines": 40, "at_close": "cleared"}
    names = [world.name for world in worlds_of(written(tmp_path / "b", desk)).worlds]
    assert names == ["transfers", "busy_lines", "closing", "waiting"]


def test_who_is_not_passed_on_is_settled_and_promised_as_much_as_before(tmp_path):
    """Without it doing without transfers would leave the specialists' cases unsolved, and count as a loss."""
    back = {"team": "back", "probability": 0.6, "due": exactly(600), "kept": 0.5}
    desk = passing(promises=[back], transfer={"cut_off": 0.0}, demand=[demand(2000)])
    desk["teams"]["front"] |= {"resolves": 0.4, "agents": {"00:00": 200}}
    desk["teams"]["back"] |= {"resolves": 0.9, "agents": {"00:00": 200}}
    loaded = written(tmp_path, desk)
    world = next(world for world in worlds_of(loaded).worlds if world.name == "transfers")
    before, after = (simulate(one, replications=3).legs for one in (loaded, world.loaded))
    assert not after["leg_end"].eq("transferred").any()

    def told(legs):
        last = legs[legs["contact_outcome"].isin(["resolved", "unresolved"])].drop_duplicates(
            ["replication", "contact_id"], keep="last"
        )
        return last["contact_outcome"].eq("resolved").mean(), last["promise_due_s"].notna().mean()

    assert told(after) == pytest.approx(told(before), abs=0.03)


def test_with_kept_promises_none_is_late_or_broken(tmp_path):
    """Without it the world that should have none of them would keep some, and the cause look smaller."""
    late = {"late": 0.3, "late_by": about(600), "kept": 0.2}
    promises = [
        {"team": "front", "probability": 0.5, "due": exactly(900), **late},
        {"team": "back", "probability": 0.5, "due": exactly(60), "by": "back", "fails": 0.5},
    ]
    desk = written(tmp_path, passing(promises=promises))
    world = next(world for world in worlds_of(desk).worlds if world.name == "promises")
    legs = simulate(world.loaded, replications=2).legs
    due = legs[legs["promise_due_s"].lt(desk.horizon_s)]
    assert len(due) > 20
    assert due["promise_kept_s"].eq(due["promise_due_s"]).all()


def test_where_people_solve_all_at_once_nothing_that_they_answer_stays_open(tmp_path):
    """Without it the biggest cause on the page could be what a little more knowledge saves."""
    desk = passing()
    desk["teams"]["front"]["resolves"] = 0.5
    desk["teams"]["back"]["resolves"] = {"default": 0.6}
    world = next(one for one in worlds_of(written(tmp_path, desk)).worlds if one.name == "unresolved")
    legs = simulate(world.loaded, replications=3).legs
    ended = legs[legs["leg_end"].eq("answered")]
    assert len(ended) > 100
    assert ended["contact_outcome"].eq("resolved").all()


def test_with_enough_people_hardly_anybody_waits(tmp_path):
    """Without it what waiting costs would be what a few more people save."""
    desk = written(tmp_path, scarce())
    legs = simulate(with_enough_people(desk), replications=3).legs
    assert (legs["answered_s"] - legs["arrived_s"]).gt(0).mean() < 0.01
    assert legs["leg_end"].ne("abandoned").mean() > 0.99
    assert with_enough_people(desk).hash != desk.hash


def test_every_interval_holds_the_truth_as_often_as_it_says(tmp_path):
    """Without it an interval on a page could be one that half of all runs contradict."""
    desk = written(tmp_path, scarce())
    other = changed(desk, {"teams.front.service.default.mean_s": "-10%"})
    groups, size, more = 40, 12, 24

    def lost(scenario, first, count):
        lives = lives_of([scenario], desk.churn, 1, range(first, first + count))
        return lost_of([one[0] for one in lives], desk.churn, desk)

    begins = range(0, groups * more, more)
    base, surplus = lost(desk, 0, groups * more), surplus_of(desk, 1, groups * more)
    better = [lost(other, at, size).customers for at in begins]
    groups_of = [slice(at, at + more) for at in begins]
    told = [
        difference(base.customers[some], pairs, surplus[some], base.unsolved[some]).interval()
        for some, pairs in zip(groups_of, better, strict=True)
    ]
    truth = np.mean([base.customers[at : at + size] - pairs for at, pairs in zip(begins, better, strict=True)])
    held = [low <= truth <= high for low, high in told]
    assert np.mean(held) >= 0.85  # of 40, 38 are expected; fewer than 34 come of luck three times in 1,000


def test_a_small_effect_is_known_five_times_as_well_as_with_luck_of_its_own():
    """Without it the difference between two plans would drown in the difference between two days."""
    quiet = changed(
        load_scenario(HERE / "quiet_tuesday.yaml"),
        {
            "churn": {"model": "published", "observed": OBSERVED},
            "remedies": {"one_more": {"says": "Have one more on chat", "set": {"teams.chat_desk.agents": "+1"}}},
        },
    )
    found = causes_of(quiet, replications=12, threads=2)
    cause = named(found, "one_more")
    assert 0 < cause.share_of_losses < 0.08
    assert cause.interval_ratio >= 5
    remedied = changed(quiet, {"teams.chat_desk.agents": "+1"})
    own = apart(quiet, remedied, found.model, 1, 12, threads=2)
    low, high = own.interval()
    assert (high - low) / (cause.high - cause.low) >= 4  # the ratio of two widths, each of 12 replications
    assert abs(own.value - cause.customers_kept) < 4 * own.error


def test_as_many_leave_of_the_scenario_as_really_do(tmp_path):
    """Without it each world would be scaled to the same losses, or none to those that were counted."""
    desk = written(tmp_path, scarce(churn={**BELIEF, "observed": {**OBSERVED, "rate": 0.3, "over_days": 1}}))
    found = causes_of(desk, replications=4)
    cases = sum(lives[0]["cases"].sum() for lives in lives_of([desk], found.model, 1, range(4)))
    assert found.base.customers.sum() / cases == pytest.approx(0.3, abs=0.02)
    assert named(found, "unresolved").customers_kept > 0


def test_margin_is_told_of_a_population_and_only_where_the_rate_was_observed(tmp_path):
    """Without it a page would show money made of what customers said they would do."""
    told = {**BELIEF, "observed": OBSERVED}
    found = causes_of(written(tmp_path / "a", scarce(customers=CUSTOMERS, churn=told)), replications=3)
    worth = 50 * 0.4 * 12
    for cause in found.causes:
        assert cause.margin_kept == pytest.approx(cause.customers_kept * worth)
        assert cause.margin_low == pytest.approx(cause.low * worth)
    for desk in (scarce(customers=CUSTOMERS), scarce(churn=told)):
        found = causes_of(
            written(tmp_path / desk["churn"].get("observed", {}).get("source", "b"), desk), replications=3
        )
        assert {cause.margin_kept for cause in found.causes} == {None}


def test_causes_come_in_the_order_of_what_they_lose_and_remedies_after_them(tmp_path):
    """Without it a leader would read the smallest first, or take a remedy for a cause."""
    remedies = {"quick": {"says": "Be quicker", "set": {"teams.front.service.default.mean_s": 600}}}
    found = causes_of(written(tmp_path, scarce(remedies=remedies)), replications=4)
    assert [cause.kind for cause in found.causes] == ["cause", "cause", "remedy"]
    kept = [cause.customers_kept for cause in found.causes[:2]]
    assert kept == sorted(kept, reverse=True)
    assert (found.causes[2].says, found.causes[2].low > 0) == ("Be quicker", True)


def test_threads_change_nothing(tmp_path):
    """Without it what is found would hang on the machine."""
    desk = written(tmp_path, scarce())
    assert causes_of(desk, replications=4).causes == causes_of(desk, replications=4, threads=2).causes


def test_an_interruption_keeps_what_was_played_in_all_worlds(tmp_path):
    """Without it Ctrl-C after an hour would throw the hour away, or hold unequal days against each other."""
    desk = written(tmp_path, scarce())
    whole = causes_of(desk, replications=3)
    plays = 10 * (3 + BASE_TIMES - 1)  # the scenario, two worlds, and the scenario again

    def stop_after(played):
        def tell(share):
            if share > (played + 0.1) / plays:
                raise KeyboardInterrupt

        return tell

    found = causes_of(desk, replications=10, progress=stop_after(3 * 3))
    assert (found.whole, found.causes) == (False, whole.causes)
    found = causes_of(desk, replications=10, progress=stop_after(10 * 3 + 7))
    assert (found.whole, len(found.base.customers)) == (False, 17)
    with pytest.raises(KeyboardInterrupt):
        causes_of(desk, replications=10, progress=stop_after(1 * 3))


def test_progress_is_told_up_to_the_end(tmp_path):
    """Without it a bar would stand still for minutes."""
    told = []
    causes_of(written(tmp_path, scarce()), replications=2, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_nothing_is_told_without_a_model_or_a_second_replication(tmp_path):
    """Without it the answer would be no customers lost, or an interval of one day."""
    with pytest.raises(NothingLostError, match="what makes customers leave"):
        causes_of(written(tmp_path / "a", one_desk(demand=[demand(9)])))
    with pytest.raises(NothingLostError, match="2 or more"):
        causes_of(written(tmp_path / "b", scarce()), replications=1)


def test_a_model_of_columns_alone_loses_as_many_in_every_world(tmp_path):
    """Without it a model that weighs no experience would end in a grouping by nothing."""
    base = {"rate": 0.1, "standard_error": 0.1, "uncertain_by": "assumed", "source": "test"}
    model = ChurnModel.model_validate({"churn": "flat", "title": "t", "form": "logistic", "base": base})
    desk = written(tmp_path, scarce())
    lives = lives_of([dataclasses.replace(desk, churn=model)], model, 1, range(2))
    assert lost_of(lives[0], model, desk).customers[0] == pytest.approx(0.1 * lives[0][0]["cases"].sum())


def luck_of(pairs=20, times=BASE_TIMES):
    """What is lost in replications of a scenario, whose bad times are worse than others, and in pairs of a better one.

    The better one keeps 20 in the mean.
    """
    luck = np.random.default_rng(1)
    surplus, bad = luck.normal(0, 100, pairs * times), luck.normal(0, 30, pairs * times)
    base = 300 + 0.5 * surplus + bad
    other = base - 20 - 0.1 * surplus - 0.5 * bad - luck.normal(0, 1, pairs * times)
    return base, other[:pairs], surplus, bad + luck.normal(0, 10, pairs * times)


def test_what_luck_sent_too_many_of_is_taken_out_of_a_difference():
    """Without it an interval would be as wide as busy and quiet weeks differ, which is known before they are played."""
    base, other, surplus, unsolved = luck_of()
    controlled = difference(base[:20], other, surplus[:20], unsolved[:20])
    plain = replication_estimate(base[:20] - other)
    assert controlled.error == pytest.approx(0.5 * 30 / 20**0.5, rel=0.4)  # what is left is how bad a time was
    assert controlled.error < plain.error
    assert difference(base, other[:4], surplus, unsolved) == replication_estimate(base[:4] - other[:4])


def test_how_bad_a_time_the_scenario_had_is_taken_out_as_far_as_that_is_known():
    """Without it what waiting loses could not be told from a week in which everybody waited."""
    base, other, surplus, unsolved = luck_of()
    few = difference(base[:20], other, surplus[:20], unsolved[:20])
    many = difference(base, other, surplus, unsolved)
    assert many.error == pytest.approx(few.error / BASE_TIMES**0.5, rel=0.25)
    assert (many.freedom, few.freedom) == (16, 16)
    low, high = many.interval()
    assert low < 20 < high


def test_unsolved_cases_tell_apart_what_the_losses_mix():
    """Without it customers lost for reasons that both worlds have would hide how bad a time it was."""
    base, other, surplus, unsolved = luck_of()
    both = np.random.default_rng(2).normal(0, 60, len(base))
    mixed = difference(base + both, other + both[:20], surplus, unsolved)
    without = difference(base + both, other + both[:20], surplus, unsolved * 0)
    assert mixed.error < without.error / 1.5


def test_a_control_that_tells_nothing_costs_no_more_than_it_must():
    """Without it a table of arrivals, which sends as many customers in each replication, would end in no interval."""
    base, other, surplus, unsolved = luck_of()
    controlled = difference(base[:20], other, surplus[:20] * 0, unsolved[:20] * 0)
    assert controlled.value == pytest.approx(replication_estimate(base[:20] - other).value)
    assert controlled.freedom == 18


def test_a_surplus_is_none_in_the_mean(tmp_path):
    """Without it what is taken out of a difference would shift it."""
    desk = written(tmp_path, scarce(busyness={"cv": 0.2}))
    surplus = surplus_of(desk, 1, 400)
    assert abs(surplus.mean()) < 4 * surplus.std() / 20
    assert surplus.std() > 15
