from decimal import Decimal

import pytest

from codevector_shared.price_protocol import DailyModel, DailyModels
from codevector_tui.commands.exports import BadExportError, Used, read_export
from codevector_tui.commands.reconcile import Difference, compared

OPENAI = """\
start_time,end_time,start_time_iso,model,num_model_requests,input_tokens,output_tokens,input_cached_tokens
1772323200,1772409600,2026-03-01T00:00:00+00:00,gpt-5.1-2025-11-13,3,1200,90,1000
1772323200,1772409600,2026-03-01T00:00:00+00:00,gpt-5.1-2025-11-13,1,300,10,0
1772409600,1772496000,2026-03-02T00:00:00+00:00,gpt-5.1-2025-11-13,2,50,5,
"""
ANTHROPIC = """\
usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,\
usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,\
usage_output_tokens,web_search_count
2026-03-01,claude-sonnet-4-5-20250929,k,Default,standard,0-200k,10,20,30,40,5,1
"""
COSTS = """\
start_time_iso,amount_value,amount_currency,line_item,model
2026-03-01T00:00:00+00:00,1.25,usd,"gpt-5.1, input",gpt-5.1
2026-03-01T00:00:00+00:00,"$1,000.50",usd,"gpt-5.1, output",gpt-5.1
"""


def test_openais_usage_export_is_added_up_by_day_and_model() -> None:
    assert read_export(OPENAI.splitlines(), {}) == {
        ("2026-03-01", "gpt-5.1-2025-11-13"): Used(requests=4, input=1500, cached=1000, output=100),
        ("2026-03-02", "gpt-5.1-2025-11-13"): Used(requests=2, input=50, output=5),
    }


def test_the_anthropic_consoles_input_is_all_that_was_read() -> None:
    (used,) = read_export(ANTHROPIC.splitlines(), {}).values()
    assert used == Used(input=100, cached=40, output=5)


def test_costs_are_added_up_exactly() -> None:
    (used,) = read_export(COSTS.splitlines(), {}).values()
    assert used.cost == Decimal("1001.75")


def test_columns_of_others_can_be_named_and_times_may_be_in_seconds() -> None:
    lines = ["\ufeffWhen,Which,Out", "1772323200,m,7", "1772323200,,9"]
    named = {"day": "When", "model": "Which", "output": "Out"}
    assert read_export(lines, named) == {("2026-03-01", "m"): Used(output=7)}


@pytest.mark.parametrize(
    ("text", "named", "said"),
    [
        ("a,b\n1,2", {}, "--column day=NAME"),
        ("day,model\n1,2", {}, "tokens or costs"),
        ("day,model,output\nmonday,m,1", {}, "line 2: 'monday' is no day"),
        ("day,model,output\n2026-03-01,m,many", {}, "line 2: 'many' is no number"),
        ("day,model,output\n2026-03-01,m,nan", {}, "no number"),
        ("day,model,output\n2026-03-01,m,1", {"cost": "Price"}, "no column 'Price'"),
        ("", {}, "no column says the day"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: str, named: dict[str, str], said: str) -> None:
    with pytest.raises(BadExportError, match=said):
        read_export(text.splitlines(), named)


def ours(**fields: object) -> DailyModels:
    known = {
        "day": "2026-03-01",
        "model": "m",
        "requests": 2,
        "uncached_input_tokens": 10,
        "cached_tokens": 90,
        "cache_write_5m_tokens": 0,
        "cache_write_1h_tokens": 0,
        "output_tokens": 7,
        "spend_usd": "0.001234567",
    }
    return DailyModels(days=[DailyModel(**(known | fields))], complete_from=None)


def test_what_agrees_makes_no_difference() -> None:
    theirs = {("2026-03-01", "m"): Used(requests=2, input=100, cached=90, output=7, cost=Decimal("0.0012"))}
    assert compared(theirs, ours()).differences == []


def test_differences_are_named_with_both_sides() -> None:
    theirs = {("2026-03-01", "m"): Used(requests=3, output=7, cost=Decimal("0.002"))}
    assert compared(theirs, ours()).differences == [
        Difference("2026-03-01", "m", "requests", "3", "2"),
        Difference("2026-03-01", "m", "spend (USD)", "0.002", "0.001234567"),
    ]


def test_a_day_that_only_one_side_knows_is_a_difference() -> None:
    found = compared({("2026-03-02", "m"): Used(output=1)}, ours())
    assert [(one.day, one.theirs, one.ours) for one in found.differences] == [
        ("2026-03-01", None, "counted"),
        ("2026-03-02", "counted", None),
    ]
    assert (found.days, found.compared) == (2, 2)
