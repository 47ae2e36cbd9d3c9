"""A torchaudio that cannot be loaded does not keep those from working that need nothing of it."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from nodes._torchaudio import ensure_torchaudio


@pytest.fixture
def put_in_place(tmp_path, monkeypatch):
    """Return a function that makes a torchaudio of a given text the one that is found."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "torchaudio"}
    for name in before:
        monkeypatch.delitem(sys.modules, name)

    def put(text):
        folder = tmp_path / "torchaudio"
        folder.mkdir()
        (folder / "__init__.py").write_text(text)
        (folder / "inner.py").write_text("")
        importlib.invalidate_caches()

    yield put
    for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
        del sys.modules[name]


@pytest.mark.parametrize("error", ["OSError", "ImportError", "RuntimeError"])
def test_one_that_fails_to_load_is_replaced_by_an_empty_one(put_in_place, error):
    put_in_place(f"import torchaudio.inner\nraise {error}('libcudart.so.13')")
    assert not ensure_torchaudio()
    import torchaudio

    assert torchaudio.__version__ == "0"
    assert importlib.util.find_spec("torchaudio") is not None
    assert "torchaudio.inner" not in sys.modules
    with pytest.raises(AttributeError, match=r"torchaudio\.load: .* cannot be loaded"):
        _ = torchaudio.load
    assert not ensure_torchaudio(), "asked a second time, it takes the empty one for the real one"


def test_one_that_loads_is_left_alone(put_in_place):
    put_in_place("load = 'real'")
    assert ensure_torchaudio()
    import torchaudio

    assert torchaudio.load == "real"
