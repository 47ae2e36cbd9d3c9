"""Tests of the learned models: without the extra `ai` they are left out, which is said."""

import importlib.util
import os

import pytest

# Before torch is imported: its threads would spin while they wait.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Nothing here may ask the network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

collect_ignore_glob = [] if importlib.util.find_spec("torch") else ["*"]


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Return a folder of small random networks under the official names; nobody may write there."""
    import tiny_models

    root = tmp_path_factory.mktemp("models")
    tiny_models.write_all(root)
    return root


def pytest_report_header():
    return "" if not collect_ignore_glob else "tests/ai is left out: the extra `ai` is not installed."
