"""The rules of the Norwegian profiles on top of R4: required, frozen, status, dates, codes (kj-api.md 2.6, 3.8, 4).

`check` is a list of small named steps over one resource; each raises one `Refusal` with the FHIR path of the fault.
Cardinalities of the StructureDefinitions are unknown (chapter 10); required is what SFM-AI names for the allergy
profile and what R4 itself demands for the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

import jsonschema_rs
import orjson

from mock_kj import content, identity
from mock_kj.categories import BY_INFO_TYPE, CANONICAL, CATEGORIES, Category
from mock_kj.codes import D_NUMBER_SYSTEM, HPR_SYSTEM, NIN_SYSTEM, CodeRegister
from mock_kj.errors import Refusal
from mock_kj.fhir_schema import SCHEMAS
from mock_kj.settings import Settings

Resource = dict[str, Any]
State = Literal["live", "refuted", "deleted"]
_VALIDATORS = {name: jsonschema_rs.Draft7Validator(schema) for name, schema in SCHEMAS.items()}

# Legal status combinations and what they mean (4.1).
_VERIFIED = ("clinicalStatus", "verificationStatus")
STATES: dict[str, dict[tuple[str, ...], State]] = {
    "AllergyIntolerance": {
        ("active", "confirmed"): "live",
        ("active", "unconfirmed"): "live",
        ("inactive", "refuted"): "refuted",
        ("inactive", "entered-in-error"): "deleted",
    },
    "Condition": {
        ("active", "confirmed"): "live",
        ("inactive", "refuted"): "refuted",
        ("inactive", "entered-in-error"): "deleted",
    },
    "Procedure": {("in-progress",): "live", ("completed",): "refuted", ("entered-in-error",): "deleted"},
    "DeviceUseStatement": {("active",): "live", ("completed",): "refuted", ("entered-in-error",): "deleted"},
    "Flag": {("active",): "live", ("inactive",): "refuted", ("entered-in-error",): "deleted"},
}
DELETED_STATUS: dict[str, tuple[str, ...]] = {
    name: next(k for k, v in states.items() if v == "deleted") for name, states in STATES.items()
}
# Elements that a statement must have: SFM-AI for the allergy profile, R4 and 4.2 for the others.
REQUIRED: dict[str, tuple[str, ...]] = {
    "AllergyIntolerance": (
        "clinicalStatus",
        "verificationStatus",
        "category",
        "criticality",
        "code.coding",
        "patient",
        "recordedDate",
        "recorder",
        "reaction.manifestation.coding",
        "extension:KjSourceOfInformation",
    ),
    "Condition": ("clinicalStatus", "verificationStatus", "code", "subject", "recorder"),
    "Procedure": ("status", "code", "subject", "recorder"),
    "DeviceUseStatement": ("status", "subject", "device", "source"),
    "Flag": ("status", "code", "subject", "author"),
}
RECORDER: dict[str, str] = {
    "AllergyIntolerance": "recorder",
    "Condition": "recorder",
    "Procedure": "recorder",
    "DeviceUseStatement": "source",
    "Flag": "author",
}
SUBJECT = {name: "patient" if name == "AllergyIntolerance" else "subject" for name in STATES}
_FROZEN = ("category", "code", "device")
_NOT_FUTURE = (
    "recordedDate",
    "onsetDateTime",
    "abatementDateTime",
    "performedDateTime",
    "recordedOn",
    "lastOccurrence",
    "timingDateTime",
)

_EXTENSION_DATES = tuple((name, CANONICAL + name) for name in ("KjUpdatedDateTime", "recordedDate", "implanted"))
_PERIODS = ("onsetPeriod", "performedPeriod", "timingPeriod", "period")
_UPDATER, _UPDATED, _RECORDED = (CANONICAL + name for name in ("KjUpdater", "KjUpdatedDateTime", "recordedDate"))

# In the compact JSON that orjson writes a quote inside a text is escaped, so these find members and nothing else:
# references to contained resources, and codings whose code follows their system.
_LOCAL = re.compile(r'"reference":"#([^"\\]*)"')
_CODING = re.compile(r'"system":"([^"\\]*)","code":"([^"\\]*)"')


@dataclass(frozen=True, slots=True)
class Checked:
    """A resource that passed: category, state, date after which it is no longer active, KJ's extensions by URL."""

    category: Category
    state: State
    valid_until: str | None
    extensions: dict[str, Any]


@dataclass(slots=True)
class Subject:
    """What the checks know besides the resource: the patient, the day, the previous version when updating."""

    nin: str
    now: datetime
    settings: Settings
    register: CodeRegister
    previous: Resource | None = None
    text: bytes = b""
    category: Category = CATEGORIES[0]
    state: State = "live"
    extensions: dict[str, Any] = field(default_factory=dict)

    def extension(self, name: str) -> Any:
        """The value of one of KJ's extensions of the resource, or None."""
        return self.extensions.get(CANONICAL + name)


def _invalid(path: str, why: str, case: str = "content-invalid") -> Refusal:
    return Refusal(case, f"{path}: {why}", (path,))


def parse(body: bytes, resource_type: str) -> Resource:
    """A body as a structurally valid R4 resource of the type that the path names.

    Raises:
        Refusal: json-invalid, or content-invalid with the path of the first fault.

    """
    try:
        resource = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal("json-invalid", str(error).partition(":")[0]) from error
    if not isinstance(resource, dict):
        raise Refusal("json-invalid", "the top of the body must be an object")
    validator = _VALIDATORS[resource_type]
    if not validator.is_valid(resource):
        fault = next(validator.iter_errors(resource))
        path = ".".join([resource_type, *(str(p) for p in fault.instance_path if not isinstance(p, int))])
        raise Refusal("content-invalid", _words(fault), (path,))
    return resource


# What the schema's keywords mean to somebody who writes a resource.
_WORDS = {
    "Constant": "is not the value that it must have here",
    "Enum": "is not one of the values that R4 allows",
    "Type": "is of another JSON type than R4 wants",
    "Pattern": "does not have the form that R4 wants",
    "Format": "does not have the form that R4 wants",
    "MinItems": "must not be an empty list",
    "MinLength": "must not be empty",
    "MinProperties": "must not be empty",
    "MaxLength": "is too long",
    "MaxItems": "has too many elements",
    "Minimum": "is too small",
    "Maximum": "is too large",
}


def _words(fault: jsonschema_rs.ValidationError) -> str:
    """What is wrong, without quoting the content (it may name a person)."""
    kind = fault.kind
    name = type(kind).__name__ if kind is not None else "Schema"
    missing = getattr(kind, "property", None)
    if missing is not None:
        return f"required element {missing} is missing"
    unexpected = getattr(kind, "unexpected", None)
    if unexpected:
        return "there is an element that R4 does not have here"
    return _WORDS.get(name.rpartition("_")[2], "does not fit FHIR R4")


# --- steps -----------------------------------------------------------------------------------------------------


def refuse_malicious(resource: Resource, subject: Subject) -> None:
    """Reject running markup and SQL anywhere (B-README), and numbers of real people anywhere in the text."""
    subject.text = orjson.dumps(resource)
    content.check(subject.text, subject.nin, allow_real_numbers=subject.settings.allow_real_numbers)


def read_extensions(resource: Resource, subject: Subject) -> None:
    """Find KJ's extensions once for the steps below."""
    subject.extensions = extensions(resource)


def find_category(resource: Resource, subject: Subject) -> None:
    """`meta.profile` must name a profile of this type (A-VALID); profile and category code give the category."""
    kind = resource["resourceType"]
    named = resource.get("meta", {}).get("profile", [])
    candidates = [c for c in CATEGORIES if c.resource_type == kind and c.canonical in named]
    if not candidates:
        raise _invalid(f"{kind}.meta.profile", f"must name a profile {CANONICAL}… of {kind}")
    if kind == "AllergyIntolerance":
        groups = set(resource.get("category", ()))
        if "medication" in groups and len(groups) > 1:
            raise _invalid(f"{kind}.category", "medication stands alone")
        subject.category = BY_INFO_TYPE["DrugReaction" if "medication" in groups else "OtherAllergen"]
        return
    codes = _category_codes(resource)
    if not codes and len(candidates) == 1:
        subject.category = candidates[0]
        return
    fitting = [c for c in candidates if c.code in codes]
    if len(fitting) != 1:
        raise _invalid(f"{kind}.category", "the category code must be the one of the profile")
    subject.category = fitting[0]


def _category_codes(resource: Resource) -> set[str]:
    """The codes that `category` holds; Procedure has one category, Condition and Flag several."""
    concepts = resource.get("category", [])
    if isinstance(concepts, dict):
        concepts = [concepts]
    return {str(c.get("code")) for concept in concepts for c in concept.get("coding", ())}


def require_elements(resource: Resource, subject: Subject) -> None:
    """What every statement must have (SFM-AI; 4.2), and what an update must add (B-UPDATE)."""
    kind = resource["resourceType"]
    wanted = REQUIRED[kind]
    if subject.previous is not None or subject.settings.create_without_updater == "refuse":
        wanted = (*wanted, "extension:KjUpdater", "extension:KjUpdatedDateTime")
    for path in wanted:
        if path in resource:
            continue
        extra = path.partition("extension:")[2]
        if subject.extension(extra) is None if extra else not _has(resource, path):
            raise _invalid(f"{kind}.{path.replace(':', '.')}", "required element is missing")
    if subject.category.info_type == "Infection" and "text" in resource.get("code", {}):
        raise _invalid("Condition.code.text", "must not be set for an infection")


def _has(node: Any, path: str) -> bool:
    name, _, rest = path.partition(".")
    if isinstance(node, list):
        return bool(node) and all(_has(item, path) for item in node)
    if not isinstance(node, dict) or name not in node:
        return False
    return _has(node[name], rest) if rest else True


def extensions(resource: Resource) -> dict[str, Any]:
    """The values of a resource's extensions by their URL; of two with one URL the first counts."""
    found: dict[str, Any] = {}
    for item in resource.get("extension", ()):
        for key, value in item.items():
            if key[:5] == "value":
                found.setdefault(item["url"], value)
    return found


def status_of(resource: Resource) -> State:
    """The state that the status elements spell (4.1).

    Raises:
        Refusal: the combination is not one of the model's.

    """
    kind = resource["resourceType"]
    key: tuple[str, ...]
    if kind in ("AllergyIntolerance", "Condition"):
        key = (_first_code(resource, "clinicalStatus"), _first_code(resource, "verificationStatus"))
    else:
        key = (resource["status"],)
    state = STATES[kind].get(key)
    if state is None:
        raise _invalid(
            f"{kind}.{'clinicalStatus' if len(key) == 2 else 'status'}", f"status {' + '.join(key)} is not used here"
        )
    return state


def _first_code(resource: Resource, name: str) -> str:
    for coding in resource.get(name, {}).get("coding", ()):
        return str(coding.get("code", ""))
    return ""


def find_state(resource: Resource, subject: Subject) -> None:
    """A write may not set the deleted status; that is what DELETE is for (B-UPDATE)."""
    subject.state = status_of(resource)
    if subject.state == "deleted":
        raise _invalid(f"{resource['resourceType']}.status", "entered-in-error is set by DELETE only")


def check_people(resource: Resource, subject: Subject) -> None:
    """Patient, recorder and updater point where they must (4.2)."""
    kind = resource["resourceType"]
    patient = resource.get(SUBJECT[kind], {}).get("identifier", {})
    if patient.get("system") in (NIN_SYSTEM, D_NUMBER_SYSTEM) and patient.get("value") != subject.nin:
        raise _invalid(f"{kind}.{SUBJECT[kind]}", "names another patient than the request")
    contained = {c.get("id") for c in resource.get("contained", ())}
    local = set(_LOCAL.findall(subject.text.decode()))
    if not contained <= local:
        raise _invalid(f"{kind}.contained", "every contained resource must have an id and be referred to")
    if local != contained:
        raise _invalid(f"{kind}.contained", "a reference points at nothing")
    recorder = resource.get(RECORDER[kind], {}).get("reference")
    if recorder == "#updaterRef":
        raise _invalid(f"{kind}.{RECORDER[kind]}", "must point to the original recorder, not to updaterRef")
    if subject.previous is not None:
        if "updaterRef" not in contained:
            raise _invalid(f"{kind}.contained", "an update must contain updaterRef")
        if _hpr(resource) != _hpr(subject.previous):
            raise _invalid(f"{kind}.{RECORDER[kind]}", "must stay the original recorder")


def _hpr(resource: Resource) -> str | None:
    """The HPR number of the contained recorder."""
    name = str(resource.get(RECORDER[resource["resourceType"]], {}).get("reference", ""))[1:]
    for item in resource.get("contained", ()):
        if item.get("id") == name:
            found = item.get("practitioner", {}).get("identifier", {})
            return found.get("value") if found.get("system") == HPR_SYSTEM else None
    return None


def check_dates(resource: Resource, subject: Subject) -> None:
    """Dates lie between birth and now, an age between 0 and today's, an update not before its forerunner (A-VALID)."""
    kind, told = resource["resourceType"], subject.extensions
    born = identity.birth_date(subject.nin)
    latest = subject.now + timedelta(seconds=subject.settings.clock_skew_seconds)
    stamps = [(name, resource[name]) for name in _NOT_FUTURE if name in resource]
    stamps += [(f"extension.{n}", told[u]) for n, u in _EXTENSION_DATES if u in told and isinstance(told[u], str)]
    stamps += [(f"{p}.start", resource[p]["start"]) for p in _PERIODS if p in resource and "start" in resource[p]]
    for name, text in stamps:
        try:
            first, last = span(text)
        except ValueError as error:
            raise _invalid(f"{kind}.{name}", "is no date") from error
        if first > latest:
            raise _invalid(f"{kind}.{name}", "lies in the future")
        if born is not None and last.date() < born:
            raise _invalid(f"{kind}.{name}", "lies before the patient's birth")
    if "onsetAge" in resource:
        _check_age(resource, subject, born)
    if subject.previous is not None:
        updated, before = told.get(_UPDATED), extensions(subject.previous).get(_UPDATED)
        if isinstance(updated, str) and isinstance(before, str) and span(updated)[1] < span(before)[0]:
            raise _invalid(f"{kind}.extension.KjUpdatedDateTime", "is earlier than in the previous version")


def _check_age(resource: Resource, subject: Subject, born: date | None) -> None:
    age = resource.get("onsetAge", {}).get("value")
    if age is None or born is None:
        return
    today = subject.now.date()
    now = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if not 0 <= age <= now:
        raise _invalid(f"{resource['resourceType']}.onsetAge", "must lie between 0 and the patient's age")


@lru_cache(maxsize=4096)
def span(text: str) -> tuple[datetime, datetime]:
    """First and last instant that a FHIR date or dateTime can mean, in UTC; a day without zone is a UTC day.

    Raises:
        ValueError: the text names no day, such as 31 February.

    """
    try:
        if "T" in text:
            moment = datetime.fromisoformat(text.replace(":60", ":59")).astimezone(UTC)
            return moment, moment
        parts = [int(p) for p in text.split("-")]
        first = datetime(parts[0], parts[1] if len(parts) > 1 else 1, parts[2] if len(parts) > 2 else 1, tzinfo=UTC)
        if len(parts) == 3:
            last = first + timedelta(days=1)
        elif len(parts) == 2:
            last = (first + timedelta(days=31)).replace(day=1)
        else:
            last = first.replace(year=first.year + 1) if first.year < 9999 else first
        return first, last - timedelta(microseconds=1)
    except OverflowError as error:
        raise ValueError(text) from error


def check_codes(resource: Resource, subject: Subject) -> None:
    """Every code exists in its system (B-CODES).

    Codings are read off the text where every code stands right behind its system, as clients write them; else, and to
    name the place of a fault, the resource is walked.
    """
    text, fault = subject.text.decode(), subject.register.fault
    pairs = _CODING.findall(text)
    if len(pairs) != text.count('"code":"') or any(fault(system, code) for system, code in pairs):
        _walk_codes(resource, fault)


def _walk_codes(resource: Resource, fault: Callable[[str | None, str], str | None]) -> None:
    """The same for a resource of any order; the system of the category is unknown, so any will do (chapter 4)."""
    todo: list[Any] = [{k: v for k, v in resource.items() if k != "category"}]
    while todo:
        node = todo.pop()
        if type(node) is dict:
            if "code" in node and type(node["code"]) is str:
                why = fault(node.get("system"), node["code"])
                if why is not None:
                    raise _invalid(_path_of(resource, resource["resourceType"], node) or "", why, "code-unknown")
            node = node.values()
        for value in node:
            if type(value) is dict or type(value) is list:
                todo.append(value)


def _path_of(node: Any, path: str, wanted: Resource) -> str | None:
    """The FHIR path of a part of a resource; only walked once a fault is found."""
    if node is wanted:
        return path
    if isinstance(node, dict):
        found = (_path_of(value, f"{path}.{key}", wanted) for key, value in node.items())
    elif isinstance(node, list):
        found = (_path_of(item, path, wanted) for item in node)
    else:
        return None
    return next((p for p in found if p is not None), None)


def check_notes(resource: Resource, subject: Subject) -> None:
    """A note has at most 500 characters (B-ERR)."""
    texts = [n["text"] for n in resource.get("note", ())]
    texts += [n["text"] for r in resource.get("reaction", ()) if "note" in r for n in r["note"]]
    note = subject.extension("note")
    texts += [note] if isinstance(note, str) else [note["text"]] if isinstance(note, dict) and "text" in note else []
    kind, limit = resource["resourceType"], subject.settings.max_note_characters
    for text in texts:
        if len(text) > limit:
            raise _invalid(f"{kind}.note.text", f"the content is too long; at most {limit} characters are allowed")


def check_frozen(resource: Resource, subject: Subject) -> None:
    """Category and code cannot be changed by an update (B-UPDATE); nor the infection (A-VALID)."""
    if subject.previous is None:
        return
    for name in _FROZEN:
        if resource.get(name) != subject.previous.get(name):
            raise _invalid(f"{resource['resourceType']}.{name}", "cannot be changed by an update", "frozen")


STEPS: tuple[Callable[[Resource, Subject], None], ...] = (
    refuse_malicious,
    read_extensions,
    find_category,
    require_elements,
    find_state,
    check_people,
    check_dates,
    check_codes,
    check_notes,
    check_frozen,
)


def check(resource: Resource, subject: Subject) -> Checked:
    """Run every step over a parsed resource.

    Raises:
        Refusal: the first step that fails.

    """
    for step in STEPS:
        step(resource, subject)
    until = subject.extension("validUntil")
    end = resource.get("period", {}).get("end") if resource["resourceType"] == "Flag" else None
    limit = end or (until if isinstance(until, str) else None)
    return Checked(subject.category, subject.state, limit, subject.extensions)


def stamp(resource: Resource, identifier: str, version: int, updated: str, canonical: str) -> bytes:
    """The bytes that are kept and served: the resource with the server's id, version and time (3.6)."""
    meta = {**resource.get("meta", {}), "versionId": str(version), "lastUpdated": updated, "profile": [canonical]}
    served = {"resourceType": "", "id": "", "meta": meta, **resource}
    served["id"], served["meta"] = identifier, meta
    return orjson.dumps(served)


def with_updater(resource: Resource, now: str, told: dict[str, Any] | None = None) -> Resource:
    """A new statement with the updater and time that every one carries (4.2): its recorder, and when it was recorded.

    `told` is what `extensions` says of it, for a caller who knows that.
    """
    told, kind = extensions(resource) if told is None else told, resource["resourceType"]
    added: list[Resource] = []
    if _UPDATER not in told:
        added.append({"url": _UPDATER, "valueReference": resource[RECORDER[kind]]})
    if _UPDATED not in told:
        at = resource.get("recordedDate") or resource.get("recordedOn") or resource.get("performedDateTime")
        at = at or told.get(_RECORDED) or (resource.get("period", {}).get("start") if kind == "Flag" else None)
        added.append({"url": _UPDATED, "valueDateTime": at or now})
    return {**resource, "extension": [*resource.get("extension", ()), *added]} if added else resource


def mark_deleted(resource: Resource) -> Resource:
    """The resource with the status of a mistake (4.1)."""
    kind = resource["resourceType"]
    if kind not in ("AllergyIntolerance", "Condition"):
        return {**resource, "status": DELETED_STATUS[kind][0]}
    changed = dict(resource)
    for name, code in zip(_VERIFIED, DELETED_STATUS[kind], strict=True):
        coding = dict(resource[name]["coding"][0])
        coding.update(code=code)
        coding.pop("display", None)
        changed[name] = {"coding": [coding]}
    return changed


def filtered(resource: Resource) -> Resource:
    """What is left of a deleted record for a reader: that it is deleted, not what it said (B-DELETE)."""
    keep = ("resourceType", "id", "meta", "status", *_VERIFIED, "patient", "subject")
    return {k: v for k, v in resource.items() if k in keep}
