"""A server that has the API and the issuer and nothing of the mock's own: its patients come from a file."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path

import pytest

from loadtests import identity, population
from loadtests.errors import UserError
from loadtests.mock import Mock
from loadtests.scenario import shipped
from tests.loadtests.test_run import SCENARIO, kj_load


class _Front(BaseHTTPRequestHandler):
    """Passes on what is the API's or the issuer's; the mock's admin, health and metrics are not there."""

    protocol_version = "HTTP/1.1"
    behind = 0

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith(("/admin", "/health", "/metrics")):
            status, headers, content = 404, [], b""
        else:
            inner = http.client.HTTPConnection("127.0.0.1", self.behind)
            inner.request(self.command, self.path, body, dict(self.headers))
            answer = inner.getresponse()
            status, headers, content = answer.status, answer.getheaders(), answer.read()
            inner.close()
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("foreign")
    front = ThreadingHTTPServer(("127.0.0.1", 0), _Front)
    threading.Thread(target=front.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{front.server_port}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        _Front.behind = free.getsockname()[1]
    with Mock(1, ["--public-url", address, "--port", str(_Front.behind)]) as mock:
        for name, options in (("client", ()), ("legacy", ("--legacy",))):
            (folder / f"{name}.json").write_text(json.dumps(mock.client(*options)))
        patients = [{"nin": n} for n in islice(identity.synthetic(1000), 60)]
        patients[3]["case"], patients[7]["case"] = "reserved", "restricted"
        inner = http.client.HTTPConnection("127.0.0.1", _Front.behind)
        for given in patients:
            choice = {"reserved": {"reserved": True}, "restricted": {"restricted_critical": True}}
            body = {"nin": given["nin"], **choice.get(given.get("case", ""), {})}
            inner.request("PUT", "/admin/patient", json.dumps(body), {"Content-Type": "application/json"})
            assert inner.getresponse().read()
        (folder / "patients.yaml").write_text(json.dumps({"format": "kj-patients/1", "patients": patients}))
        scenario = SCENARIO.replace("DEMAND", str(shipped() / "demand-2027-11.json")).replace(
            "seconds: 6", "seconds: 3"
        )
        (folder / "try.yaml").write_text(scenario)
        yield address, folder
    front.shutdown()


def arguments(address: str, folder: Path) -> list[str]:
    call = ["run", str(folder / "try.yaml"), "--lang", "en", "--target", address, "--out", str(folder / "out")]
    return [*call, "--client", str(folder / "client.json"), "--legacy-client", str(folder / "legacy.json")]


def test_a_run_needs_nothing_of_the_mocks_but_a_file_of_patients(foreign: tuple[str, Path]) -> None:
    address, folder = foreign
    call = [*arguments(address, folder), "--patients", str(folder / "patients.yaml")]
    for _ in range(2):  # the second time the patients have entries, which are learnt
        made = kj_load(*call)
        assert made.returncode == 0, made.stdout + made.stderr
    told = json.loads((folder / "out" / "result.json").read_text())
    assert told["operations"]["create"]["good"] == told["operations"]["create"]["sent"] > 0
    assert f"--patients {folder / 'patients.yaml'}" in told["repeat"]


def test_without_the_file_what_is_missing_is_said_before_the_first_request(foreign: tuple[str, Path]) -> None:
    made = kj_load(*arguments(*foreign))
    assert made.returncode == 2
    assert "--patients" in made.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda nins: [nins[0][:2] + "99" + nins[0][4:], *nins[1:]], "no synthetic number"),
        (lambda nins: [nins[1], *nins[1:]], "twice"),
        (lambda nins: nins[:5], "at least 20"),
    ],
)
def test_a_file_of_patients_is_checked(change: object, message: str, tmp_path: Path) -> None:
    nins = change(list(islice(identity.synthetic(), 25)))  # type: ignore[operator]
    file = tmp_path / "patients.yaml"
    file.write_text(json.dumps({"format": "kj-patients/1", "patients": [{"nin": n} for n in nins]}))
    with pytest.raises(UserError, match=message):
        population.read(file)
