"""What a key opens on the gateway's listener: its own user's counts, and with scope ``console`` that user's keys.

Nothing else of the control API exists there.
"""

from typing import Final

import msgspec
from quart import Blueprint, Response, g, request

from codevector_daemon.control import counting, present, price_cards, streaming
from codevector_daemon.control.asked import LeaderboardQuery, MemberDashboard, MemberRequests, MemberUsage
from codevector_daemon.control.failures import add_failures, failure
from codevector_daemon.control.services import Services
from codevector_daemon.control.typed import typed
from codevector_daemon.directory import keys
from codevector_daemon.directory.checks import shown
from codevector_daemon.directory.values import Caller, User
from codevector_daemon.errors import DirectoryError, Refused
from codevector_daemon.gateway.caller import identify
from codevector_daemon.gateway.headers import HeaderMap
from codevector_shared.price_protocol import RequestPrice
from codevector_shared.protocol import (
    API,
    Dashboard,
    Key,
    KeyCreate,
    KeyCreated,
    Keys,
    Leaderboard,
    Me,
    Models,
    Requests,
    Usage,
)

_CREATED: Final = 201
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_MANAGING: Final = {f"member.{name}" for name in ("list_keys", "create_key", "show_key", "revoke_key")}
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def member_blueprint(services: Services) -> Blueprint:
    """Build the routes for holders of a key."""
    routes = Blueprint("member", "codevector_member", url_prefix=API)
    _add_counts(routes, services)
    _add_live(routes, services)
    _add_keys(routes, services)

    @routes.before_request
    async def let_in() -> None:
        if request.endpoint != "member.nothing":
            g.caller = identify(HeaderMap(request.scope["headers"]), services.directory).caller
        if request.endpoint in _MANAGING:
            _holder()  # before the query and the body are looked at

    @routes.route("", defaults={"rest": ""}, methods=_METHODS, strict_slashes=False)
    @routes.route("/<path:rest>", methods=_METHODS)
    async def nothing(rest: str) -> Response:
        return failure(_NOT_FOUND, "not_found", f"{request.method} {shown(f'{API}/{rest}')} does not exist here")

    add_failures(routes)
    return routes


def _caller() -> Caller:
    """Return whose key the request carries."""
    caller: Caller = g.caller
    return caller


def _holder() -> User:
    """Return the user whose keys may be managed; raises DirectoryError for a key that may not."""
    caller = _caller()
    if caller.scope != "console":
        raise DirectoryError(
            "console_key_needed",
            "this key calls models, it manages no keys",
            "Use a key made with scope console.",
            status=_FORBIDDEN,
        )
    return User(caller.user_id, caller.user_name, caller.role, suspended=False, created_ms=0)


def _add_counts(routes: Blueprint, services: Services) -> None:
    directory, zone, now_ms = services.directory, services.ledger.zone, services.now_ms

    @routes.get("/me")
    @typed(Me)
    async def me() -> Me:
        caller = _caller()
        url = services.status().gateway_url
        return Me(caller.user_name, caller.user_id, caller.role, admin=False, gateway_url=url)

    @routes.get("/models")
    @typed(Models)
    async def models() -> Models:
        caller = _caller()
        granted = (found for found in directory.facades() if found.status == "active" and caller.may_use(found))
        conditions = services.health.conditions()
        return Models([present.model(found, services.prices, conditions, zone, now_ms()) for found in granted])

    @routes.get("/usage")
    @typed(Usage, query=MemberUsage)
    async def usage(query: MemberUsage) -> Usage:
        return await counting.usage(services, query, _caller().user_id)

    @routes.get("/dashboard")
    @typed(Dashboard, query=MemberDashboard)
    async def dashboard(query: MemberDashboard) -> Dashboard:
        return await counting.dashboard(services, query, _caller().user_id)

    @routes.get("/requests")
    @typed(Requests, query=MemberRequests)
    async def requests(query: MemberRequests) -> Requests:
        return await counting.requests(services, query, _caller().user_id)

    @routes.get("/requests/<request_id>/price")
    @typed(RequestPrice)
    async def request_price(request_id: str) -> RequestPrice:
        return await price_cards.request_price(services, request_id, _caller().user_id)

    @routes.get("/leaderboard")
    @typed(Leaderboard, query=LeaderboardQuery)
    async def leaderboard(query: LeaderboardQuery) -> Leaderboard:
        you = _caller().user_id

        def name(user_id: int, known: str) -> str:
            return known if user_id == you else directory.pseudonym(user_id)

        return await counting.leaderboard(services, query, you, name)


def _add_live(routes: Blueprint, services: Services) -> None:
    directory = services.directory

    @routes.get("/live")
    @streaming.documented
    async def live() -> Response:
        headers = HeaderMap(request.scope["headers"])

        def welcome() -> bool:
            """Tell whether the key still opens the door: it may be revoked while the stream runs."""
            try:
                identify(headers, directory)
            except Refused:
                return False
            return True

        return streaming.stream(services.live, _caller().user_id, welcome)


def _add_keys(routes: Blueprint, services: Services) -> None:
    directory, zone, now_ms = services.directory, services.ledger.zone, services.now_ms

    @routes.get("/keys")
    @typed(Keys)
    async def list_keys() -> Keys:
        found = await keys.listed(directory, user_id=_holder().id)
        return Keys([present.key(one, zone, now_ms()) for one in found])

    @routes.post("/keys")
    @typed(KeyCreated, body=KeyCreate, status=_CREATED)
    async def create_key(body: KeyCreate) -> KeyCreated:
        user = _holder()
        if body.user not in {None, user.name}:
            raise DirectoryError("not_yours", "user: a key makes keys for its own user only", status=_FORBIDDEN)
        order = _within(_caller(), body)
        made = await keys.create(directory, order, user=user, zone=zone, actor=user.name)
        return present.new_key(made, zone, now_ms())

    @routes.get("/keys/<int:key_id>")
    @typed(Key)
    async def show_key(key_id: int) -> Key:
        return present.key(await keys.one(directory, key_id, user_id=_holder().id), zone, now_ms())

    @routes.delete("/keys/<int:key_id>")
    @typed(Key)
    async def revoke_key(key_id: int) -> Key:
        user = _holder()
        return present.key(await keys.revoke(directory, key_id, actor=user.name, user_id=user.id), zone, now_ms())


def _within(caller: Caller, order: KeyCreate) -> KeyCreate:
    """Keep a new key to the models of the key that makes it."""
    if caller.allowed_models is None:
        return order
    if order.allowed_models is None:
        return msgspec.structs.replace(order, allowed_models=sorted(caller.allowed_models))
    if not caller.allowed_models.issuperset(order.allowed_models):
        raise DirectoryError(
            "model_not_granted",
            "allowed_models: this key was not granted all of those models itself",
            f"It was granted: {', '.join(sorted(caller.allowed_models))}.",
            status=_FORBIDDEN,
        )
    return order
