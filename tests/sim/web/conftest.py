"""A small scenario in a folder of its own, and the page served on it: for each module of tests that has none of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sim.web.server import SMALL, Server, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web")
    (folder / "small.yaml").write_text(SMALL.format(title="Liten"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, "small.yaml", "--workers", "2") as running:
        yield running
