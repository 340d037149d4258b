"""When a promise falls due: the rules of docs/scoring.md, over weekends, holidays and clock changes."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from probes.scoring.due import BusinessHours, due_at, zone_of
from probes.scoring.lexicon import lexicon_of
from probes.scoring.times import times_of

TUESDAY = datetime.datetime(2026, 3, 10, 10, 20, tzinfo=ZoneInfo("Europe/London"))
FRIDAY = datetime.datetime(2026, 3, 13, 17, 50, tzinfo=ZoneInfo("Europe/London"))
HOURS = BusinessHours.of("Mon-Fri 09:00-18:00")


def due(words: str, said_at: datetime.datetime, language: str = "en", hours: BusinessHours = HOURS) -> str:
    """Return when the first time in some words falls due, to the minute."""
    lexicon = lexicon_of(language)
    times = times_of(lexicon.read(words), lexicon)
    found = due_at(times[0], said_at, hours)
    return "" if found is None else f"{found:%Y-%m-%d %H:%M%z}"


@pytest.mark.parametrize(
    ("words", "when"),
    [
        ("within two hours", "2026-03-10 12:20+0000"),
        ("by five this afternoon", "2026-03-10 17:00+0000"),
        ("tomorrow morning", "2026-03-11 12:00+0000"),
        ("by Friday", "2026-03-13 18:00+0000"),
        ("on Thursday", "2026-03-12 18:00+0000"),
        ("next Thursday", "2026-03-19 18:00+0000"),
        ("in 2 working days", "2026-03-12 18:00+0000"),
        ("three to five business days", "2026-03-17 18:00+0000"),
        ("in a week", "2026-03-17 18:00+0000"),
        ("end of the week", "2026-03-13 18:00+0000"),
        ("by the end of the month", "2026-03-31 18:00+0100"),
        ("next week", "2026-03-20 18:00+0000"),
        ("by 15 April", "2026-04-15 18:00+0100"),
        ("by midnight", "2026-03-11 00:00+0000"),
        ("tomorrow between 12 and 4", "2026-03-11 16:00+0000"),
        ("in two working weeks", "2026-03-24 18:00+0000"),
        ("in a year and a half", "2027-09-10 18:00+0100"),
        ("a fortnight on Monday", "2026-03-30 18:00+0100"),
        ("Monday fortnight", "2026-03-30 18:00+0100"),
    ],
)
def test_english_times_fall_due(words: str, when: str) -> None:
    """Without it a promise would be called broken before its time, or kept after it."""
    assert due(words, TUESDAY) == when


@pytest.mark.parametrize(
    ("language", "words", "when"),
    [
        ("it", "entro venerdì", "2026-03-13 18:00+0000"),
        ("it", "domani mattina", "2026-03-11 12:00+0000"),
        ("it", "entro 5 giorni lavorativi", "2026-03-17 18:00+0000"),
        ("it", "entro le sei di stasera", "2026-03-10 18:00+0000"),
        ("ro", "până vineri", "2026-03-13 18:00+0000"),
        ("ro", "în 10 zile lucrătoare", "2026-03-24 18:00+0000"),
        ("ro", "mâine până la ora 21:00", "2026-03-11 21:00+0000"),
        ("ro", "într-o lună și jumătate", "2026-04-25 18:00+0100"),
        ("ar", "خلال يومين", "2026-03-12 18:00+0000"),
        ("ar", "خلال خمسة أيام عمل", "2026-03-17 18:00+0000"),
        ("ar", "غداً الساعة ٣ عصراً", "2026-03-11 15:00+0000"),
    ],
)
def test_other_languages_fall_due_alike(language: str, words: str, when: str) -> None:
    """Without it promises would be followed up in English only."""
    assert due(words, TUESDAY, language) == when


def test_hours_run_over_the_weekend_and_days_over_holidays() -> None:
    """Without it 48 hours said on a Friday would end on Tuesday, or a holiday would count as worked."""
    assert due("in 48 hours", FRIDAY) == "2026-03-15 17:50+0000"
    with_holiday = BusinessHours.of("Mon-Fri 09:00-18:00", [datetime.date(2026, 3, 16)])
    assert due("in 1 working day", FRIDAY, hours=with_holiday) == "2026-03-17 18:00+0000"
    assert due("within two working hours", FRIDAY) == "2026-03-16 10:50+0000"


def test_hours_are_real_hours_where_the_clock_changes() -> None:
    """Without it a promise over the night of the change would be an hour off."""
    evening = datetime.datetime(2026, 3, 28, 22, 0, tzinfo=ZoneInfo("Europe/London"))
    assert due("in 12 hours", evening) == "2026-03-29 11:00+0100"


def test_a_week_ends_where_the_desk_says() -> None:
    """Without it a desk that works Sunday to Thursday would be late every Thursday."""
    sunday = BusinessHours.of("Sun-Thu 08:00-16:00")
    assert due("end of the week", TUESDAY, hours=sunday) == "2026-03-12 18:00+0000"
    assert due("in 3 working days", TUESDAY, hours=sunday) == "2026-03-15 18:00+0000"


def test_an_offset_alone_finds_its_zone() -> None:
    """Without it a due time after the clock change would be an hour off."""
    said_at = datetime.datetime.fromisoformat("2026-03-18T09:00:00+02:00")
    assert str(zone_of(said_at, "ro")) == "Europe/Bucharest"
    odd = datetime.datetime.fromisoformat("2026-03-18T09:00:00+12:45")
    assert zone_of(odd, "ro") == odd.tzinfo


@pytest.mark.parametrize("told", ["9 to 5", "Mon-Fri", "Xyz-Fri 09:00-18:00"])
def test_faulty_hours_are_told(told: str) -> None:
    """Without it a slip in --hours would change every due time without a word."""
    with pytest.raises(ValueError, match="Mon-Fri 09:00-18:00"):
        BusinessHours.of(told)
