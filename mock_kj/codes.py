"""Code systems and the check that a code exists in its system (kj-api.md 4.3; B-CODES of 16.03.2026).

The mock bundles small lists. A *closed* list is complete for the mock: other codes are refused. An *open* one only
checks the form, since the full registers (FEST, ATC, ICD-10) are not bundled; a file can add codes or close a list.
The settings `unknown_code_systems` and `unlisted_codes` say what becomes of what is not on any list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from mock_kj.errors import UsageError
from mock_kj.settings import Settings, read_yaml

KJ = "http://nhn.no/kj/fhir/CodeSystem/"
HL7 = "http://terminology.hl7.org/CodeSystem/"
HPR_SYSTEM = "urn:oid:2.16.578.1.12.4.1.4.4"
ORGANISATION_SYSTEM = "urn:oid:2.16.578.1.12.4.1.4.101"
NIN_SYSTEM = "urn:oid:2.16.578.1.12.4.1.4.1"
D_NUMBER_SYSTEM = "urn:oid:2.16.578.1.12.4.1.4.2"
ROLE_SYSTEM = "urn:oid:2.16.578.1.12.4.1.1.9060"
ROLE_SYSTEM_RESOURCE = f"{KJ}CategoriesOfHealthProfessionals"
ROLE_SYSTEM_KJ_ONLY = "kjernejournal_userrole"
ICD10 = "urn:oid:2.16.578.1.12.4.1.1.7110"
# The list of types of critical information, 7650 (4.3), under the root of the national code systems (inferred).
CATEGORY_SYSTEM = "urn:oid:2.16.578.1.12.4.1.1.7650"
REACTIONS = "urn:oid:2.16.578.1.12.4.1.1.7497"

# Volven 9060, categories of health professionals (helsepersonelloven § 48).
ROLES: dict[str, str] = {
    "LE": "Lege", "SP": "Sykepleier", "JO": "Jordmor", "TL": "Tannlege", "PS": "Psykolog", "VP": "Vernepleier",
    "FT": "Fysioterapeut", "ET": "Ergoterapeut", "RA": "Radiograf", "BI": "Bioingeniør", "HF": "Helsefagarbeider",
    "FA1": "Provisorfarmasøyt", "FA2": "Reseptarfarmasøyt", "AA": "Ambulansearbeider", "TP": "Tannpleier",
    "KE": "Klinisk ernæringsfysiolog", "HE": "Helsesekretær", "KI": "Kiropraktor", "OP": "Optiker",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """One code system: what a code looks like, which are known, which are known to be inactive."""

    url: str
    form: re.Pattern[str]
    closed: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)
    inactive: frozenset[str] = frozenset()
    source: str = ""

    def fault(self, code: str) -> str | None:
        """Why a code is refused, or None if it is good."""
        if code in self.inactive:
            return "the code is inactive"
        if code in self.codes:
            return None
        if self.closed or not self.form.fullmatch(code):
            return "the code does not exist in its code system"
        return None


_FEST = re.compile(r"ID_[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_FORM = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
# ICD-10 without chapter XX (V0n-Y98) and chapter XXI (Z00-Z99), which the API refuses (B-CODES).
_ICD10 = re.compile(r"[A-U]\d{2}(\.?\d{1,2})?")
_SERIAL = re.compile(r"\d{1,4}")
UCUM = "http://unitsofmeasure.org"
INACTIVE_EXAMPLE = "ID_00000000-0000-4000-8000-00000000DEAD"

_OWN = "KJ list whose content is unknown (4.3); sample codes of the mock; form-checked"

BUNDLED: tuple[CodeSystem, ...] = (
    CodeSystem(ROLE_SYSTEM, _FORM, True, ROLES, source="Volven 9060 (part)"),
    CodeSystem(ROLE_SYSTEM_RESOURCE, _FORM, True, ROLES, source="Volven 9060 (part)"),
    CodeSystem(
        f"{KJ}SourceOfInformation", re.compile(r"\d{1,2}"), False,
        {"1": "Resultat av tester/analyser", "2": "Observert av behandlende lege"}, source="B-PROF; further codes unknown, so open",
    ),
    CodeSystem(
        f"{KJ}ATC", re.compile(r"[A-Z](\d{2}([A-Z]([A-Z](\d{2})?)?)?)?"), False,
        {"J01CA04": "Amoksicillin", "J01CE01": "Benzylpenicillin", "N02BE01": "Paracetamol", "M01AE01": "Ibuprofen",
         "B01AA03": "Warfarin", "N01AB08": "Sevofluran", "M03AB01": "Suksameton", "J01XX01": "Fosfomycin"},
        source="WHO ATC (part); form-checked",
    ),
    CodeSystem(f"{KJ}DrugTradeName", _FEST, source="FEST; form-checked"),
    CodeSystem(f"{KJ}ActiveSubstance", _FEST, inactive=frozenset({INACTIVE_EXAMPLE}), source="FEST_VIRKESTOFF; one made-up inactive code"),
    CodeSystem(ICD10, _ICD10, source="ICD-10 without chapters XX and XXI; form-checked"),
    CodeSystem(f"{KJ}OtherAllergen", _SERIAL, False, {"1": "Lateks", "2": "Vepsegift", "3": "Peanøtt"}, source=_OWN),
    CodeSystem(f"{KJ}Transplants", _SERIAL, False, {"1": "Transplantert nyre", "2": "Hjerteklaff, biologisk"}, source=_OWN),
    CodeSystem(f"{KJ}ComplicationsOfAnesthesia", _SERIAL, False, {"1": "Vanskelig intubasjon", "2": "Malign hypertermi"}, source=_OWN),
    CodeSystem(f"{KJ}Procedure", _SERIAL, False, {"1": "Pågående immundempende behandling"}, source=_OWN),
    CodeSystem(f"{KJ}Device", _SERIAL, False, {"1": "Pacemaker", "2": "Implantert hjertestarter"}, source=_OWN),
    CodeSystem(f"{KJ}Flag", _SERIAL, False, {"1": "Avvik fra vanlig behandlingsrutine"}, source=_OWN),
    CodeSystem(CATEGORY_SYSTEM, _SERIAL, source="types of critical information, 7650; the profile's own code is asked for elsewhere"),
    CodeSystem(UCUM, _FORM, True, {"a": "years", "mo": "months", "wk": "weeks", "d": "days", "h": "hours", "min": "minutes"}, source="HL7 R4 age-units"),
    CodeSystem(
        REACTIONS, _SERIAL, False,
        {"1": "Anafylaktisk reaksjon", "2": "Utslett", "3": "Pustebesvær", "4": "Ødem"}, source="KJ list formerly Volven 7497 (part; open)",
    ),
    CodeSystem(f"{HL7}allergyintolerance-clinical", _FORM, True, {"active": "Active", "inactive": "Inactive", "resolved": "Resolved"}, source="HL7 R4"),
    CodeSystem(
        f"{HL7}allergyintolerance-verification", _FORM, True,
        {"unconfirmed": "Unconfirmed", "confirmed": "Confirmed", "refuted": "Refuted", "entered-in-error": "Entered in Error"}, source="HL7 R4",
    ),
    CodeSystem(
        f"{HL7}condition-clinical", _FORM, True,
        {"active": "Active", "recurrence": "Recurrence", "relapse": "Relapse", "inactive": "Inactive", "remission": "Remission", "resolved": "Resolved"},
        source="HL7 R4",
    ),
    CodeSystem(
        f"{HL7}condition-ver-status", _FORM, True,
        {"unconfirmed": "Unconfirmed", "provisional": "Provisional", "differential": "Differential", "confirmed": "Confirmed",
         "refuted": "Refuted", "entered-in-error": "Entered in Error"}, source="HL7 R4",
    ),
)  # fmt: skip


class CodeRegister:
    """The systems that codes are checked against.

    `unknown` says what becomes of a coding of a system that is not among them, or of none: refuse or accept.
    `unlisted` says what becomes of a code that an open list does not hold: looked at by its form, or refused.
    """

    def __init__(
        self, systems: tuple[CodeSystem, ...] = BUNDLED, *, unknown: str = "refuse", unlisted: str = "form"
    ) -> None:
        self.systems = {s.url: s for s in systems}
        self._unknown = unknown
        self._unlisted = unlisted
        self.fault = lru_cache(maxsize=8192)(self._fault)

    def _fault(self, system: str | None, code: str) -> str | None:
        """Why a coding is refused, or None if it is good."""
        known = self.systems.get(system) if system is not None else None
        if known is None:
            if self._unknown == "accept":
                return None
            return "the coding names no code system" if system is None else "the code system is not known"
        if self._unlisted == "refuse" and code not in known.codes:
            return "the code does not exist in its code system"
        return known.fault(code)

    @staticmethod
    def from_file(path: Path | None, settings: Settings | None = None) -> CodeRegister:
        """The bundled lists with a file's additions: `{<system>: {closed: bool, codes: {..}, inactive: [..]}}`.

        Raises:
            UsageError: the file is unreadable or has another shape.

        """
        s = settings or Settings()
        register = CodeRegister(unknown=s.unknown_code_systems, unlisted=s.unlisted_codes)
        if path is None:
            return register
        for url, change in read_yaml(path).items():
            place = f"{path}: {url}"
            if not isinstance(change, Mapping):
                raise UsageError(place, "must hold closed, codes or inactive")
            unknown = set(change) - {"closed", "codes", "inactive"}
            if unknown:
                raise UsageError(place, f"does not know {', '.join(sorted(map(str, unknown)))}")
            codes, inactive = change.get("codes", {}), change.get("inactive", [])
            if not isinstance(codes, Mapping) or not isinstance(inactive, list):
                raise UsageError(place, "codes must be a mapping of code to display, inactive a list")
            old = register.systems.get(url, CodeSystem(url, _FORM))
            register.systems[url] = replace(
                old,
                closed=bool(change.get("closed", old.closed)),
                codes={**old.codes, **{str(k): str(v) for k, v in codes.items()}},
                inactive=old.inactive | {str(code) for code in inactive},
                source=f"{old.source} + {path.name}".strip(" +"),
            )
        return register
