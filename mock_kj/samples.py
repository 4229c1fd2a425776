"""Sample resources: what the population starts with, and what tests and load generators send.

Every resource follows section 4.2 and passes `profiles.check`; a test says so for every category.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from mock_kj import codes
from mock_kj.categories import BY_INFO_TYPE, CANONICAL, CATEGORIES, Category
from mock_kj.codes import CATEGORY_SYSTEM, HL7, KJ
from mock_kj.identity import birth_date
from mock_kj.population import Population, Professional
from mock_kj.profiles import stamp, with_updater
from mock_kj.store.model import EntryRow, PatientRow

Resource = dict[str, Any]
_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
# Share of each category among the entries people start with (ASSUMPTION: drug reactions lead, as in S0).
SHARES: tuple[tuple[str, float], ...] = (
    ("DrugReaction", 0.45),
    ("OtherAllergen", 0.10),
    ("CriticalMedicalCondition", 0.12),
    ("Infection", 0.07),
    ("DeviceUseStatement", 0.08),
    ("TransplantsAndOtherForeignBodies", 0.05),
    ("Procedure", 0.05),
    ("OtherProblemWithAnesthesia", 0.03),
    ("IntubationProblem", 0.03),
    ("Flag", 0.02),
)
_CODES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "DrugReaction": (
        (f"{KJ}ATC", "J01CA04", "Amoksicillin"),
        (f"{KJ}ATC", "J01CE01", "Benzylpenicillin"),
        (f"{KJ}ATC", "M01AE01", "Ibuprofen"),
        (f"{KJ}ATC", "N02BE01", "Paracetamol"),
        (f"{KJ}ATC", "B01AA03", "Warfarin"),
    ),
    "OtherAllergen": (
        (f"{KJ}OtherAllergen", "1", "Lateks"),
        (f"{KJ}OtherAllergen", "2", "Vepsegift"),
        (f"{KJ}OtherAllergen", "3", "Peanøtt"),
    ),
    "CriticalMedicalCondition": (
        (codes.ICD10, "D68.0", "Von Willebrands sykdom"),
        (codes.ICD10, "E27.1", "Primær binyrebarksvikt"),
    ),
    "Infection": ((codes.ICD10, "B18.2", "Kronisk hepatitt C"), (codes.ICD10, "U80.1", "MRSA")),
    "TransplantsAndOtherForeignBodies": (
        (f"{KJ}Transplants", "1", "Transplantert nyre"),
        (f"{KJ}Transplants", "2", "Hjerteklaff, biologisk"),
    ),
    "OtherProblemWithAnesthesia": ((f"{KJ}ComplicationsOfAnesthesia", "2", "Malign hypertermi"),),
    "IntubationProblem": ((f"{KJ}ComplicationsOfAnesthesia", "1", "Vanskelig intubasjon"),),
    "Procedure": ((f"{KJ}Procedure", "1", "Pågående immundempende behandling"),),
    "DeviceUseStatement": ((f"{KJ}Device", "1", "Pacemaker"), (f"{KJ}Device", "2", "Implantert hjertestarter")),
    "Flag": ((f"{KJ}Flag", "1", "Avvik fra vanlig behandlingsrutine"),),
}


@lru_cache(maxsize=16_384)
def iso(milliseconds: int) -> str:
    """An instant as the API writes it, such as 2025-01-31T14:35:09.993+00:00 (3.6)."""
    return (_UNIX + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")


def concept(system: str, code: str, display: str) -> Resource:
    """A CodeableConcept with one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def practitioner_role(name: str, who: Professional) -> Resource:
    """The contained PractitionerRole `recorderRef` or `updaterRef` (4.2)."""
    return {
        "resourceType": "PractitionerRole",
        "id": name,
        "practitioner": {"identifier": {"system": codes.HPR_SYSTEM, "value": who.hpr_number}, "display": who.name},
        "organization": {
            "identifier": {"system": codes.ORGANISATION_SYSTEM, "value": who.organisation.child},
            "display": who.organisation.name,
        },
        "code": [concept(codes.ROLE_SYSTEM_RESOURCE, who.role, codes.ROLES[who.role])],
    }


def patient_reference(nin: str) -> Resource:
    """The patient by identity number; a D-number has its own system (4.3)."""
    system = codes.D_NUMBER_SYSTEM if int(nin[:2]) > 40 else codes.NIN_SYSTEM
    return {"identifier": {"system": system, "value": nin}}


def resource(
    category: Category,
    nin: str,
    who: Professional,
    recorded: str,
    *,
    choice: int = 0,
    note: str | None = None,
    category_system: str = CATEGORY_SYSTEM,
) -> Resource:
    """A new, live entry of one category, ready to be sent.

    `recorded` is a FHIR date or dateTime; `choice` picks among the sample codes of the category.
    """
    kind = category.resource_type
    options = _CODES[category.info_type]
    code = concept(*options[choice % len(options)])
    contained = [practitioner_role("recorderRef", who)]
    body: Resource = {
        "resourceType": kind,
        "meta": {"profile": [category.canonical]},
        "contained": contained,
        "extension": [
            {
                "url": f"{CANONICAL}KjSourceOfInformation",
                "valueCoding": {
                    "system": f"{KJ}SourceOfInformation",
                    "code": "2",
                    "display": "Observert av behandlende lege",
                },
            }
        ],
    }
    subject, recorder = patient_reference(nin), {"reference": "#recorderRef"}
    kind_code = concept(category_system, category.code, category.norwegian)
    if kind == "AllergyIntolerance":
        drug = category.info_type == "DrugReaction"
        body |= {
            "clinicalStatus": concept(f"{HL7}allergyintolerance-clinical", "active", "Active"),
            "verificationStatus": concept(f"{HL7}allergyintolerance-verification", "confirmed", "Confirmed"),
            "category": ["medication" if drug else "environment"],
            "criticality": "high",
            "code": code,
            "patient": subject,
            "recordedDate": recorded,
            "recorder": recorder,
            "reaction": [{"manifestation": [concept(codes.REACTIONS, "1", "Anafylaktisk reaksjon")]}],
        }
    elif kind == "Condition":
        body |= {
            "clinicalStatus": concept(f"{HL7}condition-clinical", "active", "Active"),
            "verificationStatus": concept(f"{HL7}condition-ver-status", "confirmed", "Confirmed"),
            "category": [kind_code],
            "code": code,
            "subject": subject,
            "recordedDate": recorded,
            "recorder": recorder,
        }
    elif kind == "Procedure":
        body |= {
            "status": "in-progress",
            "category": kind_code,
            "code": code,
            "subject": subject,
            "performedDateTime": recorded,
            "recorder": recorder,
        }
    elif kind == "DeviceUseStatement":
        contained.append({"resourceType": "Device", "id": "deviceRef", "type": code})
        body |= {
            "status": "active",
            "subject": subject,
            "device": {"reference": "#deviceRef"},
            "recordedOn": recorded,
            "source": recorder,
        }
    else:
        body |= {
            "status": "active",
            "category": [kind_code],
            "code": code,
            "subject": subject,
            "period": {"start": recorded},
            "author": recorder,
        }
    if note is not None and kind != "Flag":
        body["note"] = [{"text": note}]
    return body


def updated(served: Resource, who: Professional, at: str, *, note: str | None = None) -> Resource:
    """A served resource made ready for an update: updater and time of the update are added (4.2)."""
    body = {k: v for k, v in served.items() if k not in ("contained", "extension")}
    contained = [c for c in served.get("contained", ()) if c.get("id") != "updaterRef"]
    extensions = [e for e in served.get("extension", ()) if not e["url"].endswith(("/KjUpdater", "/KjUpdatedDateTime"))]
    body["contained"] = [*contained, practitioner_role("updaterRef", who)]
    body["extension"] = [
        *extensions,
        {"url": f"{CANONICAL}KjUpdater", "valueReference": {"reference": "#updaterRef"}},
        {"url": f"{CANONICAL}KjUpdatedDateTime", "valueDateTime": at},
    ]
    if note is not None and body["resourceType"] != "Flag":
        body["note"] = [{"text": note}]
    return body


# Initial entries are dated before this, so that they are never in the future.
_EPOCH = datetime(2024, 2, 12, tzinfo=UTC)


def initial(
    population: Population, index: int, nin: str, category_system: str = CATEGORY_SYSTEM
) -> tuple[PatientRow, tuple[EntryRow, ...]]:
    """What the population says of a person: choices and entries, the same on every call."""
    patient = PatientRow(nin, population.privacy(index))
    count = population.entry_count(index)
    if not count:
        return patient, ()
    rows, born = [], birth_date(nin)
    assert born is not None
    for serial in range(count):
        category = _category(population.uniform(index, f"category-{serial}"))
        bits = population.bits(index, f"detail-{serial}")
        days = bits % 700
        at = max(
            _EPOCH + timedelta(days=days, seconds=bits % 86400),
            datetime(born.year, born.month, born.day, tzinfo=UTC),
        )
        who = population.professional_at((bits >> 20) % population.professionals)
        identifier = str(UUID(int=(bits << 64 | population.bits(index, f"id-{serial}")), version=4))
        when = int(at.timestamp() * 1000)
        body = resource(category, nin, who, at.date().isoformat(), choice=bits >> 40, category_system=category_system)
        data = stamp(with_updater(body, iso(when)), identifier, 1, iso(when), category.canonical)
        rows.append(EntryRow(identifier, nin, category.info_type, 1, "live", None, when, data, when))
    return patient, tuple(sorted(rows, key=lambda r: (r.created, r.id)))


def _category(u: float) -> Category:
    for name, share in SHARES:
        u -= share
        if u < 0:
            return BY_INFO_TYPE[name]
    return CATEGORIES[0]
