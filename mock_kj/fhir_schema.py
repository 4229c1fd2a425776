"""JSON Schemas of the five resource types, written from FHIR R4 4.0.1 (hl7.org/fhir/R4).

They check structure and the value sets that R4 binds as required; unknown members are refused, as R4 does.
Members stand in the order of R4, which `fhir_xml.py` needs. The rules of the Norwegian profiles are in `profiles.py`. Kept small and compiled once by jsonschema-rs, because
this check runs on every create and update.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

# R4 allows no control characters but tab and line ends, and no text without a sign in it.
_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f"
STRING: Schema = {"type": "string", "minLength": 1, "pattern": rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"}
URI: Schema = {"type": "string", "minLength": 1, "pattern": r"^\S+$"}
CODE: Schema = {"type": "string", "pattern": r"^\S+( \S+)*$"}
ID: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}
BOOLEAN: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer", "minimum": -2147483648, "maximum": 2147483647}
_YEAR = r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_DATE = rf"{_YEAR}(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1]))?)?"
_ZONE = r"(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_TIME = r"T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
DATE: Schema = {"type": "string", "pattern": rf"^{_DATE}$"}
DATE_TIME: Schema = {
    "type": "string",
    "pattern": rf"^({_DATE}|{_YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[1-2][0-9]|3[0-1]){_TIME}{_ZONE})$",
}
INSTANT: Schema = {
    "type": "string",
    "pattern": rf"^{_YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[1-2][0-9]|3[0-1]){_TIME}{_ZONE}$",
}


def ref(name: str) -> Schema:
    """A data type of `DEFINITIONS`."""
    return {"$ref": f"#/definitions/{name}"}


def many(item: Schema) -> Schema:
    """An array; R4 allows no empty ones."""
    return {"type": "array", "items": item, "minItems": 1}


def enum(*values: str) -> Schema:
    """A code of a required value set."""
    return {"enum": list(values)}


def element(required: tuple[str, ...] = (), /, **members: Schema) -> Schema:
    """A complex data type: its members, `id`, `extension`, and `_member` siblings of primitives."""
    return {
        "type": "object",
        "properties": {"id": STRING, "extension": many(ref("Extension")), **members},
        "patternProperties": {"^_[a-z]": {"type": ["object", "array"]}},
        "additionalProperties": False,
        "required": list(required),
        "minProperties": 1,
    }


def at_most_one(*names: str) -> Schema:
    """A choice element such as onset[x]: no two of its forms together."""
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return {"not": {"anyOf": [{"required": [a, b]} for a, b in pairs]}}


_VALUES: dict[str, Schema] = {
    "valueBoolean": BOOLEAN, "valueCode": CODE, "valueCoding": ref("Coding"), "valueCodeableConcept": ref("CodeableConcept"),
    "valueDate": DATE, "valueDateTime": DATE_TIME, "valueInstant": INSTANT, "valueString": STRING, "valueMarkdown": STRING,
    "valueUri": URI, "valueUrl": URI, "valueCanonical": URI, "valueReference": ref("Reference"), "valueInteger": INTEGER,
    "valueDecimal": NUMBER, "valueIdentifier": ref("Identifier"), "valuePeriod": ref("Period"), "valueQuantity": ref("Quantity"),
    "valueAge": ref("Quantity"), "valueAnnotation": ref("Annotation"), "valueId": ID,
}  # fmt: skip
_QUANTITY: dict[str, Schema] = {
    "value": NUMBER, "comparator": enum("<", "<=", ">=", ">"), "unit": STRING, "system": URI, "code": CODE,
}  # fmt: skip

DEFINITIONS: dict[str, Schema] = {
    "Extension": {**element(("url",), url=URI, **_VALUES), "maxProperties": 4},
    "Coding": element(system=URI, version=STRING, code=CODE, display=STRING, userSelected=BOOLEAN),
    "CodeableConcept": element(coding=many(ref("Coding")), text=STRING),
    "Identifier": element(
        use=enum("usual", "official", "temp", "secondary", "old"), type=ref("CodeableConcept"), system=URI, value=STRING,
        period=ref("Period"), assigner=ref("Reference"),
    ),
    "Reference": element(reference=STRING, type=URI, identifier=ref("Identifier"), display=STRING),
    "Period": element(start=DATE_TIME, end=DATE_TIME),
    "Quantity": element(**_QUANTITY),
    "Range": element(low=ref("Quantity"), high=ref("Quantity")),
    "Annotation": {
        **element(("text",), authorReference=ref("Reference"), authorString=STRING, time=DATE_TIME, text=STRING),
        **at_most_one("authorReference", "authorString"),
    },
    "Narrative": element(("status", "div"), status=enum("generated", "extensions", "additional", "empty"), div=STRING),
    "Meta": element(
        versionId=ID, lastUpdated=INSTANT, source=URI, profile=many(URI), security=many(ref("Coding")), tag=many(ref("Coding")),
    ),
    "PractitionerRole": {
        **element(
            ("resourceType",), resourceType={"const": "PractitionerRole"}, meta=ref("Meta"), language=CODE,
            identifier=many(ref("Identifier")), active=BOOLEAN, period=ref("Period"), practitioner=ref("Reference"),
            organization=ref("Reference"), code=many(ref("CodeableConcept")), specialty=many(ref("CodeableConcept")),
        ),
    },
    "Device": element(
        ("resourceType",), resourceType={"const": "Device"}, meta=ref("Meta"), language=CODE, identifier=many(ref("Identifier")),
        status=enum("active", "inactive", "entered-in-error", "unknown"), manufacturer=STRING, manufactureDate=DATE_TIME,
        expirationDate=DATE_TIME, lotNumber=STRING, serialNumber=STRING,
        deviceName=many(element(("name", "type"), name=STRING, type=enum(
            "udi-label-name", "user-friendly-name", "patient-reported-name", "manufacturer-name", "model-name", "other"))),
        modelNumber=STRING, type=ref("CodeableConcept"), patient=ref("Reference"), owner=ref("Reference"), note=many(ref("Annotation")),
    ),
}  # fmt: skip


def resource(
    name: str, required: tuple[str, ...], choices: tuple[tuple[str, ...], ...] = (), **members: Schema
) -> Schema:
    """A resource type: the members of DomainResource and its own."""
    schema = element(
        ("resourceType", *required),
        resourceType={"const": name},
        meta=ref("Meta"),
        implicitRules=URI,
        language=CODE,
        text=ref("Narrative"),
        contained=many({"anyOf": [ref("PractitionerRole"), ref("Device")]}),
        identifier=many(ref("Identifier")),
        **members,
    )
    schema["properties"]["id"] = ID
    schema["definitions"] = DEFINITIONS
    if choices:
        schema["allOf"] = [at_most_one(*names) for names in choices]
    return schema


def _onset(prefix: str, *, text: bool = True) -> dict[str, Schema]:
    forms = {"DateTime": DATE_TIME, "Age": ref("Quantity"), "Period": ref("Period"), "Range": ref("Range")}
    if text:
        forms["String"] = STRING
    return {prefix + form: schema for form, schema in forms.items()}


_CONCEPT, _CONCEPTS, _REFERENCE, _REFERENCES = (
    ref("CodeableConcept"),
    many(ref("CodeableConcept")),
    ref("Reference"),
    many(ref("Reference")),
)
_NOTES = many(ref("Annotation"))
_ONSET, _ABATEMENT, _PERFORMED = _onset("onset"), _onset("abatement"), _onset("performed")
_TIMING: dict[str, Schema] = {"timingPeriod": ref("Period"), "timingDateTime": DATE_TIME}

SCHEMAS: dict[str, Schema] = {
    "AllergyIntolerance": resource(
        "AllergyIntolerance", ("patient",), (tuple(_ONSET),),
        clinicalStatus=_CONCEPT, verificationStatus=_CONCEPT, type=enum("allergy", "intolerance"),
        category=many(enum("food", "medication", "environment", "biologic")),
        criticality=enum("low", "high", "unable-to-assess"), code=_CONCEPT, patient=_REFERENCE, encounter=_REFERENCE,
        **_ONSET, recordedDate=DATE_TIME, recorder=_REFERENCE, asserter=_REFERENCE, lastOccurrence=DATE_TIME, note=_NOTES,
        reaction=many(element(
            ("manifestation",), substance=_CONCEPT, manifestation=_CONCEPTS, description=STRING, onset=DATE_TIME,
            severity=enum("mild", "moderate", "severe"), exposureRoute=_CONCEPT, note=_NOTES)),
    ),
    "Condition": resource(
        "Condition", ("subject",), (tuple(_ONSET), tuple(_ABATEMENT)),
        clinicalStatus=_CONCEPT, verificationStatus=_CONCEPT, category=_CONCEPTS, severity=_CONCEPT, code=_CONCEPT,
        bodySite=_CONCEPTS, subject=_REFERENCE, encounter=_REFERENCE, **_ONSET, **_ABATEMENT, recordedDate=DATE_TIME,
        recorder=_REFERENCE, asserter=_REFERENCE,
        stage=many(element(summary=_CONCEPT, assessment=_REFERENCES, type=_CONCEPT)),
        evidence=many(element(code=_CONCEPTS, detail=_REFERENCES)), note=_NOTES,
    ),
    "Procedure": resource(
        "Procedure", ("status", "subject"), (tuple(_PERFORMED),),
        status=enum("preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "entered-in-error", "unknown"),
        statusReason=_CONCEPT, category=_CONCEPT, code=_CONCEPT, subject=_REFERENCE, encounter=_REFERENCE, **_PERFORMED,
        recorder=_REFERENCE, asserter=_REFERENCE,
        performer=many(element(("actor",), function=_CONCEPT, actor=_REFERENCE, onBehalfOf=_REFERENCE)),
        location=_REFERENCE, reasonCode=_CONCEPTS, reasonReference=_REFERENCES, bodySite=_CONCEPTS, outcome=_CONCEPT, note=_NOTES,
    ),
    "DeviceUseStatement": resource(
        "DeviceUseStatement", ("status", "subject", "device"), (tuple(_TIMING),),
        basedOn=_REFERENCES, status=enum("active", "completed", "entered-in-error", "intended", "stopped", "on-hold"),
        subject=_REFERENCE, derivedFrom=_REFERENCES, **_TIMING, recordedOn=DATE_TIME, source=_REFERENCE,
        device=_REFERENCE, reasonCode=_CONCEPTS, reasonReference=_REFERENCES, bodySite=_CONCEPT, note=_NOTES,
    ),
    "Flag": resource(
        "Flag", ("status", "code", "subject"),
        status=enum("active", "inactive", "entered-in-error"), category=_CONCEPTS, code=_CONCEPT, subject=_REFERENCE,
        period=ref("Period"), encounter=_REFERENCE, author=_REFERENCE,
    ),
}  # fmt: skip
