"""The kinds of upstream services: where they are, how they ask for a credential, which dialects they speak and where.

What was read where, and what could not be checked, stands in ``docs/providers.md``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from codevector_daemon.directory.kinds.values import Auth, Endpoint, Kind

ANTHROPIC_VERSION: Final = ((b"anthropic-version", b"2023-06-01"),)

_CHAT: Final = Endpoint("/chat/completions")
_RESPONSES: Final = Endpoint("/responses")
_EMBEDDINGS: Final = Endpoint("/embeddings")
_COMPLETIONS: Final = Endpoint("/completions")
_OPENAI: Final = {
    "chat": _CHAT,
    "responses": _RESPONSES,
    "embeddings": _EMBEDDINGS,
    "completions": _COMPLETIONS,
}
_MODELS: Final = Endpoint("/models")

_COUNTED: Final = "/v1/messages/count_tokens"
_MESSAGES: Final = Endpoint("/v1/messages", "x-api-key", ANTHROPIC_VERSION, count_path=_COUNTED)
_GEMINI: Final = Endpoint("/v1beta/models/{model}", "x-goog-api-key")
"""What is to be done with the model follows: ``:generateContent``, ``:streamGenerateContent``, ``:countTokens``."""


def _messages(path: str = "/v1/messages", *, auth: Auth = "bearer", above: str = "", count: bool = False) -> Endpoint:
    """Anthropic's protocol as somebody else serves it."""
    return Endpoint(path, auth, ANTHROPIC_VERSION, count_path=_COUNTED if count else None, above=above)


def _azure(path: str) -> Endpoint:
    return Endpoint(path, "api-key")


_VERTEX: Final = "/v1/projects/{project}/locations/{region}/publishers/anthropic/models"

_ALL: Final = (
    Kind(
        name="openai",
        title="OpenAI",
        base_url="https://api.openai.com/v1",
        endpoints=_OPENAI,
        probe=_MODELS,
        lists=_MODELS,
        vendor="openai",
        variable="OPENAI_API_KEY",
        organisation_header=b"openai-organization",
        project_header=b"openai-project",
    ),
    Kind(
        name="anthropic",
        title="Anthropic",
        base_url="https://api.anthropic.com",
        endpoints={"messages": _MESSAGES},
        probe=Endpoint("/v1/models", "x-api-key", ANTHROPIC_VERSION),
        lists=Endpoint("/v1/models?limit=1000", "x-api-key", ANTHROPIC_VERSION),
        vendor="anthropic",
        variable="ANTHROPIC_API_KEY",
    ),
    Kind(
        name="google",
        title="Google Gemini",
        base_url="https://generativelanguage.googleapis.com",
        endpoints={
            "gemini": _GEMINI,
            "chat": Endpoint("/v1beta/openai/chat/completions"),
            "embeddings": Endpoint("/v1beta/openai/embeddings"),
        },
        native="gemini",
        probe=Endpoint("/v1beta/models", "x-goog-api-key"),
        lists=Endpoint("/v1beta/models?pageSize=1000", "x-goog-api-key"),
        vendor="google",
        variable="GEMINI_API_KEY",
    ),
    Kind(
        name="openrouter",
        title="OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        endpoints={**_OPENAI, "messages": _messages("/messages")},
        probe=Endpoint("/key"),
        lists=_MODELS,
        vendor="openrouter",
        variable="OPENROUTER_API_KEY",
        quirks=("its list of models is public, so /key proves the credential",),
    ),
    Kind(
        name="deepseek",
        title="DeepSeek",
        base_url="https://api.deepseek.com",
        endpoints={
            "chat": _CHAT,
            "messages": _messages("/anthropic/v1/messages", auth="x-api-key", above="/v1"),
            "completions": Endpoint("/beta/completions", above="/v1"),
        },
        usual=("chat", "messages"),
        probe=_MODELS,
        lists=_MODELS,
        vendor="deepseek",
        variable="DEEPSEEK_API_KEY",
        quirks=("completions is its beta for filling in the middle; ask for it with --dialect",),
    ),
    Kind(
        name="moonshot",
        title="Moonshot AI (Kimi)",
        base_url="https://api.moonshot.ai/v1",
        endpoints={
            "chat": _CHAT,
            "responses": _RESPONSES,
            "messages": _messages("/anthropic/v1/messages", above="/v1"),
        },
        probe=_MODELS,
        lists=_MODELS,
        vendor="moonshotai",
        variable="MOONSHOT_API_KEY",
        quirks=("accounts of its Chinese platform are at https://api.moonshot.cn/v1",),
    ),
    Kind(
        name="xai",
        title="xAI",
        base_url="https://api.x.ai/v1",
        endpoints={"responses": _RESPONSES, "chat": _CHAT, "messages": _messages()},
        usual=("responses", "chat"),
        probe=_MODELS,
        lists=_MODELS,
        vendor="x-ai",
        variable="XAI_API_KEY",
        quirks=("it calls its Messages endpoint deprecated; ask for it with --dialect messages",),
    ),
    Kind(
        name="mistral",
        title="Mistral AI",
        base_url="https://api.mistral.ai/v1",
        endpoints={"chat": _CHAT, "embeddings": _EMBEDDINGS},
        probe=_MODELS,
        lists=_MODELS,
        vendor="mistral",
        variable="MISTRAL_API_KEY",
    ),
    Kind(
        name="groq",
        title="Groq",
        base_url="https://api.groq.com/openai/v1",
        endpoints={"chat": _CHAT, "responses": _RESPONSES},
        probe=_MODELS,
        lists=_MODELS,
        vendor="groq",
        variable="GROQ_API_KEY",
    ),
    Kind(
        name="ollama",
        title="Ollama",
        base_url="http://127.0.0.1:11434/v1",
        endpoints={**_OPENAI, "messages": _messages()},
        probe=_MODELS,
        lists=_MODELS,
        variable="OLLAMA_API_KEY",
        own_machine=True,
        quirks=("Responses needs version 0.13.3 or newer and keeps no state",),
    ),
    Kind(
        name="lmstudio",
        title="LM Studio",
        base_url="http://127.0.0.1:1234/v1",
        endpoints={**_OPENAI, "messages": _messages()},
        probe=_MODELS,
        lists=_MODELS,
        variable="LM_API_TOKEN",
        own_machine=True,
    ),
    Kind(
        name="vllm",
        title="vLLM",
        base_url="http://127.0.0.1:8000/v1",
        endpoints={**_OPENAI, "messages": _messages(count=True)},
        probe=_MODELS,
        lists=_MODELS,
        variable="VLLM_API_KEY",
        own_machine=True,
        quirks=("each server speaks what its one model can: a generating one or an embedding one",),
    ),
    Kind(
        name="azure",
        title="Azure OpenAI (Microsoft Foundry)",
        base_url=None,
        endpoints={
            "chat": _azure("/openai/v1/chat/completions"),
            "responses": _azure("/openai/v1/responses"),
            "embeddings": _azure("/openai/v1/embeddings"),
            "completions": _azure("/openai/v1/completions"),
            "messages": _messages("/anthropic/v1/messages", auth="x-api-key", above="/openai/v1"),
        },
        usual=("chat", "responses", "embeddings", "completions"),
        dated={
            "chat": _azure("/openai/deployments/{model}/chat/completions"),
            "responses": _azure("/openai/responses"),
            "embeddings": _azure("/openai/deployments/{model}/embeddings"),
            "completions": _azure("/openai/deployments/{model}/completions"),
        },
        dated_probe=_azure("/openai/models"),
        probe=_azure("/openai/v1/models"),
        vendor="azure",
        variable="AZURE_OPENAI_API_KEY",
        quirks=(
            "the upstream model is the name of a deployment",
            "with --api-version the deployment stands in the path, as older resources want it",
            "Claude at https://RESOURCE.services.ai.azure.com needs --dialect messages",
        ),
    ),
    Kind(
        name="bedrock",
        title="Anthropic on Amazon Bedrock",
        base_url="https://bedrock-runtime.{region}.amazonaws.com",
        endpoints={
            "messages": Endpoint(
                "/model/{model}/invoke",
                "aws",
                stream_path="/model/{model}/invoke-with-response-stream",
                body="bedrock",
                framing="aws",
            ),
        },
        vendor="aws",
        variable="AWS_BEARER_TOKEN_BEDROCK",
        needs=("region",),
        quirks=(
            "the credential is a Bedrock API key, or ACCESS_KEY_ID:SECRET_ACCESS_KEY[:SESSION_TOKEN]",
            "calls with an access key are signed, which needs the extra codevector[bedrock]",
            "the upstream model is a model id, an inference profile or its ARN",
        ),
    ),
    Kind(
        name="vertex",
        title="Anthropic on Google Vertex AI",
        base_url="https://{region}-aiplatform.googleapis.com",
        endpoints={
            "messages": Endpoint(
                f"{_VERTEX}/{{model}}:rawPredict",
                "google",
                stream_path=f"{_VERTEX}/{{model}}:streamRawPredict",
                count_path=f"{_VERTEX}/count-tokens:rawPredict",
                body="vertex",
            ),
        },
        vendor="google",
        variable="GOOGLE_APPLICATION_CREDENTIALS",
        needs=("region", "project"),
        quirks=(
            "the credential is a service account's JSON key, which needs the extra codevector[vertex]",
            "an access token does as well, until Google ends it after an hour",
            "the project is the key's own unless --project names another",
        ),
    ),
    Kind(
        name="custom",
        title="any service that speaks a known dialect",
        base_url=None,
        endpoints={**_OPENAI, "messages": _MESSAGES, "gemini": _GEMINI},
        usual=("chat",),
    ),
    Kind(
        name="sandbox",
        title="the built-in sandbox",
        base_url="sandbox://local",
        endpoints={
            "chat": Endpoint("/v1/chat/completions"),
            "responses": Endpoint("/v1/responses"),
            "messages": _MESSAGES,
        },
        probe=Endpoint("/v1/models"),
        lists=Endpoint("/v1/models"),
    ),
)

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _ALL})
