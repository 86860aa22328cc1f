from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.errors import UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from codevector_daemon.gateway.repeating import LONGEST_STATED_S, WAITS_S, Failure, stated_ms, wait_s

NOW_MS = 1_795_000_000_000
REFUSED = Failure("upstream_unreachable", error=UpstreamUnreachable("refused", may_pass=True))


def wait(failure: Failure, tries: int = 1, chance: float = 0.0) -> float | None:
    return wait_s(failure, tries, NOW_MS, lambda: chance)


def limited(retry_after: str | None, status: int = 429) -> Failure:
    return Failure(f"http_{status}", status, retry_after)


def test_a_connection_that_could_not_be_made_is_tried_again_after_growing_waits_and_then_given_up() -> None:
    assert [wait(REFUSED, tries) for tries in range(1, len(WAITS_S) + 2)] == [*WAITS_S, None]
    assert wait(REFUSED, chance=1.0) == pytest.approx(WAITS_S[0] * 1.5)


@pytest.mark.parametrize(
    "failure",
    [
        Failure("upstream_unreachable", error=UpstreamUnreachable("its certificate was not accepted")),
        Failure("upstream_broken", error=UpstreamBroken("closed without an answer")),
        Failure("upstream_timeout", error=UpstreamTimeout("no answer within 600 s")),
        limited(None),
        limited("soon"),
        limited("nan"),
        limited("30"),
        *(limited("0", status) for status in (401, 403, 404, 408, 500, 502, 503, 504, 529)),
    ],
    ids=lambda failure: f"{failure.name} {failure.retry_after}",
)
def test_what_may_have_been_done_or_will_not_pass_soon_is_never_repeated(failure: Failure) -> None:
    assert wait(failure) is None


def test_a_provider_that_asks_for_a_short_pause_gets_it() -> None:
    assert wait(limited("1")) == 1.0
    assert wait(limited("0.25")) == 0.25
    assert wait(limited("0")) == WAITS_S[0]
    assert wait(limited(formatdate(NOW_MS / 1000 + 0.5))) == WAITS_S[0]
    assert wait(limited("1"), tries=len(WAITS_S) + 1) is None


@given(st.text(max_size=40) | st.floats().map(str), st.integers(1, 4), st.floats(0, 1))
def test_no_word_of_a_provider_makes_anyone_wait_for_long(retry_after: str, tries: int, chance: float) -> None:
    waits = wait(limited(retry_after), tries, chance)
    assert waits is None or 0 < waits <= LONGEST_STATED_S * 1.5


def test_a_date_that_no_clock_knows_says_nothing() -> None:
    assert stated_ms("Fri, 31 Dec 99999 23:59:59 GMT", NOW_MS) is None
