from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codevector_shared.price_protocol import DailyModel, DailyModels
from codevector_tui.commands.exports import BadExportError, Used, decoded, plain_name, read_export
from codevector_tui.commands.reconcile import Difference, compared

OPENAI = """\
start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,model,input_tokens,output_tokens,\
input_cached_tokens,input_uncached_tokens
1772323200,1772323260,2026-03-01T00:00:00+00:00,2026-03-01T00:01:00+00:00,proj_1,3.0,gpt-5.1-2025-11-13,1200,90,1000,200
1772323260,1772323320,2026-03-01T00:01:00+00:00,2026-03-01T00:02:00+00:00,,,,,,,
1772326800,1772326860,2026-03-01T01:00:00+00:00,2026-03-01T01:01:00+00:00,proj_2,1.0,gpt-5.1-2025-11-13,300,10,0,300
1772409600,1772409660,2026-03-02T00:00:00+00:00,2026-03-02T00:01:00+00:00,proj_1,2.0,gpt-5.1-2025-11-13,50,5,,
"""
"""The platform's usage of completions, by the minute: a line for each project, and empty ones for idle minutes."""

ANTHROPIC = """\
usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,\
usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,\
usage_output_tokens,web_search_count,inference_geo,speed
2026-03-01,claude-sonnet-4-5-20250929,k,Default,standard,≤ 200k,10,20,30,40,5,1,not_available,
"""
"""The console's token usage."""

COSTS = """\
start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item
1772323200,1772409600,2026-03-01T00:00:00+00:00,2026-03-02T00:00:00+00:00,1.25,usd,9,tokens,"gpt-5.1, input_tokens"
1772323200,1772409600,2026-03-01T00:00:00+00:00,2026-03-02T00:00:00+00:00,1000.50,usd,7,tokens,"gpt-5.1, output_tokens"
1772409600,1772496000,2026-03-02T00:00:00+00:00,2026-03-03T00:00:00+00:00,,,,,
"""
"""The platform's costs, grouped by line item."""

CONSOLE_COSTS = """\
usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type
2026-03-01,Claude Haiku 4.5,Default,k,message,≤ 200k,input_no_cache,0.13,0.13,token
2026-03-01,Claude Haiku 4.5,Default,k,message,≤ 200k,output,0.42,0.42,token
"""
"""The console's costs, which name models as people do and round every line to cents."""


def test_openais_usage_export_is_added_up_by_day_and_model() -> None:
    assert read_export(OPENAI, {}) == {
        ("2026-03-01", "gpt-5.1-2025-11-13"): Used(requests=4, input=1500, cached=1000, output=100),
        ("2026-03-02", "gpt-5.1-2025-11-13"): Used(requests=2, input=50, output=5),
    }


def test_the_anthropic_consoles_input_is_all_that_was_read() -> None:
    (used,) = read_export(ANTHROPIC, {}).values()
    assert used == Used(input=100, cached=40, output=5)


def test_costs_are_added_up_exactly() -> None:
    (used,) = read_export(COSTS, {}).values()
    assert used.cost == Decimal("1001.75")


def test_the_consoles_costs_are_added_up_with_what_their_rounding_allows() -> None:
    (used,) = read_export(CONSOLE_COSTS, {}).values()
    assert (used.cost, used.slack) == (Decimal("0.55"), Decimal("0.010"))


def test_columns_of_others_can_be_named_and_times_may_be_in_seconds() -> None:
    text = "When,Which,Out\n1772323200,m,7\n1772323200,,9\n"
    named = {"day": "When", "model": "Which", "output": "Out"}
    assert read_export(text, named) == {("2026-03-01", "m"): Used(output=7)}


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfday,model,output\r\n2026-03-01,m,7\r\n",
        "day;model;output\n2026-03-01;m;7\n".encode("utf-16"),
        b"day\tmodel\toutput\n2026-03-01\tm\t7",
        b'day,note,model,output\n2026-03-01,"two\nlines, and a comma",m,"7"\n\n',
        b"day,model,output\n2026-03-01T23:30:00-05:00,m,0\n2026-03-01T01:00:00+01:00, m ,7\n",
        b"day,model,output,output\n2026-03-01,m,7,7,8,9\n",
    ],
    ids=["BOM and CRLF", "semicolons in UTF-16", "tabs", "quoted line break", "other zones", "more cells than columns"],
)
def test_files_are_read_as_spreadsheets_write_them(content: bytes) -> None:
    assert read_export(decoded(content), {})["2026-03-01", "m"].output == 7


@pytest.mark.parametrize(
    ("line", "cost"),
    [("1,234.5", "1234.5"), ("$0.5", "0.5"), ("-3", "-3"), ("1e-3", "0.001")],
)
def test_amounts_are_read_as_they_are_written(line: str, cost: str) -> None:
    (used,) = read_export(f'day,model,cost\n2026-03-01,m,"{line}"', {}).values()
    assert used.cost == Decimal(cost)


@pytest.mark.parametrize(("line", "cost"), [("0,05", "0.05"), ("1.234,5", "1234.5"), ("0.05", "0.05")])
def test_where_columns_are_separated_by_semicolons_a_comma_is_a_decimal_one(line: str, cost: str) -> None:
    (used,) = read_export(f"day;model;cost\n2026-03-01;m;{line}", {}).values()
    assert used.cost == Decimal(cost)


@pytest.mark.parametrize(
    ("text", "named", "said"),
    [
        ("a,b\n1,2", {}, "--column day=NAME"),
        ("day,model\n1,2", {}, "tokens or costs"),
        ("day,model,output\nmonday,m,1", {}, "line 2: 'monday' is no day"),
        ("day,model,output\n2026-03-01,m,many", {}, "line 2: 'many' is no number"),
        ("day,model,output\n2026-03-01,m,nan", {}, "no number"),
        ("day,model,output\n2026-03-01,m,1", {"cost": "Price"}, "no column 'Price'"),
        ("day,model,output\n2026-03-01,m,1.5", {}, "line 2: '1.5' is no count"),
        ("day,model,output\n2026-03-01,m,-1", {}, "line 2: '-1' is no count"),
        ("day,model,output\n2026-03-01,m,1e999999999", {}, "no number"),
        ("day,model,cost\n2026-03-01,m,1e-999999999", {}, "no number"),
        ('day,model,cost\n2026-03-01,m,"1,2"', {}, "line 2: '1,2' is no number"),
        ('day,model,cost\n2026-03-01,m,"1,2345"', {}, "no number"),
        ("day,model,output\n03/01/2026,m,1", {}, "no day such as 2026-03-01"),
        ('day,model,output\n2026-03-01,"' + "m" * 200_000 + '",1', {}, "no CSV"),
        ("", {}, "the file is empty"),
        ("\n\n", {}, "the file is empty"),
        ("\x00\x01", {}, "no column says the day"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: str, named: dict[str, str], said: str) -> None:
    with pytest.raises(BadExportError, match=said):
        read_export(text, named)


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
    cost = Decimal("0.0012")
    theirs = {("2026-03-01", "m"): Used(2, 100, 90, 7, cost, slack=Decimal("0.00005"))}
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


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(BadExportError, match="no text in UTF-8"):
        decoded(b"day,model\n\xff\xfe\xfa")


@settings(max_examples=200)
@given(st.binary(max_size=60) | st.text(',;"\n2026-03-01m$.e\x00', max_size=40).map(str.encode))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    for head in (b"", b"day,model,cost,output\n"):
        with suppress(BadExportError):
            read_export(decoded(head + content), {})


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        ("Claude Haiku 4.5", "claude-haiku-4-5-20251001"),
        ("Claude 3.5 Sonnet 2024-10-22", "claude-3-5-sonnet-20241022"),
        ("gpt-5.1-2025-11-13", "gpt-5.1"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
    ],
)
def test_a_model_is_known_by_any_of_its_names(theirs: str, mine: str) -> None:
    assert plain_name(theirs) == plain_name(mine)
    used = {("2026-03-01", theirs): Used(output=4), ("2026-03-01", theirs.upper()): Used(output=3)}
    assert compared(used, ours(model=mine)).differences == []


def test_amounts_agree_as_exactly_as_they_are_stated() -> None:
    def differs(cost: str, slack: str = "0") -> bool:
        theirs = {("2026-03-01", "m"): Used(cost=Decimal(cost), slack=Decimal(slack))}
        return bool(compared(theirs, ours(requests=2)).differences)

    assert not differs("0.001234568")  # two calls, each rounded to a nano-dollar
    assert differs("0.001234569")
    assert not differs("0.01", "0.010")
    assert differs("0.02", "0.010")
