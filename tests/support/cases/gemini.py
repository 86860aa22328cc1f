"""Gemini's own protocol: the Gemini API and Vertex AI."""

from typing import Any, Final

from support.cases.case import Case, sse

USED: Final = '{"promptTokenCount":8,"candidatesTokenCount":20,"totalTokenCount":28,"promptTokensDetails":[{"modality":"TEXT","tokenCount":8}]}'  # noqa: E501 - as on the wire


def chunk(text: str, usage: str, *, stop: bool = True, more: str = "", model: str = "gemini-2.5-flash") -> str:
    """Return a whole answer, or one chunk of a stream, around a usage block in the provider's own spelling."""
    reason = '"finishReason":"STOP",' if stop else ""
    return (
        f'{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}],"role":"model"}},{reason}"index":0{more}}}],'
        f'"usageMetadata":{usage},"modelVersion":"{model}","responseId":"aX2ya"}}'
    )


def google(name: str, rule: str, answer: str | bytes, counts: dict[str, int], nano: int, **more: Any) -> Case:
    """Make a case of Google's; 2.5 Flash costs 300 in, 30 cached, 1,000 for audio, 2,500 out."""
    known: dict[str, Any] = {"vendor": "google", "kind": "google", "model": "gemini-2.5-flash"}
    raw = answer.encode() if isinstance(answer, str) else answer
    known["action"] = "streamGenerateContent" if more.get("stream") else "generateContent"
    return Case(name, rule, "gemini", answer=raw, counts=counts, nano=nano, **known | more)


def usage(prompt: int, candidates: int, total: int, more: str = "") -> str:
    """Return a usage block."""
    return f'{{"promptTokenCount":{prompt},"candidatesTokenCount":{candidates},"totalTokenCount":{total}{more}}}'


GROUNDED: Final = ',"groundingMetadata":{"webSearchQueries":["a","b"],"groundingChunks":[]}'

CASES: Final = (
    google(
        "plain",
        "prompt and candidates",
        chunk("hello world", USED),
        {"uncached_input": 8, "output": 20},
        8 * 300 + 20 * 2_500,
    ),
    google(
        "cached",
        "the prompt contains the cached content",
        chunk("hello world", usage(2_152, 20, 2_172, ',"cachedContentTokenCount":2048')),
        {"uncached_input": 104, "cache_read": 2_048, "output": 20},
        104 * 300 + 2_048 * 30 + 20 * 2_500,
    ),
    google(
        "thoughts-outside",
        "thoughts lie outside the candidates where the total adds all three up",
        chunk("hello world", usage(8, 20, 128, ',"thoughtsTokenCount":100')),
        {"uncached_input": 8, "output": 120, "reasoning": 100},
        8 * 300 + 120 * 2_500,
    ),
    google(
        "thoughts-inside",
        "and inside them where prompt and candidates are the total",
        chunk("hello world", usage(8, 120, 128, ',"thoughtsTokenCount":100')),
        {"uncached_input": 8, "output": 120, "reasoning": 100},
        8 * 300 + 120 * 2_500,
    ),
    google(
        "thoughts-beyond-candidates",
        "more thoughts than candidates, and a total that puts them within: the output is estimated (2 times 1.1, up)",
        chunk("hello world", usage(8, 20, 28, ',"thoughtsTokenCount":100')),
        {"uncached_input": 8, "output": 3},
        8 * 300 + 3 * 2_500,
        source="estimated",
    ),
    google(
        "thoughts-no-total",
        "without a total thoughts lie outside, as Google documents it",
        chunk("hello world", '{"promptTokenCount":8,"candidatesTokenCount":20,"thoughtsTokenCount":15}'),
        {"uncached_input": 8, "output": 35, "reasoning": 15},
        8 * 300 + 35 * 2_500,
    ),
    google(
        "cached-beyond-prompt",
        "more cached than the prompt holds, and a total that puts it within: the input is estimated (2 times 1.1, up)",
        chunk("hello world", usage(8, 20, 28, ',"cachedContentTokenCount":2048')),
        {"uncached_input": 3, "output": 20},
        3 * 300 + 20 * 2_500,
        source="estimated",
    ),
    google(
        "cached-outside",
        "cached content beside the prompt, where only that adds up",
        chunk("hello world", usage(8, 20, 2_076, ',"cachedContentTokenCount":2048')),
        {"uncached_input": 8, "cache_read": 2_048, "output": 20},
        8 * 300 + 2_048 * 30 + 20 * 2_500,
    ),
    google(
        "tool-use-and-thoughts",
        "tools' input and thoughts together, both in the total",
        chunk("hello world", usage(8, 20, 628, ',"thoughtsTokenCount":100,"toolUsePromptTokenCount":500')),
        {"uncached_input": 508, "output": 120, "reasoning": 100},
        508 * 300 + 120 * 2_500,
    ),
    google(
        "error-with-usage",
        "an error that carries usage is charged for it",
        '{"error":{"code":500,"message":"lost","status":"INTERNAL"},"usageMetadata":' + USED + "}",
        {"uncached_input": 8, "output": 20},
        8 * 300 + 20 * 2_500,
        status=500,
        state="upstream_failed",
        error="INTERNAL",
    ),
    google(
        "zeros",
        "explicit zeros are counts",
        chunk("", '{"promptTokenCount":0,"candidatesTokenCount":0,"totalTokenCount":0}'),
        {},
        0,
    ),
    google(
        "tool-use-prompt",
        "what tools read for the model is separate input",
        chunk("hello world", usage(8, 20, 528, ',"toolUsePromptTokenCount":500')),
        {"uncached_input": 508, "output": 20},
        508 * 300 + 20 * 2_500,
    ),
    google(
        "audio",
        "audio has a rate of its own: 1,000",
        chunk(
            "hello world",
            usage(
                308,
                20,
                328,
                ',"promptTokensDetails":[{"modality":"TEXT","tokenCount":8},{"modality":"AUDIO","tokenCount":300}]',
            ),
        ),
        {"uncached_input": 308, "audio_input": 300, "output": 20},
        8 * 300 + 300 * 1_000 + 20 * 2_500,
    ),
    google(
        "audio-cached",
        "cached audio too: 100; the cached text is 30",
        chunk(
            "hello world",
            usage(
                308,
                20,
                328,
                ',"cachedContentTokenCount":250,"promptTokensDetails":[{"modality":"TEXT","tokenCount":58},{"modality":"AUDIO","tokenCount":250}],"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":200},{"modality":"TEXT","tokenCount":50}]',
            ),
        ),
        {"uncached_input": 58, "cache_read": 250, "audio_input": 50, "output": 20},
        8 * 300 + 50 * 1_000 + 200 * 100 + 50 * 30 + 20 * 2_500,
    ),
    google(
        "picture",
        "a picture that is drawn costs 30,000 a token, text beside it 2,500",
        chunk(
            "hello world",
            usage(8, 1_300, 1_308, ',"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290}]'),
            model="gemini-2.5-flash-image",
        ),
        {"uncached_input": 8, "output": 1_300},
        8 * 300 + 10 * 2_500 + 1_290 * 30_000,
        model="gemini-2.5-flash-image",
    ),
    google(
        "grounded-2.5",
        "up to 2.5 a grounded prompt costs once, however often it searched: $35 a thousand",
        chunk("hello world", USED, more=GROUNDED),
        {"uncached_input": 8, "output": 20, "server_tool_calls": 1},
        8 * 300 + 20 * 2_500 + 35_000_000,
    ),
    google(
        "grounded-3",
        "from 3 on every search: $14 a thousand; 500 in, 3,000 out",
        chunk("hello world", USED, more=GROUNDED, model="gemini-3-flash-preview"),
        {"uncached_input": 8, "output": 20, "server_tool_calls": 2},
        8 * 500 + 20 * 3_000 + 2 * 14_000_000,
        model="gemini-3-flash-preview",
    ),
    google(
        "long-context",
        "above 200,000 the whole call moves: 2,500 in, 250 cached, 15,000 out",
        chunk("hello world", usage(200_001, 20, 200_021, ',"cachedContentTokenCount":150000'), model="gemini-2.5-pro"),
        {"uncached_input": 50_001, "cache_read": 150_000, "output": 20},
        50_001 * 2_500 + 150_000 * 250 + 20 * 15_000,
        model="gemini-2.5-pro",
    ),
    google(
        "long-context-not-yet",
        "exactly 200,000 is not above it: 1,250, 125 and 10,000",
        chunk("hello world", usage(200_000, 20, 200_020, ',"cachedContentTokenCount":150000'), model="gemini-2.5-pro"),
        {"uncached_input": 50_000, "cache_read": 150_000, "output": 20},
        50_000 * 1_250 + 150_000 * 125 + 20 * 10_000,
        model="gemini-2.5-pro",
    ),
    google(
        "flex-traffic",
        "Vertex says the tier as the kind of traffic: flex is half",
        chunk("hello world", usage(8, 20, 28, ',"trafficType":"ON_DEMAND_FLEX"')),
        {"uncached_input": 8, "output": 20},
        8 * 150 + 20 * 1_250,
        tier="flex",
    ),
    google(
        "blocked",
        "a blocked prompt is charged for its input",
        '{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":8,"totalTokenCount":8},"modelVersion":"gemini-2.5-flash"}',
        {"uncached_input": 8},
        8 * 300,
    ),
    google(
        "stream",
        "counts are cumulative per chunk: the last one wins; the chunk with the finish reason is held until counted",
        sse(
            chunk("hello", usage(8, 1, 109, ',"thoughtsTokenCount":100'), stop=False),
            chunk(" world", usage(8, 2, 110, ',"thoughtsTokenCount":100'), stop=False),
            chunk("", usage(8, 3, 111, ',"thoughtsTokenCount":100')),
            end="\r\n\r\n",
        ),
        {"uncached_input": 8, "output": 103, "reasoning": 100},
        8 * 300 + 103 * 2_500,
        stream=True,
    ),
    google(
        "stream-array",
        "without alt=sse a stream is one JSON array",
        f"[{chunk('hello', usage(8, 1, 9), stop=False)}\n,\r\n{chunk(' world', usage(8, 2, 10))}\n]\n",
        {"uncached_input": 8, "output": 2},
        8 * 300 + 2 * 2_500,
        action="streamGenerateContent",
    ),
    google(
        "stream-error",
        "an error within a stream: failed; what was reported so far is charged, and marked as an estimate",
        sse(
            chunk("hello", usage(8, 1, 9), stop=False),
            '{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}',
        ),
        {"uncached_input": 8, "output": 1},
        8 * 300 + 1 * 2_500,
        stream=True,
        source="estimated",
        state="upstream_failed",
        error="UNAVAILABLE",
    ),
    google(
        "quota",
        "a 429 costs nothing and passes as it is",
        '{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[]}}',
        {},
        0,
        status=429,
        basis=None,
        source="none",
        state="upstream_failed",
        error="RESOURCE_EXHAUSTED",
    ),
    google(
        "no-usage",
        "no usage is a missing one: 2 tokens times 1.1, up, and no frame; 3 answered",
        '{"candidates":[{"content":{"parts":[{"text":"hello world"}],"role":"model"},"finishReason":"STOP"}]}',
        {"uncached_input": 3, "output": 3},
        3 * 300 + 3 * 2_500,
        source="estimated",
    ),
    google(
        "negative",
        "a negative count is refused, its side estimated",
        chunk("hello world", usage(8, -20, 28)),
        {"uncached_input": 8, "output": 3},
        8 * 300 + 3 * 2_500,
        source="estimated",
    ),
)
