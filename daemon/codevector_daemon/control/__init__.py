"""The control API: administration on the Unix socket, and a key holder's own view beside the gateway."""

from codevector_daemon.control.app import control_app
from codevector_daemon.control.member import member_blueprint
from codevector_daemon.control.services import Services

__all__ = ["Services", "control_app", "member_blueprint"]
