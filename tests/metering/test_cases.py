"""Every case through reader, tap and price, at a fixed moment; ``end_to_end/test_cases.py`` asks the real daemon."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from codevector_daemon.dialects import by_name
from codevector_daemon.dialects.base import Head, Reading
from codevector_daemon.dialects.counting import stated_cost_nano
from codevector_daemon.metering import estimate
from codevector_daemon.metering.cards import RateOverride
from codevector_daemon.metering.counts import Extras, TokenCounts
from codevector_daemon.metering.prices import Price, PriceBook
from codevector_daemon.metering.tap import Tap
from support.cases.case import Case
from support.cases.every import CASES
from support.cases.requests import asked

AT = 1_795_176_000_000
"""2026-11-20 12:00 UTC: by day, for the vendor whose nights are cheaper."""

LEAST = 120


def test_there_are_cases_enough_each_with_a_name_and_a_rule() -> None:
    names = [(case.dialect, case.name) for case in CASES]
    assert len(names) == len(set(names)) >= LEAST
    assert all(case.rule for case in CASES)
    assert {case.dialect for case in CASES} == set(by_name)


def parts(answer: bytes) -> list[bytes]:
    """Cut an answer where no event ends."""
    return [answer[at : at + 37] for at in range(0, len(answer), 37)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.dialect}-{case.name}")
def test_a_case_is_counted_and_priced_as_worked_out_by_hand(case: Case, book: PriceBook) -> None:
    dialect = by_name[case.dialect]
    body, target = asked(case, case.model)
    head = dialect.head(body, target)
    hide = case.stream and not head.wants_usage
    tap = Tap(
        dialect.reader(head, hide_usage=hide, error=case.status >= 400),
        content_type=case.media_type,
        content_encoding=None,
        hide_usage=hide,
    )
    passed = b"".join(tap.feed(part) for part in parts(case.answer))
    reading = tap.reading()
    assert passed + tap.release() == case.answer.replace(case.hidden, b"")
    generated = reading.error is None or tap.progress() > 0
    if case.status < 400 and not reading.later and generated and not (reading.finished and reading.whole):
        counts = estimate.completed(reading, dialect, body, tap.kept(), case.model)
        reading = replace(reading, counts=counts, usage_source="estimated")
    assert reading.usage_source == case.source
    if case.source == "none":
        return
    assert reading.counts == TokenCounts(**case.counts)
    price = priced(case, book, reading.counts, reading.extras, reading.service_tier or head.service_tier)
    assert (price.spend_nano, price.basis) == (case.nano, case.basis)
    assert (reading.service_tier or head.service_tier) == case.tier
    assert reading.error == case.error


def priced(case: Case, book: PriceBook, counts: TokenCounts, extras: Extras, tier: str | None) -> Price:
    stated = dict(case.headers).get("x-litellm-response-cost")
    if stated is not None and extras.provider_cost_nano is None:
        extras = replace(extras, provider_cost_nano=stated_cost_nano(stated), cost_from="header")
    card = book.card(case.vendor, case.model, AT, override=override(case), free=case.free)
    return book.bill(card, counts, extras, vendor=case.vendor, at_ms=AT, service_tier=tier)


def override(case: Case) -> RateOverride | None:
    if not case.prices:
        return None
    first, second, *rest = case.prices
    return RateOverride(first, second, *(rest[place] if place < len(rest) else first for place in range(3)))


def test_the_request_of_every_case_is_json() -> None:
    for case in CASES:
        body, _ = asked(case, "m")
        assert isinstance(json.loads(body), dict)
        assert Head("m").wants_usage


@settings(max_examples=300)
@given(st.integers(0, len(CASES) - 1), st.lists(st.integers(0, 90), max_size=30))
def test_any_split_of_any_answer_gives_the_same(chosen: int, sizes: list[int]) -> None:
    case = CASES[chosen]
    at, pieces = 0, []
    for size in sizes:
        pieces.append(case.answer[at : at + size])
        at += size
    pieces.append(case.answer[at:])
    whole, cut = tapped(case, [case.answer]), tapped(case, pieces)
    assert cut == whole
    assert whole[0] == case.answer.replace(case.hidden, b"")


def tapped(case: Case, pieces: list[bytes]) -> tuple[bytes, Reading, str]:
    """Return what the client gets, what was read, and the text that an estimate would count."""
    dialect = by_name[case.dialect]
    head = dialect.head(*asked(case, case.model))
    hide = case.stream and not head.wants_usage
    reader = dialect.reader(head, hide_usage=hide, error=case.status >= 400)
    tap = Tap(reader, content_type=case.media_type, content_encoding=None, hide_usage=hide)
    passed = b"".join(tap.feed(piece) for piece in pieces)
    reading = tap.reading()
    return passed + tap.release(), reading, reader.text_of(tap.kept())
