from collections.abc import AsyncIterator

from codevector_daemon.dialects.base import Head
from codevector_daemon.gateway.upstream import Headers
from codevector_daemon.gateway.usage_option import MAX_REFUSAL_BYTES, UsageOption
from support.values import provider

SILENT = Head("m", stream=True, wants_usage=False)
ASKING = Head("m", stream=True, wants_usage=True)


class Answer:
    def __init__(self, *pieces: bytes) -> None:
        self.status = 400
        self.headers: Headers = ((b"content-type", b"application/json"),)
        self._pieces = pieces
        self.closed = False

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece

    async def aclose(self) -> None:
        self.closed = True


def test_the_option_is_added_only_where_the_client_left_it_out() -> None:
    option = UsageOption()
    assert option.wanted(SILENT, provider())
    assert not option.wanted(ASKING, provider())


async def test_a_provider_that_refuses_it_is_not_asked_again() -> None:
    option, refusing, other = UsageOption(), provider("a", id=1), provider("b", id=2)
    answer = Answer(b'{"error": {"message": "Unrecognized request argument: stream_', b'options"}}')
    assert await option.refused(refusing, answer) is None
    assert not option.wanted(SILENT, refusing)
    assert option.wanted(SILENT, other)


async def test_any_other_400_comes_out_whole() -> None:
    option = UsageOption()
    pieces = (b"x" * MAX_REFUSAL_BYTES, b"y" * 10, b"stream_options")
    whole = await option.refused(provider(), Answer(*pieces))
    assert whole is not None
    assert b"".join([chunk async for chunk in whole.chunks()]) == b"".join(pieces)
    assert option.wanted(SILENT, provider())
