"""The opening of a patient, as every EHR does it: status, a read only if it is newer, then whatever is to be written.

A journey is a generator: it yields calls (and pauses), gets answers, and checks them; it owns no socket and no clock. It
raises ``Wrong`` for an answer that says the wrong thing and ``Failed`` for one that refuses what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from loadtests import fhir
from loadtests.api.call import Call, Pause, Status, Who, Wrong, entries_of, expect, json_of, refused, version_of
from loadtests.api.current import Current
from loadtests.api.legacy import Legacy
from loadtests.patients import Patient
from loadtests.transport import Answer

Journey = Generator[Call | Pause, Answer, None]


@dataclass(frozen=True)
class Role:
    """How a role opens a patient.

    ``profession`` is the HPR role code; ``basis`` the access basis it has, ``elevated`` the one it uses where the
    patient has restricted the information (None: it has no such right, and a refusal is the right answer); ``status_by``
    whose token asks for status.
    """

    name: str
    profession: str
    basis: str
    elevated: str | None
    status_by: Who
    play: Callable[[Visit], Journey]


@dataclass
class Visit:
    """One opening: who, whom, by which API, and what it leads to."""

    role: Role
    patient: Patient
    api: Current | Legacy
    hpr_number: str
    organisation: str
    blocked_hpr: str
    reads: int = 0
    creates: int = 0
    updates: int = 0
    deletes: int = 0
    think: float = 0.0
    served: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def kind(self) -> fhir.Kind:
        """What is registered on this patient."""
        return fhir.KINDS[self.patient.kind]

    @property
    def blocked(self) -> bool:
        """Whether the patient has blocked this very professional."""
        return self.patient.case == "blocked" and self.hpr_number == self.blocked_hpr

    @property
    def basis(self) -> str:
        """The access basis for this patient."""
        if self.patient.case == "restricted" and self.role.elevated is not None:
            return self.role.elevated
        return self.role.basis


def opening(visit: Visit) -> Journey:
    """Open the patient: status, read if newer, think, write."""
    told = yield from ask(visit)
    writing = visit.creates + visit.updates + visit.deletes
    if told.reserved or (told.blocked and visit.api.legacy):
        return  # nothing can be had; in the older API any blocking stops the API (A-HI)
    for _ in range(visit.reads):
        if told.informed:  # the local copy is older: it was never fetched
            yield from read(visit, told)
    if not writing:
        return
    if visit.updates + visit.deletes and not visit.served:
        yield from read(visit, told)
    if visit.think:
        yield Pause(visit.think)
    for _ in range(visit.creates):
        yield from create(visit, told)
    for _ in range(visit.updates):
        yield from update(visit, told)
    for _ in range(visit.deletes):
        yield from delete(visit, told)


def ask(visit: Visit) -> Generator[Call | Pause, Answer, Status]:
    """Ask for status, and check what is told against what is known of the patient."""
    patient = visit.patient
    call = visit.api.status(patient.nin, visit.role.profession, visit.basis, visit.role.status_by)
    told = visit.api.told((yield call), patient.nin)
    if told.reserved != (patient.case == "reserved"):
        raise Wrong("the reservation")
    if told.reserved:
        if told.informed or told.changed is not None:
            raise Wrong("information about somebody who has reserved")
        return told
    if call.who == "user" and not visit.api.legacy and told.blocked is not visit.blocked:
        raise Wrong("the blocking")
    if visit.api.legacy and told.blocked is not (patient.case == "blocked"):
        raise Wrong("the blocking")
    hidden = visit.api.legacy and told.blocked  # the older API then tells of no clinical information (2.2)
    if patient.known and not hidden:
        if told.informed != bool(patient.entries):
            raise Wrong("whether there is critical information")
        if patient.changed is not None and told.informed and told.changed != patient.changed:
            raise Wrong("when it last changed")
    if told.informed and told.changed is None:
        raise Wrong("information without a time of change")
    patient.changed = told.changed
    return told


def read(visit: Visit, told: Status) -> Journey:
    """Read the patient's entries; a refusal is right for a blocked professional or a restriction without a basis."""
    patient, kind = visit.patient, visit.kind
    answer = yield visit.api.read(patient.nin, kind.resource, visit.role.profession, visit.basis, told)
    if visit.blocked or (patient.case == "restricted" and visit.role.elevated is None):
        refused(answer)
        return
    expect(answer, 200)
    found = {r["id"]: r for r in entries_of(answer, None if visit.api.legacy else kind.resource)}
    versions = {name: version_of(resource) for name, resource in found.items()}
    if patient.known and versions != patient.entries:
        raise Wrong("the entries or their versions")
    patient.entries, patient.known = versions, True
    visit.served = found


def create(visit: Visit, told: Status) -> Journey:
    """Register a new entry; the answer is the entry in version 1."""
    patient = visit.patient
    sent = fhir.new(visit.kind, patient.nin, visit.hpr_number, visit.role.profession, visit.organisation)
    patient.known, known = False, patient.known  # until the answer is here nobody knows
    answer = yield visit.api.create(patient.nin, sent, visit.role.profession, visit.basis, told)
    expect(answer, 201)
    served = _checked(answer, sent, None, "1")
    if not answer.headers.get("location", "").endswith(f"/{served['resourceType']}/{served['id']}"):
        raise Wrong("Location")
    _keep(visit, served, known)


def update(visit: Visit, told: Status) -> Journey:
    """Change an entry, naming its newest version; the answer is the next version. Creates one where there is none."""
    patient = visit.patient
    if not visit.served:
        yield from create(visit, told)
    before = next(iter(visit.served.values()))
    sent = fhir.changed(before, visit.hpr_number, visit.role.profession, visit.organisation)
    patient.known, known = False, patient.known
    answer = yield visit.api.update(patient.nin, sent, visit.role.profession, visit.basis, told)
    expect(answer, 200)
    _keep(visit, _checked(answer, sent, before["id"], str(int(version_of(before)) + 1)), known)


def delete(visit: Visit, told: Status) -> Journey:
    """Take back an entry that was made by mistake. Creates one where there is none."""
    patient = visit.patient
    if not visit.served:
        yield from create(visit, told)
    name, before = next(iter(visit.served.items()))
    patient.known, known = False, patient.known
    answer = yield visit.api.delete(
        patient.nin, before["resourceType"], name, version_of(before), visit.role.profession, visit.basis, told
    )
    expect(answer, 204)
    if answer.body:
        raise Wrong("a body with 204")
    del visit.served[name], patient.entries[name]
    patient.changed, patient.known = None, known  # when it was changed is told by the next status


def _checked(answer: Answer, sent: dict[str, Any], name: str | None, version: str) -> dict[str, Any]:
    """The resource of a write's answer. Raises Wrong."""
    served = json_of(answer)
    if served.get("resourceType") != sent["resourceType"] or not isinstance(served.get("id"), str):
        raise Wrong("the answer is another resource")
    if name is not None and served["id"] != name:
        raise Wrong("the answer has another id")
    if version_of(served) != version:
        raise Wrong("the version")
    if served.get("note") != sent["note"] or served.get("code") != sent.get("code"):
        raise Wrong("the content was not kept")
    return served


def _keep(visit: Visit, served: dict[str, Any], known: bool) -> None:
    patient = visit.patient
    visit.served[served["id"]] = served
    patient.entries[served["id"]] = version_of(served)
    patient.changed, patient.known = served["meta"].get("lastUpdated"), known
