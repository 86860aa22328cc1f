"""An answer whose stream came in AWS's binary framing, given on as server-sent events."""

from collections.abc import AsyncIterator

from codevector_daemon.errors import UpstreamBroken
from codevector_daemon.gateway.clouds.eventstream import BadFrame, FrameReader, as_events
from codevector_daemon.gateway.upstream import Headers, UpstreamAnswer

_FRAMED = b"application/vnd.amazon.eventstream"
_LEFT_OUT = frozenset({b"content-type", b"content-length"})


def unwrapped(answer: UpstreamAnswer) -> UpstreamAnswer:
    """Return the answer as server-sent events where it is a binary stream, else as it is."""
    kinds = [value for name, value in answer.headers if name.lower() == b"content-type"]
    if not kinds or kinds[0].split(b";")[0].strip().lower() != _FRAMED:
        return answer
    return _Unwrapped(answer)


class _Unwrapped:
    """The answer of a provider, each whole message of it turned into an event."""

    def __init__(self, answer: UpstreamAnswer) -> None:
        self._answer = answer
        self.status = answer.status
        kept = tuple(line for line in answer.headers if line[0].lower() not in _LEFT_OUT)
        self.headers: Headers = (*kept, (b"content-type", b"text/event-stream; charset=utf-8"))

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield whole events; raises UpstreamBroken for a stream that is cut or none."""
        reader = FrameReader()
        try:
            async for data in self._answer.chunks():
                if events := b"".join(as_events(message) for message in reader.feed(data)):
                    yield events
        except BadFrame as bad:
            raise UpstreamBroken(f"The provider's event stream cannot be read: {bad}") from bad
        if reader.pending:
            raise UpstreamBroken("The provider's event stream was cut in the middle of a message")

    async def aclose(self) -> None:
        """Let go of the connection."""
        await self._answer.aclose()
