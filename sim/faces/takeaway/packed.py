"""Zip files that are the same bytes for the same content: no clock, no machine in them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping


def packed(files: Mapping[str, bytes]) -> bytes:
    """The files as a zip, in their order."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as made:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            made.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    return memory.getvalue()


def repacked(content: bytes) -> bytes:
    """A zip without the time it was made at."""
    with zipfile.ZipFile(io.BytesIO(content)) as given:
        return packed({entry.filename: given.read(entry) for entry in given.infolist()})
