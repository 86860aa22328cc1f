"""Values that many tests need, each with only what matters set."""

from codevector_daemon.directory.values import Backend, Caller, Facade, Provider, Secret

CREDENTIAL = "sk-provider-secret"


def caller(**changes: object) -> Caller:
    """Return a member's key that may call everything."""
    fields: dict[str, object] = {
        "key_id": 1, "key_name": "laptop", "user_id": 1, "user_name": "ana", "role": "member", **changes
    }  # fmt: skip
    return Caller(**fields)  # type: ignore[arg-type]


def provider(name: str = "acme", kind: str = "custom", *dialects: str, **changes: object) -> Provider:
    """Return an enabled provider; it speaks Chat where nothing is said."""
    fields: dict[str, object] = {
        "id": 1,
        "name": name,
        "kind": kind,
        "base_url": "http://127.0.0.1:9/v1",
        "dialects": dialects or ("chat",),
        "enabled": True,
        "credential": Secret(CREDENTIAL),
        "created_ms": 0,
        **changes,
    }
    return Provider(**fields)  # type: ignore[arg-type]


def facade(slug: str, *backends: Backend, **changes: object) -> Facade:
    """Return an active chat model."""
    fields: dict[str, object] = {
        "id": 1,
        "slug": slug,
        "display_name": slug,
        "kind": "chat",
        "status": "active",
        "backends": backends,
        "override": None,
        "free": False,
        "context_window": None,
        "max_output": None,
        "created_ms": 0,
        **changes,
    }
    return Facade(**fields)  # type: ignore[arg-type]
