"""What all tests share: the repository on the path, and results kept away from the user's cache."""

import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parents[1]))

# Derandomised, so that a red test is red again tomorrow; long searches belong in benchmarks.
settings.register_profile(
    "tests", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("tests")


@pytest.fixture(autouse=True, scope="session")
def _no_test_touches_the_users_cache():
    with tempfile.TemporaryDirectory(prefix="regroove-tests-") as folder:
        before = os.environ.get("REGROOVE_CACHE")
        os.environ["REGROOVE_CACHE"] = folder
        yield
        if before is None:
            del os.environ["REGROOVE_CACHE"]
        else:
            os.environ["REGROOVE_CACHE"] = before
