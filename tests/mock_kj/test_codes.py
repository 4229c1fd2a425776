"""Codes exist in their system (row 17), over the wire and against the register alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mock_kj import samples
from mock_kj.categories import BY_INFO_TYPE
from mock_kj.codes import HL7, ICD10, KJ, REACTIONS, UCUM, CodeRegister
from mock_kj.population import Population
from mock_kj.settings import Settings
from tests.mock_kj.conftest import Patients
from tests.mock_kj.driver import Ehr
from tests.mock_kj.test_current import drug, refused


@pytest.mark.parametrize("chapter", ["V01", "V99", "W00", "W19", "W19.0", "X44", "Y98", "Z00", "Z99"])
def test_icd_10_chapters_twenty_and_twenty_one_are_refused(chapter: str) -> None:
    assert CodeRegister().fault(ICD10, chapter) is not None


@pytest.mark.parametrize("code", ["A00", "D68.0", "E27.1", "T88.7", "U80.1"])
def test_the_other_chapters_are_good(code: str) -> None:
    assert CodeRegister().fault(ICD10, code) is None


def test_every_code_that_the_mock_itself_serves_is_in_the_register() -> None:
    strict = CodeRegister(unlisted="refuse")
    for options in samples._CODES.values():
        for system, code, _ in options:
            loose = CodeRegister() if system == ICD10 else strict
            assert loose.fault(system, code) is None, (system, code)
    assert strict.fault(f"{KJ}ATC", "B01AA99") is not None
    assert CodeRegister().fault(f"{KJ}ATC", "B01AA99") is None


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("code", {"coding": [{"system": "http://nobody.example/codes", "code": "1"}]}),
        ("code", {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "Z99"}]}),
        ("code", {"coding": [{"code": "J01CA04", "display": "without a system"}]}),
        ("code", {"coding": [{"code": "W19", "system": ICD10}]}),
        ("reaction", [{"manifestation": [{"coding": [{"system": REACTIONS, "code": "zzz"}]}]}]),
        ("clinicalStatus", {"coding": [{"system": f"{HL7}no-such-system", "code": "active"}]}),
        ("onsetAge", {"value": 1, "system": UCUM, "code": "furlong"}),
    ],
)
def test_a_code_that_no_system_holds_is_refused(
    doctor: Ehr, patients: Patients, population: Population, member: str, value: Any
) -> None:
    nin = patients.fresh()
    answer = doctor.call("POST", "AllergyIntolerance", nin, json=drug(nin, population, **{member: value}))
    assert "code" in refused(answer, 400, "KI-0014")["issue"][0]["diagnostics"]


def test_the_category_may_be_of_any_system_and_an_age_has_its_unit(
    doctor: Ehr, patients: Patients, population: Population
) -> None:
    nin, who = patients.fresh(), population.professional_at(0)
    body = samples.resource(
        BY_INFO_TYPE["Infection"], nin, who, "2025-01-05", category_system="http://vendor.example/category"
    )
    assert doctor.call("POST", "Condition", nin, json=body).status_code == 201
    aged = drug(nin, population, onsetAge={"value": 1, "system": UCUM, "code": "a"})
    assert doctor.call("POST", "AllergyIntolerance", nin, json=aged).status_code == 201


def test_settings_and_a_file_open_and_close_the_register(tmp_path: Path) -> None:
    settings = Settings().changed({"unknown_code_systems": "accept", "unlisted_codes": "refuse"}, "x")
    register = CodeRegister.from_file(None, settings)
    assert register.fault("http://nobody.example/codes", "1") is None
    assert register.fault(f"{KJ}ATC", "C01AA05") is not None
    file = tmp_path / "codes.yaml"
    file.write_text(f"'{KJ}ATC': {{codes: {{C01AA05: Digoksin}}}}\nhttp://nobody.example/codes: {{}}\n")
    assert CodeRegister.from_file(file, settings).fault(f"{KJ}ATC", "C01AA05") is None
    assert CodeRegister.from_file(file).fault("http://nobody.example/codes", "1") is None
