"""The description of the control API at ``/api/v1/openapi.json``.

quart-schema 0.25 describes each message but leaves out the messages that those refer to, so that its document does
not resolve; here every message and all it refers to is described once, by name.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from quart import Quart
from quart_schema import Info, QuartSchema
from quart_schema.openapi import OpenAPIProvider
from werkzeug.routing import Rule

from codevector_shared.protocol import API, Delta, Snapshot

_SCHEMAS: Final = "#/components/schemas/{name}"


class Described(OpenAPIProvider):
    """Describes the routes below ``/api/v1`` with all messages they exchange."""

    def __init__(self, app: Quart, extension: QuartSchema) -> None:
        super().__init__(app, extension)
        self._messages: set[type] = {Snapshot, Delta}

    def schema(self) -> dict[str, Any]:
        """Return the whole document."""
        document = super().schema()
        _, components = msgspec.json.schema_components(sorted(self._messages, key=str), ref_template=_SCHEMAS)
        document["components"]["schemas"] = components
        document["paths"] = dict(sorted(document["paths"].items()))
        return document

    def generate_rules(self) -> Iterable[Rule]:
        """Return the rules of the API; what only refuses is none of it."""
        return (rule for rule in super().generate_rules() if rule.rule.startswith(API) and rule.methods)

    def build_request_body(self, model: Any, source: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401
        """Refer to the body's message by name."""
        body, _ = super().build_request_body(model, source)
        return _referring(body, self._named(model)), {}

    def build_response_object(self, model: Any, headers_model: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401
        """Refer to the answer's message by name."""
        answer, _ = super().build_response_object(model, headers_model)
        return _referring(answer, self._named(model)), {}

    def _named(self, model: type) -> str:
        self._messages.add(model)
        return _SCHEMAS.format(name=model.__name__)


def describe(app: Quart, version: str) -> None:
    """Serve the description of an app's API."""
    QuartSchema(
        app,
        openapi_path=f"{API}/openapi.json",
        redoc_ui_path=None,
        scalar_ui_path=None,
        swagger_ui_path=None,
        info=Info(title="CodeVector control API", version=version),
        conversion_preference="msgspec",
        openapi_provider_class=Described,
    )


def _referring(described: dict[str, Any], reference: str) -> dict[str, Any]:
    for kind in described["content"].values():
        kind["schema"] = {"$ref": reference}
    return described
