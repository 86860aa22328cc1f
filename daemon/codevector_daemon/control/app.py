"""The control app of the Unix socket: whoever can open the socket is the administrator."""

from typing import Final

from quart import Blueprint, Quart, Response

from codevector_daemon.control import counting, streaming
from codevector_daemon.control.administration import add_keys, add_users
from codevector_daemon.control.asked import DashboardQuery, LeaderboardQuery, RequestsQuery, UsageQuery, user_id
from codevector_daemon.control.catalogue_routes import add_catalogue
from codevector_daemon.control.failures import add_failures
from codevector_daemon.control.ledger_routes import add_ledger
from codevector_daemon.control.model_routes import add_models
from codevector_daemon.control.openapi import describe
from codevector_daemon.control.pricing import add_pricing
from codevector_daemon.control.provider_routes import add_providers
from codevector_daemon.control.services import Services
from codevector_daemon.control.typed import BODY_LIMIT, typed
from codevector_shared import __version__
from codevector_shared.protocol import API, Dashboard, Leaderboard, Me, Requests, Status, Usage

_BODY_TIMEOUT_S: Final = 60


def control_app(services: Services) -> Quart:
    """Build the app with every route of the control API."""
    app = Quart("codevector_control", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=BODY_LIMIT, BODY_TIMEOUT=_BODY_TIMEOUT_S, RESPONSE_TIMEOUT=None)
    routes = Blueprint("control", "codevector_control", url_prefix=API)
    _add_status(routes, services)
    add_providers(routes, services)
    add_models(routes, services)
    add_keys(routes, services)
    add_users(routes, services)
    _add_counts(routes, services)
    add_pricing(routes, services)
    add_ledger(routes, services)
    add_catalogue(routes, services)
    app.register_blueprint(routes)
    add_failures(app)
    describe(app, __version__)
    return app


def _add_status(routes: Blueprint, services: Services) -> None:
    @routes.get("/status")
    @typed(Status)
    async def status() -> Status:
        """Tell how the daemon is."""
        return services.status()

    @routes.get("/me")
    @typed(Me)
    async def me() -> Me:
        """Tell who is asking: on the socket, the owner."""
        owner = services.directory.owner
        return Me(owner.user_name, owner.user_id, owner.role, admin=True, gateway_url=services.status().gateway_url)


def _add_counts(routes: Blueprint, services: Services) -> None:
    directory = services.directory

    @routes.get("/usage")
    @typed(Usage, query=UsageQuery)
    async def usage(query: UsageQuery) -> Usage:
        """Add up a window, in total and by one dimension."""
        return await counting.usage(services, query, user_id(query, directory))

    @routes.get("/dashboard")
    @typed(Dashboard, query=DashboardQuery)
    async def dashboard(query: DashboardQuery) -> Dashboard:
        """Read all that a dashboard draws in one consistent moment."""
        return await counting.dashboard(services, query, user_id(query, directory))

    @routes.get("/requests")
    @typed(Requests, query=RequestsQuery)
    async def requests(query: RequestsQuery) -> Requests:
        """List request rows, newest first."""
        return await counting.requests(services, query, user_id(query, directory))

    @routes.get("/leaderboard")
    @typed(Leaderboard, query=LeaderboardQuery)
    async def leaderboard(query: LeaderboardQuery) -> Leaderboard:
        """Rank the users."""
        return await counting.leaderboard(services, query, directory.owner.user_id, lambda _, name: name)

    @routes.get("/live")
    @streaming.documented
    async def live() -> Response:
        """Stream what happens: a snapshot, then numbered deltas, one JSON document a line."""
        return streaming.stream(services.live, None)
