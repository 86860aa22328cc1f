"""What makes a provider's certificate acceptable."""

import ssl
from pathlib import Path

import certifi


def provider_tls() -> ssl.SSLContext:
    """Return a context that trusts what the machine trusts, and Mozilla's list where the machine has no list.

    One context costs megabytes and tens of milliseconds: make it once and hand it to every client.
    """
    places = ssl.get_default_verify_paths()
    context = ssl.create_default_context(
        cafile=None if places.cafile or _has_certificates(places.capath) else certifi.where()
    )
    context.set_alpn_protocols(["http/1.1"])
    return context


def _has_certificates(folder: str | None) -> bool:
    return folder is not None and any(Path(folder).iterdir())
