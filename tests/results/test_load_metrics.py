"""A load test's figures for other tools: Prometheus text as its own parser reads it, thresholds as JUnit cases."""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from prometheus_client.parser import text_string_to_metric_families

from results.exports import load_junit_xml
from results.load_figures import check_thresholds, load_rows
from results.load_metrics import GAUGES, samples_of
from results.load_tables import threshold_row
from results.prometheus import prometheus_text
from scenarios.thresholds import Threshold
from tests.results.test_load_figures import RUN, measured

FACTS = {
    "scenario": "small_desk", "planned": 6, "state": "finished", "instrument": {"fit": True, "reasons": []},
}  # fmt: skip
ABOUT = {"scenario": "small_desk"}
KEPT = Threshold(metric="response_s_max", stage="peak", step="open", at_most=5)
MISSED = Threshold(metric="error_share", at_most=0.01)
UNKNOWN = Threshold(metric="response_s_p95", step="press", measured="actual", at_most=5)
CHECKED = check_thresholds([KEPT, MISSED, UNKNOWN], RUN, FACTS)

Read = dict[str, list[tuple[dict[str, str], float]]]


def read(text: str) -> Read:
    return {
        family.name: [(sample.labels, sample.value) for sample in family.samples]
        for family in text_string_to_metric_families(text)
    }


def only(samples: Sequence[tuple[dict[str, str], float]], **labels: str) -> list[float]:
    return [value for found, value in samples if labels.items() <= found.items()]


def test_prometheus_reads_the_very_figures() -> None:
    """Without it a dashboard would show other times than the table, or the start of one as that of the other."""
    told = read(prometheus_text(samples_of(FACTS, RUN, CHECKED), "small_desk"))
    rows = list(load_rows(RUN))
    assert len(rows) == 3
    for row in rows:
        where = {name: row[name] for name in ("stage", "channel", "step")}
        for start in ("intended", "actual"):
            for quantile, name in (("0.5", "p50"), ("0.999", "p99_9"), ("1", "max")):
                found = only(told["testdrive_response_seconds"], **where, start=start, quantile=quantile)
                assert found == [row[f"{start}_{name}_s"]], (where, start, name)
    assert all(labels["scenario"] == "small_desk" for samples in told.values() for labels, _ in samples)


def test_every_contact_is_counted_once_in_the_whole() -> None:
    """Without it an export could lose the customers that nobody began, where nothing answered above all."""
    silent = measured((11.0, None, "unstarted"), (12.0, None, "unstarted"), (13.0, None, "withheld"))
    contacts = read(prometheus_text(samples_of(FACTS, silent, []), "small_desk"))["testdrive_contacts"]
    assert only(contacts, stage="all", state="unstarted") == [2]
    assert only(contacts, stage="all", state="target_error") == [0]
    assert sum(only(contacts, stage="all")) == 3


def test_thresholds_say_what_was_wanted_measured_and_kept() -> None:
    """Without it an alert could not tell a missed threshold from one of which nothing was measured."""
    told = read(prometheus_text(samples_of(FACTS, RUN, CHECKED), "small_desk"))
    parts = ("limit", "value", "measured", "kept", "told")
    found = [
        [only(told[f"testdrive_threshold_{part}"], metric=metric) for part in parts]
        for metric in ("response_s_max", "error_share", "response_s_p95")
    ]
    assert found == [[[5], [4], [2], [1], [1]], [[0.01], [0.25], [4], [0], [1]], [[5], [], [0], [0], [0]]]


def test_what_was_not_fit_or_not_finished_says_so() -> None:
    """Without it figures of a bad run would look like those of a good one."""
    facts = {**FACTS, "state": "interrupted", "instrument": {"fit": False, "reasons": ["late"]}}
    told = read(prometheus_text(samples_of(facts, RUN, []), "small_desk"))
    assert told["testdrive_instrument_fit"] == told["testdrive_run_complete"] == [(ABOUT, 0.0)]
    assert told["testdrive_contacts_planned"] == [(ABOUT, 6.0)]


def test_no_sample_is_outside_the_table_of_names() -> None:
    """Without it Prometheus and OpenTelemetry could come to know a figure by different names."""
    told = samples_of(FACTS, RUN, [*CHECKED, *CHECKED])
    assert {one.gauge for one in told} == set(GAUGES)
    assert len({(one.gauge.name, one.labels) for one in told}) == len(told)
    assert set(read(prometheus_text(told, "small_desk"))) == {gauge.name for gauge in GAUGES}


def test_what_a_cut_off_run_kept_is_not_told_as_kept() -> None:
    """Without it a dashboard, a build server and a program would be green where the page says that it cannot tell."""
    cut = {**FACTS, "state": "interrupted"}
    checks = check_thresholds([KEPT, MISSED], RUN, cut)
    told = read(prometheus_text(samples_of(cut, RUN, checks), "small_desk"))
    for part, kept, missed in (("kept", 0, 0), ("told", 0, 1), ("value", 4, 0.25)):
        assert only(told[f"testdrive_threshold_{part}"], metric="response_s_max") == [kept]
        assert only(told[f"testdrive_threshold_{part}"], metric="error_share") == [missed]
    suite = ElementTree.fromstring(load_junit_xml(cut, checks))
    said = [part.get("message") for case in suite.iterfind("testcase") for part in case]
    assert said == [
        "it was interrupted", "cannot tell: the run was interrupted; measured 4 of 2", "measured 0.25 of 4",
    ]  # fmt: skip
    assert [threshold_row(one)["kept"] for one in checks] == [None, False]
    assert threshold_row(checks[0])["untold"] == "the run was interrupted"


def cases(facts: dict[str, Any]) -> tuple[ElementTree.Element, dict[str, list[str]]]:
    suite = ElementTree.fromstring(load_junit_xml(facts, CHECKED))
    found = {
        str(case.get("name")): [f"{part.tag}: {part.get('message') or part.text}" for part in case] for case in suite
    }
    return suite, found


def test_a_build_server_sees_each_threshold() -> None:
    """Without it a build would stay green while a threshold is missed, or nothing was measured."""
    suite, found = cases(FACTS)
    assert found == {
        "the instrument is fit": [],
        "the run came to its end": [],
        "response_s_max at most 5 (stage peak, step open, from the intended start)": ["system-out: measured 4 of 2"],
        "error_share at most 0.01": ["failure: measured 0.25 of 4"],
        "response_s_p95 at most 5 (step press, from the actual start)": ["error: cannot tell: nothing was measured"],
    }
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["5", "1", "1", "0"]


def test_a_build_server_sees_a_run_that_proves_nothing() -> None:
    """Without it thresholds kept by an overloaded generator, or in half a run, would be green."""
    facts = {**FACTS, "state": "interrupted", "instrument": {"fit": False, "reasons": ["12 % of starts were late"]}}
    suite, found = cases(facts)
    assert found["the instrument is fit"] == ["error: 12 % of starts were late"]
    assert found["the run came to its end"] == ["error: it was interrupted"]
    assert suite.get("errors") == "3"
