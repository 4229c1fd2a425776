"""The version of the model: one number, which must rise whenever its results move.

A posterior says which version it was fitted with, and is refused by any other: parameters that reproduce the published
figures in one model need not do so in the next. The test of the shipped posterior fails when results moved and this
number, or the posterior, was forgotten.
"""

from __future__ import annotations

MODEL_VERSION = 4
