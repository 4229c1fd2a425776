"""What commands say: lines for people, JSON for programs."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any


def say(options: argparse.Namespace, nb: str, en: str) -> None:
    """A line for people; with --json it goes to standard error, so that standard output is JSON alone."""
    print(nb if options.lang == "nb" else en, file=sys.stderr if options.json else sys.stdout)


def answer(options: argparse.Namespace, content: Any) -> None:
    """The answer of a command as JSON, where it was asked for."""
    if options.json:
        print(json.dumps(content, ensure_ascii=False, indent=1))
