"""The citizen's and the operator's side, and faults on request."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
import requests
import schemathesis

from mock_kj import faults, samples
from mock_kj.categories import BY_INFO_TYPE
from mock_kj.errors import UsageError
from mock_kj.logs import scrub
from mock_kj.population import Population
from tests.mock_kj.conftest import Patients
from tests.mock_kj.driver import Ehr, Mock, login
from tests.mock_kj.test_helseid import ask, assertion, dpop_key, m2m_form, payload


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A mock of this module's own, since it is stalled, rotated and counted here."""
    running = Mock(tmp_path_factory.mktemp("own"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def own_told(own: Mock) -> dict[str, Any]:
    return own.client()


@pytest.fixture(scope="module")
def own_doctor(own: Mock, own_told: dict[str, Any]) -> Ehr:
    return Ehr(own, login(own_told, test_pid=own_told["professionals"][0]["test_pid"]))


def citizen(mock: Mock, told: dict[str, Any], nin: str) -> Any:
    return login(told, scope=f"openid {told['citizen']['scope']}", test_pid=nin)


def adult(population: Population, patients: Patients) -> str:
    while True:
        nin = patients.fresh(entries=True)
        person = population.person(nin)
        assert person is not None
        if person.born.year < 2008:
            return nin


def test_citizens_see_their_own_entries_and_nobody_elses(
    mock: Mock, told: dict[str, Any], population: Population, patients: Patients
) -> None:
    nin = adult(population, patients)
    token = citizen(mock, told, nin)
    answer = requests.get(mock.base + "/citizen/v1/critical-information", auth=token, timeout=10)
    person = population.person(nin)
    assert person is not None
    assert {e["resource"]["id"] for e in answer.json()["entry"]} == {
        e.id for e in samples.initial(population, person.index, nin)[1]
    }
    assert [
        x["operation"] for x in requests.get(mock.base + "/citizen/v1/access-log", auth=token, timeout=10).json()["log"]
    ] == ["own-read"]
    requests.get(mock.base + "/citizen/v1/critical-information", auth=token, timeout=10).raise_for_status()
    log = mock.base + "/citizen/v1/access-log"
    for limit, lines, more in ((1, 1, True), (2, 2, False)):
        told_of = requests.get(f"{log}?limit={limit}", auth=token, timeout=10).json()
        assert (len(told_of["log"]), told_of["more"]) == (lines, more)
    assert requests.get(f"{log}?limit=all", auth=token, timeout=10).status_code == 400


def test_citizens_can_block_and_restrict_and_it_holds_at_once(
    mock: Mock, doctor: Ehr, told: dict[str, Any], population: Population, patients: Patients
) -> None:
    nin = adult(population, patients)
    token, address = citizen(mock, told, nin), mock.base + "/citizen/v1/choices"
    assert doctor.read("Flag", nin).status_code == 200
    assert (
        requests.put(address, json={"restricted_critical": True}, auth=token, timeout=10).json()["restricted_critical"]
        is True
    )
    assert doctor.read("Flag", nin).status_code == 403
    assert doctor.read("Flag", nin, "FORHOYET_AKUTT").status_code == 200
    requests.put(address, json={"blocked": [told["professionals"][0]["hpr_number"]]}, auth=token, timeout=10)
    assert doctor.read("Flag", nin, "FORHOYET_AKUTT").status_code == 403
    for bad in ({"odd": 1}, {"reserved": "yes"}, {"blocked": ["x"]}, []):
        assert requests.put(address, json=bad, auth=token, timeout=10).status_code == 400


def test_children_and_professional_tokens_get_no_citizen_view(
    mock: Mock, told: dict[str, Any], doctor_token: Any, population: Population
) -> None:
    child = next(population.nin(i) for i in range(population.persons - 1, 0, -1))
    for token in (citizen(mock, told, child), doctor_token):
        plain = requests.Session()
        prepared = plain.prepare_request(requests.Request("GET", mock.base + "/citizen/v1/access-log", auth=token))
        prepared.hooks["response"] = []
        assert plain.send(prepared, timeout=10).status_code in (401, 403)


def test_the_statistics_add_up(own: Mock, own_doctor: Ehr, own_told: dict[str, Any]) -> None:
    from mock_kj.server import population_from

    population = population_from(own.told["population"], None)
    nin, who = Patients(population).fresh(), population.professional_at(0)
    for _ in range(3):
        assert own_doctor.status(nin).status_code == 200
    made = own_doctor.call(
        "POST", "AllergyIntolerance", nin, json=samples.resource(BY_INFO_TYPE["DrugReaction"], nin, who, "2025-01-05")
    ).json()
    own_doctor.call("PUT", f"AllergyIntolerance/{made['id']}", nin, json=samples.updated(made, who, "2025-02-01"))
    own_doctor.read("AllergyIntolerance", nin)
    place = own_told["organisations"][0]["child"]
    requests.put(own.base + "/admin/local-entries", json={place: 4}, timeout=10).raise_for_status()
    told = requests.get(own.base + "/statistics?days=1", timeout=10).json()
    assert told["totals"] == {
        "Nye registreringer": 1,
        "Oppdaterte registreringer": 1,
        "Slettede registreringer": 0,
        "Nedlastinger": 1,
        "Spørringer etter oppdatert informasjon": 3,
    }
    assert told["actors"] == {
        "ready": [place],
        "reading": [place],
        "writing": [place],
        "known": len(own_told["organisations"]),
    }
    assert told["share_uploaded"] == {place: 0.25}
    parent = {own_told["organisations"][0]["parent"]: 9}
    assert requests.put(own.base + "/admin/local-entries", json=parent, timeout=10).status_code == 200
    rows = list(
        csv.DictReader(
            io.StringIO(requests.get(own.base + "/statistics.csv", timeout=10).content.decode("utf-8-sig")),
            delimiter=";",
        )
    )
    assert sum(int(r["Antall"]) for r in rows) == 6
    assert {r["Region"] for r in rows} == {"Helse Vest"}
    assert {(r["Måltall"], r["Kategori"], r["Ressurs"]) for r in rows} == {
        ("Spørringer etter oppdatert informasjon", "", ""),
        ("Nye registreringer", "Legemiddelreaksjon", "AllergyIntolerance"),
        ("Oppdaterte registreringer", "Legemiddelreaksjon", "AllergyIntolerance"),
        ("Nedlastinger", "", "AllergyIntolerance"),
    }
    assert requests.get(own.base + "/statistics?days=x", timeout=10).status_code == 400


def test_health_readiness_metrics_and_documents_are_there(mock: Mock) -> None:
    assert requests.get(mock.base + "/ready", timeout=10).json() == {"status": "ready"}
    text = requests.get(mock.base + "/metrics", timeout=10).text
    for name in ("mock_kj_requests_total", "mock_kj_request_seconds_bucket", "mock_kj_in_flight"):
        assert name in text
    page = requests.get(mock.base + "/docs", timeout=10).text
    assert all(word in page for word in ("mock", "/v1/helseindikator", "KJF-000015", "nhn-user-role", "recorderRef"))


def test_both_openapi_documents_are_valid_and_name_paths_that_are_there(mock: Mock) -> None:
    for name in ("/openapi.json", "/openapi-others.json"):
        document = requests.get(mock.base + name, timeout=10).json()
        assert schemathesis.openapi.from_dict(document).validate() is None
        base = document["servers"][0]["url"]
        for path, methods in document["paths"].items():
            for method in methods:
                if path == "/admin/rotate-keys":
                    continue
                address = base + path.replace("{id}", "x").replace("{version}", "1")
                answer = requests.request(method, address, timeout=10, allow_redirects=False)
                assert (answer.status_code, path) not in ((404, path), (405, path), (500, path))


def test_status_answers_as_its_schema_says(mock: Mock, doctor: Ehr, told: dict[str, Any]) -> None:
    document = requests.get(mock.base + "/openapi.json", timeout=10).json()
    good = document["paths"]["/status"]["post"]["responses"]["200"]
    schema = good["content"]["application/json"]["schema"]
    for nin in told["patients"].values():
        jsonschema_rs.validate(schema, doctor.status(nin).json())


def test_admin_endpoints_answer_to_the_loopback_only(mock: Mock) -> None:
    for method, path in (
        ("GET", "/admin/faults"),
        ("POST", "/admin/rotate-keys"),
        ("PUT", "/admin/patient"),
        ("PUT", "/admin/local-entries"),
    ):
        assert (
            requests.request(
                method, mock.base + path, headers={"Forwarded": "for=10.0.0.1"}, json={}, timeout=10
            ).status_code
            == 403
        )


def test_neither_log_nor_metrics_name_a_person_or_hold_a_token(tmp_path: Path) -> None:
    noisy = Mock(tmp_path / "noisy", "--log-level", "debug")
    try:
        told = noisy.client()
        token = login(told, test_pid=told["professionals"][0]["test_pid"])
        nin = told["patients"]["with_entries"]
        ehr = Ehr(noisy, token)
        ehr.read("AllergyIntolerance", nin)
        ehr.call("GET", "Flag", nin, "ODD", headers={"nhn-event-id": "to-be-found"})
        ask(told, m2m_form(told, client_assertion=assertion(told, claims={"aud": "x"})), key=dpop_key())
        written = (noisy.data / "stderr.txt").read_text() + requests.get(noisy.base + "/metrics", timeout=10).text
    finally:
        noisy.stop()
    assert "invalid_client" in written
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    found = next(line for line in lines if line.get("event_id") == "to-be-found")
    assert (found["outcome"], found["status"]) == ("basis-invalid", "400")
    assert 'mock_kj_requests_total{api="helseid",operation="token",outcome="http-400"}' in written
    for secret in (nin, told["professionals"][0]["test_pid"], str(token.access_token)[:40]):
        assert secret not in written
    assert scrub(f"for {nin} with eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl") == "for <nin> with <token>"


# --- faults ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def plan(own: Mock) -> Any:
    def put(content: dict[str, Any]) -> requests.Response:
        return requests.put(own.base + "/admin/faults", json=content, timeout=10)

    yield put
    requests.delete(own.base + "/admin/faults", timeout=10).raise_for_status()


def test_errors_resets_and_overload_on_request(own: Mock, own_doctor: Ehr, own_told: dict[str, Any], plan: Any) -> None:
    nin = own_told["patients"]["no_entries"]
    plan({"rules": [{"operation": "status", "error_rate": 1, "error_status": 503}]})
    assert own_doctor.status(nin).status_code == 503
    assert own_doctor.read("Flag", nin).status_code == 200
    plan({"rules": [{"operation": "read", "error_rate": 1, "error_status": 429}]})
    busy = own_doctor.read("Flag", nin)
    assert (busy.status_code, busy.content) == (429, b"")
    plan({"rules": [{"operation": "*", "reset_rate": 1}]})
    with pytest.raises(requests.ConnectionError):
        own_doctor.read("Flag", nin)
    plan({"rules": [{"operation": "helseid", "error_rate": 1, "error_status": 500}]})
    assert ask(own_told, m2m_form(own_told)).status_code == 500
    assert own_doctor.status(nin).status_code == 200


def test_an_injected_error_carries_the_event_id_of_its_request(
    own: Mock, own_doctor: Ehr, own_told: dict[str, Any], plan: Any
) -> None:
    plan({"rules": [{"operation": "read", "error_rate": 1}]})
    nin = own_told["patients"]["no_entries"]
    mine = own_doctor.call("GET", "Flag", nin, headers={"nhn-event-id": "mine-1"})
    assert (mine.status_code, mine.json()["id"], mine.headers["nhn-event-id"]) == (503, "mine-1", "mine-1")
    without = own_doctor.read("Flag", nin)
    assert without.json()["id"] == without.headers["nhn-event-id"]


def test_a_reset_is_a_reset_and_no_orderly_end(own: Mock, plan: Any) -> None:
    plan({"rules": [{"operation": "*", "reset_rate": 1}]})
    address = urlsplit(own.base)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as line:
        line.sendall(b"GET /helseid/connect/token HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            line.recv(100)
    assert "without starting response" not in (own.data / "stderr.txt").read_text()


@pytest.mark.parametrize("content", [{"stall": {"every": 5, "ms": 1}}, {"clock_skew_seconds": 1}])
def test_a_plan_without_rules_is_active_too(own: Mock, plan: Any, content: dict[str, Any]) -> None:
    assert plan(content).json() == {"active": True, "rules": 0}
    assert plan({"seed": 4}).json() == {"active": False, "rules": 0}


def test_a_dead_helseid_hangs_and_the_api_goes_on(
    own: Mock, own_doctor: Ehr, own_told: dict[str, Any], plan: Any
) -> None:
    plan({"rules": [{"operation": "token", "hang": True}]})
    with pytest.raises(requests.Timeout):
        requests.post(own_told["issuer"] + "/connect/token", data={}, timeout=0.3)
    assert own_doctor.status(own_told["patients"]["no_entries"]).status_code == 200


def test_tokens_outlive_one_rotation_of_the_keys_and_not_three(own: Mock, own_told: dict[str, Any]) -> None:
    ehr = Ehr(own, login(own_told, test_pid=own_told["professionals"][0]["test_pid"]))
    nin = own_told["patients"]["no_entries"]
    for expected in (200, 200, 401):
        requests.post(own.base + "/admin/rotate-keys", timeout=30).raise_for_status()
        requests.get(own.base + "/health", timeout=10)
        fresh = ask(own_told, m2m_form(own_told), key=dpop_key()).json()["access_token"]
        kids = [
            k["kid"]
            for k in requests.get(own_told["issuer"] + "/.well-known/openid-configuration/jwks", timeout=10).json()[
                "keys"
            ]
        ]
        assert len(kids) <= 3
        assert payload(fresh)["iss"] == own_told["issuer"]
        assert ehr.read("Flag", nin).status_code == expected


def test_a_skewed_clock_makes_tokens_run_out(own: Mock, own_told: dict[str, Any], plan: Any) -> None:
    ehr = Ehr(own, login(own_told, test_pid=own_told["professionals"][0]["test_pid"]))
    plan({"clock_skew_seconds": 100_000})
    assert ehr.read("Flag", own_told["patients"]["no_entries"]).status_code == 401


RULE = {
    "operation": "read",
    "latency": {"distribution": "lognormal", "median_ms": 20, "sigma": 0.5},
    "error_rate": 0.1,
    "reset_rate": 0.05,
}


def test_the_same_seed_gives_the_same_faults() -> None:
    def run(seed: int) -> list[faults.Outcome]:
        plan = faults.Faults(faults.parse({"seed": seed, "rules": [RULE]}, "test"))
        return [plan.draw("read", "", 1.0) for _ in range(300)]

    assert run(1) == run(1) != run(2)
    untouched = faults.Faults(faults.parse({"rules": [RULE]}, "test"))
    assert untouched.draw("create", "", 1.0) == faults.Outcome()


def test_a_brown_out_grows_and_ends() -> None:
    rule = faults.parse({"rules": [{"error_rate": 1, "start": 10, "stop": 30, "ramp": 10}]}, "test").rules[0]
    assert [rule.strength(t) for t in (0, 9.9, 10, 15, 20, 29, 30)] == [0, 0, 0, 0.5, 1, 1, 0]


def test_rates_and_latencies_are_those_asked_for() -> None:
    """20 000 draws; six standard errors, a false alarm in about 1e-8 of runs."""
    rule = {"error_rate": 0.2, "latency": {"distribution": "exponential", "mean_ms": 50}}
    plan, n = faults.Faults(faults.parse({"rules": [rule]}, "test")), 20_000
    drawn = [plan.draw("read", "", 1.0) for _ in range(n)]
    assert abs(sum(d.status is not None for d in drawn) / n - 0.2) < 6 * (0.16 / n) ** 0.5
    assert abs(sum(d.delay for d in drawn) / n - 0.05) < 6 * 0.05 / n**0.5


def test_a_stall_comes_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(faults.time, "monotonic", lambda: now[0])
    plan = faults.Faults(faults.parse({"stall": {"every": 5, "ms": 250}}, "test"))
    seen = []
    for _ in range(12):
        seen.append(plan.stall())
        now[0] += 1
    assert seen == [0, 0, 0, 0, 0, 0.25, 0, 0, 0, 0, 0.25, 0]


def test_a_connection_is_cut_by_raising() -> None:
    plan = faults.Faults(faults.parse({"rules": [{"reset_rate": 1}]}, "test"))
    with pytest.raises(faults.Reset):
        asyncio.run(plan.suffer("read"))


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"odd": 1}, "odd"),
        ({"rules": 1}, "rules"),
        ({"rules": ["x"]}, "rules[0]"),
        ({"rules": [{"operation": "odd"}]}, "operation"),
        ({"rules": [{"error_rate": 2}]}, "error_rate"),
        ({"rules": [{"error_status": 200}]}, "error_status"),
        ({"rules": [{"latency": {"distribution": "normal"}}]}, "distribution"),
        ({"rules": [{"latency": {"distribution": "constant"}}]}, "ms"),
        ({"rules": [{"latency": {"distribution": "constant", "ms": True}}]}, "ms"),
        ({"stall": {"every": -1}}, "every"),
    ],
)
def test_a_bad_plan_is_refused_and_the_place_named(content: dict[str, Any], place: str) -> None:
    with pytest.raises(UsageError) as refused:
        faults.parse(content, "plan.yaml")
    assert place in refused.value.place
    assert "plan.yaml" in refused.value.place
