"""How the hot functions are compiled: numba, cached on disk. Their Python source is the readable version.

``function.py_func`` is the same function uncompiled; the tests hold one against the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile ``function`` to machine code on its first call."""
    return cast(F, njit(cache=True, error_model="numpy")(function))
