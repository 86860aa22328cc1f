import pytest

from codevector_daemon.directory.values import Caller
from codevector_daemon.gateway.attribution import LOOKED_AT, MAX_NAME, Tags, attribute, clean
from codevector_daemon.gateway.headers import HeaderMap

CALLER = Caller(key_id=1, key_name="laptop", user_id=1, user_name="ana", role="member")
WITH_DEFAULTS = Caller(
    key_id=1, key_name="laptop", user_id=1, user_name="ana", role="member", project="api", client_app="ci"
)


def test_the_calls_own_headers_win() -> None:
    headers = HeaderMap([(b"X-Client-App", b"mine"), (b"X-Project", b"web"), (b"User-Agent", b"curl/8.1")])
    assert attribute(headers, WITH_DEFAULTS) == Tags(client_app="mine", project="web")


def test_the_keys_defaults_come_next() -> None:
    assert attribute(HeaderMap([(b"user-agent", b"curl/8.1")]), WITH_DEFAULTS) == Tags(client_app="ci", project="api")


@pytest.mark.parametrize(
    ("agent", "app"),
    [
        (b"claude-cli/2.1.3 (external, cli)", "claude-code"),
        (b"codex_cli_rs/0.153.0 (Debian 12; x86_64) xterm", "codex"),
        (b"OpenAI/Python 2.1.0", "openai-python"),
        (b"AsyncOpenAI/Python 2.1.0", "openai-python"),
        (b"Anthropic/JS 0.60.0", "anthropic-js"),
        (b"AsyncAzureOpenAI/Python 2.1.0", "openai-python"),
        (b"Anthropic/Go 1.26.0", "anthropic-go"),
        (b"codex_exec/0.169.0 (Debian 12.0.0; x86_64) dumb (codex_exec; 0.169.0)", "codex"),
        (b"opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14", "opencode"),
        (b"pi (linux 6.18.44; x64)", "pi"),
        (b"GeminiCLI-tui/0.61.0/gemini-2.5-pro (linux; x64; terminal)", "gemini-cli"),
        (b"QwenCode/0.24.4 (linux; x64)", "qwen-code"),
        (b"RooCode/3.28.0", "roo-code"),
        (b"ai-sdk-openai-compatible/3.0.92 ai-sdk-provider-utils/5.0.81 node.js/24", "vercel-ai-sdk"),
        (b"ai-sdk/openai-compatible/3.0.37 ai-sdk/provider-utils/5.0.30 runtime/bun/1.3.13", "vercel-ai-sdk"),
        (b"ai/6.0.1 ai-sdk/openai/3.0.0 runtime/node.js/24", "vercel-ai-sdk"),
        (b"langchain-anthropic/1.7.7", "langchain"),
        (b"google-genai-sdk/1.30.0 gl-python/3.11.7", "google-genai"),
        (b"Zed/0.210.0 (linux; x86_64)", "zed"),
        (b"curl/8.5.0", "curl"),
        (b"", ""),
        (b"\xff\xfe", ""),
    ],
)
def test_the_user_agent_decides_last(agent: bytes, app: str) -> None:
    assert attribute(HeaderMap([(b"user-agent", agent)]), CALLER).client_app == app


def test_goose_is_known_by_the_header_of_its_session() -> None:
    assert attribute(HeaderMap([(b"agent-session-id", b"20261122_1")]), CALLER) == Tags("goose", session="20261122_1")
    named = HeaderMap([(b"agent-session-id", b"20261122_1"), (b"user-agent", b"other/1.0")])
    assert attribute(named, CALLER).client_app == "other"


def test_sessions_and_sub_agents_are_read_from_the_tools_own_headers() -> None:
    headers = HeaderMap([(b"X-Claude-Code-Session-Id", b"s-1"), (b"x-claude-code-agent-id", b"a-1")])
    assert attribute(headers, CALLER) == Tags(session="s-1", agent="a-1")


def test_foreign_names_are_cleaned_and_cut() -> None:
    hostile = "ev\x1b[31mil\u202e name".encode() + b"x" * 10_000
    name = attribute(HeaderMap([(b"x-project", hostile)]), CALLER).project
    assert name.startswith("ev [31mil  name")
    assert len(name) == MAX_NAME


def test_of_a_name_that_never_ends_only_the_beginning_is_looked_at() -> None:
    assert clean("\x00" * (LOOKED_AT - 1) + "xy") == "x"
    assert clean("\x00" * LOOKED_AT + "x") == ""
