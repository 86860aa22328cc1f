"""Users, keys, providers and models: in memory for requests, in the store for administration."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final, TypeVar

import sqlalchemy as sa

from codevector_daemon.directory import checks, first
from codevector_daemon.directory.change import Act, Change, run
from codevector_daemon.directory.credentials import flaw
from codevector_daemon.directory.offers import Offer, offers
from codevector_daemon.directory.snapshot import KeyEntry, Snapshot, load, stored_version
from codevector_daemon.directory.values import Caller, Facade, Provider, User
from codevector_daemon.directory.vault import Vault
from codevector_daemon.errors import Refused, StoreError
from codevector_daemon.store.engine import Store

log = logging.getLogger(__name__)

T = TypeVar("T")

WATCH_S: Final = 0.25
"""How long a change made by another process may stay unnoticed."""


class Directory:
    """Lookups are synchronous and read one immutable snapshot, which is swapped after each change."""

    def __init__(
        self, store: Store, vault: Vault, now_ms: Callable[[], int], snapshot: Snapshot, watch_s: float
    ) -> None:
        self.vault = vault
        self.now_ms = now_ms
        self._store = store
        self._snapshot = snapshot
        self._loading = asyncio.Lock()
        self._watching = asyncio.create_task(self._watch(watch_s), name="directory-watch")

    @classmethod
    async def open(
        cls, store: Store, vault: Vault, now_ms: Callable[[], int], *, watch_s: float = WATCH_S
    ) -> "Directory":
        """Load the directory, giving an empty store its owner; raises StartError under a foreign master key."""
        if not await store.read(first.is_settled):
            owner = first.owner_name()
            await store.write(lambda connection: run(first.settle, Change(connection, vault, now_ms(), owner)))
        await store.read(lambda connection: first.refuse_foreign_master(connection, vault.fingerprint))
        snapshot = await store.read(lambda connection: load(connection, vault))
        return cls(store, vault, now_ms, snapshot, watch_s)

    async def close(self) -> None:
        """Stop noticing what other processes change."""
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)

    @property
    def version(self) -> int:
        """Count of the changes so far; moves when anything in the directory changed."""
        return self._snapshot.version

    def caller(self, credential: str) -> Caller:
        """Return whose key this is; raises Refused with 401, and never repeats the credential."""
        if (wrong := flaw(credential)) is not None:
            raise _unauthenticated(wrong)
        entry = self._snapshot.keys.get(self.vault.digest(credential))
        if entry is None:
            raise _unauthenticated(
                f"The key {credential[:11]}… is not known here: it belongs to another gateway, or its user was removed."
            )
        if (closed := _closed(entry, self.now_ms())) is not None:
            raise _unauthenticated(closed)
        return entry.caller

    def facade(self, name: str) -> Facade | None:
        """Return the model that answers to a name, whatever its status: by its slug, an alias, or a wildcard.

        A wildcard comes back as the facade that it is for this name, with the upstream models to ask for.
        """
        return self._snapshot.names.answering(name)

    def stored_facade(self, name: str) -> Facade | None:
        """Return the model that was set up under this slug or alias; a wildcard under its pattern."""
        return self._snapshot.names.named(name)

    def facades(self) -> tuple[Facade, ...]:
        """Return all models as they were set up, by slug; wildcards under their patterns."""
        return tuple(self._snapshot.facades.values())

    def offers(self, known: Callable[[Facade], Iterable[str]] = lambda _: ()) -> list[Offer]:
        """Return every name that can be called, for lists of models; ``known`` names what a wildcard stands for."""
        return offers(self._snapshot.facades.values(), known)

    def provider(self, name: str) -> Provider | None:
        """Return the provider of that name, enabled or not."""
        return self._snapshot.providers.get(name)

    def providers(self) -> tuple[Provider, ...]:
        """Return all providers, by name."""
        return tuple(self._snapshot.providers.values())

    @property
    def owner(self) -> Caller:
        """The owner, as the control socket's caller: no key, every right."""
        owner = next(user for user in self._snapshot.users.values() if user.role == "owner")
        return Caller(key_id=0, key_name="", user_id=owner.id, user_name=owner.name, role="owner", scope="console")

    def user(self, user_id: int) -> User | None:
        """Return the user of that id."""
        return self._snapshot.users.get(user_id)

    def user_named(self, name: str) -> User:
        """Return the user of that name; raises DirectoryError 404."""
        for user in self._snapshot.users.values():
            if user.name == name:
                return user
        raise checks.missing("user", name, [user.name for user in self._snapshot.users.values()])

    def users(self) -> tuple[User, ...]:
        """Return all users, the oldest first."""
        return tuple(self._snapshot.users.values())

    def key_name(self, key_id: int) -> str | None:
        """Return the name of a key, whether it still opens anything or not."""
        return self._snapshot.key_names.get(key_id)

    def open_keys(self) -> Counter[int]:
        """Count by user id the keys that open the gateway now."""
        now = self.now_ms()
        entries = self._snapshot.keys.values()
        return Counter(entry.caller.user_id for entry in entries if _closed(entry, now) is None)

    def pseudonym(self, user_id: int) -> str:
        """Return the name that a user goes by before other users."""
        return self.vault.pseudonym(user_id)

    async def change(self, act: Act[T], *, actor: str) -> T:
        """Run an act of administration as one transaction, then look with its eyes."""
        now = self.now_ms()
        result = await self._store.write(lambda connection: run(act, Change(connection, self.vault, now, actor)))
        await self.refresh()
        return result

    async def read(self, fn: Callable[[sa.Connection], T]) -> T:
        """Read what the snapshot does not hold, such as when a key was last used."""
        return await self._store.read(fn)

    async def refresh(self) -> None:
        """Load the directory again, after a change made here or elsewhere."""
        async with self._loading:
            self._snapshot = await self._store.read(lambda connection: load(connection, self.vault))

    async def _watch(self, every_s: float) -> None:
        """Notice what other processes change; while the store refuses, the last snapshot stays in use."""
        said = ""
        while True:
            await asyncio.sleep(every_s)
            try:
                if await self._store.read(stored_version) != self.version:
                    await self.refresh()
                said = ""
            except StoreError as refused:
                if str(refused) != said:
                    log.warning("Changes to users, keys, providers and models are not seen for now: %s", refused)
                said = str(refused)
            except Exception:
                log.exception("The directory could not be read again")


def _closed(entry: KeyEntry, now_ms: int) -> str | None:
    """Say why a known key opens nothing now; ``None`` when it does."""
    if entry.revoked_ms is not None:
        return f"The key {entry.prefix}… was revoked on {_day(entry.revoked_ms)}. Ask for a new one."
    if entry.expires_ms is not None and entry.expires_ms <= now_ms:
        return f"The key {entry.prefix}… expired on {_day(entry.expires_ms)}. Ask for a new one."
    if entry.suspended:
        return f"The user of the key {entry.prefix}… is suspended. Ask the administrator of this gateway."
    return None


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")


def _unauthenticated(message: str) -> Refused:
    return Refused(401, "authentication_error", "invalid_api_key", message)
