"""What an answer that is not passed on says it used: a failed attempt costs that, and nothing besides."""

import asyncio
import logging
from typing import Final

from codevector_daemon.dialects.base import Head
from codevector_daemon.errors import UpstreamError
from codevector_daemon.gateway.taps import tap_of
from codevector_daemon.gateway.upstream import UpstreamAnswer
from codevector_daemon.metering.tap import Tap

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 64 * 1024
"""Read of a failed answer; one that is larger is a page for people."""
PATIENCE_S: Final = 1.0
"""How long the next backend waits for it: a provider sends an error in one piece."""


async def read(answer: UpstreamAnswer, spoken: str, head: Head) -> Tap:
    """Read what there is of a failed answer in the dialect ``spoken``."""
    tap = tap_of(answer, spoken, head)
    size = 0
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for chunk in answer.chunks():
                tap.feed(chunk)
                size += len(chunk)
                if size > MOST_BYTES:
                    break
    except (TimeoutError, UpstreamError) as error:
        logger.debug("a failed answer was not read to its end: %s", error)
    return tap
