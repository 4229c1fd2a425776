"""The older generation: the health indicator, its ticket, and /v1/fhir (kj-api.md chapter 2)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from loadtests.api.call import LEGACY, Call, Status, Who, Wrong, expect, json_of
from loadtests.transport import Answer

SYSTEM = "kj-load versjon 1.0"
_BASIC, _RESTRICTED = "KJ-SAMTYKKE-BRUK", "KJ-SAMTYKKE-SPERRET-KRITISKINFO"
# What opens restricted information comes on top of an ordinary consent (chapter 1).
_USE = {
    "SAMTYKKE": {_BASIC: "HPMOTTATTSAMTYKKE"},
    "UNNTAK": {_BASIC: "HPUNNTAK"},
    "AKUTT": {_BASIC: "HPAKUTT"},
    "FORHOYET_SAMTYKKE": {_BASIC: "HPMOTTATTSAMTYKKE", _RESTRICTED: "HPMOTTATTSAMTYKKE"},
    "FORHOYET_AKUTT": {_BASIC: "HPAKUTT", _RESTRICTED: "HPAKUTT"},
}


class Legacy:
    """Requests and answers at one address; the same methods as ``Current``."""

    legacy = True

    def __init__(self, api: str) -> None:
        self._path = urlsplit(api).path.rstrip("/")

    def status(self, nin: str, role: str, basis: str, who: Who) -> Call:
        """POST helseindikator with the system's token (2.1)."""
        body = json.dumps({"fnr": nin}).encode()
        headers = {"X-EPJ-System": SYSTEM, "Content-Type": "application/json"}
        return self._call("status", "POST", "/helseindikator", headers, body, "machine")

    def told(self, answer: Answer, nin: str) -> Status:
        """Status 1 no journal, 2 and 3 nothing critical, 4 critical information (2.2). Raises Wrong or Failed."""
        expect(answer, 200)
        content = json_of(answer)
        status, ticket = content.get("status"), content.get("ticket")
        if status not in (1, 2, 3, 4):
            raise Wrong(f"status {status} for somebody who exists")
        if (status >= 2) != isinstance(ticket, str):
            raise Wrong("ticket is missing, or given without a journal")
        changed = content.get("sistEndretKritiskInfoDato")
        if (status == 4) != isinstance(changed, str):
            raise Wrong("sistEndretKritiskInfoDato belongs to status 4")
        return Status(
            status == 4, _as_current(changed), status == 1, content.get("eksistererBlokkertHelsepersonell"), ticket
        )

    def read(self, nin: str, resource: str, role: str, basis: str, told: Status) -> Call:
        """Everything about the patient that the ticket names (2.3)."""
        return self._call("read", "GET", "/fhir/Patient/$everything", self._headers(basis, told), b"", "user")

    def create(self, nin: str, resource: dict[str, Any], role: str, basis: str, told: Status) -> Call:
        """A new entry."""
        return self._write("create", "POST", f"/fhir/{resource['resourceType']}", resource, basis, told)

    def update(self, nin: str, resource: dict[str, Any], role: str, basis: str, told: Status) -> Call:
        """A further version."""
        path = f"/fhir/{resource['resourceType']}/{resource['id']}"
        return self._write("update", "PUT", path, resource, basis, told)

    def delete(self, nin: str, resource: str, entry: str, version: str, role: str, basis: str, told: Status) -> Call:
        """Mark as a mistake; the version stands in the path."""
        path = f"/fhir/{resource}/{entry}/_history/{version}"
        return self._call("delete", "DELETE", path, self._headers(basis, told), b"", "user")

    def _write(
        self, operation: str, method: str, path: str, resource: dict[str, Any], basis: str, told: Status
    ) -> Call:
        headers = {**self._headers(basis, told), "Content-Type": "application/fhir+json; charset=UTF-8"}
        return self._call(operation, method, path, headers, json.dumps(resource, ensure_ascii=False).encode(), "user")

    def _headers(self, basis: str, told: Status) -> dict[str, str]:
        return {
            "X-EPJ-System": SYSTEM,
            "X-kj-ticket": told.ticket or "",
            **_USE[basis],
            "Accept": "application/json",
        }

    def _call(self, operation: str, method: str, path: str, headers: dict[str, str], body: bytes, who: Who) -> Call:
        return Call(LEGACY + operation, method, self._path + path, headers, body, who, legacy=True)


def _as_current(instant: str | None) -> str | None:
    """The same instant as the current generation writes it."""
    return None if instant is None else instant.removesuffix("Z") + "+00:00"
