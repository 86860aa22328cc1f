"""Everything of the gateway that is not metered: probes, metrics and the lists of models, as plain Quart routes."""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace
from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from codevector_daemon.dialects import by_name
from codevector_daemon.directory.offers import known_names
from codevector_daemon.errors import Refused
from codevector_daemon.gateway import model_lists
from codevector_daemon.gateway.attribution import clean
from codevector_daemon.gateway.call import Gateway
from codevector_daemon.gateway.caller import identify
from codevector_daemon.gateway.headers import HeaderMap
from codevector_daemon.gateway.ids import new_request_id
from codevector_daemon.gateway.malformed import shape_of
from codevector_daemon.gateway.metrics import CONTENT_TYPE, Metrics
from codevector_daemon.gateway.paths import meant, methods_of, names_action
from codevector_daemon.gateway.routes import DataPlane

if TYPE_CHECKING:
    from codevector_daemon.directory.values import Caller, Facade

JSON = "application/json"
NOT_FOUND = 404
_GOOGLE_LISTS = ("/v1beta/models", *(f"/gateway/google/{version}/models" for version in ("v1", "v1beta", "v1alpha")))
_LISTS = ("/v1/models", "/gateway/openai/v1/models", "/gateway/anthropic/v1/models", *_GOOGLE_LISTS)


def gateway_app(gateway: Gateway, metrics: Metrics) -> Quart:
    """Build the app of the TCP listener, with the data plane around it."""
    app = Quart("codevector", static_folder=None)
    app.config.update(RESPONSE_TIMEOUT=None, BODY_TIMEOUT=None, MAX_CONTENT_LENGTH=gateway.settings.max_body_bytes)
    _add_probes(app, gateway, metrics)
    _add_model_lists(app, gateway)
    _add_errors(app)
    app.before_request(_host_check(gateway))
    app.after_request(_name_the_request(gateway))
    app.asgi_app = DataPlane(app.asgi_app, gateway)  # type: ignore[method-assign]
    return app


# -- probes -----------------------------------------------------------------------------------------------------------


def _add_probes(app: Quart, gateway: Gateway, metrics: Metrics) -> None:
    @app.get("/")
    @app.get("/healthz")
    @app.get("/api/hello")  # Claude Code asks so whether its gateway is there
    async def alive() -> Response:
        return Response(b"CodeVector\n", content_type="text/plain; charset=utf-8")

    @app.get("/readyz")
    async def ready() -> Response:
        found = gateway.ledger.standing
        # Anybody may ask this, so it does not say why: the reason names files.
        state = {"status": "degraded" if found.degraded else "ready", "spooled_events": found.spooled_events}
        return Response(msgspec.json.encode(state), content_type=JSON)

    @app.get("/metrics")
    async def figures() -> Response:
        if not (gateway.settings.metrics_from_anywhere or _from_loopback()):
            raise Refused(
                403,
                "permission_error",
                "metrics_not_allowed",
                "Metrics are for this machine only; metrics_from_anywhere = true opens them.",
            )
        return Response(metrics.text(), content_type=CONTENT_TYPE)


def _from_loopback() -> bool:
    address = request.remote_addr
    try:
        return address is not None and ip_address(address).is_loopback
    except ValueError:
        return False


# -- lists of models --------------------------------------------------------------------------------------------------


def _add_model_lists(app: Quart, gateway: Gateway) -> None:
    async def models() -> Response:
        shape = _shape()
        body = shape.page(_granted(gateway, shape), request.args)
        return Response(msgspec.json.encode(body), content_type=JSON)

    async def model(slug: str) -> Response:
        caller, facade, shape = _caller(gateway), gateway.directory.facade(slug), _shape()
        if facade is None or not shape.shows(facade) or not caller.may_use(facade):
            raise Refused(
                404, "not_found_error", "model_not_found", f"The model '{clean(slug)}' cannot be called here."
            )
        return Response(msgspec.json.encode(shape.model(facade)), content_type=JSON)

    for number, path in enumerate(_LISTS):
        app.add_url_rule(path, f"models_{number}", models, methods=["GET"])
        app.add_url_rule(f"{path}/<path:slug>", f"model_{number}", model, methods=["GET"])


def _caller(gateway: Gateway) -> "Caller":
    return identify(_headers(), gateway.directory).caller


def _granted(gateway: Gateway, shape: model_lists.Shape) -> list["Facade"]:
    """Return every name the key can call, as the facade of that name: slugs, aliases, what wildcards are known for."""
    caller = _caller(gateway)
    offered = gateway.directory.offers(lambda facade: known_names(facade, gateway.prices))
    facades = (replace(offer.facade, slug=offer.name) for offer in offered if caller.may_use(offer.facade))
    return [facade for facade in facades if shape.shows(facade)]


def _shape() -> model_lists.Shape:
    if request.path.startswith(_GOOGLE_LISTS):
        return model_lists.GOOGLE
    return model_lists.ANTHROPIC if _wants_anthropic() else model_lists.OPENAI


def _wants_anthropic() -> bool:
    return request.path.startswith("/gateway/anthropic") or "anthropic-version" in request.headers


# -- refusals ---------------------------------------------------------------------------------------------------------


def _host_check(gateway: Gateway) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        server = request.scope.get("server")
        gateway.hosts.check(_headers(), server)

    return check


def _name_the_request(gateway: Gateway) -> Callable[[Response], Awaitable[Response]]:
    async def name(response: Response) -> Response:
        response.headers["x-codevector-request-id"] = new_request_id(gateway.now_ms())
        return response

    return name


def _headers() -> HeaderMap:
    return HeaderMap(request.scope["headers"])


def _add_errors(app: Quart) -> None:
    @app.errorhandler(Refused)
    async def refused(error: Refused) -> Response:
        return _answer(error)

    @app.errorhandler(HTTPException)
    async def http(error: HTTPException) -> Response:
        return _answer(_unserved(error))


def _unserved(error: HTTPException) -> Refused:
    """Say why there is nothing for a request: another method, another action, or another path is what there is."""
    asked, status = f"{request.method} {clean(request.path)}", error.code or 500
    action = request.method == "POST" and names_action(request.path)
    if not action and (allowed := methods_of(request.path) or getattr(error, "valid_methods", None)):
        names = ", ".join(sorted(allowed))
        text = f"{asked}: this path takes {names} only."
        return Refused(405, "invalid_request_error", "method_not_allowed", text, ((b"allow", names.encode()),))
    if action or status == NOT_FOUND:
        return Refused(NOT_FOUND, "not_found_error", "not_found", f"{asked}: {_instead()}")
    name = HTTP_STATUS_CODES.get(status, "Error")
    return Refused(status, "invalid_request_error", name.lower().replace(" ", "_"), f"{asked}: {name}.")


def _instead() -> str:
    """Return what there is in place of a path that is not there."""
    if names_action(request.path):
        return "the actions are generateContent, streamGenerateContent and countTokens; POST /v1/embeddings embeds."
    right = meant(request.path)
    if right is None:
        return "Not Found."
    return f"Ask for {right}: OpenAI's clients take a base URL that ends in /v1, Anthropic's one that does not."


def _answer(refused: Refused) -> Response:
    dialect = by_name["messages"] if _wants_anthropic() else shape_of(request.path)
    body = dialect.error(refused.status, refused.kind, refused.code, refused.message)
    answer = Response(body, status=refused.status, content_type=JSON)
    for name, value in refused.headers:
        answer.headers.add(name.decode(), value.decode())
    return answer
