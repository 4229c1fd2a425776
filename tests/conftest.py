"""Hypothesis looks at the same examples in every run: the suite passes or fails by what the program is, not by luck."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("same")
