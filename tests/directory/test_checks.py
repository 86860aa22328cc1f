from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codevector_daemon.directory import checks
from codevector_daemon.errors import DirectoryError

CHECKS: list[Callable[[str], str]] = [
    checks.user_name,
    checks.provider_name,
    checks.slug,
    checks.upstream_model,
    checks.credential,
    checks.base_url,
    lambda text: checks.price("input_price", text),
    lambda text: checks.label("project", text),
]


@pytest.mark.parametrize("check", CHECKS)
@given(text=st.text())
def test_a_check_returns_clean_text_or_refuses_in_printable_words(check: Callable[[str], str], text: str) -> None:
    said = kept = ""
    try:
        kept = check(text)
    except DirectoryError as refused:
        said = refused.message
    assert bool(said) != bool(kept)
    assert (said + kept).isprintable()
    assert not kept or check(kept) == kept


@pytest.mark.parametrize("name", ["a", "openai", "openai-work", "my.own_2", "0x", "a" * 64])
def test_good_provider_names(name: str) -> None:
    assert checks.provider_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "OpenAI", "a/b", "a,b", "a b", "ä", "a" * 65, "a\n"])
def test_bad_provider_names_are_told_what_is_allowed(name: str) -> None:
    with pytest.raises(DirectoryError) as refused:
        checks.provider_name(name)
    assert "lower-case letters" in (refused.value.hint or "")


@pytest.mark.parametrize("slug", ["gpt-5", "team/fast:v2", "a.b_c", "claude-sonnet-4.5", "openai/gpt-4o:free"])
def test_good_slugs(slug: str) -> None:
    assert checks.slug(slug) == slug


@pytest.mark.parametrize("slug", ["", "GPT", "a b", "/a", "a/", "a//b", "..", "a/../b", "./a", "a?b", "a" * 129, "a\n"])
def test_bad_slugs_are_told_the_allowed_characters(slug: str) -> None:
    with pytest.raises(DirectoryError) as refused:
        checks.slug(slug)
    assert "- . _ : /" in (refused.value.hint or "")


@pytest.mark.parametrize(("text", "kept"), [("0", "0"), ("2.50", "2.50"), (".5", "0.5"), ("003", "3")])
def test_good_prices(text: str, kept: str) -> None:
    assert checks.price("input_price", text) == kept


@pytest.mark.parametrize(
    "text", ["", ".", "-1", "+1", "1e3", "NaN", "inf", "1_0", "1,5", "٣", "1.", "$1", "0.0000000001"]
)
def test_bad_prices_name_their_field(text: str) -> None:
    with pytest.raises(DirectoryError, match="cached_price"):
        checks.price("cached_price", text)


@given(st.decimals(min_value=0, max_value=9_999_999, places=9))
def test_a_price_keeps_its_exact_value(value: Decimal) -> None:
    assert Decimal(checks.price("input_price", f"{value:f}")) == value


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "http://127.0.0.1:11434/v1",
        "http://[::1]:8080",
        "https://a_b.example.com/x%2Fy",
        "http://localhost",
    ],
)
def test_good_base_urls_are_kept_as_typed(url: str) -> None:
    assert checks.base_url(url) == url
    assert checks.base_url(url + "/") == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "must begin with"),
        ("api.openai.com/v1", "must begin with"),
        ("ftp://h", "must begin with"),
        ("https://", "names no host"),
        ("https:///v1", "names no host"),
        ("https://sk-secret@h/v1", "user name or password"),
        ("https://u:sk-secret@h/v1", "user name or password"),
        ("https://h/v1?api-key=sk-secret", "query or fragment"),
        ("https://h/#", "query or fragment"),
        ("https://h:99999/v1", "host or port"),
        ("https://h:0/v1", "port 0"),
        ("https://h:abc", "host or port"),
        ("https://[::1/v1", "host or port"),
        ("https://[zz]/v1", "host"),
        ("https://h h/v1", "spaces"),
        ("https://h\\x/v1", "characters that no URL has"),
        ("https://h\n/v1", "characters that no URL has"),
        ("https://münchen.de", "characters that no URL has"),
        ("https://-h-/v1", "names no host"),
    ],
)
def test_bad_base_urls_say_why(url: str, why: str) -> None:
    with pytest.raises(DirectoryError) as refused:
        checks.base_url(url)
    assert why in refused.value.message
    assert "u:sk-secret" not in refused.value.message


def test_a_credential_loses_only_the_newline_at_its_end() -> None:
    assert checks.credential("sk-1\r\n") == "sk-1"


@pytest.mark.parametrize("text", ["", "\n", "sk 1\n ", "sk-\x00", "sk-ä", "sk\nsk", "x" * 8193])
def test_a_credential_that_cannot_travel_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(DirectoryError) as refused:
        checks.credential(text)
    assert not text.strip() or text not in refused.value.message


@pytest.mark.parametrize("name", ["", " ", "a\x1b[31m", "a\u202eb", "a/b", "..", "\ud800", "x" * 129, "a\x00"])
def test_names_that_would_fool_a_reader_are_refused(name: str) -> None:
    with pytest.raises(DirectoryError) as refused:
        checks.user_name(name)
    refused.value.message.encode()


def test_a_missing_thing_is_answered_with_what_there_is() -> None:
    assert checks.missing("model", "x", ["b", "a"]).hint == "There are: a, b."
    assert checks.missing("model", "x", ["a"]).hint == "There is only a."
    assert checks.missing("model", "x", []).hint == "There is no model yet."
    assert (checks.missing("model", "x", [f"m{n:02}" for n in range(12)]).hint or "").endswith("m09 and 2 more.")
