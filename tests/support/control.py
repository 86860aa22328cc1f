"""Administration of a running daemon over its control socket, without the command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from codevector_shared.protocol import API
from support.counts import Rates


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A gateway key just made."""

    id: int
    name: str
    secret: str

    @property
    def bearer(self) -> tuple[str, str]:
        """The header that carries it."""
        return ("Authorization", f"Bearer {self.secret}")


class Control:
    """The control API as an administrator uses it; every answer but 2xx is a failed assertion."""

    def __init__(self, socket: Path) -> None:
        transport = httpx.HTTPTransport(uds=str(socket), verify=False)  # no TLS here, so no certificates to load
        self._client = httpx.Client(
            transport=transport, base_url=f"http://codevector{API}", timeout=20, trust_env=False
        )

    def close(self) -> None:
        """Let go of the socket."""
        self._client.close()

    def call(self, method: str, path: str, body: object = None, **query: str | int) -> Any:
        """Call one route and return its JSON."""
        answer = self._client.request(method, path, json=body, params=query)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def status(self) -> dict[str, Any]:
        """Return the daemon's status."""
        status: dict[str, Any] = self.call("GET", "/status")
        return status

    def add_provider(
        self, name: str, kind: str, base_url: str, *, dialects: list[str] | None = None, credential: str | None = None
    ) -> None:
        """Add a provider."""
        body = {"name": name, "kind": kind, "base_url": base_url, "dialects": dialects, "credential": credential}
        self.call("POST", "/providers", {key: value for key, value in body.items() if value is not None})

    def add_model(
        self, slug: str, provider: str, upstream_model: str, *, rates: Rates | None = None, free: bool = False
    ) -> None:
        """Add a model facade with one backend."""
        body: dict[str, object] = {
            "slug": slug,
            "backends": [{"provider": provider, "upstream_model": upstream_model}],
            "free": free,
        }
        if rates is not None:
            body["price"] = rates.override()
        self.call("POST", "/models", body)

    def create_key(self, name: str, **fields: object) -> MadeKey:
        """Create a gateway key."""
        made = self.call("POST", "/keys", {"name": name, **fields})
        return MadeKey(made["id"], made["name"], made["key"])

    def requests(self, **query: str | int) -> list[dict[str, Any]]:
        """Return request rows as the API shows them."""
        rows: list[dict[str, Any]] = self.call("GET", "/requests", **query)["requests"]
        return rows
