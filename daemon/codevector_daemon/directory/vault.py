"""Secrets at rest: provider credentials sealed, gateway keys as keyed digests, all under one master key."""

import base64
import binascii
import contextlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from codevector_daemon.errors import CodeVectorError, StartError

MASTER_BYTES: Final = 32
VARIABLE: Final = "CODEVECTOR_MASTER_KEY"
CREDENTIAL: Final = "codevector-master-key"
"""The name under which systemd hands the master key over (``LoadCredential=``)."""

_VERSION: Final = b"\x01"
_NONCE: Final = 12
_WRAPPED: Final = MASTER_BYTES + 16
"""A wrapped data key: its 32 bytes and the tag of AES-GCM."""


class SealBroken(CodeVectorError):
    """A sealed value cannot be opened: damaged, moved to another place, or sealed under another master key."""


class Vault:
    """Seals credentials and digests keys. Every use has its own key, derived from the master key."""

    def __init__(self, master: bytes) -> None:
        if len(master) != MASTER_BYTES:
            raise ValueError(f"a master key has {MASTER_BYTES} bytes, not {len(master)}")
        self._wrapping = _derived(master, "wrap credentials")
        self._digesting = _derived(master, "digest keys")
        self._naming = _derived(master, "pseudonyms")
        self.fingerprint: Final = _derived(master, "fingerprint").hex()[:16]
        """Tells one master key from another and gives nothing of it away."""

    def __repr__(self) -> str:
        return f"Vault({self.fingerprint})"

    def digest(self, key: str) -> bytes:
        """Return what is kept of a gateway key: HMAC-SHA-256 under a derived key."""
        return hmac.digest(self._digesting, key.encode(), "sha256")

    def pseudonym(self, user_id: int) -> str:
        """Return the name that a user goes by before other users: stable, and telling nothing."""
        return "user-" + hmac.digest(self._naming, str(user_id).encode(), "sha256").hex()[:6]

    def seal(self, secret: str, context: str) -> bytes:
        """Encrypt under a fresh data key which itself is wrapped; opens only with the same context.

        Layout: version, nonce, wrapped data key, nonce, ciphertext with its tag. A new master key needs only the
        data keys wrapped again.
        """
        data_key = secrets.token_bytes(MASTER_BYTES)
        bound = context.encode()
        wrapped = _encrypted(self._wrapping, data_key, bound)
        return _VERSION + wrapped + _encrypted(data_key, secret.encode(), bound)

    def open(self, sealed: bytes, context: str) -> str:
        """Return the sealed secret; raises SealBroken."""
        if sealed[:1] != _VERSION or len(sealed) < 1 + _NONCE + _WRAPPED + _NONCE + 16:
            raise SealBroken("the sealed value is damaged")
        cut = 1 + _NONCE + _WRAPPED
        bound = context.encode()
        data_key = _decrypted(self._wrapping, sealed[1:cut], bound)
        return _decrypted(data_key, sealed[cut:], bound).decode()


def load_master(path: Path, environ: Mapping[str, str], *, bound: bool = False) -> bytes:
    """Return the master key: from the environment, from systemd's credentials, or from the file, made when missing.

    Raises StartError when there is one that cannot be used, and when it is missing for a store that is ``bound`` to
    one already: a new key would open nothing, and stand where the former belongs.
    """
    if text := environ.get(VARIABLE):
        return _parsed(text, VARIABLE)
    if folder := environ.get("CREDENTIALS_DIRECTORY"):
        handed = Path(folder) / CREDENTIAL
        if (text := _read(handed)) is not None:
            return _parsed(text, str(handed))
    if (text := _read(path)) is None:
        if bound:
            raise StartError(
                f"the master key of this database is missing: put the former {path} (or {VARIABLE}) back,"
                " or start with a new database"
            )
        _create(path)
        text = _read(path) or ""
    _refuse_if_shared(path)
    return _parsed(text, str(path))


def _derived(master: bytes, purpose: str) -> bytes:
    """Derive a key for one purpose; the master key is uniformly random, so one HMAC is a sound derivation."""
    return hmac.digest(master, b"codevector 1 " + purpose.encode(), "sha256")


def _encrypted(key: bytes, plain: bytes, bound: bytes) -> bytes:
    # Loaded at the first credential: 6 MB that a daemon without providers never needs.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def _decrypted(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above

    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
    except InvalidTag as broken:
        raise SealBroken("the sealed value is damaged, or was sealed under another master key") from broken


def _parsed(text: str, place: str) -> bytes:
    """Read 32 bytes written as 64 hexadecimal digits or as base64."""
    cleaned = text.strip()
    for read in (bytes.fromhex, _from_base64):
        with contextlib.suppress(ValueError):
            if len(master := read(cleaned)) == MASTER_BYTES:
                return master
    raise StartError(
        f"the master key in {place} cannot be used: expected {MASTER_BYTES} bytes as base64 or as 64 hexadecimal digits"
        " (`openssl rand -base64 32` makes one)"
    )


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text.translate(str.maketrans("-_", "+/")) + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as bad:
        raise ValueError("no base64") from bad


def _read(path: Path) -> str | None:
    try:
        return path.read_text("ascii", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as bad:
        raise StartError(f"the master key in {path} cannot be read: {bad.strerror}") from bad


def _refuse_if_shared(path: Path) -> None:
    if path.stat().st_mode & 0o077:
        raise StartError(f"the master key in {path} is open to other users of this machine: run `chmod 600 {path}`")


def _create(path: Path) -> None:
    """Write a new master key whole or not at all; of two processes that try at once one wins, and both use that."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as draft:
            draft.write(base64.b64encode(secrets.token_bytes(MASTER_BYTES)) + b"\n")
            draft.flush()
            os.fsync(draft.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, path)
    except OSError as bad:
        raise StartError(f"the master key cannot be written to {path}: {bad.strerror}") from bad
