"""Who may see or change what: one pure function (kj-api.md 2.4, 2.5, 3.2-3.5, chapter 6).

The order of the checks is the order of the documentation: first the user, then the patient's journal, then the
blocking (which nothing overrules), then consent and restriction. `tests/mock_kj/test_access.py` tries every
combination against an independent statement of the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class Basis(StrEnum):
    """Values of `nhn-access-basis` (3.3). The first two are documented for this API, the others inferred."""

    CONSENT = "SAMTYKKE"
    EXEMPT = "UNNTAK"
    EMERGENCY = "AKUTT"
    ELEVATED_CONSENT = "FORHOYET_SAMTYKKE"
    ELEVATED_EMERGENCY = "FORHOYET_AKUTT"


ELEVATED = frozenset((Basis.ELEVATED_CONSENT, Basis.ELEVATED_EMERGENCY))


class Operation(StrEnum):
    """What the call wants. Status is always open, since it only tells how the journal may be opened (3.5)."""

    STATUS = "status"
    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Who(NamedTuple):
    """The caller, from the token's claims, the role header and HPR."""

    security_level: int
    hpr_number: str | None
    role: str | None
    role_active: bool
    organisation_complete: bool
    organisation_known: bool


@dataclass(frozen=True, slots=True)
class Privacy:
    """What the patient has chosen (chapter 6). `blocked` lists HPR numbers."""

    reserved: bool = False
    restricted_all: bool = False
    restricted_critical: bool = False
    blocked: frozenset[str] = frozenset()

    @property
    def restricted(self) -> bool:
        """Whether critical information is restricted, by itself or with the whole journal."""
        return self.restricted_all or self.restricted_critical


@dataclass(frozen=True, slots=True)
class Rules:
    """The switches of the rules; each is a setting of the same name (settings.py)."""

    required_security_level: int = 4
    consent_exempt_roles: frozenset[str] = frozenset(("LE", "SP"))
    elevated_without_restriction: str = "refuse"
    check_organisation: bool = True
    closed_by_any_block: frozenset[Operation] = frozenset()  # the legacy API shares nothing then (2.2)


def decide(who: Who, operation: Operation, patient: Privacy | None, basis: Basis | None, rules: Rules) -> str | None:
    """Allow (None) or the name of the documented refusal (a row of `cases.CASES`).

    `patient` is None for somebody who has no kjernejournal. The decision does not depend on the time: a consent
    holds for the call that names it, and no time limit of a restriction or blocking is documented.
    """
    return _user(who, rules) or (
        None if operation is Operation.STATUS else _journal(who, operation, patient, basis, rules)
    )


def _user(who: Who, rules: Rules) -> str | None:
    """Whether the caller may use the API at all (A-AUTHZ, B-AUTH)."""
    if not who.organisation_complete:
        return "organisation-missing"
    if rules.check_organisation and not who.organisation_known:
        return "organisation-unknown"
    if who.security_level < rules.required_security_level:
        return "level-too-low"
    if who.hpr_number is None or who.role is None:
        return "not-a-professional"
    if not who.role_active:
        return "role-not-active"
    return None


def _journal(who: Who, operation: Operation, patient: Privacy | None, basis: Basis | None, rules: Rules) -> str | None:
    """Whether this journal may be opened on this basis."""
    if patient is None:
        return "patient-unknown"
    if patient.reserved:
        return "reserved"
    if who.hpr_number in patient.blocked:
        return "blocked"
    if patient.blocked and operation in rules.closed_by_any_block:
        return "somebody-blocked"
    if basis is None:
        return "basis-missing"
    if patient.restricted and basis not in ELEVATED:
        return "restricted"
    if not patient.restricted and basis in ELEVATED and rules.elevated_without_restriction == "refuse":
        return "nothing-restricted"
    if basis is Basis.EXEMPT and who.role not in rules.consent_exempt_roles:
        return "not-exempt"
    return None


@lru_cache(maxsize=64)
def parse_basis(text: str | None, *, ignore_case: bool = False) -> Basis | None:
    """The basis a header names, or None without a header.

    Raises:
        ValueError: no such value.

    """
    if not text:
        return None
    return Basis(text.upper() if ignore_case else text)


LEGACY_BASIS = {"HPMOTTATTSAMTYKKE": Basis.CONSENT, "HPAKUTT": Basis.EMERGENCY, "HPUNNTAK": Basis.EXEMPT}
LEGACY_RESTRICTED = {"HPMOTTATTSAMTYKKE": Basis.ELEVATED_CONSENT, "HPAKUTT": Basis.ELEVATED_EMERGENCY}


def legacy_basis(
    ticket: str | None, use: Sequence[str], restricted: Sequence[str], *, alone: bool = False
) -> Basis | None:
    """The legacy consent headers as a basis (A-HEAD; mapping inferred, 3.3).

    `KJ-SAMTYKKE-BRUK` (use) overrides the ticket's consent; `KJ-SAMTYKKE-SPERRET-KRITISKINFO` (restricted) comes on
    top of it (chapter 1), opens what is restricted and knows two values only. With `alone` it needs no other consent.

    Raises:
        ValueError: a header has a value that does not exist or is given twice.

    """
    if len(use) > 1 or len(restricted) > 1:
        raise ValueError("a consent header is given more than once")
    if restricted and restricted[0] not in LEGACY_RESTRICTED:
        raise ValueError("KJ-SAMTYKKE-SPERRET-KRITISKINFO must be HPMOTTATTSAMTYKKE or HPAKUTT")
    name = use[0] if use else ticket
    if name is not None and name not in LEGACY_BASIS:
        raise ValueError("consent must be HPMOTTATTSAMTYKKE, HPAKUTT or HPUNNTAK")
    if restricted and (alone or name is not None):
        return LEGACY_RESTRICTED[restricted[0]]
    return None if name is None else LEGACY_BASIS[name]
