"""What a provider's credential must look like, by its kind; nothing of it is ever repeated in a message."""

from typing import Final

import msgspec
from msgspec import Struct

from codevector_daemon.directory import checks
from codevector_daemon.directory.kinds import Kind
from codevector_daemon.errors import DirectoryError

_TOKENS: Final = "https://oauth2.googleapis.com/token"
"""Where Google gives out access tokens, in keys that do not say."""
_ACCESS_KEY_PARTS: Final = range(2, 4)


class Given(Struct, frozen=True):
    """A checked credential, as it is kept, and the project that it names."""

    secret: str
    project: str | None = None

    def __repr__(self) -> str:
        return "Given(…)"


class ServiceAccount(Struct, frozen=True):
    """What is read of a Google service account's key file."""

    client_email: str
    private_key: str
    token_uri: str = _TOKENS
    project_id: str | None = None

    def __repr__(self) -> str:
        return "ServiceAccount(…)"


class AccessKey(Struct, frozen=True):
    """An access key of AWS."""

    id: str
    secret: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return "AccessKey(…)"


def credential(kind: Kind, text: str) -> Given:
    """Check a credential; raises DirectoryError."""
    if kind.name == "vertex" and text.lstrip().startswith("{"):
        return _service_account(text)
    kept = checks.credential(text)
    if kind.name == "bedrock" and ":" in kept and access_key(kept) is None:
        raise DirectoryError(
            "invalid_credential",
            "credential: expected a Bedrock API key, or ACCESS_KEY_ID:SECRET_ACCESS_KEY[:SESSION_TOKEN]",
        )
    return Given(kept)


def access_key(secret: str) -> AccessKey | None:
    """Read an access key; ``None`` for a Bedrock API key, which goes out as it is."""
    parts = secret.split(":")
    return AccessKey(*parts) if len(parts) in _ACCESS_KEY_PARTS and all(parts) else None


def service_account(secret: str) -> ServiceAccount | None:
    """Read a service account's key; ``None`` for an access token, which goes out as it is."""
    return msgspec.json.decode(secret, type=ServiceAccount) if secret.startswith("{") else None


def _service_account(text: str) -> Given:
    try:
        plain = msgspec.json.decode(text)
        found = msgspec.convert(plain, ServiceAccount)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as bad:
        raise DirectoryError(
            "invalid_credential",
            "credential: expected the JSON key file of a Google service account, with client_email and private_key",
            "Google Cloud's console makes one under IAM, Service Accounts, Keys.",
        ) from bad
    if not found.token_uri.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise DirectoryError("invalid_credential", "credential: its token_uri is no https:// address")
    kept = {field: plain[field] for field in ServiceAccount.__struct_fields__ if field in plain}
    return Given(checks.credential(msgspec.json.encode(kept).decode()), found.project_id)
