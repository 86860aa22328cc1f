"""Furnishing an empty home for the demo: the team, its keys and models, and its past."""

import asyncio
from collections.abc import Iterable
from itertools import islice

from codevector_daemon.directory import Directory, keys, models, providers, users
from codevector_daemon.directory.values import User
from codevector_daemon.ledger import Ledger
from codevector_daemon.ledger.event import UsageEvent
from codevector_daemon.sandbox.history import history
from codevector_daemon.sandbox.sitting import Holder
from codevector_daemon.sandbox.team import DEMO_KEYS, DEMO_MODELS, DEMO_USERS, DemoModel
from codevector_shared.protocol import Backend, KeyCreate, ModelCreate, PriceOverride, ProviderCreate, UserCreate

_ACTOR = "demo"
_AT_ONCE = 1000
"""Events handed to the ledger before it is waited for."""


async def furnish(directory: Directory, ledger: Ledger, now_ms: int) -> dict[str, str]:
    """Make the demo's team in an empty home and write its past; return the gateway key of each demo key, by name.

    The providers have vendors' names and are sandboxes all the same: nothing of a demo leaves the machine.
    """
    for name in dict.fromkeys(model.provider for model in DEMO_MODELS):
        await providers.create(directory, ProviderCreate(name, "sandbox"), actor=_ACTOR)
    await models.create_missing(directory, map(_facade, DEMO_MODELS), actor=_ACTOR)
    for name in DEMO_USERS:
        await users.create(directory, UserCreate(name), actor=_ACTOR)
    secrets, holders = await _make_keys(directory, ledger)
    await _write(ledger, history(now_ms, ledger.zone, holders))
    return secrets


def _facade(model: DemoModel) -> ModelCreate:
    rates = model.rates
    price = PriceOverride(rates.input, rates.output, rates.cached, rates.cache_write, rates.cache_write_1h)
    return ModelCreate(model.name, [Backend(model.provider, model.name)], price=price)


async def _make_keys(directory: Directory, ledger: Ledger) -> tuple[dict[str, str], dict[str, Holder]]:
    secrets, holders = {}, {}
    for key in DEMO_KEYS:
        user = _user(directory, key.user)
        order = KeyCreate(key.name, project=key.project, client_app=key.client_app)
        made = await keys.create(directory, order, user=user, zone=ledger.zone, actor=_ACTOR)
        secrets[key.name] = made.secret.reveal()
        holders[key.name] = Holder(user.id, made.record.id)
    return secrets, holders


def _user(directory: Directory, name: str | None) -> User:
    return directory.user_named(directory.owner.user_name if name is None else name)


async def _write(ledger: Ledger, events: Iterable[UsageEvent]) -> None:
    rest = iter(events)
    while batch := list(islice(rest, _AT_ONCE)):
        await asyncio.gather(*(ledger.settle(event) for event in batch))
