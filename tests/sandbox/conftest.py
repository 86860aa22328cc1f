from collections.abc import AsyncIterator

import anthropic
import openai
import pytest

from codevector_daemon.sandbox import SandboxProvider
from support.bridge import claude_over, gpt_over

NOW_MS = 1_790_000_000_000


@pytest.fixture
def provider() -> SandboxProvider:
    return SandboxProvider(lambda: NOW_MS, pace=0)


@pytest.fixture
async def gpt(provider: SandboxProvider) -> AsyncIterator[openai.AsyncOpenAI]:
    async with gpt_over(provider) as client:
        yield client


@pytest.fixture
async def claude(provider: SandboxProvider) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with claude_over(provider) as client:
        yield client
