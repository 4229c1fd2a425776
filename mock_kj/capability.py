"""The CapabilityStatement at /metadata (FHIR R4)."""

from __future__ import annotations

from typing import Any

from mock_kj.categories import CATEGORIES, RESOURCE_TYPES, info_types


def statement(base: str, version: str) -> dict[str, Any]:
    """What the current API can do. `criticalInfoType` is an operation of KJ's own, told as documentation."""
    resources: list[dict[str, Any]] = []
    for name in RESOURCE_TYPES:
        profiles = list(dict.fromkeys(c.canonical for c in CATEGORIES if c.resource_type == name))
        resources.append(
            {
                "type": name,
                "supportedProfile": profiles,
                "documentation": f"criticalInfoType: {', '.join(info_types(name))}",
                "interaction": [{"code": c} for c in ("read", "vread", "update", "delete", "create", "search-type")],
                "versioning": "versioned-update",
                "readHistory": True,
                "updateCreate": False,
            }
        )
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "software": {"name": "mock-kj", "version": version},
        "implementation": {
            "description": "A mock of the critical-information API; synthetic persons only",
            "url": base,
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Optimistic locking by meta.versionId in the body",
                "resource": resources,
            }
        ],
    }
