"""What becomes of a connection when nobody uses it any more."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypercorn.config import Config

from codevector_daemon.connections import Server

HELLO = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer everything with two letters."""
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok", "more_body": False})


@pytest.fixture
async def opened() -> AsyncIterator[tuple[Server, int]]:
    config = Config()
    config.keep_alive_timeout = 600
    server = Server(app, config, lambda _, status: ([], b"%d" % status))
    listener = socket.create_server(("127.0.0.1", 0))
    await server.open(listener)
    yield server, listener.getsockname()[1]
    await server.close()
    await server.idle(5)


async def gone(server: Server) -> None:
    async with asyncio.timeout(10):
        while server._connections:
            await asyncio.wait(set(server._connections))


@pytest.mark.parametrize("data", [b"", HELLO, HELLO + HELLO, HELLO[:9]], ids=["nothing", "one", "two", "a part"])
async def test_a_client_that_leaves_is_let_go_at_once_and_not_when_its_keep_alive_ends(
    opened: tuple[Server, int], data: bytes
) -> None:
    server, port = opened
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    for _ in range(data.count(b"\r\n\r\n")):
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
    writer.close()
    await writer.wait_closed()
    await gone(server)


async def test_an_idle_connection_is_kept_until_the_server_closes(opened: tuple[Server, int]) -> None:
    server, port = opened
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HELLO)
    await reader.readuntil(b"ok")
    assert len(server._connections) == 1
    await server.close()
    assert await reader.read() == b""
    writer.close()
    await gone(server)
