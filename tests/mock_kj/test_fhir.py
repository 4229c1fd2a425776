"""Everything served is valid FHIR R4, in the judgement of a library that was not written here; and schemathesis."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
import requests

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fhir.resources.R4B.allergyintolerance import AllergyIntolerance
    from fhir.resources.R4B.bundle import Bundle
    from fhir.resources.R4B.capabilitystatement import CapabilityStatement
    from fhir.resources.R4B.condition import Condition
    from fhir.resources.R4B.flag import Flag
    from fhir.resources.R4B.operationoutcome import OperationOutcome
    from fhir.resources.R4B.procedure import Procedure

from datetime import UTC, datetime

from mock_kj import cases, fhir_schema, outcome, profiles, samples
from mock_kj.categories import CATEGORIES
from mock_kj.codes import CodeRegister
from mock_kj.population import Population
from mock_kj.settings import Settings
from tests.mock_kj.conftest import Patients
from tests.mock_kj.driver import Ehr, Mock

# R4B is R4 for these types. Its DeviceUseStatement is R4's too, but the library has none in R4B.
MODELS: dict[str, Any] = {
    "AllergyIntolerance": AllergyIntolerance,
    "Condition": Condition,
    "Procedure": Procedure,
    "Flag": Flag,
}
# Required value sets of R4 that the issue codes and severities must come from.
ISSUE_CODES = {
    "invalid",
    "structure",
    "required",
    "value",
    "invariant",
    "security",
    "login",
    "unknown",
    "expired",
    "forbidden",
    "suppressed",
    "processing",
    "not-supported",
    "duplicate",
    "multiple-matches",
    "not-found",
    "deleted",
    "too-long",
    "code-invalid",
    "extension",
    "too-costly",
    "business-rule",
    "conflict",
    "transient",
    "lock-error",
    "no-store",
    "exception",
    "timeout",
    "incomplete",
    "throttled",
    "informational",
}


def test_resources_and_bundles_are_valid(doctor: Ehr, patients: Patients, population: Population) -> None:
    nin, who = patients.fresh(), population.professional_at(0)
    for category in CATEGORIES:
        sent = samples.resource(category, nin, who, "2024-11-30T10:00:00+01:00", note="En merknad")
        made = doctor.call("POST", category.resource_type, nin, json=sent).json()
        changed = doctor.call(
            "PUT", f"{category.resource_type}/{made['id']}", nin, json=samples.updated(made, who, "2025-01-01")
        )
        assert changed.status_code == 200, changed.text
        if category.resource_type in MODELS:
            MODELS[category.resource_type].model_validate(changed.json())
    for kind in MODELS:
        Bundle.model_validate(doctor.read(kind, nin).json())


def test_errors_and_the_capability_statement_are_valid(mock: Mock, doctor: Ehr) -> None:
    statement = requests.get(f"{mock.api}/metadata", timeout=10).json()
    CapabilityStatement.model_validate(statement)
    assert statement["fhirVersion"] == "4.0.1"
    OperationOutcome.model_validate(doctor.read("Flag", "1").json())


@pytest.mark.parametrize("case", cases.CASES.values(), ids=lambda c: c.name)
def test_every_refusal_is_a_valid_outcome_in_both_generations(case: cases.Case) -> None:
    service = outcome.ServiceName()
    for body in (
        outcome.current(case, "", (), "id", service),
        outcome.current(case, "x", ("Flag.code",), "id", service),
        outcome.legacy(case, ""),
    ):
        OperationOutcome.model_validate_json(body)
        assert all(i["code"] in ISSUE_CODES for i in json.loads(body)["issue"])
    assert 400 <= case.status <= 599
    known = case.current in ("KI-0001", "KI-0014", "AUTH-0003", "AUTH-0010")
    assert known or "-MOCK-" in case.current, "an unknown code is a placeholder that says so"
    assert case.legacy[:4] in ("KJF-", "KJS-")
    assert case.legacy.removeprefix("KJF-").isdigit() or "-MOCK-" in case.legacy


def test_the_schema_and_the_library_agree_on_broken_resources(population: Population) -> None:
    """Take each sample, break one thing, and ask both; the schema must refuse whatever the library refuses."""
    who, nin = population.professional_at(0), population.nin(0)
    compared = 0
    for category in CATEGORIES:
        model = MODELS.get(category.resource_type)
        if model is None:
            continue
        good = samples.resource(category, nin, who, "2024-11-30")
        for name in list(good):
            for broken in (
                {k: v for k, v in good.items() if k != name},
                good | {name: 17},
                good | {name: {"odd": 1}},
                good | {name: []},
            ):
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        model.model_validate(broken)
                except Exception:
                    with pytest.raises(profiles.Refusal):
                        profiles.parse(json.dumps(broken).encode(), category.resource_type)
                    compared += 1
    assert compared > 100


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda c: c.info_type)
def test_every_sample_passes_the_profile_checks(category: Any, population: Population) -> None:
    for serial in range(6):
        person = population.person_at(serial * 7)
        body = samples.resource(
            category,
            person.nin,
            population.professional_at(serial),
            f"{person.born.year + 1}-06-01" if person.born.year < 2025 else "2025-12-31",
            choice=serial,
        )
        parsed = profiles.parse(json.dumps(body).encode(), category.resource_type)
        checked = profiles.check(parsed, profiles.Subject(person.nin, datetime.now(UTC), Settings(), CodeRegister()))
        assert (checked.category, checked.state) == (category, "live")


def test_each_resource_type_has_a_schema_and_a_status_model() -> None:
    assert (
        set(fhir_schema.SCHEMAS)
        == set(profiles.STATES)
        == set(profiles.REQUIRED)
        == {c.resource_type for c in CATEGORIES}
    )


def explore(mock: Mock, doctor: Ehr, nin: str, examples: int, *, bodies: bool) -> set[int]:
    """Let schemathesis make requests from the served document and judge the answers; gives the statuses seen."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis.checks import not_a_server_error, response_schema_conformance, status_code_conformance

    schema = schemathesis.openapi.from_url(mock.base + "/openapi.json")
    seen: set[int] = set()
    quick = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    def attempt(case: Any) -> None:
        headers = {
            k: v for k, v in dict(case.headers or {}).items() if not k.lower().startswith(("dpop", "authorization"))
        }
        safe = {k: v for k, v in headers.items() if str(v).isascii() and str(v).isprintable()}
        case.headers = {**safe, **doctor.headers(nin)}
        response = case.call(session=plain_session(doctor))
        seen.add(response.status_code)
        case.validate_response(
            response, checks=[not_a_server_error, status_code_conformance, response_schema_conformance]
        )

    for found in schema.get_all_operations():
        operation = found.ok()
        if bodies or not operation.body or operation.path == "/status":
            given(operation.as_strategy())(quick(lambda case: attempt(case)))()
    return seen


def test_schemathesis_finds_no_fault_in_what_takes_no_resource(mock: Mock, doctor: Ehr, patients: Patients) -> None:
    seen = explore(mock, doctor, patients.fresh(), 4, bodies=False)
    assert 200 in seen
    assert seen & {400, 404}


@pytest.mark.slow
def test_schemathesis_finds_no_fault_in_the_whole_document(mock: Mock, doctor: Ehr, patients: Patients) -> None:
    assert explore(mock, doctor, patients.fresh(), 3, bodies=True) & {200, 400}


def plain_session(doctor: Ehr) -> requests.Session:
    """A session with the client's proofs but without its answer to 401 (see driver.py)."""
    session = requests.Session()

    class Auth(requests.auth.AuthBase):
        def __call__(self, request: Any) -> Any:
            signed = doctor.session.auth(request)  # type: ignore[operator,misc]
            signed.hooks["response"] = []
            return signed

    session.auth = Auth()
    return session
