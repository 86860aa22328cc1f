"""For all tests: shared helpers say what they compared, and nothing depends on the speed of the machine."""

import signal

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("support")

settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background jobs ignore interrupts, and the programs that tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
