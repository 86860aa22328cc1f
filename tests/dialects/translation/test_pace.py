"""Translation stays in proportion to what there is to translate; ``benchmarks.translating`` says what it costs."""

import pytest

from benchmarks.translating import PAIRS, events_of, translate
from benchmarks.yardstick import least_ms, reread

TIMES = 3
"""As often the time that the standard library takes to read and write the same JSON; measured: 0.5 to 0.8."""


@pytest.mark.parametrize(("client", "provider"), PAIRS, ids=lambda one: one)
def test_translating_takes_a_few_times_what_reading_the_events_takes(client: str, provider: str) -> None:
    events = events_of(provider)
    assert least_ms(lambda: translate(client, provider, events)) < TIMES * least_ms(lambda: reread(events))
