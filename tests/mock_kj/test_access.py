"""The access rule against an independent statement of the documentation, over every combination."""

from __future__ import annotations

from itertools import product

import pytest

from mock_kj.access import (
    ELEVATED,
    LEGACY_BASIS,
    LEGACY_RESTRICTED,
    Basis,
    Operation,
    Privacy,
    Rules,
    Who,
    decide,
    legacy_basis,
    parse_basis,
)
from mock_kj.cases import CASES

ME, OTHER = "990000000", "990000001"
WHO = [
    Who(level, hpr, role, active, complete, known)
    for level, hpr, role, active, complete, known in product(
        (0, 3, 4), (ME, None), ("LE", "HF", None), (True, False), (True, False), (True, False)
    )
]
PATIENTS = [None] + [
    Privacy(reserved, everything, critical, frozenset(blocked))
    for reserved, everything, critical, blocked in product(
        (False, True), (False, True), (False, True), ((), (ME,), (OTHER,))
    )
]
OPERATIONS = tuple(Operation)
RULES = [
    Rules(level, frozenset(("LE",)), elevated, check, closed)
    for level, elevated, check, closed in product(
        (3, 4), ("refuse", "allow"), (True, False), (frozenset(), frozenset((Operation.READ,)))
    )
]
BASES = (None, *Basis)


def allowed_by_the_documentation(
    who: Who, operation: Operation, patient: Privacy | None, basis: Basis | None, rules: Rules
) -> bool:
    """Chapter 2.5, 3.2-3.5 and 6 as one sentence each, with no order among them."""
    user_ok = (
        who.organisation_complete
        and (who.organisation_known or not rules.check_organisation)
        and who.security_level >= rules.required_security_level
        and who.hpr_number is not None
        and who.role is not None
        and who.role_active
    )
    if operation is Operation.STATUS:
        return user_ok
    if not user_ok or patient is None or basis is None:
        return False
    has_journal = not patient.reserved
    not_blocked = who.hpr_number not in patient.blocked
    if operation in rules.closed_by_any_block:  # legacy: nothing is shared if the patient has blocked anybody (2.2)
        not_blocked = not patient.blocked
    consent_ok = basis is not Basis.EXEMPT or who.role in rules.consent_exempt_roles
    restricted = patient.restricted_all or patient.restricted_critical
    opened = basis in ELEVATED if restricted else basis not in ELEVATED or rules.elevated_without_restriction == "allow"
    return has_journal and not_blocked and consent_ok and opened


def test_every_combination_is_decided_as_documented() -> None:
    seen = 0
    for who, operation, patient, basis, rules in product(WHO, OPERATIONS, PATIENTS, BASES, RULES):
        refusal = decide(who, operation, patient, basis, rules)
        assert (refusal is None) == allowed_by_the_documentation(who, operation, patient, basis, rules), (
            who,
            operation,
            patient,
            basis,
            rules,
        )
        assert refusal is None or refusal in CASES
        seen += 1
    assert seen == len(WHO) * len(OPERATIONS) * len(PATIENTS) * len(BASES) * len(RULES) > 100_000


GOOD = Who(4, ME, "LE", True, True, True)


@pytest.mark.parametrize("basis", list(Basis))
def test_a_blocking_is_never_overruled_by_any_basis(basis: Basis) -> None:
    for restricted in (True, False):
        assert (
            decide(GOOD, Operation.READ, Privacy(restricted_all=restricted, blocked=frozenset((ME,))), basis, Rules())
            == "blocked"
        )


@pytest.mark.parametrize(
    ("who", "patient", "basis", "refusal"),
    [
        (GOOD, Privacy(), Basis.CONSENT, None),
        (GOOD, Privacy(restricted_critical=True), Basis.CONSENT, "restricted"),
        (GOOD, Privacy(restricted_critical=True), Basis.EMERGENCY, "restricted"),
        (GOOD, Privacy(restricted_critical=True), Basis.ELEVATED_EMERGENCY, None),
        (GOOD, Privacy(restricted_all=True), Basis.ELEVATED_CONSENT, None),
        (GOOD, Privacy(), Basis.ELEVATED_CONSENT, "nothing-restricted"),
        (GOOD, Privacy(reserved=True), Basis.EMERGENCY, "reserved"),
        (GOOD, None, Basis.CONSENT, "patient-unknown"),
        (GOOD, Privacy(), None, "basis-missing"),
        (Who(4, ME, "HF", True, True, True), Privacy(), Basis.EXEMPT, "not-exempt"),
        (Who(4, ME, "HF", True, True, True), Privacy(), Basis.CONSENT, None),
        (Who(3, ME, "LE", True, True, True), Privacy(), Basis.CONSENT, "level-too-low"),
        (Who(4, ME, "LE", False, True, True), Privacy(), Basis.CONSENT, "role-not-active"),
        (Who(4, None, None, False, True, True), Privacy(), Basis.CONSENT, "not-a-professional"),
        (Who(4, ME, "LE", True, False, True), Privacy(), Basis.CONSENT, "organisation-missing"),
    ],
)
def test_each_refusal_has_its_name(who: Who, patient: Privacy | None, basis: Basis | None, refusal: str | None) -> None:
    assert decide(who, Operation.READ, patient, basis, Rules()) == refusal


def test_the_header_overrides_the_consent_of_the_ticket() -> None:
    for ticket, header in product((None, *LEGACY_BASIS), (None, *LEGACY_BASIS)):
        expected = LEGACY_BASIS[header] if header else LEGACY_BASIS.get(ticket or "")
        assert legacy_basis(ticket, [header] if header else [], []) == expected


def test_the_restricted_header_knows_two_values_only() -> None:
    assert legacy_basis("HPUNNTAK", [], ["HPAKUTT"]) is Basis.ELEVATED_EMERGENCY
    assert legacy_basis(None, ["HPUNNTAK"], ["HPMOTTATTSAMTYKKE"]) is Basis.ELEVATED_CONSENT
    assert legacy_basis(None, [], ["HPAKUTT"]) is None
    assert legacy_basis(None, [], ["HPAKUTT"], alone=True) is Basis.ELEVATED_EMERGENCY
    assert set(LEGACY_RESTRICTED) == {"HPMOTTATTSAMTYKKE", "HPAKUTT"}
    for wrong in ("HPUNNTAK", "", "samtykke"):
        with pytest.raises(ValueError, match="KJ-SAMTYKKE-SPERRET"):
            legacy_basis("HPAKUTT", [], [wrong])
    with pytest.raises(ValueError, match="more than once"):
        legacy_basis(None, ["HPAKUTT", "HPAKUTT"], [])


def test_the_case_of_a_basis_counts_unless_told_otherwise() -> None:
    assert parse_basis("samtykke", ignore_case=True) is Basis.CONSENT
    with pytest.raises(ValueError, match="samtykke"):
        parse_basis("samtykke")
    assert parse_basis(None) is None
