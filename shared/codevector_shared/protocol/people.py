"""Users and their keys."""

from typing import Literal

from msgspec import UNSET, UnsetType

from codevector_shared.protocol.base import Answer, Message, Name
from codevector_shared.protocol.words import Role


class UserCreate(Message, frozen=True):
    """A new user."""

    name: Name
    role: Role = "member"


class UserPatch(Message, frozen=True):
    """What may change of a user."""

    name: Name | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    suspended: bool | UnsetType = UNSET


class User(Answer, frozen=True):
    """A person (or robot) whose calls are counted together."""

    id: int
    name: str
    role: Role
    status: Literal["active", "suspended"]
    keys: int
    created_at: str


class Users(Answer, frozen=True):
    """All users."""

    users: list[User]


class KeyCreate(Message, frozen=True):
    """A new gateway key."""

    name: str | None = None
    user: str | None = None
    project: str | None = None
    client_app: str | None = None
    expires_at: str | None = None
    allowed_models: list[str] | None = None
    scope: Literal["gateway", "console"] = "gateway"


class Key(Answer, frozen=True):
    """A gateway key without its secret."""

    id: int
    name: str
    prefix: str
    status: Literal["active", "revoked", "expired"]
    user: str
    user_id: int
    project: str | None
    client_app: str | None
    scope: Literal["gateway", "console"]
    allowed_models: list[str] | None
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class KeyCreated(Key, kw_only=True, frozen=True):
    """A new key with its secret: the only time it is shown."""

    key: str


class Keys(Answer, frozen=True):
    """The gateway keys."""

    keys: list[Key]
