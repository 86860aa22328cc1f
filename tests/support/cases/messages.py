"""Messages: Anthropic, and the vendors that copied it and changed a little."""

from typing import Any, Final

from support.cases.case import Case, named


def body(usage: str, *, reason: str = "end_turn", model: str = "claude-haiku-4-5-20251001", content: str = "") -> bytes:
    """Return a whole answer around a usage block in the provider's own spelling."""
    said = content or '{"type":"text","text":"hello world"}'
    return (
        f'{{"model":"{model}","id":"msg_01XFDU","type":"message","role":"assistant","content":[{said}],'
        f'"stop_reason":"{reason}","stop_sequence":null,"usage":{usage}}}'
    ).encode()


def start(usage: str, model: str = "claude-haiku-4-5-20251001") -> tuple[str, str]:
    """Return the event that opens a stream; its output count is a placeholder."""
    message = f'{{"model":"{model}","id":"msg_01XFDU","type":"message","role":"assistant","content":[],"stop_reason":null,"usage":{usage}}}'  # noqa: E501 - as on the wire
    return "message_start", f'{{"type":"message_start","message":{message}}}'


def delta(usage: str, reason: str = "end_turn") -> tuple[str, str]:
    """Return the event that reports usage near the end; its counts are totals."""
    return (
        "message_delta",
        f'{{"type":"message_delta","delta":{{"stop_reason":"{reason}","stop_sequence":null}},"usage":{usage}}}',
    )


TEXT: Final = (
    ("content_block_start", '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}'),
    ("ping", '{"type": "ping"}'),
    (
        "content_block_delta",
        '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello world"}}',
    ),
    ("content_block_stop", '{"type":"content_block_stop","index":0}'),
)
STOP: Final = ("message_stop", '{"type":"message_stop"}')
OPENING: Final = '{"input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1,"service_tier":"standard"}'  # noqa: E501 - as on the wire


def anthropic(name: str, rule: str, answer: bytes, counts: dict[str, int], nano: int, **more: Any) -> Case:
    """Make a case of Anthropic's. Haiku 4.5: 1,000 in, 100 read, 1,250 and 2,000 written, 5,000 out; searches 10^7."""
    known: dict[str, Any] = {"vendor": "anthropic", "kind": "anthropic", "model": "claude-haiku-4-5"}
    known["tier"] = "standard" if b'"service_tier":"standard"' in answer else None
    return Case(name, rule, "messages", answer=answer, counts=counts, nano=nano, **known | more)


ANTHROPIC: Final = (
    anthropic(
        "plain",
        "input and output",
        body('{"input_tokens":12,"output_tokens":6}'),
        {"uncached_input": 12, "output": 6},
        12 * 1_000 + 6 * 5_000,
    ),
    anthropic(
        "cache",
        "the input excludes what was read from and written to the cache",
        body(
            '{"input_tokens":50,"cache_creation_input_tokens":248,"cache_read_input_tokens":100000,"output_tokens":503}'
        ),
        {"uncached_input": 50, "cache_read": 100_000, "cache_write_5m": 248, "output": 503},
        50 * 1_000 + 100_000 * 100 + 248 * 1_250 + 503 * 5_000,
    ),
    anthropic(
        "cache-split",
        "1-hour writes are not charged at the 5-minute price",
        body(
            '{"input_tokens":2048,"cache_read_input_tokens":1800,"cache_creation_input_tokens":248,"output_tokens":503,"cache_creation":{"ephemeral_5m_input_tokens":148,"ephemeral_1h_input_tokens":100}}'
        ),
        {"uncached_input": 2_048, "cache_read": 1_800, "cache_write_5m": 148, "cache_write_1h": 100, "output": 503},
        2_048 * 1_000 + 1_800 * 100 + 148 * 1_250 + 100 * 2_000 + 503 * 5_000,
    ),
    anthropic(
        "cache-1h-only",
        "all writes kept an hour",
        body(
            '{"input_tokens":4,"cache_read_input_tokens":0,"cache_creation_input_tokens":9000,"output_tokens":3,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":9000}}'
        ),
        {"uncached_input": 4, "cache_write_1h": 9_000, "output": 3},
        4 * 1_000 + 9_000 * 2_000 + 3 * 5_000,
    ),
    anthropic(
        "nulls",
        "a null beside a count is a missing field",
        body(
            '{"input_tokens":4,"cache_creation_input_tokens":null,"cache_read_input_tokens":null,"cache_creation":null,"server_tool_use":null,"output_tokens":3}'
        ),
        {"uncached_input": 4, "output": 3},
        4 * 1_000 + 3 * 5_000,
    ),
    anthropic("zeros", "explicit zeros are counts", body('{"input_tokens":0,"output_tokens":0}'), {}, 0),
    anthropic(
        "stream",
        "the output in message_start is a placeholder; the delta's count is the total",
        named(start(OPENING), *TEXT, delta('{"output_tokens":15}'), STOP),
        {"uncached_input": 25, "output": 15},
        25 * 1_000 + 15 * 5_000,
        stream=True,
    ),
    anthropic(
        "stream-cumulative",
        "deltas are cumulative: a field that comes again replaces, nothing is added",
        named(
            start(OPENING),
            *TEXT,
            delta('{"output_tokens":8}'),
            delta('{"input_tokens":30,"cache_read_input_tokens":7,"output_tokens":15}'),
            STOP,
        ),
        {"uncached_input": 30, "cache_read": 7, "output": 15},
        30 * 1_000 + 7 * 100 + 15 * 5_000,
        stream=True,
    ),
    anthropic(
        "stream-only-delta",
        "usage that comes only in message_delta is not dropped",
        named(
            start('{"input_tokens":0,"output_tokens":0}'),
            *TEXT,
            delta('{"input_tokens":44,"cache_read_input_tokens":6,"output_tokens":15}'),
            STOP,
        ),
        {"uncached_input": 44, "cache_read": 6, "output": 15},
        44 * 1_000 + 6 * 100 + 15 * 5_000,
        stream=True,
    ),
    anthropic(
        "stream-split-kept",
        "a delta that repeats the total of writes without their split: the split of the start holds",
        named(
            start(
                '{"input_tokens":3,"cache_creation_input_tokens":300,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":300},"output_tokens":1}'
            ),
            *TEXT,
            delta(
                '{"input_tokens":3,"cache_creation_input_tokens":300,"cache_read_input_tokens":0,"output_tokens":15}'
            ),
            STOP,
        ),
        {"uncached_input": 3, "cache_write_1h": 300, "output": 15},
        3 * 1_000 + 300 * 2_000 + 15 * 5_000,
        stream=True,
    ),
    anthropic(
        "stream-tool",
        "a tool's input streams as pieces of JSON; only the counts are charged",
        named(
            start(OPENING),
            (
                "content_block_start",
                '{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_01","name":"get_weather","input":{}}}',
            ),
            (
                "content_block_delta",
                '{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\\"city\\": \\"K"}}',  # noqa: E501 - as on the wire
            ),
            ("content_block_stop", '{"type":"content_block_stop","index":0}'),
            delta('{"output_tokens":89}', "tool_use"),
            STOP,
        ),
        {"uncached_input": 25, "output": 89},
        25 * 1_000 + 89 * 5_000,
        stream=True,
    ),
    anthropic(
        "stream-error",
        "an error after text: failed; the input is kept as reported, the text estimated (2 tokens times 1.2, up)",
        named(
            start(OPENING),
            *TEXT,
            ("error", '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'),
        ),
        {"uncached_input": 25, "output": 3},
        25 * 1_000 + 3 * 5_000,
        stream=True,
        source="estimated",
        state="upstream_failed",
        error="overloaded_error",
    ),
    anthropic(
        "overloaded",
        "a 529 costs nothing and passes as it is",
        b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_011"}',
        {},
        0,
        status=529,
        basis=None,
        source="none",
        state="upstream_failed",
        error="overloaded_error",
    ),
    anthropic(
        "error-in-200",
        "a 200 whose body is an error costs nothing",
        b'{"type":"error","error":{"type":"api_error","message":"Internal server error"}}',
        {},
        0,
        basis=None,
        source="none",
        state="upstream_failed",
        error="api_error",
    ),
    anthropic(
        "searches",
        "web searches cost $10 a thousand; pages fetched cost nothing but their tokens",
        body(
            '{"input_tokens":105,"output_tokens":6,"server_tool_use":{"web_search_requests":3,"web_fetch_requests":9}}'
        ),
        {"uncached_input": 105, "output": 6, "server_tool_calls": 3},
        105 * 1_000 + 6 * 5_000 + 3 * 10_000_000,
    ),
    anthropic(
        "declared-search-unused",
        "a tool that was declared and not used costs nothing",
        body('{"input_tokens":105,"output_tokens":6,"server_tool_use":{"web_search_requests":0}}'),
        {"uncached_input": 105, "output": 6},
        105 * 1_000 + 6 * 5_000,
        asked={"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 5}]},
    ),
    anthropic(
        "batch",
        "batch is half",
        body('{"input_tokens":100,"output_tokens":10,"service_tier":"batch"}'),
        {"uncached_input": 100, "output": 10},
        100 * 500 + 10 * 2_500,
        tier="batch",
    ),
    anthropic(
        "priority",
        "Anthropic's priority is capacity bought beforehand: the tokens cost what they cost",
        body('{"input_tokens":100,"output_tokens":10,"service_tier":"priority"}'),
        {"uncached_input": 100, "output": 10},
        100 * 1_000 + 10 * 5_000,
        tier="priority",
    ),
    anthropic(
        "fast",
        "fast mode of Opus 4.6 costs six times 5,000, 500 and 25,000",
        body(
            '{"input_tokens":100,"cache_read_input_tokens":1000,"output_tokens":10,"service_tier":"standard","speed":"fast"}'
        ),
        {"uncached_input": 100, "cache_read": 1_000, "output": 10},
        100 * 30_000 + 1_000 * 3_000 + 10 * 150_000,
        model="claude-opus-4-6",
        tier="fast",
    ),
    anthropic(
        "fast-asked-standard-served",
        "asked for speed, served at the standard one: charged as served",
        body('{"input_tokens":100,"output_tokens":10,"service_tier":"standard","speed":"standard"}'),
        {"uncached_input": 100, "output": 10},
        100 * 5_000 + 10 * 25_000,
        model="claude-opus-4-6",
        tier="standard",
        asked={"speed": "fast"},
    ),
    anthropic(
        "geo-us",
        "inference bound to the US costs a tenth more, cache included",
        body('{"input_tokens":100,"cache_read_input_tokens":1000,"output_tokens":10,"inference_geo":"us"}'),
        {"uncached_input": 100, "cache_read": 1_000, "output": 10},
        100 * 5_500 + 1_000 * 550 + 10 * 27_500,
        model="claude-opus-4-6",
        tier="geo-us",
    ),
    anthropic(
        "geo-global",
        "no surcharge elsewhere",
        body('{"input_tokens":100,"output_tokens":10,"service_tier":"standard","inference_geo":"global"}'),
        {"uncached_input": 100, "output": 10},
        100 * 5_000 + 10 * 25_000,
        model="claude-opus-4-6",
        tier="standard",
    ),
    anthropic(
        "batch-geo",
        "surcharge and discount both apply: 5,000 times 1.1 times 0.5",
        body('{"input_tokens":100,"output_tokens":10,"service_tier":"batch","inference_geo":"us"}'),
        {"uncached_input": 100, "output": 10},
        100 * 2_750 + 10 * 13_750,
        model="claude-opus-4-6",
        tier="batch+geo-us",
    ),
    anthropic(
        "thinking",
        "thinking is a part of the output",
        body(
            '{"input_tokens":43,"output_tokens":900,"output_tokens_details":{"thinking_tokens":700}}',
            content='{"type":"thinking","thinking":"hm","signature":"Eq=="},{"type":"text","text":"hello world"}',
        ),
        {"uncached_input": 43, "output": 900, "reasoning": 700},
        43 * 1_000 + 900 * 5_000,
    ),
    anthropic(
        "long-context",
        "all kinds of input count towards 200,000; above it cache, writes and output move too: 6,000, 600, 7,500, 22,500",  # noqa: E501 - as on the wire
        body(
            '{"input_tokens":1,"cache_read_input_tokens":150000,"cache_creation_input_tokens":50000,"output_tokens":10}'
        ),
        {"uncached_input": 1, "cache_read": 150_000, "cache_write_5m": 50_000, "output": 10},
        1 * 6_000 + 150_000 * 600 + 50_000 * 7_500 + 10 * 22_500,
        model="claude-sonnet-4-5",
    ),
    anthropic(
        "long-context-not-yet",
        "exactly 200,000 is not above it: 3,000, 300, 3,750, 15,000",
        body(
            '{"input_tokens":0,"cache_read_input_tokens":150000,"cache_creation_input_tokens":50000,"output_tokens":10}'
        ),
        {"cache_read": 150_000, "cache_write_5m": 50_000, "output": 10},
        150_000 * 300 + 50_000 * 3_750 + 10 * 15_000,
        model="claude-sonnet-4-5",
    ),
    anthropic(
        "old-cache-rate",
        "cache rates are the catalogue's own, no factor: Haiku 3 reads at 30, writes at 300",
        body('{"input_tokens":10,"cache_read_input_tokens":1000,"cache_creation_input_tokens":100,"output_tokens":2}'),
        {"uncached_input": 10, "cache_read": 1_000, "cache_write_5m": 100, "output": 2},
        10 * 250 + 1_000 * 30 + 100 * 300 + 2 * 1_250,
        model="claude-3-haiku-20240307",
    ),
    anthropic(
        "compaction",
        "a round of compaction comes on top of the top-level counts",
        body(
            '{"input_tokens":23000,"output_tokens":1000,"iterations":[{"type":"compaction","input_tokens":180000,"output_tokens":3500},{"type":"message","input_tokens":23000,"output_tokens":1000}]}'
        ),
        {"uncached_input": 203_000, "output": 4_500},
        203_000 * 1_000 + 4_500 * 5_000,
    ),
    anthropic(
        "compaction-threshold",
        "each round is long or short by itself: neither 180,000 nor 23,000 is above 200,000",
        body(
            '{"input_tokens":23000,"output_tokens":1000,"iterations":[{"type":"compaction","input_tokens":180000,"output_tokens":3500},{"type":"message","input_tokens":23000,"output_tokens":1000}]}'
        ),
        {"uncached_input": 203_000, "output": 4_500},
        203_000 * 3_000 + 4_500 * 15_000,
        model="claude-sonnet-4-5",
    ),
    anthropic(
        "advisor",
        "an advisor's round is charged at its own model's rate: Opus 4.6, 5,000, 500 and 25,000",
        body(
            '{"input_tokens":10,"output_tokens":4,"iterations":[{"type":"message","input_tokens":10,"output_tokens":4},{"type":"advisor_message","model":"claude-opus-4-6","input_tokens":800,"cache_read_input_tokens":50,"output_tokens":200}]}'
        ),
        {"uncached_input": 810, "cache_read": 50, "output": 204},
        10 * 1_000 + 4 * 5_000 + 800 * 5_000 + 50 * 500 + 200 * 25_000,
    ),
    anthropic(
        "advisor-between-rounds",
        "around an advisor the top level sums up every output, but has the input of the first round alone",
        body(
            '{"input_tokens":412,"cache_read_input_tokens":0,"output_tokens":531,"iterations":[{"type":"message","input_tokens":412,"output_tokens":89},{"type":"advisor_message","model":"claude-opus-4-6","input_tokens":823,"output_tokens":1612},{"type":"message","input_tokens":1348,"cache_read_input_tokens":412,"output_tokens":442}]}'
        ),
        {"uncached_input": 2_583, "cache_read": 412, "output": 2_143},
        1_760 * 1_000 + 412 * 100 + 531 * 5_000 + 823 * 5_000 + 1_612 * 25_000,
    ),
    anthropic(
        "fallback-served",
        "what the model served that it fell back to is charged at that model's rate: Opus 4.6, 5,000 and 25,000",
        body(
            '{"input_tokens":412,"output_tokens":264,"iterations":[{"type":"message","model":"claude-haiku-4-5","input_tokens":408,"output_tokens":0},{"type":"fallback_message","model":"claude-opus-4-6","input_tokens":412,"output_tokens":264}]}'
        ),
        {"uncached_input": 412, "output": 264},
        412 * 5_000 + 264 * 25_000,
    ),
    anthropic(
        "fallback-declined-early",
        "an attempt declined before it produced output costs nothing",
        body(
            '{"input_tokens":10,"output_tokens":4,"iterations":[{"type":"message","model":"claude-opus-4-6","input_tokens":9,"output_tokens":0},{"type":"fallback_message","model":"claude-haiku-4-5","input_tokens":10,"output_tokens":4}]}'
        ),
        {"uncached_input": 10, "output": 4},
        10 * 1_000 + 4 * 5_000,
    ),
    anthropic(
        "fallback-declined-late",
        "one declined after output is billed for what it produced, at its own rate",
        body(
            '{"input_tokens":10,"output_tokens":4,"iterations":[{"type":"message","model":"claude-opus-4-6","input_tokens":9,"output_tokens":2},{"type":"fallback_message","model":"claude-haiku-4-5","input_tokens":10,"output_tokens":4}]}'
        ),
        {"uncached_input": 19, "output": 6},
        10 * 1_000 + 4 * 5_000 + 9 * 5_000 + 2 * 25_000,
    ),
    anthropic(
        "stream-iterations",
        "rounds may come with the last delta",
        named(
            start(OPENING),
            *TEXT,
            delta(
                '{"output_tokens":15,"iterations":[{"type":"compaction","input_tokens":1000,"output_tokens":50},{"type":"message","input_tokens":25,"output_tokens":15}]}'
            ),
            STOP,
        ),
        {"uncached_input": 1_025, "output": 65},
        1_025 * 1_000 + 65 * 5_000,
        stream=True,
    ),
    anthropic(
        "refused-early",
        "declined before it produced output: costs nothing",
        body('{"input_tokens":900,"output_tokens":0}', reason="refusal"),
        {},
        0,
    ),
    anthropic(
        "refused-late",
        "declined after output: billed",
        named(start(OPENING), *TEXT, delta('{"output_tokens":7}', "refusal"), STOP),
        {"uncached_input": 25, "output": 7},
        25 * 1_000 + 7 * 5_000,
        stream=True,
    ),
    anthropic(
        "null-usage",
        "a null usage is a missing one: (2 tokens times 1.2, up) and 6 for the frame; 3 answered",
        body("null"),
        {"uncached_input": 9, "output": 3},
        9 * 1_000 + 3 * 5_000,
        source="estimated",
    ),
    anthropic(
        "negative",
        "a negative cache count spoils the input's side only",
        body('{"input_tokens":12,"cache_read_input_tokens":-3,"output_tokens":6}'),
        {"uncached_input": 9, "output": 6},
        9 * 1_000 + 6 * 5_000,
        source="estimated",
    ),
    anthropic(
        "absurd",
        "a count above 2^40 is refused, its side estimated: 3 answered",
        body('{"input_tokens":12,"output_tokens":1099511627777}'),
        {"uncached_input": 12, "output": 3},
        12 * 1_000 + 3 * 5_000,
        source="estimated",
    ),
    anthropic(
        "searches-negative",
        "a count of searches that cannot be one is not charged, and the call is flagged",
        body('{"input_tokens":12,"output_tokens":6,"server_tool_use":{"web_search_requests":-3}}'),
        {"uncached_input": 12, "output": 6},
        12 * 1_000 + 6 * 5_000,
        source="estimated",
    ),
    anthropic(
        "error-with-usage",
        "an error that carries usage is charged for it",
        b'{"type":"error","error":{"type":"api_error","message":"lost"},"usage":{"input_tokens":12,"output_tokens":6}}',
        {"uncached_input": 12, "output": 6},
        12 * 1_000 + 6 * 5_000,
        status=500,
        state="upstream_failed",
        error="api_error",
    ),
    anthropic(
        "error-in-200-with-usage",
        "also within a 200",
        b'{"type":"error","error":{"type":"api_error","message":"lost"},"usage":{"input_tokens":12,"output_tokens":6}}',
        {"uncached_input": 12, "output": 6},
        12 * 1_000 + 6 * 5_000,
        state="upstream_failed",
        error="api_error",
    ),
    anthropic(
        "dated-name",
        "a dated name is the model's",
        body('{"input_tokens":12,"output_tokens":6}'),
        {"uncached_input": 12, "output": 6},
        12 * 1_000 + 6 * 5_000,
        model="claude-haiku-4-5-20251001",
    ),
    anthropic(
        "unknown",
        "a model nobody priced",
        body('{"input_tokens":12,"output_tokens":6}'),
        {"uncached_input": 12, "output": 6},
        12 * 5_000 + 6 * 25_000,
        model="claude-unheard-of-99",
        basis="default",
    ),
    anthropic(
        "override",
        "an override that leaves the rates for writes out: writes cost what input does",
        body('{"input_tokens":10,"cache_read_input_tokens":20,"cache_creation_input_tokens":30,"output_tokens":2}'),
        {"uncached_input": 10, "cache_read": 20, "cache_write_5m": 30, "output": 2},
        10 * 4_000 + 20 * 1_000 + 30 * 4_000 + 2 * 8_000,
        prices=("4", "8", "1"),
        basis="override",
    ),
    anthropic(
        "free",
        "a free model costs nothing and says so",
        body('{"input_tokens":12,"output_tokens":6}'),
        {"uncached_input": 12, "output": 6},
        0,
        free=True,
        basis="free",
    ),
)

OTHERS: Final = (
    Case(
        "kimi-total",
        "Kimi's input includes the cache, as its total shows: 600, 150 and 2,500",
        "messages",
        "moonshotai",
        "kimi-k2-0905-preview",
        body('{"input_tokens":120,"cache_read_input_tokens":100,"output_tokens":5,"total_tokens":125}'),
        {"uncached_input": 20, "cache_read": 100, "output": 5},
        20 * 600 + 100 * 150 + 5 * 2_500,
        kind="moonshot",
    ),
    Case(
        "kimi-prompt",
        "or as the repeated prompt shows",
        "messages",
        "moonshotai",
        "kimi-k2-0905-preview",
        body('{"input_tokens":120,"prompt_tokens":120,"cache_read_input_tokens":100,"output_tokens":5}'),
        {"uncached_input": 20, "cache_read": 100, "output": 5},
        20 * 600 + 100 * 150 + 5 * 2_500,
        kind="moonshot",
    ),
    Case(
        "shaped-excluding",
        "a vendor whose total adds the cache excludes it from its input",
        "messages",
        "moonshotai",
        "kimi-k2-0905-preview",
        body('{"input_tokens":120,"cache_read_input_tokens":100,"output_tokens":5,"total_tokens":225}'),
        {"uncached_input": 120, "cache_read": 100, "output": 5},
        120 * 600 + 100 * 150 + 5 * 2_500,
        kind="moonshot",
    ),
    Case(
        "shaped-contradiction",
        "a total that puts the cache within an input smaller than it: the input is estimated (2 times 1.1, up, and 6)",
        "messages",
        "moonshotai",
        "kimi-k2-0905-preview",
        body('{"input_tokens":50,"cache_read_input_tokens":100,"output_tokens":5,"total_tokens":55}'),
        {"uncached_input": 9, "output": 5},
        9 * 600 + 5 * 2_500,
        kind="moonshot",
        source="estimated",
    ),
    Case(
        "shaped-thinking-outside",
        "thinking beside the output, as the total shows",
        "messages",
        "moonshotai",
        "kimi-k2-0905-preview",
        body('{"input_tokens":12,"output_tokens":6,"output_tokens_details":{"thinking_tokens":40},"total_tokens":58}'),
        {"uncached_input": 12, "output": 46, "reasoning": 40},
        12 * 600 + 46 * 2_500,
        kind="moonshot",
    ),
    Case(
        "shaped-thinking-contradiction",
        "more thinking than output, and a total that puts it within: the output is estimated (2 times 1.1, up)",
        "messages",
        "moonshotai",
        "kimi-k2-0905-preview",
        body('{"input_tokens":12,"output_tokens":6,"output_tokens_details":{"thinking_tokens":40},"total_tokens":18}'),
        {"uncached_input": 12, "output": 3},
        12 * 600 + 3 * 2_500,
        kind="moonshot",
        source="estimated",
    ),
    Case(
        "kimi-stream",
        "Kimi's stream tells everything with the delta, the cache within the input",
        "messages",
        "moonshotai",
        "kimi-k2-0905-preview",
        named(
            start('{"input_tokens":0,"output_tokens":0}', "kimi-k2-0905-preview"),
            *TEXT,
            delta('{"input_tokens":120,"cache_read_input_tokens":100,"output_tokens":5,"total_tokens":125}'),
            STOP,
        ),
        {"uncached_input": 20, "cache_read": 100, "output": 5},
        20 * 600 + 100 * 150 + 5 * 2_500,
        kind="moonshot",
        stream=True,
    ),
    Case(
        "openrouter-messages",
        "OpenRouter states its cost in this shape too",
        "messages",
        "openrouter",
        "anthropic/claude-sonnet-4.5",
        body('{"input_tokens":12,"output_tokens":6,"cost":0.000126,"is_byok":false}'),
        {"uncached_input": 12, "output": 6},
        126_000,
        kind="openrouter",
        basis="provider",
    ),
    Case(
        "deepseek-messages",
        "DeepSeek in this shape, by day: 270, 70 and 1,100",
        "messages",
        "deepseek",
        "deepseek-chat",
        body(
            '{"input_tokens":12,"cache_read_input_tokens":64,"cache_creation_input_tokens":0,"output_tokens":6,"service_tier":"standard"}'
        ),
        {"uncached_input": 12, "cache_read": 64, "output": 6},
        12 * 270 + 64 * 70 + 6 * 1_100,
        kind="deepseek",
        tier="standard",
        live=False,
    ),
    Case(
        "own-address",
        "a service at an address of one's own, with a price set by hand",
        "messages",
        "",
        "house-model",
        body('{"input_tokens":12,"output_tokens":6}'),
        {"uncached_input": 12, "output": 6},
        12 * 1_000 + 6 * 4_000,
        kind="custom",
        prices=("1", "4", "0.1"),
        basis="override",
    ),
)

CASES: Final = (*ANTHROPIC, *OTHERS)
