"""torchaudio for packages that import it and use nothing of it.

openunmix and torchcrepe import torchaudio for reading files and for changing sample rates, which is
done before they are asked. For a computer without a GPU there is often no torchaudio that can be
loaded: its wheel for Linux is built for CUDA, and fails beside a torch that is not. Then an empty
module takes its place.
"""

from __future__ import annotations

import sys
import types
from importlib.machinery import ModuleSpec
from typing import NoReturn

__all__ = ["ensure_torchaudio"]

_NAME = "torchaudio"
_MARK = "stands_in_for_torchaudio"


def ensure_torchaudio() -> bool:
    """Make `import torchaudio` work: to be called before a package that imports it is.

    Returns
    -------
    bool
        Whether it is the real one. What else is looked up in the empty one raises an AttributeError
        that says so.

    References
    ----------
    The wheel's extension links libcudart and libtorch_cuda, so that loading it raises an OSError,
    and a torch for another CUDA a RuntimeError: torchaudio 2.11, `_extension/utils.py`.
    """
    try:
        import torchaudio
    except (ImportError, OSError, RuntimeError):
        # What a failed import left behind would be taken for the package.
        for name in [name for name in sys.modules if name.split(".")[0] == _NAME]:
            del sys.modules[name]
        sys.modules[_NAME] = _empty()
        return False
    return not hasattr(torchaudio, _MARK)


def _empty() -> types.ModuleType:
    module = types.ModuleType(_NAME, "An empty module in place of a torchaudio that cannot be loaded.")
    # Packages that look for torchaudio read its spec and its version.
    module.__spec__ = ModuleSpec(_NAME, None)
    vars(module).update({"__version__": "0", _MARK: True, "__getattr__": _absent})
    return module


def _absent(name: str) -> NoReturn:
    raise AttributeError(f"torchaudio.{name}: torchaudio cannot be loaded beside this torch.")
