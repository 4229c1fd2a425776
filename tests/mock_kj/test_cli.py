"""The command: help that teaches, clear errors with exit code 2, clean stop, populate, contract."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from mock_kj import cli, contract
from mock_kj.errors import UsageError
from mock_kj.helseid.keys import SigningKeys
from mock_kj.settings import Settings, load
from tests.mock_kj.driver import Ehr, Mock, environment, login


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mock_kj.cli", *arguments], capture_output=True, text=True, timeout=60, env=environment()
    )


@dataclass
class Told:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """The command in this process: quicker than one of its own, and the same code."""

    def inside(*arguments: str) -> Told:
        try:
            code = cli.main(arguments)
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        written = capsys.readouterr()
        return Told(code, written.out, written.err)

    return inside


def test_help_names_every_command_and_says_that_it_is_a_mock() -> None:
    told = run("--help")
    assert told.returncode == 0
    assert all(command in told.stdout for command in cli.COMMANDS)
    assert "mock" in told.stdout


def test_every_command_has_its_help(tell: Callable[..., Told]) -> None:
    for command in cli.COMMANDS:
        assert tell(command, "--help").returncode == 0


def test_bad_input_in_a_process_of_its_own_ends_with_two(tmp_path: Path) -> None:
    told = run("serve", "--data", str(tmp_path), "--set", "signin_alg=RS256")
    assert (told.returncode, "did you mean signing_alg" in told.stderr) == (2, True)


def test_help_loads_nothing_heavy() -> None:
    heavy = ("uvicorn", "starlette", "cryptography", "numpy", "faker", "asyncpg")
    code = f"import sys, mock_kj.cli; mock_kj.cli.parser(); print([m for m in {heavy} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("serve", "--set", "signing_alg=HS256"), "signing_alg"),
        (("serve", "--set", "signin_alg=RS256"), "did you mean signing_alg"),
        (("serve", "--set", "access_token_seconds=soon"), "access_token_seconds"),
        (("serve", "--set", "access_token_seconds=-1"), "access_token_seconds"),
        (("serve", "--set", "nonsense"), "name=value"),
        (("serve", "--port", "99999"), "--port"),
        (("serve", "--host", "192.0.2.1"), "192.0.2.1"),
        (("serve", "--persons", "0"), "--persons"),
        (("serve", "--persons", "10"), "persons"),
        (("serve", "--rate", "prevalence=2"), "prevalence"),
        (("serve", "--rate", "odd=0.1"), "--rate"),
        (("serve", "--rate", "prevalence"), "--rate"),
        (("serve", "--db", "mysql://x"), "--db"),
        (("serve", "--faults", "/nonexistent.yaml"), "/nonexistent.yaml"),
        (("serve", "--settings", "/nonexistent.yaml"), "/nonexistent.yaml"),
        (("serve", "--organisations", "/nonexistent.yaml"), "/nonexistent.yaml"),
        (("client", "--alg", "HS256"), "--alg"),
        (("client",), "serve"),
        (("odd",), "odd"),
        ((), "COMMAND"),
    ],
)
def test_bad_input_ends_with_two_and_names_the_place(
    tmp_path: Path, tell: Callable[..., Told], arguments: tuple[str, ...], word: str
) -> None:
    if arguments and arguments[0] in ("serve", "client"):
        arguments = (*arguments, "--data", str(tmp_path / "data"))
    if arguments and arguments[0] == "serve" and "--port" not in arguments:
        arguments = (*arguments, "--port", "0")
    told = tell(*arguments)
    assert told.returncode == 2, told.stderr
    assert word in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("cases:\n  odd: {status: 400}\n", "cases.odd"),
        ("cases:\n  blocked: {status: 200}\n", "cases.blocked.status"),
        ("cases:\n  blocked: {odd: 1}\n", "cases.blocked.odd"),
        ("- a\n- b\n", "mapping"),
        ("a: [\n", "line"),
        ("access_token_seconds: true\n", "access_token_seconds"),
    ],
)
def test_a_bad_settings_file_is_named_with_its_place(
    tmp_path: Path, tell: Callable[..., Told], text: str, word: str
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    told = tell("contract", "--settings", str(file))
    assert told.returncode == 2
    assert word in told.stderr


def test_a_port_that_is_taken_is_named(mock: Mock, tmp_path: Path, tell: Callable[..., Told]) -> None:
    port = mock.base.rpartition(":")[2]
    told = tell("serve", "--port", port, "--data", str(tmp_path))
    assert told.returncode == 2
    assert port in told.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_stops_cleanly(tmp_path: Path, number: int) -> None:
    mock = Mock(tmp_path)
    os.kill(mock.process.pid, number)
    assert mock.process.wait(20) == 0
    assert "Traceback" not in (tmp_path / "stderr.txt").read_text()


def test_the_banner_the_ready_file_and_the_address_are_as_promised(mock: Mock) -> None:
    assert "MOCK" in (mock.data / "stderr.txt").read_text()
    assert mock.told["mock"] is True
    assert mock.base.startswith("http://127.0.0.1:")
    assert mock.told["issuer"] == mock.base + "/helseid"


def test_secrets_are_readable_by_their_owner_only(mock: Mock, told: dict[str, object]) -> None:
    assert stat.S_IMODE((mock.data / "keys.json").stat().st_mode) == 0o600
    assert all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in mock.data.glob("client-*.json"))
    assert '"d"' not in (mock.data / "clients.json").read_text()


def test_keys_are_taken_over_from_the_file_but_not_those_of_another_algorithm(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    mine, theirs = SigningKeys.load(path, "ES256"), SigningKeys.load(path, "ES256")
    theirs.rotate()
    assert mine.find(theirs.current.kid) is not None
    assert mine.jwks()["keys"][0]["kid"] == theirs.current.kid
    other = SigningKeys.load(path, "ES384")
    assert not mine.refresh()
    assert SigningKeys.load(path, "ES384").current.kid == other.current.kid
    path.write_text("{}")
    assert not mine.refresh()
    assert mine.current.kid == theirs.current.kid


def test_populate_counts_what_it_writes_and_keeps_its_population(tmp_path: Path, tell: Callable[..., Told]) -> None:
    size = ("--persons", "5000", "--rate", "prevalence=0.1", "--rate", "reserved=0.01", "--seed", "3")
    counted = json.loads(tell("populate", "--data", str(tmp_path), *size, "--json").stdout)
    written = json.loads(tell("populate", "--data", str(tmp_path), "--rows", "--json").stdout)
    assert counted["persons"] == written["persons"] == 5000
    assert {k: v for k, v in counted.items() if k not in ("rows written", "seconds")} == {
        k: v for k, v in written.items() if k not in ("rows written", "seconds")
    }
    assert counted["rows written"] == 0
    assert written["rows written"] >= written["entries"] + written["with entries"]
    other = tell("populate", "--data", str(tmp_path), "--seed", "4")
    assert other.returncode == 2
    assert "--seed" in other.stderr


def test_organisations_come_from_a_file_of_regions(tmp_path: Path) -> None:
    file = tmp_path / "regions.yaml"
    (tmp_path / "base.yaml").write_text(
        "regions:\n  Vest:\n    trusts: {Helse Bergen: {doctors: 1}, Helse Fonna: {}}\n"
    )
    file.write_text("extends: base.yaml\nregions:\n  Nord: [{name: UNN}]\n")
    mock = Mock(tmp_path / "data", "--organisations", str(file))
    try:
        names = [o["name"] for o in mock.client("--organisations", str(file))["organisations"]]
    finally:
        mock.stop()
    assert names == ["Helse Bergen", "Helse Fonna", "UNN"]


def test_a_folder_has_one_server_and_a_ready_file_of_an_earlier_run_is_taken_away(
    mock: Mock, tmp_path: Path, tell: Callable[..., Told]
) -> None:
    before = (mock.data / "ready.json").read_text()
    told = tell("serve", "--port", "0", "--data", str(mock.data))
    assert (told.returncode, "another server" in told.stderr) == (2, True)
    assert (mock.data / "ready.json").read_text() == before
    old = tmp_path / "old.json"
    old.write_text("{}")
    port = mock.base.rpartition(":")[2]
    tell("serve", "--port", port, "--data", str(tmp_path / "data"), "--ready-file", str(old))  # never gets ready
    assert not old.exists()


def test_a_server_on_every_address_names_one_that_can_be_used(tmp_path: Path) -> None:
    mock = Mock(tmp_path, "--host", "0.0.0.0")
    try:
        assert mock.base.startswith("http://127.0.0.1:")
        assert requests.get(mock.told["issuer"] + "/.well-known/openid-configuration", timeout=10).status_code == 200
    finally:
        mock.stop()


def test_a_rate_that_does_not_exist_is_told_apart_from_another_population(
    tmp_path: Path, tell: Callable[..., Told]
) -> None:
    tell("populate", "--data", str(tmp_path), "--persons", "1000", "--professionals", "10")
    bogus = tell("populate", "--data", str(tmp_path), "--rate", "bogus=0.1")
    assert (bogus.returncode, "no such rate" in bogus.stderr, "None" in bogus.stderr) == (2, True, False)
    other = tell("populate", "--data", str(tmp_path), "--rate", "reserved=0.5")
    assert (other.returncode, "--rate reserved" in other.stderr) == (2, True)


def test_two_processes_are_one_server(tmp_path: Path) -> None:
    """Logins, one-time proofs, fault plans, keys, numbers of local entries and counts hold for both processes."""
    mock = Mock(tmp_path, "--processes", "2")
    try:
        told = mock.client()
        for _ in range(4):
            ehr = Ehr(mock, login(told, test_pid=told["professionals"][0]["test_pid"]))
            for _ in range(3):
                ehr.session.close()  # a new connection may reach the other process
                assert ehr.read("Flag", told["patients"]["no_entries"]).status_code == 200
        assert requests.get(mock.base + "/ready", timeout=10).status_code == 200
        used_once_only(mock, ehr, told["patients"]["no_entries"])
        both_follow(mock, ehr, told)
    finally:
        assert mock.stop() == 0


def used_once_only(mock: Mock, ehr: Ehr, nin: str) -> None:
    """Of twelve connections that show one proof one is let in, whichever process each of them reaches."""
    url = f"{mock.api}/Flag"
    shown = ehr.session.prepare_request(requests.Request("GET", url, headers=ehr.headers(nin)))
    statuses = [requests.get(url, headers=dict(shown.headers), timeout=10).status_code for _ in range(12)]
    assert sorted(statuses) == [200] + [401] * 11


def both_follow(mock: Mock, ehr: Ehr, told: dict[str, Any]) -> None:
    """What one process is told reaches the other within some seconds; twelve connections meet both (chance 2^-11)."""
    nin, place = told["patients"]["no_entries"], told["organisations"][0]["child"]

    def everybody(method: str, path: str, **more: Any) -> list[requests.Response]:
        return [requests.request(method, mock.base + path, timeout=10, **more) for _ in range(12)]

    rule = {"rules": [{"operation": "status", "error_rate": 1}]}
    requests.put(mock.base + "/admin/faults", json=rule, timeout=10).raise_for_status()
    eventually(lambda: all(r.json()["rules"] == 1 for r in everybody("GET", "/admin/faults")))
    requests.delete(mock.base + "/admin/faults", timeout=10).raise_for_status()
    eventually(lambda: all(r.json()["rules"] == 0 for r in everybody("GET", "/admin/faults")))

    requests.post(mock.base + "/admin/rotate-keys", timeout=30).raise_for_status()
    jwks = [r.json()["keys"] for r in everybody("GET", "/helseid/.well-known/openid-configuration/jwks")]
    assert len({keys[0]["kid"] for keys in jwks}) == 1
    assert {len(keys) for keys in jwks} == {2}
    fresh = Ehr(mock, login(told, test_pid=told["professionals"][0]["test_pid"]))
    for _ in range(6):
        fresh.session.close()
        assert fresh.read("Flag", nin).status_code == 200

    requests.put(mock.base + "/admin/local-entries", json={place: 7}, timeout=10).raise_for_status()
    assert all(place in r.json()["share_uploaded"] for r in everybody("GET", "/statistics"))

    line = 'mock_kj_requests_total{api="current",operation="read",outcome="ok"}'
    done = 12 + 1 + 6

    def counted(text: str) -> float:
        return float(next(part.split()[-1] for part in text.splitlines() if part.startswith(line)))

    eventually(lambda: all(counted(r.text) == done for r in everybody("GET", "/metrics")))


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_contract_names_only_settings_that_exist_and_every_row_of_chapter_nine(
    tell: Callable[..., Told],
) -> None:
    rows = json.loads(tell("contract", "--json").stdout)
    assert {r["row"] for r in rows} == set(range(1, 30))
    assert {r["certainty"] for r in rows} == {"documented", "inferred", "unknown"}
    for fact in contract.FACTS:
        assert all(hasattr(Settings(), name) for name in fact.settings)
    assert "KI-0014" in tell("contract").stdout
    assert [r["row"] for r in rows] == sorted(r["row"] for r in rows)  # type: ignore[type-var]


def test_settings_can_come_from_file_and_command_line_the_latter_winning(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("access_token_seconds: 60\nconsent_exempt_roles: [LE]\n")
    settings = load(file, ("access_token_seconds=90",))
    assert (settings.access_token_seconds, settings.consent_exempt_roles) == (90, ("LE",))
    with pytest.raises(UsageError, match="consent_exempt_roles"):
        Settings().changed({"consent_exempt_roles": 3}, "x")
