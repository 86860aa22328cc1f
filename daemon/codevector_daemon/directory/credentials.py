"""The format of a gateway key: ``cv_`` + public part + ``_`` + 256 random bits + checksum, letters and digits only.

Everything up to the second underscore is the key's prefix: it names the key in lists and logs and gives nothing away.
"""

import re
import secrets
import zlib
from typing import Final

from msgspec import Struct

MARK: Final = "cv_"
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PUBLIC: Final = 8
_RANDOM: Final = 43
"""62^43 is just above 2^256."""
_CHECKSUM: Final = 6
"""62^6 is above 2^32."""
_SHAPE: Final = re.compile(rf"cv_[0-9A-Za-z]{{{_PUBLIC}}}_[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}")


class Minted(Struct, frozen=True):
    """A new key: the one time that it exists outside its holder's hands."""

    key: str
    prefix: str

    def __repr__(self) -> str:
        return f"Minted({self.prefix}…)"


def mint() -> Minted:
    """Make a new key."""
    public = "".join(secrets.choice(_ALPHABET) for _ in range(_PUBLIC))
    body = f"{MARK}{public}_{_base62(secrets.randbits(256), _RANDOM)}"
    return Minted(key=body + _checksum(body), prefix=MARK + public)


def flaw(credential: str) -> str | None:
    """Say what is wrong with a credential's form, in words that never repeat it; ``None`` when the form is right.

    CRC-32 tells every wrong character and every pair of swapped neighbours for certain.
    """
    if not credential:
        return "No API key was given: send a CodeVector key (cv_…)."
    if not credential.startswith(MARK):
        return "This is not a CodeVector key: they start with cv_. `codevector keys create` makes one."
    if not _SHAPE.fullmatch(credential):
        return "The key is not whole, or has characters that no key has: copy it again."
    body, checksum = credential[:-_CHECKSUM], credential[-_CHECKSUM:]
    if _checksum(body) != checksum:
        return "The key is mistyped, its checksum does not fit: copy it again."
    return None


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM)


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
