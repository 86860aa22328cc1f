import pytest

from codevector_daemon.gateway.model_lists import ANTHROPIC, GOOGLE
from support.values import facade

MODELS = [facade("a"), facade("b"), facade("c")]


@pytest.mark.parametrize(
    ("asked", "slugs"),
    [("2", "ab"), ("0", "a"), ("-1", "abc"), ("all", "abc"), ("9" * 5000, "abc"), ("1\u0663", "abc")],
)
def test_a_page_is_as_long_as_asked_for_whatever_is_asked(asked: str, slugs: str) -> None:
    assert [model["id"] for model in ANTHROPIC.page(MODELS, {"limit": asked})["data"]] == list(slugs)
    page = GOOGLE.page(MODELS, {"pageSize": asked})["models"]
    assert [model["name"] for model in page] == [f"models/{slug}" for slug in slugs]
