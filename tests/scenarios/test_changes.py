import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.changes import changed
from scenarios.faults import FaultsFoundError
from scenarios.plan import make_plan
from scenarios.profiled import Asked, profiled
from scenarios.reading import HERE, load_scenario, with_settings
from scenarios.settings import applied
from scenarios.yaml_reader import Document
from simulator.simulate import simulate
from tests.written import about, demand, exactly, one_desk, written

DESK = one_desk(
    agents=3,
    service=about(120),
    demand=[demand(80)],
    retry={"phone": {"probability": 0.5, "after": about(600)}},
    patience={"phone": about(300)},
)
DESK["teams"]["back"] = {
    "channels": ["email"],
    "agents": {"00:00": 0, "08:00": 4, "18:00": 1},
    "service": {"default": exactly(300)},
}
DESK["channels"]["email"] = {"opens": "00:00", "closes": "24:00"}
DESK["transfers"] = [
    {"from": "front", "to": "back", "probability": 0.2, "intents": ["order"], "cut_off": 0.1},
    {"from": "back", "to": "front", "probability": 0.1},
]


@pytest.fixture
def desk(tmp_path):
    return written(tmp_path, DESK)


def told(desk, **settings):
    return changed(desk, {path.replace("__", "."): value for path, value in settings.items()})


def words(desk, settings):
    with pytest.raises(FaultsFoundError) as caught:
        changed(desk, settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "which"),
    [
        ("transfers.0.cut_off", [0.5, 0.0]),
        ("transfers[1].cut_off", [0.1, 0.5]),
        ("transfers.*.cut_off", [0.5, 0.5]),
        ("transfers[from=back].cut_off", [0.1, 0.5]),
        ("transfers[intents=order].cut_off", [0.5, 0.0]),
        ("transfers[from=front][to=back].cut_off", [0.5, 0.0]),
    ],
)
def test_a_path_leads_to_one_element_to_all_or_to_those_that_say_so(desk, path, which):
    """Without it a remedy for one transfer could be tried on another, and keep other customers."""
    assert [one.cut_off for one in changed(desk, {path: 0.5}).scenario.transfers] == which


def test_a_path_leads_through_names_as_through_lists(desk):
    """Without it what holds for every team could not be told at once."""
    other = changed(desk, {"teams.*.resolves": 0.5, "teams[channels=email].sick": 0.2})
    assert [team.resolves for team in other.scenario.teams.values()] == [0.5, 0.5]
    assert [team.sick for team in other.scenario.teams.values()] == [0.0, 0.2]


def test_null_removes_a_key_an_element_and_every_one(desk):
    """Without it a remedy could not do without something, as without a second transfer."""
    assert told(desk, retry=None).scenario.retry == {}
    assert [one.from_team for one in told(desk, transfers__0=None).scenario.transfers] == ["back"]
    assert changed(desk, {"transfers.*": None}).scenario.transfers == []
    assert changed(desk, {"transfers.*.intents": None}).scenario.transfers[0].intents is None  # one of two has it


@pytest.mark.parametrize(
    ("change", "agents"),
    [
        ("+2", [0, 6, 3]),
        ("-1", [0, 3, 0]),
        ("-2", [0, 2, 0]),
        ("*1.5", [0, 6, 2]),
        ("+50%", [0, 6, 2]),
        ("-50%", [0, 2, 1]),
        ({"00:00": 7}, [7]),
    ],
)
def test_a_whole_roster_moves_where_somebody_is_there(desk, change, agents):
    """Without it two more agents would come at night, too, when nobody is there to share the work with."""
    assert list(told(desk, teams__back__agents=change).scenario.teams["back"].agents.values()) == agents


def test_numbers_move_and_what_counts_stays_whole(desk):
    """Without it a tenth more of 3 agents would be a fault, and a tenth more of 80 contacts another number."""
    other = changed(desk, {"demand.0.contacts": "*1.1", "teams.front.service.default.mean_s": "-20"})
    assert other.scenario.demand[0].contacts == [88.0]
    assert other.scenario.teams["front"].service["default"].mean_s == 100
    assert changed(desk, {"transfers.1.probability": "+0.2"}).scenario.transfers[1].probability == 0.3


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"teams.frnt.sick": 0.1},
            "setting teams.frnt.sick: frnt is missing; expected one of: front (did you mean it?), back",
        ),
        (
            {"team.front.sick": 0.1},
            "setting team.front.sick: team is missing; expected one of: teams (did you mean it?), channels, demand, "
            "intents, patience, retry, scenario, starts, time_zone, title, transfers",
        ),
        (
            {"transfers.2.cut_off": 0.1},
            "setting transfers.2.cut_off: 2 is beyond the 2 that there are; expected 0 to 1",
        ),
        (
            {"transfers[from=frnt].cut_off": 0.1},
            "setting transfers[from=frnt].cut_off: [from=frnt] is none of them; expected from one of: front (did you "
            "mean it?), back",
        ),
        (
            {"transfers[from=front][to=front].cut_off": 0.1},
            "setting transfers[from=front][to=front].cut_off: [from=front][to=front] is none of them; expected to one "
            "of: back",
        ),
        (
            {"transfers[frm=front].cut_off": 0.1},
            "setting transfers[frm=front].cut_off: [frm=front] is none of them; expected a key that they have, one of: "
            "from (did you mean it?), cut_off, intents, probability, to",
        ),
        (
            {"teams.front.agents": "ten"},
            "setting teams.front.agents: teams.front.agents is 'ten'; expected a mapping of keys",
        ),
        (
            {"transfers.*.cut_off": 2},
            "setting transfers.*.cut_off: transfers[0].cut_off is 2; expected at most 1",
        ),
        (
            {"teams.front.wrap": None},
            "setting teams.front.wrap: wrap is missing; expected one of: agents, channels, service",
        ),
        (
            {"title": "+1"},
            "setting title: what is there is 'One desk'; expected a number to change, or numbers; or say the new value "
            "itself",
        ),
        (
            {"seed": "+1"},
            "setting seed: seed is missing; expected one of: channels, demand, intents, patience, retry, scenario, "
            "starts, teams, time_zone, title, transfers; or a value of its own: this file says none that could be "
            "changed",
        ),
        ({"title.x": 1}, "setting title.x: title is 'One desk'; expected keys below it: end the path here"),
        ({"..": 1}, "setting ..: the path is '..'; expected a path such as teams.front.agents"),
        (
            {"transfers.first.cut_off": 1},
            "setting transfers.first.cut_off: first is 'first'; expected the number of an element, from 0, `*` for "
            "every one, or those that say so: [key=text]",
        ),
    ],
)
def test_what_cannot_be_set_is_told_with_the_setting_and_what_would_be_right(desk, settings, said):
    """Without it a slip in a what-if would be played as if nothing had been asked, or end in a line of no file."""
    assert words(desk, settings) == said


def test_a_key_that_no_scenario_knows_is_told_with_the_nearest_and_once(desk):
    """Without it a misspelt key would be told once for each of a hundred transfers, and not how it is spelt."""
    said = words(desk, {"transfers.*.cut_of": 0.1})
    assert said.startswith(
        "setting transfers.*.cut_of: transfers[0].cut_of is not a known key; expected one of: cut_off"
    )
    assert len(said.splitlines()) == 1


def test_what_settings_break_elsewhere_names_them(desk):
    """Without it who removes a team would read of a transfer they have not touched, and not why."""
    said = words(desk, {"teams.back": None, "seed": 4})
    assert "setting teams.back, seed: transfers[0].to is 'back'; expected one of: anyone, front" in said


def test_another_value_is_another_scenario_and_leaves_the_first_as_it_was(desk):
    """Without it two alternatives could be taken for one run, or each be tried on top of the one before."""
    before = json.dumps(desk.document.values)
    hashes = {changed(desk, {"teams.front.sick": share}).hash for share in (0.1, 0.2)} | {desk.hash}
    assert len(hashes) == 3
    assert json.dumps(desk.document.values) == before
    assert desk.scenario.teams["front"].sick == 0.0


def test_changes_go_on_top_of_changes(desk):
    """Without it an alternative of a remedied scenario would be one of the scenario without the remedy."""
    both = changed(changed(desk, {"teams.front.sick": 0.1}), {"teams.back.sick": 0.2}).scenario.teams
    assert (both["front"].sick, both["back"].sick) == (0.1, 0.2)


@given(st.sampled_from(sorted(DESK)), st.integers(0, 3))
def test_what_is_set_to_what_it_was_changes_no_plan_and_no_log(tmp_path_factory, key, replication):
    """Without it going through settings could lose a table or round a number, and a what-if would differ by it."""
    desk = written(tmp_path_factory.mktemp("desk"), DESK)
    same = with_settings(desk, {key: DESK[key]})
    assert changed(desk, {key: DESK[key]}) is desk
    assert make_plan(desk, 1, replication).equals(make_plan(same, 1, replication))
    ours, theirs = (simulate(one, replications=2).legs.drop(columns="run_id") for one in (desk, same))
    assert ours.equals(theirs)


def test_days_that_were_asked_for_stay_unless_they_are_set(tmp_path):
    """Without it every alternative of a week would be simulated over the file's one day."""
    written(tmp_path, DESK)
    week = load_scenario(tmp_path / "one_desk.yaml", days=7)
    assert changed(week, {"seed": 2}).scenario.days == 7
    assert changed(week, {"days": 3}).scenario.days == 3
    assert changed(week, {"seed": 2}).agents["back"][-1][0] > 6 * 86400


def test_a_factor_that_was_asked_for_stays(desk):
    """Without it a what-if at twice the volume would be played at the file's."""
    busy = profiled(desk, Asked(factor=2.0))
    other = changed(busy, {"teams.front.sick": 0.1})
    assert other.profile == busy.profile
    assert other.hash not in (busy.hash, changed(desk, {"teams.front.sick": 0.1}).hash)


def test_tables_beside_the_file_are_read_and_can_be_others(tmp_path):
    """Without it a scenario whose volumes stand in a table could not be changed at all."""
    (tmp_path / "quiet.csv").write_text("starts,contacts\n09:00,10\n")
    (tmp_path / "busy.csv").write_text("starts,contacts\n09:00,90\n")
    table = {"intent": "order", "channels": {"phone": 1.0}, "contacts_csv": "quiet.csv"}
    law = {"law": "empirical", "points_csv": "talks.csv"}
    (tmp_path / "talks.csv").write_text("share,time_s\n0,10\n1,20\n")
    desk = written(tmp_path, one_desk(service=law, demand=[table]))
    assert changed(desk, {"seed": 2}).contacts == desk.contacts == {0: [(32400.0, 10.0)]}
    assert changed(changed(desk, {"seed": 2}), {"seed": 3}).scenario.teams == desk.scenario.teams
    assert changed(desk, {"demand.0.contacts_csv": "busy.csv"}).contacts == {0: [(32400.0, 90.0)]}
    assert "none.csv" in words(desk, {"demand.0.contacts_csv": "none.csv"})


def test_a_churn_model_is_read_anew_where_it_is_another(desk):
    """Without it a what-if of other beliefs would be judged by the old ones."""
    observed = {"rate": 0.02, "over_days": 30, "source": "billing"}
    believing = changed(desk, {"churn": {"model": "published", "observed": observed}})
    assert (believing.churn.churn, believing.churn.observed.rate) == ("published", 0.02)
    assert changed(believing, {"churn.model": "published_over_time"}).churn.form == "hazard"
    assert changed(believing, {"churn.observed": None}).churn.observed is None


def test_settings_of_a_document_leave_it_as_it_is():
    """Without it a shipped scenario in memory would take on the changes of whoever looked at it last."""
    document = Document("x.yaml", {"a": {"b": [1, 2, 0]}}, {})
    assert applied(document, {"a.b": "+1"}).values == {"a": {"b": [2, 3, 0]}}
    assert document.values == {"a": {"b": [1, 2, 0]}}


def test_every_remedy_we_ship_changes_its_scenario():
    """Without it a remedy could be listed that does nothing."""
    for path in HERE.glob("*.yaml"):
        loaded = load_scenario(path)
        for remedy in loaded.scenario.remedies.values():
            assert changed(loaded, remedy.set).hash != loaded.hash
