"""For all tests: assertions in the shared helpers say what they compared."""

import pytest

pytest.register_assert_rewrite("support")
