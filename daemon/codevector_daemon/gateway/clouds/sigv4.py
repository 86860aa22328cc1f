"""AWS's Signature Version 4 by botocore, which the extra ``bedrock`` installs."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final

from codevector_daemon.directory.provider_credentials import AccessKey
from codevector_daemon.errors import UpstreamUnreachable
from codevector_daemon.gateway.upstream import Headers, UpstreamRequest

SERVICE: Final = "bedrock"
_SIGNED: Final = frozenset({b"content-type"})
"""Of the request's own lines only this one is signed: a proxy on the way may change others."""
_ADDED: Final = ("X-Amz-Date", "X-Amz-Security-Token", "Authorization")


def signature(request: UpstreamRequest, key: AccessKey, region: str, at_ms: int) -> Headers:
    """Return the lines that sign a request made at a moment. The same arguments give the same lines."""
    auth, requests, credentials = (_botocore(name) for name in ("auth", "awsrequest", "credentials"))
    signer = auth.SigV4Auth(credentials.Credentials(key.id, key.secret, key.session_token), SERVICE, region)
    lines = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers if _is_signed(name)}
    wanted = requests.AWSRequest(method=request.method, url=request.url, headers=lines, data=request.body)
    wanted.context["timestamp"] = datetime.fromtimestamp(at_ms / 1000, UTC).strftime(auth.SIGV4_TIMESTAMP)
    _sign(signer, wanted)
    return tuple((name.lower().encode(), wanted.headers[name].encode()) for name in _ADDED if name in wanted.headers)


def _sign(signer: Any, wanted: Any) -> None:  # noqa: ANN401 - botocore has no types
    """Do what ``SigV4Auth.add_auth`` does, at the moment in the context and not at the clock's."""
    signer._modify_request_before_signing(wanted)  # noqa: SLF001 - add_auth reads the clock itself
    canonical = signer.canonical_request(wanted)
    to_sign = signer.string_to_sign(wanted, canonical)
    signer._inject_signature_to_request(wanted, signer.signature(to_sign, wanted))  # noqa: SLF001 - as above


def _botocore(name: str) -> Any:  # noqa: ANN401 - a module without types
    """Import a part of botocore when it is first needed: an extra, and 0.1 s."""
    try:
        return import_module(f"botocore.{name}")
    except ImportError as missing:
        raise UpstreamUnreachable(
            "Calls with an access key of AWS are signed by botocore, which is not installed: install"
            " codevector[bedrock], or use a Bedrock API key"
        ) from missing


def _is_signed(name: bytes) -> bool:
    return name.lower() in _SIGNED
