"""What makes a provider's certificate acceptable."""

import ssl
from pathlib import Path

import certifi

from codevector_daemon.errors import UpstreamUnreachable


def provider_tls(ca_file: str | None = None) -> ssl.SSLContext:
    """Return a context that trusts what the machine trusts, and Mozilla's list where the machine has no list.

    ``ca_file`` names certificates to trust beside those; raises UpstreamUnreachable where it cannot be read.

    One context costs megabytes and tens of milliseconds: make it once and hand it to every client.
    """
    places = ssl.get_default_verify_paths()
    context = ssl.create_default_context(
        cafile=None if places.cafile or _has_certificates(places.capath) else certifi.where()
    )
    if ca_file is not None:
        _trust(context, ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _trust(context: ssl.SSLContext, ca_file: str) -> None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ValueError) as bad:
        raise UpstreamUnreachable(
            f"The provider's CA file {ca_file} cannot be used ({getattr(bad, 'strerror', None) or 'no certificates'})"
        ) from bad


def _has_certificates(folder: str | None) -> bool:
    return folder is not None and any(Path(folder).iterdir())
