"""Health trusts by region, with synthetic organisation numbers (kj-api.md 5.5; sector names are public)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mock_kj.errors import UsageError
from mock_kj.identity import organisation_number
from mock_kj.settings import read_yaml


@dataclass(frozen=True, slots=True)
class Organisation:
    """One place of care: `child` is the real point of care, `parent` the legal entity (B-AUTH)."""

    name: str
    region: str
    parent: str
    child: str
    reads: bool = True
    writes: bool = True


REGIONS: dict[str, tuple[str, ...]] = {
    "Helse Vest": ("Helse Bergen HF", "Helse Fonna HF", "Helse Førde HF", "Helse Stavanger HF"),
    "Helse Sør-Øst": (
        "Akershus universitetssykehus HF",
        "Oslo universitetssykehus HF",
        "Sykehuset i Vestfold HF",
        "Sykehuset Innlandet HF",
        "Sykehuset Telemark HF",
        "Sykehuset Østfold HF",
        "Sørlandet sykehus HF",
        "Vestre Viken HF",
        "Sunnaas sykehus HF",
    ),
    "Helse Midt-Norge": ("Helse Møre og Romsdal HF", "Helse Nord-Trøndelag HF", "St. Olavs hospital HF"),
    "Helse Nord": (
        "Finnmarkssykehuset HF",
        "Universitetssykehuset Nord-Norge HF",
        "Nordlandssykehuset HF",
        "Helgelandssykehuset HF",
    ),
    "Kommuner": ("Fastlegekontoret Fjordgløtt", "Legevakten Storvik", "Sykehjemmet Solhaug"),
}


def build(regions: Mapping[str, tuple[str, ...]]) -> tuple[Organisation, ...]:
    """Organisations with synthetic numbers, in the order of the mapping."""
    pairs = [(region, name) for region, names in regions.items() for name in names]
    return tuple(
        Organisation(name, region, organisation_number(2 * i), organisation_number(2 * i + 1))
        for i, (region, name) in enumerate(pairs)
    )


def from_file(path: Path | None) -> tuple[Organisation, ...]:
    """Organisations from a YAML file (`regions: {<region>: [<trust>, ..]}`, as in scenarios/), or the bundled ones.

    `extends: <file>` is followed, as scenarios do.

    A trust may be a text, or a mapping with `name`; a region may be a list, or a mapping with `trusts`.

    Raises:
        UsageError: the file has another shape.

    """
    if path is None:
        return build(REGIONS)
    regions = _regions(path, 0)
    if not regions:
        raise UsageError(str(path), "has no mapping `regions` of region names to trusts")
    return build(regions)


def _regions(path: Path, depth: int) -> dict[str, tuple[str, ...]]:
    """The regions of a file on top of those of the file that it extends."""
    content_of_file = read_yaml(path)
    parent, data = content_of_file.get("extends"), content_of_file.get("regions", {})
    regions: dict[str, tuple[str, ...]] = {}
    if isinstance(parent, str):
        if depth >= 5:
            raise UsageError(f"{path}: extends", "more than five files extend each other")
        regions = _regions(path.parent / parent, depth + 1)
    if not isinstance(data, Mapping):
        raise UsageError(f"{path}: regions", "must be a mapping of region names to trusts")
    for region, content in data.items():
        trusts = content.get("trusts", ()) if isinstance(content, Mapping) else content
        if isinstance(trusts, Mapping):
            trusts = list(trusts)
        if not isinstance(trusts, list) or not trusts:
            raise UsageError(f"{path}: regions.{region}", "must list trusts")
        names = [t.get("name") if isinstance(t, Mapping) else t for t in trusts]
        if not all(isinstance(n, str) for n in names):
            raise UsageError(f"{path}: regions.{region}", "every trust needs a name")
        regions[str(region)] = tuple(str(n) for n in names)
    return regions
