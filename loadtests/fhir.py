"""The resources that an EHR sends, as the documents describe them (kj-api.md chapter 4), and what to read in answers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

PROFILE = "http://nhn.no/kj/fhir/StructureDefinition/"
CODES = "http://nhn.no/kj/fhir/CodeSystem/"
HL7 = "http://terminology.hl7.org/CodeSystem/"
OID = "urn:oid:2.16.578.1.12.4.1."
Resource = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A type of critical information: its resource, its path, its profile and what is written of it."""

    name: str
    resource: str
    profile: str
    category: str
    category_name: str
    code: tuple[str, str, str]


DRUG_REACTION = Kind(
    "DrugReaction",
    "AllergyIntolerance",
    "KjAllergyIntolerance",
    "1",
    "Legemiddelreaksjon",
    (f"{CODES}ATC", "J01CA04", "Amoksicillin"),
)
CRITICAL_CONDITION = Kind(
    "CriticalMedicalCondition",
    "Condition",
    "KjConditionCriticalMedicalCondition",
    "5",
    "Kritisk medisinsk tilstand",
    ("urn:oid:2.16.578.1.12.4.1.1.7110", "D68.0", "Von Willebrands sykdom"),
)
ONGOING_TREATMENT = Kind(
    "Procedure",
    "Procedure",
    "KjProcedure",
    "6",
    "Pågående behandling",
    (f"{CODES}Procedure", "1", "Pågående immundempende behandling"),
)
KINDS = (DRUG_REACTION, CRITICAL_CONDITION, ONGOING_TREATMENT)


def today() -> str:
    """The date as FHIR writes it."""
    return dt.datetime.now(dt.UTC).date().isoformat()


def new(kind: Kind, nin: str, hpr_number: str, role: str, organisation: str) -> Resource:
    """A new entry, complete enough for the profile (sections 4.2 and 4.3)."""
    system = OID + ("4.2" if int(nin[0]) > 3 else "4.1")
    patient = {"identifier": {"system": system, "value": nin}}
    recorder = {"reference": "#recorderRef"}
    resource: Resource = {
        "resourceType": kind.resource,
        "meta": {"profile": [PROFILE + kind.profile]},
        "contained": [_practitioner("recorderRef", hpr_number, role, organisation)],
        "extension": [
            {
                "url": f"{PROFILE}KjSourceOfInformation",
                "valueCoding": {
                    "system": f"{CODES}SourceOfInformation",
                    "code": "2",
                    "display": "Observert av behandlende lege",
                },
            }
        ],
        "note": [{"text": "Skrevet av lasttesten"}],
    }
    if kind.resource == "AllergyIntolerance":
        resource |= {
            "clinicalStatus": _concept(f"{HL7}allergyintolerance-clinical", "active", "Active"),
            "verificationStatus": _concept(f"{HL7}allergyintolerance-verification", "confirmed", "Confirmed"),
            "category": ["medication"],
            "criticality": "high",
            "code": _concept(*kind.code),
            "patient": patient,
            "recordedDate": today(),
            "recorder": recorder,
            "reaction": [{"manifestation": [_concept(OID + "1.7497", "1", "Anafylaktisk reaksjon")]}],
        }
    elif kind.resource == "Condition":
        resource |= {
            "clinicalStatus": _concept(f"{HL7}condition-clinical", "active", "Active"),
            "verificationStatus": _concept(f"{HL7}condition-ver-status", "confirmed", "Confirmed"),
            "category": [_category(kind)],
            "code": _concept(*kind.code),
            "subject": patient,
            "recordedDate": today(),
            "recorder": recorder,
        }
    else:
        resource |= {
            "status": "in-progress",
            "category": _category(kind),
            "code": _concept(*kind.code),
            "subject": patient,
            "performedDateTime": today(),
            "recorder": recorder,
        }
    return resource


def changed(served: Resource, hpr_number: str, role: str, organisation: str) -> Resource:
    """A served entry made ready for an update: who changes it and when are added, the version is the one served."""
    kept = {name: value for name, value in served.items() if name not in ("contained", "extension")}
    contained = [c for c in served.get("contained", ()) if c.get("id") != "updaterRef"]
    extensions = [e for e in served.get("extension", ()) if not e["url"].endswith(("/KjUpdater", "/KjUpdatedDateTime"))]
    return kept | {
        "contained": [*contained, _practitioner("updaterRef", hpr_number, role, organisation)],
        "extension": [
            *extensions,
            {"url": f"{PROFILE}KjUpdater", "valueReference": {"reference": "#updaterRef"}},
            {"url": f"{PROFILE}KjUpdatedDateTime", "valueDateTime": today()},
        ],
        "note": [{"text": "Endret av lasttesten"}],
    }


def _concept(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _category(kind: Kind) -> Resource:
    return _concept(OID + "1.7650", kind.category, kind.category_name)


def _practitioner(name: str, hpr_number: str, role: str, organisation: str) -> Resource:
    return {
        "resourceType": "PractitionerRole",
        "id": name,
        "practitioner": {"identifier": {"system": OID + "4.4", "value": hpr_number}, "display": "Lasttest"},
        "organization": {"identifier": {"system": OID + "4.101", "value": organisation}, "display": "Lasttest"},
        "code": [_concept(f"{CODES}CategoriesOfHealthProfessionals", role, {"LE": "Lege", "SP": "Sykepleier"}[role])],
    }
