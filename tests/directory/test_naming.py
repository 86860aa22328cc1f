from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.directory.naming import NAME_LIMIT, Names, Pattern
from codevector_daemon.directory.offers import offers
from codevector_daemon.directory.values import Backend, Facade, Provider

PROVIDER = Provider(
    id=1, name="p", kind="custom", base_url="http://h", dialects=("chat",), enabled=True, credential=None, created_ms=0
)


def facade(slug: str, **fields: Any) -> Facade:
    return Facade(
        id=hash(slug),
        slug=slug,
        display_name=slug,
        kind="chat",
        backends=(Backend(PROVIDER, "*" if "*" in slug else "m"),),
        override=None,
        free=False,
        context_window=None,
        max_output=None,
        created_ms=0,
        **{"status": "active", **fields},
    )


def answering(name: str, *facades: Facade) -> str | None:
    found = Names.of(facades).answering(name)
    return None if found is None else found.granted_as


def test_a_slug_wins_over_every_wildcard() -> None:
    assert answering("claude-opus", facade("claude-*"), facade("claude-opus"), facade("*")) == "claude-opus"


def test_an_alias_wins_over_every_wildcard() -> None:
    assert answering("claude-opus", facade("claude-*"), facade("best", aliases=("claude-opus",))) == "best"


@pytest.mark.parametrize(
    ("name", "winner"),
    [
        ("claude-opus-5", "claude-opus-*"),
        ("claude-haiku", "claude-*"),
        ("claude-haiku-free", "claude-*-free"),
        ("gpt-5", "*"),
        ("claude-", "*"),
    ],
)
def test_the_most_specific_wildcard_wins(name: str, winner: str) -> None:
    slugs = ["*", "claude-*", "claude-opus-*", "claude-*-free"]
    for order in (slugs, slugs[::-1]):
        assert answering(name, *map(facade, order)) == winner


def test_of_two_equally_specific_wildcards_the_longer_beginning_wins() -> None:
    assert answering("ab-cd", facade("ab*"), facade("*cd")) == "ab*"


def test_a_disabled_model_closes_its_name_though_a_wildcard_would_take_it() -> None:
    found = Names.of([facade("claude-*"), facade("claude-opus", status="disabled")]).answering("claude-opus")
    assert found is not None
    assert found.status == "disabled"
    closed = Names.of([facade("*"), facade("claude-*", status="disabled")]).answering("claude-opus")
    assert closed is not None
    assert (closed.matched, closed.status) == ("claude-*", "disabled")


def test_a_draft_stands_aside() -> None:
    assert answering("claude-opus", facade("claude-*"), facade("claude-opus", status="draft")) == "claude-*"
    assert answering("claude-opus", facade("*"), facade("claude-*", status="draft")) == "*"
    only = Names.of([facade("claude-opus", status="draft")]).answering("claude-opus")
    assert only is not None
    assert only.status == "draft"


@pytest.mark.parametrize("name", ["claude-*", "claude- x\n", " claude-x", "claude-" + "x" * NAME_LIMIT, "claude-\x1b"])
def test_a_wildcard_answers_to_no_name_that_could_do_harm(name: str) -> None:
    assert answering(name, facade("claude-*")) is None


@given(begin=st.text(max_size=5), end=st.text(max_size=5), name=st.text(max_size=12))
def test_a_pattern_fits_what_has_its_beginning_its_end_and_something_between(begin: str, end: str, name: str) -> None:
    between = name[len(begin) : len(name) - len(end)]
    assert Pattern(begin, end).fits(name) == (bool(between) and name == begin + between + end)


def named(facades: Iterable[Facade], *known: str) -> dict[str, str]:
    return {offer.name: offer.facade.granted_as for offer in offers(facades, lambda _: known)}


def test_a_list_of_models_offers_every_name_that_can_be_called() -> None:
    facades = [facade("gpt-5", aliases=("GPT",)), facade("claude-*"), facade("off", status="disabled")]
    assert named(facades, "claude-opus", "claude-haiku", "gemini") == {
        "GPT": "gpt-5",
        "claude-haiku": "claude-*",
        "claude-opus": "claude-*",
        "gpt-5": "gpt-5",
    }
    assert named(facades) == {"GPT": "gpt-5", "gpt-5": "gpt-5"}


def test_a_list_offers_under_a_name_what_answers_to_it() -> None:
    facades = [
        facade("claude-*"),
        facade("claude-opus", status="disabled"),
        facade("claude-new", status="draft"),
        facade("claude-old-*", status="disabled"),
        facade("best", aliases=("claude-best",)),
    ]
    known = ("claude-opus", "claude-new", "claude-old-1", "claude-best", "claude-x")
    offered = named(facades, *known)
    assert offered == {
        "best": "best",
        "claude-best": "best",
        "claude-new": "claude-*",
        "claude-x": "claude-*",
    }
    names = Names.of(facades)
    for name, slug in offered.items():
        found = names.answering(name)
        assert found is not None
        assert (found.granted_as, found.status) == (slug, "active")
