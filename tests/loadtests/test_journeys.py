"""A journey accepts the right answers and finds every wrong one, however fast it came: no network, only the protocol."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from loadtests import fhir
from loadtests.api.call import Call, Failed, Pause, Wrong
from loadtests.api.current import Current
from loadtests.api.legacy import Legacy
from loadtests.journeys import ROLES
from loadtests.journeys.visit import Visit
from loadtests.patients import Patient
from loadtests.transport import Answer

NIN, AT = "01810012345", "2026-11-02T08:00:00.000+00:00"
API, OLD = Current("http://127.0.0.1/api/v1"), Legacy("http://127.0.0.1/v1")


def visit(
    role: str = "hospital_doctor", *, api: Any = API, case: Any = "plain", informed: bool = True, **leads: int
) -> Visit:
    patient = Patient(NIN, case, 0, {"a": "1"} if informed else {}, AT if informed else None)
    return Visit(ROLES[role], patient, api, "990000000", "900", "990000000", **leads)


def right(call: Call, seen: Visit) -> tuple[int, dict[str, str], Any]:
    """What a right service answers; it keeps no state but the patient's entry «a» in version 1."""
    patient = seen.patient
    operation = call.operation.removeprefix("legacy-")
    if operation == "status" and not call.legacy:
        some = bool(patient.entries)
        told: dict[str, Any] = {
            "patientNIN": NIN,
            "hasCriticalInformation": some,
            "lastChangedDateTime": AT if some else None,
            "hasReservation": patient.case == "reserved",
        }
        if call.who == "user":
            told["practitionerIsBlocked"] = patient.case == "blocked"
        return 200, {}, told
    if operation == "status":
        told = {"status": 4 if patient.entries else 2, "ticket": "t", "eksistererBlokkertHelsepersonell": False}
        if patient.entries:
            told["sistEndretKritiskInfoDato"] = AT.replace("+00:00", "Z")
        return 200, {}, told
    if operation == "read":
        if patient.case == "blocked" or (patient.case == "restricted" and seen.role.elevated is None):
            return 403, {}, {"resourceType": "OperationOutcome"}
        entries = [{"resource": entry(version)} for version in patient.entries.values()]
        return 200, {}, {"resourceType": "Bundle", "type": "searchset", **({"entry": entries} if entries else {})}
    if operation == "create":
        sent = json.loads(call.body)
        served = sent | {"id": "b", "meta": {**sent["meta"], "versionId": "1", "lastUpdated": AT}}
        return 201, {"location": f"http://127.0.0.1/x/{sent['resourceType']}/b"}, served
    if operation == "update":
        sent = json.loads(call.body)
        version = str(int(sent["meta"]["versionId"]) + 1)
        return 200, {}, sent | {"meta": {**sent["meta"], "versionId": version, "lastUpdated": AT}}
    return 204, {}, None


def entry(version: str = "1") -> dict[str, Any]:
    body = fhir.new(fhir.DRUG_REACTION, NIN, "990000001", "SP", "900")
    return body | {"id": "a", "meta": {**body["meta"], "versionId": version, "lastUpdated": AT}}


def play(seen: Visit, change: Callable[[Call, int, dict[str, str], Any], Any] | None = None) -> list[str]:
    """Play a journey against the right service, its answers changed; gives the operations in order."""
    journey, asked = seen.role.play(seen), []
    step = next(journey)
    while True:
        if isinstance(step, Pause):
            step = journey.send(None)  # type: ignore[arg-type]
            continue
        asked.append(step.operation)
        status, headers, body = right(step, seen)
        if change is not None:
            status, headers, body = change(step, status, headers, copy.deepcopy(body)) or (status, headers, body)
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            step = journey.send(Answer(status, headers, raw))
        except StopIteration:
            return asked


@pytest.mark.parametrize("api", [API, OLD])
@pytest.mark.parametrize("role", ["hospital_doctor", "hospital_nurse", "gp", "out_of_hours", "municipal_nurse"])
def test_right_answers_pass_and_lead_where_they_should(role: str, api: Any) -> None:
    prefix = "legacy-" if api is OLD else ""

    def named(*operations: str) -> list[str]:
        return [prefix + o for o in operations]

    assert play(visit(role, api=api)) == named("status")
    assert play(visit(role, api=api, reads=1)) == named("status", "read")
    assert play(visit(role, api=api, reads=1, informed=False)) == named("status")  # nothing newer: nothing is read
    assert play(visit(role, api=api, creates=1)) == named("status", "create")
    assert play(visit(role, api=api, updates=1)) == named("status", "read", "update")
    assert play(visit(role, api=api, deletes=1)) == named("status", "read", "delete")
    assert play(visit(role, api=api, updates=1, informed=False)) == named("status", "read", "create", "update")


def test_an_update_names_the_newest_version_and_the_next_one_the_next() -> None:
    sent: list[str] = []

    def look(call: Call, *_: Any) -> None:
        if call.operation == "update":
            sent.append(json.loads(call.body)["meta"]["versionId"])

    seen = visit(updates=2)
    play(seen, look)
    assert sent == ["1", "2"]
    assert seen.patient.entries == {"a": "3"}


@pytest.mark.parametrize("case", ["blocked", "restricted"])
def test_a_refusal_is_the_right_answer_to_whoever_has_no_right(case: Any) -> None:
    role = "gp" if case == "blocked" else "municipal_nurse"
    assert play(visit(role, case=case, reads=1)) == ["status", "read"]

    def open_door(call: Call, status: int, headers: dict[str, str], body: Any) -> Any:
        if call.operation == "read":
            return 200, headers, {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": entry()}]}
        return None

    with pytest.raises(Wrong, match="200 where 403 is due"):  # what must be refused was served
        play(visit(role, case=case, reads=1), open_door)


def test_nothing_is_told_of_somebody_who_has_reserved() -> None:
    assert play(visit(case="reserved", informed=False, reads=1)) == ["status"]
    with pytest.raises(Wrong, match="reservation"):
        play(visit(case="reserved", informed=False), lambda c, s, h, b: (s, h, b | {"hasReservation": False}))


def _set(operation: str, **values: Any) -> Callable[..., Any]:
    def change(call: Call, status: int, headers: dict[str, str], body: Any) -> Any:
        if call.operation != operation:
            return None
        return status, headers, {k: v for k, v in (body | values).items() if v is not ...}

    return change


def _edit(operation: str, edit: Callable[[Any], None], **more: Any) -> Callable[..., Any]:
    def change(call: Call, status: int, headers: dict[str, str], body: Any) -> Any:
        if call.operation != operation:
            return None
        edit(body)
        return more.get("status", status), more.get("headers", headers), body

    return change


WRONG: dict[str, tuple[dict[str, int], Callable[..., Any]]] = {
    "another patient": ({}, _set("status", patientNIN="02810012345")),
    "information denied": ({}, _set("status", hasCriticalInformation=False)),
    "an old time of change": ({}, _set("status", lastChangedDateTime="2020-01-01T00:00:00.000+00:00")),
    "a field is missing": ({}, _set("status", lastChangedDateTime=...)),
    "information as text": ({}, _set("status", hasCriticalInformation="true")),
    "no JSON": ({}, lambda c, s, h, b: (s, h, b"<html>ok</html>")),
    "a list": ({}, lambda c, s, h, b: (s, h, [])),
    "an empty Bundle": ({"reads": 1}, _set("read", entry=[])),
    "no searchset": ({"reads": 1}, _set("read", type="collection")),
    "an old version": ({"reads": 1}, _edit("read", lambda b: b["entry"][0]["resource"]["meta"].update(versionId="0"))),
    "another entry": ({"reads": 1}, _edit("read", lambda b: b["entry"][0]["resource"].update(id="z"))),
    "another type": ({"reads": 1}, _edit("read", lambda b: b["entry"][0]["resource"].update(resourceType="Flag"))),
    "no version": ({"reads": 1}, _edit("read", lambda b: b["entry"][0]["resource"].pop("meta"))),
    "one entry too many": (
        {"reads": 1},
        _edit("read", lambda b: b["entry"].append({"resource": entry() | {"id": "q"}})),
    ),
    "created without Location": ({"creates": 1}, _edit("create", lambda b: None, headers={})),
    "created in version 2": ({"creates": 1}, _edit("create", lambda b: b["meta"].update(versionId="2"))),
    "created with another note": ({"creates": 1}, _edit("create", lambda b: b.update(note=[{"text": "x"}]))),
    "created with another code": ({"creates": 1}, _edit("create", lambda b: b.update(code={}))),
    "200 for a creation": ({"creates": 1}, _edit("create", lambda b: None, status=200)),
    "the version stood still": ({"updates": 1}, _edit("update", lambda b: b["meta"].update(versionId="1"))),
    "another id": ({"updates": 1}, _edit("update", lambda b: b.update(id="z"))),
    "a body with 204": ({"deletes": 1}, lambda c, s, h, b: (s, h, b"{}") if s == 204 else None),
    "200 for a deletion": ({"deletes": 1}, lambda c, s, h, b: (200, h, b) if s == 204 else None),
}


@pytest.mark.parametrize("name", WRONG)
def test_every_wrong_answer_is_found(name: str) -> None:
    leads, change = WRONG[name]
    with pytest.raises(Wrong):
        play(visit(**leads), change)


@pytest.mark.parametrize("status", [401, 404, 409, 429, 500, 503])
def test_an_unexpected_status_is_an_error_of_its_kind(status: int) -> None:
    with pytest.raises(Failed, match=f"http-{status}"):
        play(visit(), lambda c, s, h, b: (status, h, b))


def test_after_an_unknown_outcome_the_patient_is_learnt_anew() -> None:
    seen = visit(creates=1)
    with pytest.raises(Failed):
        play(seen, lambda c, s, h, b: (503, h, b) if c.operation == "create" else None)
    assert not seen.patient.known
    again = Visit(seen.role, seen.patient, API, "990000000", "900", "990000000", reads=1)
    play(again, _edit("read", lambda b: b["entry"].append({"resource": entry() | {"id": "q"}})))
    assert again.patient.known
    assert set(again.patient.entries) == {"a", "q"}
