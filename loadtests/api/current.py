"""The current generation, critical-information v1 (kj-api.md chapter 3)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlsplit

from loadtests.api.call import Call, Status, Who, Wrong, expect, json_of
from loadtests.transport import Answer

SOURCE = "kj-load 1.0"
FHIR = "application/fhir+json; charset=UTF-8"


class Current:
    """Requests and answers of one user (by role code and HPR number) at one address."""

    legacy = False

    def __init__(self, api: str) -> None:
        self._path = urlsplit(api).path.rstrip("/")

    def status(self, nin: str, role: str, basis: str, who: Who) -> Call:
        """What is there and what has changed (3.5); a system's token needs few headers."""
        headers = {"nhn-source-system": SOURCE, "Content-Type": "application/json", "nhn-patient-nin": nin}
        if who == "user":
            headers |= {"nhn-user-role": _role(role), "nhn-access-basis": "UNNTAK"}
        return Call("status", "POST", f"{self._path}/status", headers, json.dumps({"nin": nin}).encode(), who)

    def told(self, answer: Answer, nin: str) -> Status:
        """What the answer of ``status`` says. Raises Wrong or Failed."""
        expect(answer, 200)
        content = json_of(answer)
        try:
            if content["patientNIN"] != nin:
                raise Wrong("the answer is about another patient")
            informed, changed = content["hasCriticalInformation"], content["lastChangedDateTime"]
        except KeyError as error:
            raise Wrong(f"{error.args[0]} is missing") from None
        if not isinstance(informed, bool) or not (changed is None or isinstance(changed, str)):
            raise Wrong("hasCriticalInformation or lastChangedDateTime has another type")
        return Status(informed, changed, bool(content.get("hasReservation")), content.get("practitionerIsBlocked"))

    def read(self, nin: str, resource: str, role: str, basis: str, told: Status) -> Call:
        """All entries of one type (3.6)."""
        return Call("read", "GET", f"{self._path}/{resource}", self._headers(nin, role, basis), b"", "user")

    def create(self, nin: str, resource: dict[str, Any], role: str, basis: str, told: Status) -> Call:
        """A new entry (3.7)."""
        path = f"{self._path}/{resource['resourceType']}"
        return Call("create", "POST", path, self._writing(nin, role, basis), _bytes(resource), "user")

    def update(self, nin: str, resource: dict[str, Any], role: str, basis: str, told: Status) -> Call:
        """A further version; the body holds the newest ``meta.versionId`` (3.8)."""
        path = f"{self._path}/{resource['resourceType']}/{resource['id']}"
        return Call("update", "PUT", path, self._writing(nin, role, basis), _bytes(resource), "user")

    def delete(self, nin: str, resource: str, entry: str, version: str, role: str, basis: str, told: Status) -> Call:
        """Mark the newest version as a mistake (3.9)."""
        path = f"{self._path}/{resource}/{entry}/_history/{version}"
        return Call("delete", "DELETE", path, self._headers(nin, role, basis), b"", "user")

    def _headers(self, nin: str, role: str, basis: str) -> dict[str, str]:
        return {
            "nhn-source-system": SOURCE,
            "nhn-user-role": _role(role),
            "nhn-access-basis": basis,
            "nhn-patient-nin": nin,
            "Accept": "application/fhir+json",
        }

    def _writing(self, nin: str, role: str, basis: str) -> dict[str, str]:
        return {**self._headers(nin, role, basis), "Content-Type": FHIR}


def _role(code: str) -> str:
    return _ROLES[code]


_ROLES = {
    code: quote(json.dumps({"system": "urn:oid:2.16.578.1.12.4.1.1.9060", "code": code}, separators=(",", ":")))
    for code in ("LE", "SP")
}


def _bytes(resource: dict[str, Any]) -> bytes:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
