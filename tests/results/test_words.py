import json
import math
from dataclasses import replace

import pytest

from results.comparison import AGREES, CANNOT_TELL, DIFFERS, Comparison, Row
from results.metrics import METRICS
from results.words import TEXT_WIDTH, comparison_document, comparison_text, metric_words, tell
from scenarios.metric_names import METRIC_NAMES

WAIT = Row(
    metric="wait_s_mean", within_s=None, channel="chat", team=None, gate=True, simulated=54.0, simulated_low=52.0,
    simulated_high=56.0, measured=95.0, measured_low=90.0, measured_high=100.0, difference=41.0, low=35.0, high=47.0,
    level=0.983, tolerance=27.0, verdict=DIFFERS, reason="measured lies above simulated by more than the tolerance",
    contacts=1102, contacts_all=2204, contacts_needed=None,
)  # fmt: skip
LEVEL = replace(
    WAIT, metric="service_level_offered", within_s=60.0, simulated=0.82, measured=0.81, difference=-0.01, low=-0.03,
    high=0.01, tolerance=0.07, verdict=AGREES, reason="the interval of the difference lies inside the tolerance",
)  # fmt: skip
FORM = replace(
    WAIT, channel="form", verdict=CANNOT_TELL, difference=20.0, contacts=310, contacts_needed=1240,
    reason="the interval reaches across the tolerance; about 1,240 contacts like these would decide",
)  # fmt: skip


def test_a_longer_wait_is_told_in_one_plain_sentence():
    """Without it a leader would have to read a table to learn what differs."""
    told = tell(Comparison(DIFFERS, (LEVEL, WAIT)))
    assert told.sentence == "Chat customers wait 41 s longer than you believe: 95 s instead of 54 s."
    assert told.beside == "1 of 2 deciding figures holds."


def test_the_figure_furthest_outside_its_tolerance_is_told_first():
    """Without it the headline could be the smaller of two troubles."""
    worse = replace(LEVEL, verdict=DIFFERS, measured=0.40, difference=-0.42)
    told = tell(Comparison(DIFFERS, (WAIT, worse)))
    assert told.sentence == (
        "42 fewer of 100 chat customers are answered within 60 s than you believe: 40.0 % instead of 82.0 %."
    )
    assert told.beside == "Also different from what you believe: Mean wait of everyone who asked (Chat)."


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_every_metric_has_words_and_a_sentence(metric):
    """Without it a new metric would break the page of the first run that differs in it."""
    within_s = 60.0 if METRIC_NAMES[metric].needs_within_s else None
    row = replace(WAIT, metric=metric, within_s=within_s, simulated=0.2, measured=0.1, difference=-0.1)
    assert tell(Comparison(DIFFERS, (row,))).sentence.endswith(".")
    assert "{" not in metric_words(metric, within_s)


def test_agreement_names_what_holds():
    """Without it the best news would be told in the words of statistics."""
    told = tell(Comparison(AGREES, (LEVEL, replace(LEVEL, channel="form"))))
    assert told.sentence == "What you believe about chat and web form holds."
    assert told.beside.startswith("All 2 deciding figures lie within the tolerance")


def test_cannot_tell_names_the_sample_that_would_decide():
    """Without it nobody would know what to do next."""
    assert tell(Comparison(CANNOT_TELL, (LEVEL, FORM))).sentence == (
        "We cannot tell yet whether what you believe about web form holds: "
        "about 1,240 web form contacts like these would decide; we had 310."
    )


def test_cannot_tell_of_a_handful_says_that_it_proves_nothing():
    """Without it five lucky contacts could read as a result."""
    few = replace(FORM, contacts=5, contacts_needed=None, reason="5 measured contacts")
    told = tell(Comparison(CANNOT_TELL, (few,)))
    assert told.sentence.endswith("5 web form contacts could be used, and fewer than 20 prove nothing.")


def test_no_contact_at_all_is_not_called_agreement():
    """Without it an empty run could pass."""
    none = replace(FORM, contacts=0, contacts_needed=None, measured=math.nan, difference=math.nan)
    assert "no web form contacts could be used" in tell(Comparison(CANNOT_TELL, (none,))).sentence


def test_without_gates_it_says_that_nothing_can_decide():
    """Without it a scenario that gates nothing would end in a crash or a silent pass."""
    assert "names no gates" in tell(Comparison(CANNOT_TELL, ())).sentence


def test_the_json_document_holds_nulls_where_there_is_no_number():
    """Without it `--json` would print NaN, which is no JSON, or 0, which is a lie."""
    row = replace(WAIT, measured=math.nan, difference=math.nan, low=-math.inf, high=math.inf)
    document = json.loads(json.dumps(comparison_document(Comparison(CANNOT_TELL, (row,))), allow_nan=False))
    [told] = document["rows"]
    assert document["verdict"] == "cannot tell"
    assert (told["measured"], told["low"], told["high"], told["simulated"]) == (None, None, None, 54.0)
    assert {"metric", "channel", "team", "gate", "difference", "tolerance", "verdict", "reason"} <= set(told)


def test_the_terminal_text_reads_as_written_here():
    """Without it the words a person reads most would change unseen."""
    shown = replace(WAIT, gate=False, tolerance=None, verdict=None, reason="", metric="talk_s_mean")
    assert comparison_text(Comparison(DIFFERS, (WAIT, LEVEL, shown))) == (
        "DIFFERS: Chat customers wait 41 s longer than you believe: 95 s instead of 54 s.\n"
        "1 of 2 deciding figures holds.\n"
        "\n"
        "deciding figures                       channel simulated  measured  difference (interval)          verdict\n"
        + "-"
        * 110
        + "\n"
        "wait_s_mean                            chat        54.0s     95.0s  +41.0s (+35.0s .. +47.0s)      differs\n"
        "    tolerance ±27.0s; 1,102 of 2,204 contacts; measured lies above simulated by more than the tolerance\n"
        "service_level_offered ≤60s             chat        82.0%     81.0%  -1.0% (-3.0% .. +1.0%)         agrees\n"
        "    tolerance ±7.0%; 1,102 of 2,204 contacts; the interval of the difference lies inside the tolerance\n"
        "\n"
        "for information                        channel simulated  measured  difference (interval)\n" + "-" * 110 + "\n"
        "talk_s_mean                            chat        54.0s     95.0s  +41.0s (+35.0s .. +47.0s)\n"
    )


def test_the_terminal_text_keeps_its_width():
    """Without it long waits would push the verdict off the screen."""
    long = replace(
        FORM, metric="service_level_answered_or_abandoned", within_s=86400.0, team="a_team_with_a_long_name",
        simulated=1.0, measured=0.0, difference=-1.0, low=-1.5, high=1.5,
        reason="word " * 60,
    )  # fmt: skip
    hours = replace(WAIT, simulated=41000.0, measured=58000.0, difference=17000.0, low=-16000.0, high=50000.0)
    text = comparison_text(Comparison(CANNOT_TELL, (long, replace(hours, verdict=CANNOT_TELL))))
    assert max(map(len, text.splitlines())) <= TEXT_WIDTH
    assert text.count("cannot tell\n") == 2
