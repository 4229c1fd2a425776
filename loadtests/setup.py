"""What is made ready before the clock starts: clients, patients in every privacy case, and the entries they have."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from gevent.pool import Pool as Greenlets

from loadtests import fhir, identity
from loadtests.api.call import Status
from loadtests.api.current import Current
from loadtests.errors import RunError
from loadtests.helseid import Client, Issuer, Refused, Session
from loadtests.patients import Case, Patient
from loadtests.scenario import Population
from loadtests.transport import Origin, Unanswered

TOGETHER = 16  # requests under way while patients are registered


@dataclass(frozen=True)
class Users:
    """The clients of both generations and who logs in through them."""

    current: dict[str, Any]
    legacy: dict[str, Any]

    def professional(self, role: str) -> dict[str, str]:
        """The first professional with an HPR role. Raises RunError."""
        for found in self.current["professionals"]:
            if found["role"] == role:
                return dict(found)
        raise RunError(f"klientfilen har ingen med rollen {role}", f"the client file has nobody with the role {role}")

    @property
    def organisation(self) -> str:
        """The point of care that the clients act for."""
        return str(self.current["organisations"][0]["child"])


def register(base: str, users: Users, wanted: Population, seed: int, timeout: float) -> list[Patient]:
    """Register the patients of a run at a mock, and write the entries that they have.

    Raises:
        RunError: the mock refuses or does not answer.
    """
    stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
    doctor = users.professional("LE")
    origin = Origin(base, timeout=timeout, connections=TOGETHER)
    client = Client.of(users.current, "client")
    issuer = Issuer(client, origin, time.monotonic, lambda *_: None)
    session = Session(issuer, doctor["test_pid"])
    api = Current(client.api)
    count = wanted.patients
    cases = [_case(wanted, u) for u in stream.random(count)]
    kinds = stream.integers(0, len(fhir.KINDS), count)
    informed = stream.random(count) < wanted.informed
    numbers = identity.synthetic(secrets.randbelow(500 * identity.DAYS))  # so that a server can be used again
    patients: dict[int, Patient] = {}

    def one(index: int) -> str | None:
        """Register a patient; gives what went wrong."""
        try:
            nin = next(n for n in numbers if not _put(origin, {"nin": n}))  # somebody whom the server does not know
            patient = Patient(nin, cases[index], int(kinds[index]))
            if informed[index] and patient.case != "reserved":  # before the choices are made, while everybody may
                _create(origin, session, api, patient, doctor, users.organisation)
            if patient.case == "blocked":
                _put(origin, {"nin": nin, "blocked": [doctor["hpr_number"]]})
            elif patient.case != "plain":
                _put(origin, {"nin": nin, "restricted_critical" if patient.case == "restricted" else "reserved": True})
        except (Unanswered, Refused) as error:
            return str(error)
        patients[index] = patient
        return None

    try:
        session.login()
        for wrong in Greenlets(TOGETHER).imap_unordered(one, range(count)):
            if wrong is not None:
                raise Refused(wrong)
    except (Unanswered, Refused) as error:
        raise RunError(
            f"pasientene kunne ikke registreres: {error}", f"the patients could not be registered: {error}"
        ) from error
    finally:
        origin.close()
    return [patients[index] for index in range(count)]


def _case(wanted: Population, u: float) -> Case:
    for case, share in (("restricted", wanted.restricted), ("blocked", wanted.blocked), ("reserved", wanted.reserved)):
        if u < share:
            return case  # type: ignore[return-value]
        u -= share
    return "plain"


def _put(origin: Origin, choices: dict[str, Any]) -> bool:
    """Set a patient's choices; gives whether the server knew the patient before."""
    body = json.dumps(choices).encode()
    answer = origin.exchange("PUT", "/admin/patient", {"Content-Type": "application/json"}, body)
    if answer.status != 200:
        raise Refused(f"http-{answer.status}")
    return bool(json.loads(answer.body)["known_before"])


def _create(
    origin: Origin, session: Session, api: Current, patient: Patient, doctor: dict[str, str], organisation: str
) -> None:
    resource = fhir.new(fhir.KINDS[patient.kind], patient.nin, doctor["hpr_number"], "LE", organisation)
    call = api.create(patient.nin, resource, "LE", "UNNTAK", Status(False, None, False, None))
    headers = {**call.headers, **session.authorize(call.method, origin.base + call.path)}
    answer = origin.exchange(call.method, call.path, headers, call.body)
    if answer.status != 201:
        raise Refused(f"http-{answer.status} {answer.body[:300].decode(errors='replace')}")
    served = json.loads(answer.body)
    patient.entries[served["id"]] = served["meta"]["versionId"]
    patient.changed = served["meta"]["lastUpdated"]
