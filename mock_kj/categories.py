"""The ten categories of critical information: resource type, profile, category code (kj-api.md chapter 4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

CANONICAL = "http://nhn.no/kj/fhir/StructureDefinition/"


@dataclass(frozen=True, slots=True)
class Category:
    """One category. `info_type` is the value of `criticalInfoType`; where the documentation names none (U) it is
    the name of the resource type, and `documented` is false."""

    info_type: str
    resource_type: str
    profile: str
    code: str
    norwegian: str
    legacy_code: str
    date_field: str
    documented: bool = True

    @property
    def canonical(self) -> str:
        """The URL that `meta.profile` must name."""
        return CANONICAL + self.profile


# legacy_code: only OVER_REAK was seen (A-HI); the others are placeholders with MOCK in them.
# date_field: only the first and the anaesthesia one are documented names (B-STATUS).
_ANAESTHESIA = ("KjConditionComplicationsOfAnesthesia", "conditionComplicationsOfAnesthesiaDate")
CATEGORIES: tuple[Category, ...] = (
    Category("DrugReaction", "AllergyIntolerance", "KjAllergyIntolerance", "1", "Legemiddelreaksjon", "OVER_REAK", "allergyIntoleranceDate"),
    Category("OtherAllergen", "AllergyIntolerance", "KjAllergyIntolerance", "2", "Annen overfølsomhet", "OVER_REAK", "allergyIntoleranceDate"),
    Category("IntubationProblem", "Condition", _ANAESTHESIA[0], "3", "Intubasjonsproblem", "MOCK_INTUBASJON", _ANAESTHESIA[1]),
    Category("OtherProblemWithAnesthesia", "Condition", _ANAESTHESIA[0], "4", "Annet problem ved anestesi", "MOCK_ANESTESI", _ANAESTHESIA[1]),
    Category("CriticalMedicalCondition", "Condition", "KjConditionCriticalMedicalCondition", "5", "Kritisk medisinsk tilstand", "MOCK_TILSTAND", "conditionCriticalMedicalConditionDate"),
    Category("Procedure", "Procedure", "KjProcedure", "6", "Pågående behandling", "MOCK_BEHANDLING", "procedureDate", documented=False),
    Category("TransplantsAndOtherForeignBodies", "Condition", "KjConditionTransplantsAndOtherForeignBodies", "7", "Implantat/transplantat, ikke mekanisk", "MOCK_IMPLANTAT", "conditionTransplantsAndOtherForeignBodiesDate"),
    Category("DeviceUseStatement", "DeviceUseStatement", "KjDeviceUseStatement", "8", "Mekanisk implantat", "MOCK_MEKANISK", "deviceUseStatementDate", documented=False),
    Category("Flag", "Flag", "KjFlag", "9", "Annen prosedyreendring", "MOCK_ENDRING", "flagDate", documented=False),
    Category("Infection", "Condition", "KjConditionInfection", "10", "Smitte", "MOCK_SMITTE", "conditionInfectionDate"),
)  # fmt: skip

BY_INFO_TYPE = {c.info_type: c for c in CATEGORIES}
RESOURCE_TYPES: tuple[str, ...] = tuple(dict.fromkeys(c.resource_type for c in CATEGORIES))


@cache
def info_types(resource_type: str) -> tuple[str, ...]:
    """The values of `criticalInfoType` that one resource type can have."""
    return tuple(c.info_type for c in CATEGORIES if c.resource_type == resource_type)
