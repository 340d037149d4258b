"""One judgement over several processes."""

from dataclasses import asdict, replace

from probes.instrument import Instrument
from probes.judgements import NOBODY, together


def test_a_run_is_as_fit_as_its_least_fit_process() -> None:
    """Without it one good worker would hide another whose customers all came late."""
    good = replace(Instrument(virtual=True).judge(), starts=300, late_share=0.0, late_s_p95=0.001)
    bad = replace(good, fit=False, reasons=("late",), starts=100, late_share=0.2, late_s_p95=0.3)
    judged = together([asdict(good), asdict(bad)])
    assert not judged.fit
    assert judged.reasons == ("late",)
    assert judged.starts == 400
    assert judged.late_share == 0.05
    assert judged.late_s_p95 == 0.3


def test_a_run_of_which_nobody_tells_is_unfit() -> None:
    """Without it a run whose workers all died would pass for a punctual one."""
    judged = together([])
    assert not judged.fit
    assert judged.reasons == (NOBODY,)
