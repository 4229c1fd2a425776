"""The patients of a server that is not ours: named in a file, and what they have learnt from the server itself.

A run must know the right answers. Where it cannot register its own patients (``setup``), it reads the status and the
entries of every patient of the file before the clock starts.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

import yaml
from gevent.pool import Pool as Greenlets
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loadtests import fhir, identity
from loadtests.api.call import Call, Failed, Wrong, entries_of, expect, version_of
from loadtests.api.current import Current
from loadtests.errors import RunError, UserError
from loadtests.helseid import Client, Issuer, Refused, Session
from loadtests.journeys import ROLES
from loadtests.patients import Case, Patient
from loadtests.setup import TOGETHER, Users
from loadtests.transport import Answer, Origin, Unanswered


class Given(BaseModel):
    """One patient; ``case`` is what they have chosen: plain, restricted (critical information), blocked (the first doctor
    of the client file), reserved."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    nin: str = Field(pattern=r"^\d{11}$")
    case: Case = "plain"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal["kj-patients/1"]
    patients: list[Given] = Field(min_length=20, max_length=100_000)


def read(path: Path) -> list[Given]:
    """The patients of a file.

    Raises:
        UserError: it cannot be read, is no such file, or names somebody twice or somebody who could be real.
    """
    try:
        found = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).patients
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} kan ikke leses: {error}", f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise UserError(where, where) from error
    for place, given in enumerate(found):
        if not identity.is_synthetic(given.nin):
            raise UserError(
                f"{path}: patients.{place}.nin er ikke et syntetisk nummer (måned + 80 eller + 65, riktige kontrollsifre)",
                f"{path}: patients.{place}.nin is no synthetic number (month + 80 or + 65, right control digits)",
            )
    if len({g.nin for g in found}) < len(found):
        raise UserError(f"{path}: en pasient står to ganger", f"{path}: a patient is there twice")
    return found


def learn(base: str, users: Users, given: list[Given], timeout: float) -> list[Patient]:
    """What the server has on every patient; nothing is written.

    Raises:
        RunError: it does not answer as the API should, or a patient has entries of several types (a run follows one).
    """
    origin = Origin(base, timeout=timeout, connections=TOGETHER)
    client = Client.of(users.current, "client")
    api = Current(client.api)
    issuer = Issuer(client, origin, time.monotonic, lambda *_: None)
    # whom the patients have blocked is the first doctor, so a nurse reads what they have
    sessions = {role: Session(issuer, users.professional(role)["test_pid"]) for role in ("LE", "SP")}
    elevated = ROLES["hospital_doctor"].elevated or "UNNTAK"

    def one(number: int) -> Patient:
        nin, case = given[number].nin, given[number].case
        role = "SP" if case == "blocked" else "LE"
        basis = elevated if case == "restricted" else "UNNTAK"

        def sent(call: Call) -> Answer:
            headers = {**call.headers, **sessions[role].authorize(call.method, base + call.path)}
            return origin.exchange(call.method, call.path, headers, call.body)

        try:
            told = api.told(sent(api.status(nin, role, basis, "user")), nin)
            if told.reserved != (case == "reserved"):
                raise Wrong("reserved" if told.reserved else "not reserved")
            has: dict[int, dict[str, str]] = {}
            for kind in range(len(fhir.KINDS)) if told.informed else ():
                answer = sent(api.read(nin, fhir.KINDS[kind].resource, role, basis, told))
                expect(answer, 200)
                if entries := entries_of(answer, fhir.KINDS[kind].resource):
                    has[kind] = {r["id"]: version_of(r) for r in entries}
            if len(has) > 1:
                raise Wrong("entries of several types")
        except (Unanswered, Refused, Wrong, Failed) as error:
            raise RunError(
                f"patients.{number} ({nin}) passer ikke med tjenesten: {error}",
                f"patients.{number} ({nin}) does not fit the service: {error}",
            ) from error
        kind = next(iter(has), number % len(fhir.KINDS))
        return Patient(nin, case, kind, has.get(kind, {}), told.changed)

    try:
        for session in sessions.values():
            session.login()
        return list(Greenlets(TOGETHER).imap(one, range(len(given))))
    except (Unanswered, Refused) as error:
        raise RunError(f"tjenesten gir ikke token: {error}", f"the service gives no token: {error}") from error
    finally:
        origin.close()
