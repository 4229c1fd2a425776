"""How the hot functions are compiled: numba, cached on disk. Their Python source is the readable version.

``function.py_func`` is the same function uncompiled; the tests hold one against the other. A compiled function holds what
it calls, but numba's cache looks at the date of its own file only; so the cache of each state of the model's source is a folder of
its own, and an updated model is never run with old machine code.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba
from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def _cache(given: str) -> str:
    """The cache folder of this state of the source; those of earlier states are removed.

    A folder the user chose (``given``) is kept, and where the package cannot be written to numba takes the user's own.
    """
    here = Path(__file__).parent
    if given or not os.access(here, os.W_OK):
        return given
    users = [p for p in (here.parent / "experiments").glob("*.py") if b"import compiled" in p.read_bytes()]
    state = hashlib.sha256(b"".join(p.read_bytes() for p in sorted([*here.glob("*.py"), *users])))
    folder = here / "__pycache__" / f"numba-{state.hexdigest()[:16]}"
    for other in folder.parent.glob("numba-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return str(folder)


numba.config.CACHE_DIR = _cache(numba.config.CACHE_DIR)  # type: ignore[attr-defined]


def compiled(function: F) -> F:
    """Compile ``function`` to machine code on its first call."""
    return cast(F, njit(cache=True, error_model="numpy")(function))
