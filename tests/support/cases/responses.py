"""Responses: OpenAI, and the vendors that copied it."""

from typing import Any, Final

from support.cases.case import Case, named

PLAIN: Final = (
    '{"input_tokens":36,"input_tokens_details":{"cached_tokens":0},"output_tokens":87,'
    '"output_tokens_details":{"reasoning_tokens":0},"total_tokens":123}'
)
DETAILED: Final = (
    '{"input_tokens":2006,"input_tokens_details":{"cached_tokens":1920},"output_tokens":300,'
    '"output_tokens_details":{"reasoning_tokens":128},"total_tokens":2306}'
)
DETAILED_COUNTS: Final = {"uncached_input": 86, "cache_read": 1920, "output": 300, "reasoning": 128}
MESSAGE: Final = (
    '{"type":"message","id":"msg_67cc","status":"completed","role":"assistant",'
    '"content":[{"type":"output_text","text":"hello world","annotations":[]}]}'
)
SEARCHED: Final = '{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}}'
OPENED: Final = '{"type":"web_search_call","id":"ws_2","status":"completed","action":{"type":"open_page","url":"u"}}'
LOOKED_UP: Final = '{"type":"file_search_call","id":"fs_1","status":"completed","queries":["q"],"results":null}'


def response(
    usage: str, *, status: str = "completed", output: str = MESSAGE, more: str = "", error: str = "null"
) -> str:
    """Return a response around a usage block in the provider's own spelling."""
    return (
        f'{{"id":"resp_67cc","object":"response","created_at":1764000000,"status":"{status}","background":false,'
        f'"error":{error},"incomplete_details":null,"model":"gpt-5.1-2025-11-13","output":[{output}],"usage":{usage}{more}}}'
    )


def stream(last: str, final: str) -> bytes:
    """Return a stream that ends with the event ``last`` around a response."""
    return named(
        (
            "response.created",
            f'{{"type":"response.created","response":{response("null", status="in_progress", output="")}}}',
        ),
        (
            "response.in_progress",
            f'{{"type":"response.in_progress","response":{response("null", status="in_progress", output="")}}}',
        ),
        (
            "response.output_text.delta",
            '{"type":"response.output_text.delta","item_id":"msg_67cc","output_index":0,"content_index":0,"delta":"hello"}',
        ),
        (
            "response.output_text.delta",
            '{"type":"response.output_text.delta","item_id":"msg_67cc","output_index":0,"content_index":0,"delta":" world"}',  # noqa: E501 - as on the wire
        ),
        (last, f'{{"type":"{last}","response":{final}}}'),
    )


def openai(name: str, rule: str, answer: str | bytes, counts: dict[str, int], nano: int, **more: Any) -> Case:
    """Make a case of OpenAI's; gpt-5.1 costs 1,250 in, 125 cached and 10,000 out."""
    known: dict[str, Any] = {"vendor": "openai", "kind": "openai", "model": "gpt-5.1"}
    raw = answer.encode() if isinstance(answer, str) else answer
    return Case(name, rule, "responses", answer=raw, counts=counts, nano=nano, **known | more)


CASES: Final = (
    openai(
        "plain", "input and output", response(PLAIN), {"uncached_input": 36, "output": 87}, 36 * 1_250 + 87 * 10_000
    ),
    openai(
        "details",
        "the input contains what was cached, the output contains the reasoning",
        response(DETAILED),
        DETAILED_COUNTS,
        86 * 1_250 + 1_920 * 125 + 300 * 10_000,
    ),
    openai(
        "cache-write",
        "writes are inside the input too: 2,000, 200, 2,500 and 10,000",
        response(
            '{"input_tokens":4000,"input_tokens_details":{"cached_tokens":1024,"cache_write_tokens":2048},"output_tokens":50,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":4050}'
        ),
        {"uncached_input": 928, "cache_read": 1_024, "cache_write_5m": 2_048, "output": 50},
        928 * 2_000 + 1_024 * 200 + 2_048 * 2_500 + 50 * 10_000,
        model="gpt-6-sol",
    ),
    openai(
        "stream",
        "usage comes with response.completed, which is held back until it is counted",
        stream("response.completed", response(DETAILED)),
        DETAILED_COUNTS,
        86 * 1_250 + 1_920 * 125 + 300 * 10_000,
        stream=True,
    ),
    openai(
        "incomplete",
        "an answer cut at its longest is charged",
        stream("response.incomplete", response(PLAIN, status="incomplete")),
        {"uncached_input": 36, "output": 87},
        36 * 1_250 + 87 * 10_000,
        stream=True,
    ),
    openai(
        "failed",
        "a failed one is charged for what it reports",
        stream("response.failed", response(PLAIN, status="failed", error='{"code":"server_error","message":"m"}')),
        {"uncached_input": 36, "output": 87},
        36 * 1_250 + 87 * 10_000,
        stream=True,
        state="upstream_failed",
        error="server_error",
    ),
    openai(
        "failed-whole",
        "a failed one without usage and text costs nothing",
        response("null", status="failed", output="", error='{"code":"rate_limit_exceeded","message":"m"}'),
        {},
        0,
        basis=None,
        source="none",
        state="upstream_failed",
        error="rate_limit_exceeded",
    ),
    openai(
        "error-event",
        "an error event ends a stream: what was generated is estimated (two tokens; 2 and 6 asked)",
        stream("error", "null").replace(b'"response":null', b'"code":"server_error","message":"m","param":null'),
        {"uncached_input": 8, "output": 2},
        8 * 1_250 + 2 * 10_000,
        stream=True,
        source="estimated",
        state="upstream_failed",
        error="server_error",
    ),
    openai(
        "null-usage",
        "a null usage is a missing one",
        response("null"),
        {"uncached_input": 8, "output": 2},
        8 * 1_250 + 2 * 10_000,
        source="estimated",
    ),
    openai(
        "absurd",
        "a count above 2^40 is refused, its side estimated",
        response('{"input_tokens":36,"output_tokens":1099511627777,"total_tokens":1099511627813}'),
        {"uncached_input": 36, "output": 2},
        36 * 1_250 + 2 * 10_000,
        source="estimated",
    ),
    openai(
        "cached-beyond-input",
        "more cached than was read, and a total that puts it within: the input is estimated",
        response(
            '{"input_tokens":36,"input_tokens_details":{"cached_tokens":900},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":123}'
        ),
        {"uncached_input": 8, "output": 87},
        8 * 1_250 + 87 * 10_000,
        source="estimated",
    ),
    openai(
        "reasoning-beyond-output",
        "more reasoning than output, and a total that puts it within: the output is estimated",
        stream(
            "response.completed",
            response(
                '{"input_tokens":36,"input_tokens_details":{"cached_tokens":0},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":94},"total_tokens":45}'
            ),
        ),
        {"uncached_input": 36, "output": 2},
        36 * 1_250 + 2 * 10_000,
        source="estimated",
        stream=True,
    ),
    openai(
        "searches-negative",
        "a count of searches that cannot be one is not charged, and the call is flagged",
        response(PLAIN, more=',"tool_usage":{"web_search":{"num_requests":-2}}'),
        {"uncached_input": 36, "output": 87},
        36 * 1_250 + 87 * 10_000,
        source="estimated",
    ),
    openai(
        "pictures-contradiction",
        "more cached for pictures than was read for them: they are not charged, and the call is flagged",
        response(PLAIN, more=',"tool_usage":{"image_gen":{"input_tokens":50,"cached_tokens":60,"output_tokens":10}}'),
        {"uncached_input": 36, "output": 87},
        36 * 1_250 + 87 * 10_000,
        source="estimated",
    ),
    openai(
        "error-with-usage",
        "a 5xx that carries usage is charged for it",
        '{"error":{"message":"lost","type":"server_error"},"usage":' + PLAIN + "}",
        {"uncached_input": 36, "output": 87},
        36 * 1_250 + 87 * 10_000,
        status=500,
        state="upstream_failed",
        error="server_error",
    ),
    openai(
        "flex",
        "the tier that served decides: half, for the cache too",
        response(DETAILED, more=',"service_tier":"flex"'),
        DETAILED_COUNTS,
        86 * 625 + 1_920 * 125 // 2 + 300 * 5_000,
        tier="flex",
        asked={"service_tier": "auto"},
    ),
    openai(
        "searches-reported",
        "billable searches are what tool_usage says: $10 a thousand",
        response(
            PLAIN,
            output=f"{SEARCHED},{SEARCHED},{SEARCHED},{MESSAGE}",
            more=',"tool_usage":{"image_gen":{"input_tokens":0,"output_tokens":0,"total_tokens":0},"web_search":{"num_requests":2}}',
        ),
        {"uncached_input": 36, "output": 87, "server_tool_calls": 2},
        36 * 1_250 + 87 * 10_000 + 2 * 10_000_000,
    ),
    openai(
        "searches-run",
        "where nothing is reported, those that ran; opening a page is none",
        response(PLAIN, output=f"{SEARCHED},{OPENED},{MESSAGE}"),
        {"uncached_input": 36, "output": 87, "server_tool_calls": 1},
        36 * 1_250 + 87 * 10_000 + 1 * 10_000_000,
    ),
    openai(
        "searches-declared",
        "tools that are only declared cost nothing",
        response(PLAIN, more=',"tools":[{"type":"web_search"},{"type":"file_search","vector_store_ids":["vs_1"]}]'),
        {"uncached_input": 36, "output": 87},
        36 * 1_250 + 87 * 10_000,
    ),
    openai(
        "file-searches",
        "searches of stored files cost $2.50 a thousand",
        response(PLAIN, output=f"{LOOKED_UP},{LOOKED_UP},{MESSAGE}"),
        {"uncached_input": 36, "output": 87},
        36 * 1_250 + 87 * 10_000 + 2 * 2_500_000,
    ),
    openai(
        "pictures",
        "pictures are charged at the rates of the model that drew them: text 5,000, pictures 8,000 in and 32,000 out",
        response(
            PLAIN,
            more=',"tools":[{"type":"image_generation","model":"gpt-image-1.5"}],"tool_usage":{"image_gen":{"input_tokens":50,'
            '"input_tokens_details":{"image_tokens":40,"text_tokens":10},"output_tokens":4160,"output_tokens_details":'
            '{"image_tokens":4160,"text_tokens":0},"total_tokens":4210},"web_search":{"num_requests":0}}',
        ),
        {"uncached_input": 86, "output": 4_247},
        36 * 1_250 + 87 * 10_000 + 10 * 5_000 + 40 * 8_000 + 4_160 * 32_000,
    ),
    openai(
        "background",
        "the usage of a background response comes only with its retrieval: nothing is charged yet, nothing estimated",
        response("null", status="queued", output="").replace('"background":false', '"background":true'),
        {},
        0,
        basis=None,
        source="none",
        asked={"background": True},
    ),
    openai(
        "unauthorised",
        "a 401 of the provider costs nothing and passes as it is",
        '{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}',  # noqa: E501 - as on the wire
        {},
        0,
        status=401,
        basis=None,
        source="none",
        state="upstream_failed",
        error="invalid_request_error",
    ),
    Case(
        "xai",
        "xAI's own cost in ticks wins: 158,500,000 are 15,850,000 nano-dollars",
        "responses",
        "x-ai",
        "grok-4",
        response(
            '{"input_tokens":32,"input_tokens_details":{"cached_tokens":5},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":41,"num_sources_used":0,"cost_in_usd_ticks":158500000}'
        ).encode(),
        {"uncached_input": 27, "cache_read": 5, "output": 9, "reasoning": 3},
        15_850_000,
        kind="xai",
        basis="provider",
    ),
    Case(
        "xai-reasoning-outside",
        "reasoning beside the output, as the total shows: 3,000 in, 15,000 out",
        "responses",
        "x-ai",
        "grok-4",
        response(
            '{"input_tokens":32,"input_tokens_details":{"cached_tokens":0},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":94},"total_tokens":135}'
        ).encode(),
        {"uncached_input": 32, "output": 103, "reasoning": 94},
        32 * 3_000 + 103 * 15_000,
        kind="xai",
    ),
    Case(
        "openrouter",
        "OpenRouter's own cost wins: $0.0009",
        "responses",
        "openrouter",
        "openai/gpt-5",
        stream("response.completed", response(PLAIN[:-1] + ',"cost":0.0009,"is_byok":false}')),
        {"uncached_input": 36, "output": 87},
        900_000,
        kind="openrouter",
        stream=True,
        basis="provider",
    ),
    Case(
        "vllm-done",
        "a [DONE] after response.completed (vLLM and its like) passes and means nothing",
        "responses",
        "",
        "house-model",
        stream("response.completed", response(PLAIN)) + b"data: [DONE]\n\n",
        {"uncached_input": 36, "output": 87},
        36 * 1_000 + 87 * 4_000,
        kind="custom",
        stream=True,
        prices=("1", "4", "0.1"),
        basis="override",
    ),
)
