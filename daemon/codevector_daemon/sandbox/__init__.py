"""The built-in provider that needs no network and no key, and the demo's history and traffic."""

from codevector_daemon.sandbox.models import SANDBOX_MODELS, SandboxModel
from codevector_daemon.sandbox.provider import SandboxProvider

__all__ = ["SANDBOX_MODELS", "SandboxModel", "SandboxProvider"]
