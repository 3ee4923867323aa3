"""When a message may go: held against a walk over the minutes, in zones whose clocks jump."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings, strategies as st

from charter.engine.zones import rules
from charter.runtime.notify.timing import send_at

MINUTE = 60_000_000
# By the rules that the engine has: a machine's own may be older.
# Half an hour of summer time (Lord Howe), a day that was left out (Apia), a midnight that is (Havana).
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/Havana"])
# The hours around the changes of a year, and any.
CHANGES = [datetime(2026, 3, 29, 0), datetime(2026, 10, 25, 0), datetime(2026, 3, 8, 6), datetime(2026, 11, 1, 5)]
CHANGES += [datetime(2026, 3, 8, 3), datetime(2026, 4, 4, 14), datetime(2026, 10, 3, 15), datetime(2011, 12, 29, 22)]
AT = st.one_of(
    st.builds(
        lambda day, minutes: int(day.replace(tzinfo=UTC).timestamp()) * 10**6 + minutes,
        st.sampled_from(CHANGES),
        st.integers(-1440 * MINUTE, 600 * MINUTE),
    ),
    st.integers(10**15, 2 * 10**15),
)
CLOCK = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))


def shown(at: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at // 10**6, UTC).astimezone(rules(zone))


def is_quiet(at: int, zone: str, begin: str, end: str) -> bool:
    now = shown(at, zone).strftime("%H:%M")
    return begin <= now < end if begin < end else not end <= now < begin


@settings(max_examples=60, deadline=None)
@given(AT, ZONES, CLOCK, CLOCK)
def test_quiet_hours_are_kept_and_no_minute_longer(at: int, zone: str, begin: str, end: str) -> None:
    if begin == end:
        return
    found = send_at(at, zone, f"{begin}-{end}", None)
    assert not is_quiet(found, zone, begin, end)
    assert found == at or (is_quiet(at, zone, begin, end) and found > at and found % MINUTE == 0)
    assert all(is_quiet(minute, zone, begin, end) for minute in range(at, found, MINUTE))


@settings(max_examples=50, deadline=None)
@given(AT, ZONES, CLOCK)
def test_a_digest_comes_every_day_whatever_the_clock_does(at: int, zone: str, digest: str) -> None:
    """At its time, or, where the clock leaves that out, at the first minute beyond it: no day is left out."""
    found = send_at(at, zone, None, digest)
    here, before = shown(found, zone), shown(found - MINUTE, zone)
    wanted = f"{here:%Y-%m-%d} {digest}"
    assert at < found and found % MINUTE == 0
    assert f"{before:%Y-%m-%d %H:%M}" < wanted <= f"{here:%Y-%m-%d %H:%M}"
    assert send_at(found - 1, zone, None, digest) == found
    days = {str(shown(minute, zone).date()) for minute in range(at, found, 30 * MINUTE)}
    assert len(days | {str(here.date())}) <= 2  # that of `at`, and the one on which it comes


@settings(max_examples=60, deadline=None)
@given(AT, ZONES)
def test_a_digest_an_hour_comes_with_the_full_hour_there(at: int, zone: str) -> None:
    found = send_at(at, zone, None, "hour")
    assert shown(found, zone).minute == 0 and at < found <= at + 90 * MINUTE


@settings(max_examples=60, deadline=None)
@given(AT, ZONES, CLOCK, CLOCK, CLOCK)
def test_a_digest_in_quiet_hours_goes_when_they_end(at: int, zone: str, digest: str, begin: str, end: str) -> None:
    if begin != end:
        first = send_at(at, zone, None, digest)
        assert send_at(at, zone, f"{begin}-{end}", digest) == send_at(first, zone, f"{begin}-{end}", None)
