"""Structured logs: one JSON object a line on stderr, without identity numbers or tokens."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

_NUMBER = re.compile(r"(?<!\d)\d{11}(?!\d)")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "color_message", "taskName"}


def scrub(text: str) -> str:
    """The text with anything that looks like an identity number or a token taken out."""
    return _TOKEN.sub("<token>", _NUMBER.sub("<nin>", text))


class JsonLines(logging.Formatter):
    """Time, level, logger, message, and the extra members of a record."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": scrub(record.getMessage()),
        }
        line |= {k: scrub(str(v)) for k, v in vars(record).items() if k not in _STANDARD}
        if record.exc_info:
            line["exception"] = scrub(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure(level: str) -> None:
    """Send everything from `level` up to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
