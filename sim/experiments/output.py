"""The output folder: everything is written aside and put in place at once, or not at all."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from sim.errors import UserError, why

MANIFEST = "manifest.json"
OWN = frozenset(
    {"report.html", "forecast.parquet", "backlog.parquet", "forecast.csv", "summary.json", "capacity.csv", MANIFEST}
)  # the files that a forecast may write


@contextlib.contextmanager
def folder(target: Path) -> Iterator[Path]:
    """A new folder to fill; it takes the place of ``target`` when the block ends without an error.

    A folder that holds only what an earlier forecast's manifest lists, or nothing, is replaced; any other is refused.

    Raises:
        UserError: ``target`` is something else, or the disk is full or not writable. Nothing is left behind.
    """
    refuse_if_foreign(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise _cannot_write(target, error) from error
    try:
        yield aside
        aside.chmod(0o755)
        _replace(aside, target)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise _cannot_write(target, error) from error
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def refuse_if_foreign(target: Path) -> None:
    """Raise UserError when ``target`` holds something that no forecast wrote."""
    if not target.exists():
        return
    if not target.is_dir():
        raise UserError(
            f"{target} finnes og er ikke en mappe; velg en annen --out",
            f"{target} exists and is not a folder; choose another --out",
        )
    others = sorted({p.name for p in target.iterdir()} - _own_files(target))
    if others:
        raise UserError(
            f"{target} inneholder noe annet enn en prognose ({others[0]}); velg en annen --out",
            f"{target} holds something other than a forecast ({others[0]}); choose another --out",
        )


def _own_files(target: Path) -> set[str]:
    """The files that an earlier forecast's manifest says it wrote."""
    try:
        manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        return set(manifest["files"]) if "scenario_hash" in manifest else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _replace(aside: Path, target: Path) -> None:
    if not target.exists():
        aside.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    target.rename(old / target.name)
    try:
        aside.rename(target)
    except OSError:
        (old / target.name).rename(target)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _cannot_write(target: Path, error: OSError) -> UserError:
    if error.errno == errno.ENOSPC:
        return UserError(
            f"disken er full; ingenting ble skrevet til {target}. Frigjør plass, eller velg en annen --out",
            f"the disk is full; nothing was written to {target}. Free some space, or choose another --out",
        )
    return UserError(
        f"kan ikke skrive til {target}: {why(error).nb}. Velg et annet sted",
        f"cannot write to {target}: {why(error).en}. Choose another place",
    )


def within(aside: Path, target: Path, path: Path) -> Path:
    """Where to write ``path`` now: in the folder being filled when it lies in ``target``, else where it is.

    Raises:
        UserError: it has the name of one of the forecast's own files.
    """
    resolved, root = path.resolve(), target.resolve()
    if not resolved.is_relative_to(root) or resolved == root:
        return path
    inside = resolved.relative_to(root)
    if inside.as_posix() in OWN or len(inside.parts) != 1:
        raise UserError(
            f"{path} er ikke et ledig filnavn i {target}; velg et annet", f"{path} is no free file name in {target}"
        )
    return aside / inside


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as UTF-8 JSON with a final newline."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_aside(path: Path, content: str | bytes) -> None:
    """Write one file (text as UTF-8) under a temporary name beside it, then rename.

    Raises:
        UserError: it cannot be written; nothing is left behind.
    """
    aside: Path | None = None
    try:
        refuse_if_folder(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}-", delete=False) as handle:
            aside = Path(handle.name)
            handle.write(content.encode() if isinstance(content, str) else content)
        aside.chmod(0o644)
        aside.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        if aside is not None:
            aside.unlink(missing_ok=True)


def refuse_if_folder(path: Path) -> None:
    """Raise UserError when a file is to be written where a folder is."""
    if path.is_dir():
        raise UserError(f"{path} er en mappe; oppgi en fil", f"{path} is a folder; name a file")


def version() -> str:
    """The version of this distribution."""
    return metadata.version("utrulling")
