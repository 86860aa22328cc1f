"""Chat Completions: OpenAI, and the vendors that copied it and changed a little."""

from typing import Any, Final

from support.cases.case import Case, sse

_MESSAGE: Final = '{"role":"assistant","content":"hello world","refusal":null,"annotations":[]}'


def body(usage: str, *, more: str = "", message: str = _MESSAGE, model: str = "gpt-4o-2024-08-06") -> bytes:
    """Return a whole answer around a usage block in the provider's own spelling."""
    choice = f'{{"index":0,"message":{message},"logprobs":null,"finish_reason":"stop"}}'
    head = f'"id":"chatcmpl-CdX4","object":"chat.completion","created":1764000000,"model":"{model}"'
    return f'{{{head},"choices":[{choice}],"usage":{usage}{more},"system_fingerprint":null}}\n'.encode()


def chunk(delta: str, *, reason: str = "null", more: str = "") -> str:
    """Return one chunk of a stream."""
    head = '"id":"chatcmpl-CdX4","object":"chat.completion.chunk","created":1764000000,"model":"gpt-4o-2024-08-06"'
    return f'{{{head},"choices":[{{"index":0,"delta":{delta},"finish_reason":{reason}}}]{more}}}'


def extra(usage: str) -> str:
    """Return the chunk that comes only where usage was asked for."""
    return f'{{"id":"chatcmpl-CdX4","object":"chat.completion.chunk","choices":[],"usage":{usage}}}'


FIRST: Final = chunk('{"role":"assistant","content":"hello"}', more=',"usage":null')
SECOND: Final = chunk('{"content":" world"}', more=',"usage":null,"obfuscation":"p2Xq"')
LAST: Final = chunk("{}", reason='"stop"', more=',"usage":null')
DONE: Final = "[DONE]"
PLAIN: Final = '{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29}'
DETAILED: Final = (
    '{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,"prompt_tokens_details":{"cached_tokens":1920,'
    '"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":128,"audio_tokens":0,'
    '"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}'
)
"""OpenAI's own example of prompt caching, with reasoning."""

GEMINI_CHUNK: Final = (
    '{"choices":[{"delta":{"content":"%s","role":"assistant"},"finish_reason":%s,"index":0}],"created":1772149571,'
    '"id":"Q9ug","model":"gemini-2.5-flash","object":"chat.completion.chunk",'
    '"usage":{"completion_tokens":%d,"prompt_tokens":9,"total_tokens":%d}}'
)
"""How Google's own Chat route streams: a running total in every chunk."""

DETAILED_COUNTS: Final = {"uncached_input": 86, "cache_read": 1920, "output": 300, "reasoning": 128}


def openai(name: str, rule: str, answer: bytes, counts: dict[str, int], nano: int, **more: Any) -> Case:
    """Make a case of OpenAI's; gpt-4o costs 2,500 in, 1,250 cached and 10,000 out unless the case says otherwise."""
    known: dict[str, Any] = {"vendor": "openai", "kind": "openai", "model": "gpt-4o"}
    return Case(name, rule, "chat", answer=answer, counts=counts, nano=nano, **known | more)


def custom(name: str, rule: str, answer: bytes, counts: dict[str, int], nano: int, **more: Any) -> Case:
    """Make a case of a service at an address of one's own, with a price set at 1,000 in, 100 cached, 4,000 out."""
    known: dict[str, Any] = {"vendor": "", "kind": "custom", "model": "house-model", "basis": "override"}
    known["prices"] = ("1", "4", "0.1")
    return Case(name, rule, "chat", answer=answer, counts=counts, nano=nano, **known | more)


OPENAI: Final = (
    openai(
        "plain", "prompt and completion", body(PLAIN), {"uncached_input": 19, "output": 10}, 19 * 2_500 + 10 * 10_000
    ),
    openai(
        "cached",
        "the prompt contains what was cached: charged once, at its own rate; the completion contains the reasoning",
        body(DETAILED),
        DETAILED_COUNTS,
        86 * 2_500 + 1_920 * 1_250 + 300 * 10_000,
    ),
    openai(
        "cache-write",
        "the newest models report writes: reads, writes and the rest are disjoint",
        body(
            '{"prompt_tokens":4000,"completion_tokens":50,"total_tokens":4050,'
            '"prompt_tokens_details":{"cached_tokens":1024,"cache_write_tokens":2048}}'
        ),
        {"uncached_input": 928, "cache_read": 1_024, "cache_write_5m": 2_048, "output": 50},
        928 * 2_000 + 1_024 * 200 + 2_048 * 2_500 + 50 * 10_000,
        model="gpt-6-sol",
    ),
    openai(
        "reasoning",
        "reasoning is a part of the completion, never added to it",
        body(
            '{"prompt_tokens":75,"completion_tokens":1186,"total_tokens":1261,"completion_tokens_details":{"reasoning_tokens":1024}}'
        ),
        {"uncached_input": 75, "output": 1_186, "reasoning": 1_024},
        75 * 2_000 + 1_186 * 8_000,
        model="o3",
    ),
    openai(
        "rejected-prediction",
        "rejected predictions are inside the completion already",
        body(
            '{"prompt_tokens":300,"completion_tokens":120,"total_tokens":420,'
            '"completion_tokens_details":{"reasoning_tokens":0,"accepted_prediction_tokens":60,"rejected_prediction_tokens":40}}'
        ),
        {"uncached_input": 300, "output": 120},
        300 * 2_500 + 120 * 10_000,
    ),
    openai(
        "stream-asked",
        "the extra chunk passes where the client asked for it",
        sse(FIRST, SECOND, LAST, extra(DETAILED), DONE),
        DETAILED_COUNTS,
        86 * 2_500 + 1_920 * 1_250 + 300 * 10_000,
        stream=True,
    ),
    openai(
        "stream-not-asked",
        "the gateway asks, and takes the extra chunk out, and nothing else",
        sse(FIRST, SECOND, LAST, extra(PLAIN), DONE),
        {"uncached_input": 19, "output": 10},
        19 * 2_500 + 10 * 10_000,
        stream=True,
        asks_usage=False,
        hidden=sse(extra(PLAIN)),
    ),
    openai(
        "stream-usage-with-choice",
        "usage beside a choice is no extra chunk: it passes although nobody asked",
        sse(FIRST, SECOND, chunk("{}", reason='"stop"', more=f',"usage":{PLAIN}'), DONE),
        {"uncached_input": 19, "output": 10},
        19 * 2_500 + 10 * 10_000,
        stream=True,
        asks_usage=False,
    ),
    openai(
        "stream-filter-chunk",
        "a chunk without choices and without usage (Azure's filter results) is not the extra one",
        sse(
            '{"id":"","object":"","model":"","choices":[],"prompt_filter_results":[{"prompt_index":0}]}',
            FIRST,
            LAST,
            extra(PLAIN),
            DONE,
        ),
        {"uncached_input": 19, "output": 10},
        19 * 2_500 + 10 * 10_000,
        stream=True,
        asks_usage=False,
        hidden=sse(extra(PLAIN)),
    ),
    openai(
        "stream-crlf",
        "lines may end with CRLF",
        sse(FIRST, SECOND, LAST, extra(PLAIN), DONE, end="\r\n\r\n"),
        {"uncached_input": 19, "output": 10},
        19 * 2_500 + 10 * 10_000,
        stream=True,
        asks_usage=False,
        hidden=sse(extra(PLAIN), end="\r\n\r\n"),
    ),
    openai(
        "stream-without-done",
        "a vendor that leaves [DONE] off has ended cleanly with its finish reason",
        sse(FIRST, SECOND, LAST, extra(PLAIN)),
        {"uncached_input": 19, "output": 10},
        19 * 2_500 + 10 * 10_000,
        stream=True,
    ),
    openai(
        "stream-comments",
        "comments between events (OpenRouter's processing notes) pass and mean nothing",
        b": OPENROUTER PROCESSING\n\n" + sse(FIRST) + b": OPENROUTER PROCESSING\n\n" + sse(LAST, extra(PLAIN), DONE),
        {"uncached_input": 19, "output": 10},
        19 * 2_500 + 10 * 10_000,
        stream=True,
    ),
    openai(
        "usage-in-text",
        "an answer that talks about usage blocks and errors is not one",
        sse(
            chunk(r'{"content":"{\"usage\":{\"prompt_tokens\":9},\"error\":{}} data: [DONE]"}'),
            LAST,
            extra(PLAIN),
            DONE,
        ),
        {"uncached_input": 19, "output": 10},
        19 * 2_500 + 10 * 10_000,
        stream=True,
    ),
    openai(
        "tool-call",
        "a call of a tool is output like any other",
        body(
            '{"prompt_tokens":82,"completion_tokens":17,"total_tokens":99}',
            message='{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function",'
            '"function":{"name":"get_weather","arguments":"{\\"city\\":\\"Köln\\"}"}}]}',
        ),
        {"uncached_input": 82, "output": 17},
        82 * 2_500 + 17 * 10_000,
    ),
    openai(
        "flex-served",
        "the tier that served decides, for the cache too: flex is half of 1,250, 125 and 10,000",
        body(DETAILED, more=',"service_tier":"flex"'),
        DETAILED_COUNTS,
        86 * 625 + 1_920 * 125 // 2 + 300 * 5_000,
        model="gpt-5",
        tier="flex",
    ),
    openai(
        "priority-served",
        "priority of gpt-4o is 4,250, 2,125 and 17,000",
        body(DETAILED, more=',"service_tier":"priority"'),
        DETAILED_COUNTS,
        86 * 4_250 + 1_920 * 2_125 + 300 * 17_000,
        tier="priority",
        asked={"service_tier": "auto"},
    ),
    openai(
        "priority-asked-default-served",
        "asked for priority, served as default: charged as served",
        body(PLAIN, more=',"service_tier":"default"'),
        {"uncached_input": 19, "output": 10},
        19 * 2_500 + 10 * 10_000,
        tier="default",
        asked={"service_tier": "priority"},
    ),
    openai(
        "flex-asked-none-served",
        "an answer that names no tier: the one asked for decides",
        body(PLAIN),
        {"uncached_input": 19, "output": 10},
        19 * 625 + 10 * 5_000,
        model="gpt-5",
        tier="flex",
        asked={"service_tier": "flex"},
    ),
    openai(
        "stream-tier",
        "in a stream the tier stands in every chunk",
        sse(chunk('{"content":"hello"}', more=',"service_tier":"flex"'), LAST, extra(PLAIN), DONE),
        {"uncached_input": 19, "output": 10},
        19 * 625 + 10 * 5_000,
        model="gpt-5.1",
        stream=True,
        tier="flex",
    ),
    openai(
        "long-context",
        "above 272,000 the whole call moves to the tier: 5,000 in, 500 cached, 22,500 out",
        body(
            '{"prompt_tokens":272001,"completion_tokens":100,"total_tokens":272101,"prompt_tokens_details":{"cached_tokens":200000}}'
        ),
        {"uncached_input": 72_001, "cache_read": 200_000, "output": 100},
        72_001 * 5_000 + 200_000 * 500 + 100 * 22_500,
        model="gpt-5.4",
    ),
    openai(
        "long-context-not-yet",
        "exactly the threshold is not above it: 2,500 in, 250 cached, 15,000 out",
        body(
            '{"prompt_tokens":272000,"completion_tokens":100,"total_tokens":272100,"prompt_tokens_details":{"cached_tokens":200000}}'
        ),
        {"uncached_input": 72_000, "cache_read": 200_000, "output": 100},
        72_000 * 2_500 + 200_000 * 250 + 100 * 15_000,
        model="gpt-5.4",
    ),
    openai(
        "half-to-even-down",
        "one cached token on flex is 62.5 nano-dollars: half goes to the even side, 62",
        body(
            '{"prompt_tokens":1,"completion_tokens":0,"total_tokens":1,"prompt_tokens_details":{"cached_tokens":1}}',
            more=',"service_tier":"flex"',
        ),
        {"cache_read": 1},
        62,
        model="gpt-5",
        tier="flex",
    ),
    openai(
        "half-to-even-up",
        "three of them are 187.5: half goes to the even side, 188; rounded once, not once each",
        body(
            '{"prompt_tokens":3,"completion_tokens":0,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":3}}',
            more=',"service_tier":"flex"',
        ),
        {"cache_read": 3},
        188,
        model="gpt-5",
        tier="flex",
    ),
    openai(
        "zeros", "explicit zeros are counts", body('{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}'), {}, 0
    ),
    openai(
        "dated-name",
        "a dated name is the model's",
        body(PLAIN),
        {"uncached_input": 19, "output": 10},
        19 * 150 + 10 * 600,
        model="gpt-4o-mini-2024-07-18",
    ),
    openai(
        "null-usage",
        "a null usage is a missing one: two tokens asked, 3 for the message and 3 for the answer's start, two answered",
        body("null"),
        {"uncached_input": 8, "output": 2},
        8 * 2_500 + 2 * 10_000,
        source="estimated",
    ),
    openai(
        "stream-no-usage",
        "a stream that ended without usage is estimated",
        sse(FIRST, SECOND, LAST, DONE),
        {"uncached_input": 8, "output": 2},
        8 * 2_500 + 2 * 10_000,
        stream=True,
        source="estimated",
    ),
    openai(
        "negative",
        "a negative count is refused, its side estimated, the other kept",
        body('{"prompt_tokens":19,"completion_tokens":-10,"total_tokens":9}'),
        {"uncached_input": 19, "output": 2},
        19 * 2_500 + 2 * 10_000,
        source="estimated",
    ),
    openai(
        "absurd",
        "a count above 2^40 is refused",
        body('{"prompt_tokens":1099511627777,"completion_tokens":10,"total_tokens":1099511627787}'),
        {"uncached_input": 8, "output": 10},
        8 * 2_500 + 10 * 10_000,
        source="estimated",
    ),
    openai(
        "fraction",
        "a count with a fraction is refused; 10.0 is a whole number",
        body('{"prompt_tokens":19.5,"completion_tokens":10.0,"total_tokens":29.5}'),
        {"uncached_input": 8, "output": 10},
        8 * 2_500 + 10 * 10_000,
        source="estimated",
    ),
    openai(
        "text-count",
        "a count written as text is refused",
        body('{"prompt_tokens":"19","completion_tokens":10}'),
        {"uncached_input": 8, "output": 10},
        8 * 2_500 + 10 * 10_000,
        source="estimated",
    ),
    openai(
        "number-as-true",
        "a truth value is no count",
        body('{"prompt_tokens":19,"completion_tokens":true,"total_tokens":20}'),
        {"uncached_input": 19, "output": 2},
        19 * 2_500 + 2 * 10_000,
        source="estimated",
    ),
    openai(
        "largest-count",
        "2^40 is the largest count that is believed",
        body('{"prompt_tokens":1099511627776,"completion_tokens":10,"total_tokens":1099511627786}'),
        {"uncached_input": 1_099_511_627_776, "output": 10},
        1_099_511_627_776 * 150 + 10 * 600,
        model="gpt-4o-mini",
    ),
    openai(
        "cached-beyond-prompt",
        "more cached than the prompt holds, and a total that puts it within: the input is estimated",
        body(
            '{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":900}}'
        ),
        {"uncached_input": 8, "output": 10},
        8 * 2_500 + 10 * 10_000,
        source="estimated",
    ),
    openai(
        "writes-beyond-prompt",
        "more written to the cache than the prompt holds, and a total that fits nothing: the same",
        body(
            '{"prompt_tokens":19,"completion_tokens":10,"total_tokens":50,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":900}}'
        ),
        {"uncached_input": 8, "output": 10},
        8 * 2_500 + 10 * 10_000,
        source="estimated",
    ),
    openai(
        "reasoning-beyond-completion",
        "more reasoning than the completion holds, and a total that puts it within: the output is estimated",
        body(
            '{"prompt_tokens":75,"completion_tokens":9,"total_tokens":84,"completion_tokens_details":{"reasoning_tokens":94}}'
        ),
        {"uncached_input": 75, "output": 2},
        75 * 2_000 + 2 * 8_000,
        model="o3",
        source="estimated",
    ),
    openai(
        "both-beyond",
        "both sides contradict themselves: nothing of it is believed",
        body(
            '{"prompt_tokens":19,"completion_tokens":9,"total_tokens":28,"prompt_tokens_details":{"cached_tokens":900},"completion_tokens_details":{"reasoning_tokens":94}}'
        ),
        {"uncached_input": 8, "output": 2},
        8 * 2_500 + 2 * 10_000,
        source="estimated",
    ),
    openai(
        "stream-contradiction",
        "a contradiction in a stream's extra chunk is estimated as well, and the chunk is still not the client's",
        sse(
            FIRST,
            SECOND,
            LAST,
            extra(
                '{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":900}}'
            ),
            DONE,
        ),
        {"uncached_input": 8, "output": 10},
        8 * 2_500 + 10 * 10_000,
        source="estimated",
        stream=True,
        asks_usage=False,
        hidden=sse(
            extra(
                '{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":900}}'
            )
        ),
    ),
    openai(
        "total-fits-nothing",
        "a total that fits nothing changes nothing where no part is larger than its whole",
        body(
            '{"prompt_tokens":100,"completion_tokens":10,"total_tokens":300,"prompt_tokens_details":{"cached_tokens":64}}'
        ),
        {"uncached_input": 36, "cache_read": 64, "output": 10},
        36 * 2_500 + 64 * 1_250 + 10 * 10_000,
    ),
    openai(
        "audio",
        "sound has rates of its own: gpt-audio hears at 32,000 and speaks at 64,000; text 2,500 and 10,000",
        body(
            '{"prompt_tokens":50,"completion_tokens":30,"total_tokens":80,"prompt_tokens_details":{"audio_tokens":40,"cached_tokens":0},"completion_tokens_details":{"audio_tokens":20,"reasoning_tokens":0}}'
        ),
        {"uncached_input": 50, "audio_input": 40, "output": 30, "audio_output": 20},
        10 * 2_500 + 40 * 32_000 + 10 * 10_000 + 20 * 64_000,
        model="gpt-audio",
    ),
    openai(
        "error-in-200",
        "a 200 whose body is an error costs nothing",
        b'{"error":{"message":"Overloaded","type":"server_error","param":null,"code":null}}',
        {},
        0,
        basis=None,
        source="none",
        state="upstream_failed",
        error="server_error",
    ),
    openai(
        "rate-limited",
        "a provider's 429 costs nothing and passes as it is",
        b'{"error":{"message":"Rate limit reached","type":"tokens","param":null,"code":"rate_limit_exceeded"}}',
        {},
        0,
        basis=None,
        source="none",
        state="upstream_failed",
        error="tokens",
        status=429,
        headers=(("retry-after", "2"),),
    ),
    openai(
        "error-with-usage",
        "an error that carries usage is charged for it",
        body(PLAIN, more=',"error":{"type":"server_error","message":"late"}'),
        {"uncached_input": 19, "output": 10},
        19 * 2_500 + 10 * 10_000,
        state="upstream_failed",
        error="server_error",
    ),
    openai(
        "server-error-with-usage",
        "a 5xx that carries usage is charged for it",
        b'{"error":{"message":"lost","type":"server_error"},"usage":' + PLAIN.encode() + b"}",
        {"uncached_input": 19, "output": 10},
        19 * 2_500 + 10 * 10_000,
        status=500,
        state="upstream_failed",
        error="server_error",
    ),
    openai(
        "bad-request-with-usage",
        "so is a 4xx (a filter that read the whole prompt)",
        b'{"error":{"message":"filtered","type":null,"code":"content_filter"},'
        b'"usage":{"prompt_tokens":19,"completion_tokens":0,"total_tokens":19}}',
        {"uncached_input": 19},
        19 * 2_500,
        status=400,
        state="upstream_failed",
        error="content_filter",
    ),
    openai(
        "error-stream-with-usage",
        "an error within a stream, and the usage after it: charged as reported",
        sse(FIRST, '{"error":{"message":"lost","type":"server_error"}}', extra(PLAIN), DONE),
        {"uncached_input": 19, "output": 10},
        19 * 2_500 + 10 * 10_000,
        stream=True,
        state="upstream_failed",
        error="server_error",
    ),
    openai(
        "error-first-in-stream",
        "an error as the first event of a 200: nothing was generated, nothing is charged",
        sse('{"error":{"message":"The server had an error","type":"server_error","code":null}}', DONE),
        {},
        0,
        basis=None,
        source="none",
        stream=True,
        state="upstream_failed",
        error="server_error",
    ),
    openai(
        "error-after-text",
        "an error after the 200, with a clean end: failed, and what was generated is estimated",
        sse(FIRST, SECOND, '{"error":{"message":"lost","type":"server_error"}}', DONE),
        {"uncached_input": 8, "output": 2},
        8 * 2_500 + 2 * 10_000,
        source="estimated",
        stream=True,
        state="upstream_failed",
        error="server_error",
    ),
    openai(
        "override",
        "a price set by hand wins over the catalogue: 7,000 in, 700 cached, 9,000 out",
        body(DETAILED),
        DETAILED_COUNTS,
        86 * 7_000 + 1_920 * 700 + 300 * 9_000,
        prices=("7", "9", "0.7"),
        basis="override",
    ),
    openai(
        "override-without-cached",
        "an override that leaves the cached rate out: cached costs what input does",
        body(DETAILED),
        DETAILED_COUNTS,
        2_006 * 7_000 + 300 * 9_000,
        prices=("7", "9"),
        basis="override",
    ),
    openai(
        "override-zero",
        "a price of zero is free, not unpriced",
        body(DETAILED),
        DETAILED_COUNTS,
        0,
        prices=("0", "0"),
        basis="free",
    ),
    openai(
        "free", "a free model costs nothing and says so", body(DETAILED), DETAILED_COUNTS, 0, free=True, basis="free"
    ),
)

OTHERS: Final = (
    custom(
        "proxy-known-name",
        "a proxy's gpt-4o is OpenAI's: the name leaves no doubt",
        body(PLAIN),
        {"uncached_input": 19, "output": 10},
        19 * 2_500 + 10 * 10_000,
        model="gpt-4o",
        prices=(),
        basis="catalogue",
    ),
    custom(
        "unknown-model",
        "a model that nobody priced gets the stated default rates, 5,000 and 25,000, never a silent zero",
        body(PLAIN),
        {"uncached_input": 19, "output": 10},
        19 * 5_000 + 10 * 25_000,
        model="nobody-knows-1",
        prices=(),
        basis="default",
    ),
    custom(
        "local-namesake",
        "a name that merely begins like a known one proves nothing",
        body(PLAIN),
        {"uncached_input": 19, "output": 10},
        19 * 5_000 + 10 * 25_000,
        model="deepseek-r1:8b",
        prices=(),
        basis="default",
    ),
    Case(
        "deepseek-hit-miss",
        "hits and misses are the prompt: 270 in, 70 cached, 1,100 out by day",
        "chat",
        "deepseek",
        "deepseek-chat",
        body(
            '{"prompt_tokens":1200,"completion_tokens":80,"total_tokens":1280,"prompt_tokens_details":{"cached_tokens":1024},"prompt_cache_hit_tokens":1024,"prompt_cache_miss_tokens":176}'
        ),
        {"uncached_input": 176, "cache_read": 1_024, "output": 80},
        176 * 270 + 1_024 * 70 + 80 * 1_100,
        kind="deepseek",
        live=False,
    ),
    Case(
        "deepseek-only-hit-miss",
        "their sum is the prompt, also where the prompt is not named",
        "chat",
        "deepseek",
        "deepseek-chat",
        body('{"completion_tokens":80,"prompt_cache_hit_tokens":1024,"prompt_cache_miss_tokens":176}'),
        {"uncached_input": 176, "cache_read": 1_024, "output": 80},
        176 * 270 + 1_024 * 70 + 80 * 1_100,
        kind="deepseek",
        live=False,
    ),
    Case(
        "deepseek-reasoner",
        "its reasoning is inside the completion: 550 in, 2,190 out by day",
        "chat",
        "deepseek",
        "deepseek-reasoner",
        body(
            '{"prompt_tokens":14,"completion_tokens":335,"total_tokens":349,"completion_tokens_details":{"reasoning_tokens":320},"prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":14}'
        ),
        {"uncached_input": 14, "output": 335, "reasoning": 320},
        14 * 550 + 335 * 2_190,
        kind="deepseek",
        live=False,
    ),
    Case(
        "xai-reasoning-outside",
        "prompt + completion + reasoning = total, so the reasoning is added: 3,000 in, 750 cached, 15,000 out",
        "chat",
        "x-ai",
        "grok-4",
        body(
            '{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"prompt_tokens_details":{"text_tokens":32,"audio_tokens":0,"image_tokens":0,"cached_tokens":6},"completion_tokens_details":{"reasoning_tokens":94}}'
        ),
        {"uncached_input": 26, "cache_read": 6, "output": 103, "reasoning": 94},
        26 * 3_000 + 6 * 750 + 103 * 15_000,
        kind="xai",
    ),
    Case(
        "xai-reasoning-inside",
        "prompt + completion = total, so the reasoning is inside",
        "chat",
        "x-ai",
        "grok-4",
        body(
            '{"prompt_tokens":32,"completion_tokens":103,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94}}'
        ),
        {"uncached_input": 32, "output": 103, "reasoning": 94},
        32 * 3_000 + 103 * 15_000,
        kind="xai",
    ),
    Case(
        "xai-cost-ticks",
        "xAI states its own cost in ticks of 10^-10 dollars: 37,756,000 are 3,775,600 nano-dollars",
        "chat",
        "x-ai",
        "grok-4",
        body(
            '{"prompt_tokens":199,"completion_tokens":1,"total_tokens":200,"completion_tokens_details":{"reasoning_tokens":0},"num_sources_used":0,"cost_in_usd_ticks":37756000}'
        ),
        {"uncached_input": 199, "output": 1},
        3_775_600,
        kind="xai",
        basis="provider",
    ),
    Case(
        "openrouter-cost",
        "the provider's own cost wins over every list: $0.00014",
        "chat",
        "openrouter",
        "openai/gpt-4o-mini",
        body(
            '{"prompt_tokens":194,"completion_tokens":2,"total_tokens":196,"cost":0.00014,"is_byok":false,"prompt_tokens_details":{"cached_tokens":0},"cost_details":{"upstream_inference_cost":null},"completion_tokens_details":{"reasoning_tokens":0}}'
        ),
        {"uncached_input": 194, "output": 2},
        140_000,
        kind="openrouter",
        basis="provider",
    ),
    Case(
        "openrouter-byok",
        "with the caller's own key its provider charges besides: 0.00005 + 0.0019",
        "chat",
        "openrouter",
        "openai/gpt-4o-mini",
        body(
            '{"prompt_tokens":194,"completion_tokens":2,"total_tokens":196,"cost":0.00005,"is_byok":true,"cost_details":{"upstream_inference_cost":0.0019}}'
        ),
        {"uncached_input": 194, "output": 2},
        50_000 + 1_900_000,
        kind="openrouter",
        basis="provider",
    ),
    Case(
        "openrouter-not-byok",
        "without it the upstream part is inside the cost",
        "chat",
        "openrouter",
        "openai/gpt-4o-mini",
        body(
            '{"prompt_tokens":194,"completion_tokens":2,"total_tokens":196,"cost":0.00195,"is_byok":false,"cost_details":{"upstream_inference_cost":0.0019}}'
        ),
        {"uncached_input": 194, "output": 2},
        1_950_000,
        kind="openrouter",
        basis="provider",
    ),
    Case(
        "openrouter-free",
        "a stated cost of zero is a price",
        "chat",
        "openrouter",
        "openai/gpt-4o-mini",
        body('{"prompt_tokens":194,"completion_tokens":2,"total_tokens":196,"cost":0,"is_byok":false}'),
        {"uncached_input": 194, "output": 2},
        0,
        kind="openrouter",
        basis="provider",
    ),
    Case(
        "openrouter-stream",
        "in a stream the cost stands in the last chunk with usage; fractions of a nano-dollar are rounded half-even",
        "chat",
        "openrouter",
        "openai/gpt-4o-mini",
        sse(
            FIRST,
            LAST,
            extra('{"prompt_tokens":194,"completion_tokens":2,"total_tokens":196,"cost":0.0000000125}'),
            DONE,
        ),
        {"uncached_input": 194, "output": 2},
        12,
        kind="openrouter",
        stream=True,
        basis="provider",
    ),
    Case(
        "openrouter-no-cost",
        "without a stated cost the catalogue's rates of that vendor hold: 150 and 600",
        "chat",
        "openrouter",
        "openai/gpt-4o-mini",
        body('{"prompt_tokens":194,"completion_tokens":2,"total_tokens":196}'),
        {"uncached_input": 194, "output": 2},
        194 * 150 + 2 * 600,
        kind="openrouter",
    ),
    custom(
        "cache-outside",
        "more cached than the prompt holds, and a total that adds both: a vendor that reports them side by side",
        body('{"prompt_tokens":20,"completion_tokens":5,"total_tokens":105,"cache_read_input_tokens":80}'),
        {"uncached_input": 20, "cache_read": 80, "output": 5},
        20 * 1_000 + 80 * 100 + 5 * 4_000,
    ),
    custom(
        "cache-outside-smaller",
        "less cached than the prompt holds, but only with both the total adds up: side by side too",
        body('{"prompt_tokens":100,"completion_tokens":5,"total_tokens":185,"cache_read_input_tokens":80}'),
        {"uncached_input": 100, "cache_read": 80, "output": 5},
        100 * 1_000 + 80 * 100 + 5 * 4_000,
    ),
    custom(
        "writes-outside",
        "writes beside the prompt, as the total shows; this price leaves their rate out, so they cost what input does",
        body('{"prompt_tokens":20,"completion_tokens":5,"total_tokens":105,"cache_creation_input_tokens":80}'),
        {"uncached_input": 20, "cache_write_5m": 80, "output": 5},
        20 * 1_000 + 80 * 1_000 + 5 * 4_000,
    ),
    custom(
        "cache-outside-no-total",
        "more cached than the prompt holds, and no total that denies it: it can only lie beside it",
        body('{"prompt_tokens":20,"completion_tokens":5,"cached_tokens":80}'),
        {"uncached_input": 20, "cache_read": 80, "output": 5},
        20 * 1_000 + 80 * 100 + 5 * 4_000,
    ),
    custom(
        "misses-as-prompt",
        "a prompt that is the cache's misses alone: their sum with the hits is what was read",
        body(
            '{"prompt_tokens":176,"completion_tokens":80,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":176}'
        ),
        {"uncached_input": 176, "cache_read": 64, "output": 80},
        176 * 1_000 + 64 * 100 + 80 * 4_000,
    ),
    custom(
        "litellm-header",
        "LiteLLM states its cost in a header",
        body(PLAIN),
        {"uncached_input": 19, "output": 10},
        1_234_500,
        headers=(("x-litellm-response-cost", "0.0012345"),),
        model="nobody-knows-2",
        prices=(),
        basis="provider",
    ),
    custom(
        "litellm-header-stream",
        "in front of a stream too",
        sse(FIRST, SECOND, LAST, extra(PLAIN), DONE),
        {"uncached_input": 19, "output": 10},
        1_234_500,
        headers=(("x-litellm-response-cost", "0.0012345"),),
        model="nobody-knows-2",
        prices=(),
        basis="provider",
        stream=True,
    ),
    custom(
        "litellm-header-and-usage",
        "a cost in the answer itself wins over the header's",
        body('{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"cost":0.002}'),
        {"uncached_input": 19, "output": 10},
        2_000_000,
        headers=(("x-litellm-response-cost", "0.0012345"),),
        model="nobody-knows-2",
        prices=(),
        basis="provider",
    ),
    custom(
        "override-over-stated-cost",
        "a price set by hand wins even over the provider's own figure",
        body('{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"cost":0.002}'),
        {"uncached_input": 19, "output": 10},
        19 * 1_000 + 10 * 4_000,
    ),
    custom(
        "vllm-running-total",
        "a running total in every chunk: the last one wins, nothing is summed",
        sse(
            chunk('{"content":"hello"}', more=',"usage":{"prompt_tokens":15,"total_tokens":16,"completion_tokens":1}'),
            chunk('{"content":" world"}', more=',"usage":{"prompt_tokens":15,"total_tokens":17,"completion_tokens":2}'),
            chunk("{}", reason='"stop"', more=',"usage":{"prompt_tokens":15,"total_tokens":18,"completion_tokens":3}'),
            extra('{"prompt_tokens":15,"total_tokens":18,"completion_tokens":3}'),
            DONE,
        ),
        {"uncached_input": 15, "output": 3},
        15 * 1_000 + 3 * 4_000,
        stream=True,
    ),
    custom(
        "vllm-running-total-only",
        "the same without an extra chunk",
        sse(
            chunk('{"content":"hello"}', more=',"usage":{"prompt_tokens":15,"total_tokens":16,"completion_tokens":1}'),
            chunk("{}", reason='"stop"', more=',"usage":{"prompt_tokens":15,"total_tokens":18,"completion_tokens":3}'),
            DONE,
        ),
        {"uncached_input": 15, "output": 3},
        15 * 1_000 + 3 * 4_000,
        stream=True,
    ),
    Case(
        "groq-whole",
        "Groq's timings beside the counts mean nothing: 590 and 790",
        "chat",
        "groq",
        "llama-3.3-70b-versatile",
        body(
            '{"queue_time":0.037493756,"prompt_tokens":18,"prompt_time":0.000680594,"completion_tokens":556,"completion_time":0.463333333,"total_tokens":574,"total_time":0.464013927}'
        ),
        {"uncached_input": 18, "output": 556},
        18 * 590 + 556 * 790,
        kind="groq",
    ),
    Case(
        "groq-stream",
        "Groq's usage stands under x_groq in the last chunk",
        "chat",
        "groq",
        "llama-3.3-70b-versatile",
        sse(
            FIRST,
            chunk(
                "{}",
                reason='"stop"',
                more=',"x_groq":{"id":"req_1","usage":{"prompt_tokens":18,"completion_tokens":5,"total_tokens":23}}',
            ),
            DONE,
        ),
        {"uncached_input": 18, "output": 5},
        18 * 590 + 5 * 790,
        kind="groq",
        stream=True,
    ),
    Case(
        "moonshot-choice-usage",
        "Moonshot's streams report usage inside the choice: 600 in, 150 cached, 2,500 out",
        "chat",
        "moonshotai",
        "kimi-k2-0905-preview",
        sse(
            FIRST,
            '{"id":"cmpl-1","object":"chat.completion.chunk","model":"kimi-k2-0905-preview","choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":300,"completion_tokens":7,"total_tokens":307,"cached_tokens":256}}]}',
            DONE,
        ),
        {"uncached_input": 44, "cache_read": 256, "output": 7},
        44 * 600 + 256 * 150 + 7 * 2_500,
        kind="moonshot",
        stream=True,
    ),
    Case(
        "moonshot-cached",
        "Moonshot's cached tokens stand beside the prompt, and are inside it",
        "chat",
        "moonshotai",
        "kimi-k2-0905-preview",
        body('{"prompt_tokens":300,"completion_tokens":7,"total_tokens":307,"cached_tokens":256}'),
        {"uncached_input": 44, "cache_read": 256, "output": 7},
        44 * 600 + 256 * 150 + 7 * 2_500,
        kind="moonshot",
    ),
    Case(
        "mistral-whole",
        "Mistral: 2,000 and 6,000",
        "chat",
        "mistral",
        "mistral-large-latest",
        body('{"prompt_tokens":15,"total_tokens":67,"completion_tokens":52}'),
        {"uncached_input": 15, "output": 52},
        15 * 2_000 + 52 * 6_000,
        kind="mistral",
        live=False,
    ),
    Case(
        "mistral-audio-seconds",
        "Voxtral charges audio by time, $0.24 an hour, besides text at 100 and 400: 203 s are 13,533,333 and a third",
        "chat",
        "mistral",
        "voxtral-small-latest",
        body(
            '{"prompt_audio_seconds":203,"prompt_tokens":9,"total_tokens":1402,"completion_tokens":1393,"prompt_tokens_details":{"cached_tokens":0}}'
        ),
        {"uncached_input": 9, "output": 1_393},
        9 * 100 + 1_393 * 400 + 13_533_333,
        kind="mistral",
        live=False,
    ),
    custom(
        "perplexity-cost",
        "Perplexity states the parts of its cost and their sum",
        body(
            '{"prompt_tokens":26,"completion_tokens":832,"total_tokens":858,"search_context_size":"low","cost":{"input_tokens_cost":0.00003,"output_tokens_cost":0.00083,"request_cost":0.005,"total_cost":0.00586}}'
        ),
        {"uncached_input": 26, "output": 832},
        5_860_000,
        model="sonar",
        prices=(),
        basis="provider",
    ),
    Case(
        "perplexity-searches",
        "without a stated cost: reasoning at 3,000, other output at 8,000, searches at $5 a thousand",
        "chat",
        "perplexity",
        "sonar-deep-research",
        body(
            '{"prompt_tokens":33,"completion_tokens":300,"total_tokens":333,"reasoning_tokens":100,"num_search_queries":18}'
        ),
        {"uncached_input": 33, "output": 300, "reasoning": 100, "server_tool_calls": 18},
        33 * 2_000 + 200 * 8_000 + 100 * 3_000 + 18 * 5_000_000,
        live=False,
    ),
    Case(
        "perplexity-research",
        "its total leaves out what the research read (citations, at the input's rate) and thought (at 3,000)",
        "chat",
        "perplexity",
        "sonar-deep-research",
        body(
            '{"prompt_tokens":33,"completion_tokens":7163,"total_tokens":7196,"citation_tokens":20016,"num_search_queries":18,"reasoning_tokens":73997}'
        ),
        {"uncached_input": 20_049, "output": 81_160, "reasoning": 73_997, "server_tool_calls": 18},
        20_049 * 2_000 + 7_163 * 8_000 + 73_997 * 3_000 + 18 * 5_000_000,
        live=False,
    ),
    Case(
        "perplexity-request-fee",
        "a model that charges for the call itself: $14 a thousand, besides 3,000 and 15,000",
        "chat",
        "perplexity",
        "sonar-pro",
        body('{"prompt_tokens":20,"completion_tokens":10,"total_tokens":30}'),
        {"uncached_input": 20, "output": 10},
        20 * 3_000 + 10 * 15_000 + 14_000_000,
        live=False,
    ),
    Case(
        "together",
        "one rate for both sides: 880",
        "chat",
        "together",
        "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        body('{"prompt_tokens":45,"completion_tokens":12,"total_tokens":57,"cached_tokens":0}'),
        {"uncached_input": 45, "output": 12},
        57 * 880,
        live=False,
    ),
    Case(
        "gemini-as-chat-thoughts",
        "there its thoughts stand in the total alone (Google's own example): 103 - 9 written, 93 of them thought",
        "chat",
        "google",
        "gemini-2.5-flash",
        sse(
            GEMINI_CHUNK % ("1", "null", 1, 103),
            GEMINI_CHUNK % (", ", '"stop"', 3, 105),
            DONE,
        ),
        {"uncached_input": 9, "output": 96, "reasoning": 93},
        9 * 300 + 96 * 2_500,
        kind="google",
        stream=True,
    ),
    Case(
        "gemini-as-chat",
        "Gemini behind Google's own Chat route: 300 and 2,500",
        "chat",
        "google",
        "gemini-2.5-flash",
        body('{"completion_tokens":12,"prompt_tokens":9,"total_tokens":21}', model="gemini-2.5-flash"),
        {"uncached_input": 9, "output": 12},
        9 * 300 + 12 * 2_500,
        kind="google",
    ),
)

CASES: Final = (*OPENAI, *OTHERS)
