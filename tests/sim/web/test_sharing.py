"""A server that several share: names, path, proxy, log-in, and how much one of them may ask for."""

import json
import urllib.parse
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from sim.errors import UserError
from sim.faces.web import who
from sim.faces.web.login import COOKIE, _local
from sim.faces.web.runs import Runs
from sim.faces.web.sharing import provider, sharing
from tests.sim.web.issuer import CLIENT, SECRET, Issuer, issuing
from tests.sim.web.server import SMALL, Answer, Server, serving

ROOT = "/utrulling"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sharing")
    (folder / "small.yaml").write_text(SMALL.format(title="Liten"), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "0.0.0.0"},
        {"host": "::"},
        {"host": "tjener.example"},
        {"allowed": ["*"]},
        {"allowed": ["a b"]},
        {"allowed": ["http://a.example"]},
        {"root": "utrulling"},
        {"root": "/a b"},
        {"root": "/a//b"},
        {"proxy": "proxy.example"},
        {"proxy": "*"},
        {"proxy": "0.0.0.0/0"},
    ],
    ids=str,
)
def test_settings_that_would_surprise_are_refused(wrong: dict[str, object]) -> None:
    usual: dict[str, object] = {"host": "127.0.0.1", "allowed": [], "root": "", "proxy": None, "login": None}
    assert not sharing(**usual).shared  # type: ignore[arg-type]
    with pytest.raises(UserError):
        sharing(**usual | wrong)  # type: ignore[arg-type]


def test_credentials_come_from_a_file_of_ones_own_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "oidc.json"
    said = {"issuer": "https://id.example/", "client_id": "a", "client_secret": "b"}
    file.write_text(json.dumps(said), encoding="utf-8")
    file.chmod(0o644)
    with pytest.raises(UserError, match="read by others"):
        provider(str(file))
    file.chmod(0o600)
    assert provider(str(file)).issuer == "https://id.example"
    names = {"issuer": "ISSUER", "client_id": "CLIENT_ID", "client_secret": "CLIENT_SECRET"}
    environment = {f"UTRULLING_OIDC_{names[k]}": v for k, v in said.items()}
    assert provider("", environment) == provider(str(file))
    with pytest.raises(UserError, match="must have"):
        provider("", {})
    with pytest.raises(UserError, match="https"):
        provider("", environment | {"UTRULLING_OIDC_ISSUER": "http://id.example"})
    for broken in ("[]", "{", json.dumps(said | {"client_secret": ""})):
        file.write_text(broken, encoding="utf-8")
        with pytest.raises(UserError, match="must have"):
            provider(str(file))


@pytest.mark.parametrize(
    ("place", "safe"),
    [
        ("utforsk?lang=en&elearning=9~2026-03", True),
        ("", True),
        ("//angriper.example", False),
        ("/\\angriper.example", False),
        ("\\\\angriper.example", False),
        ("../annet", False),
        ("utforsk\r\nset-cookie: a=b", False),
    ],
)
def test_after_log_in_only_a_page_of_this_server_is_opened(place: str, safe: bool) -> None:
    assert _local(place) == safe


def test_one_author_leaves_room_in_the_line_for_the_others(tmp_path: Path) -> None:
    runs = Runs(tmp_path, each=2)
    who.USER.set("Kari")
    try:
        for number in range(2):
            runs.start(["forecast", str(number)], {})
        with pytest.raises(UserError, match="in line already"):
            runs.start(["forecast", "2"], {})
        assert runs.start(["forecast", "0"], {}).state == "waiting"  # the same question is not asked twice
        who.USER.set("Ola")
        assert runs.start(["forecast", "2"], {}).state == "waiting"
    finally:
        who.USER.set("")


@pytest.fixture(scope="module")
def behind(folder: Path) -> Iterator[Server]:
    with serving(
        folder, "small.yaml", "--workers", "1", "--root-path", ROOT, "--allowed-host", "team.example"
    ) as running:
        yield running


def test_it_stands_under_a_path_whether_the_proxy_takes_it_away_or_not(behind: Server) -> None:
    assert behind.address.endswith(f"{ROOT}/")
    stripped = Server(behind.address.removesuffix(f"{ROOT[1:]}/"), behind.process)
    for server in (behind, stripped):
        for path in ("", "utforsk", "lagret", "assets/app.css", "svar/raskt"):
            assert server.get(path, host="team.example").status == 200, path
    bare = stripped.get(ROOT[1:])
    assert (bare.status, bare.headers["location"]) == (308, f"{ROOT}/")
    told = behind.post("lagre?scenario=small.yaml", {"name": "Plan", "author": "Kari"})
    assert (told.status, told.headers["location"]) == (303, "lagret?navn=Plan")
    assert f"Path={ROOT}" in told.headers["set-cookie"]


def test_it_answers_to_its_names_alone_and_believes_no_forwarded_header(behind: Server) -> None:
    assert behind.get("", host="annen.example").status == 400
    assert behind.get("", **{"host": "annen.example", "x-forwarded-host": "team.example"}).status == 400
    lies = {"x-forwarded-proto": "https", "x-forwarded-for": "1.2.3.4", "forwarded": "proto=https;host=a.example"}
    answer = behind.get("lagret/", **lies)
    assert answer.status == 307
    assert answer.headers["location"].startswith(behind.address)


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as running:
        yield running


@pytest.fixture(scope="module")
def closed(folder: Path, issuer: Issuer) -> Iterator[Server]:
    secrets = {
        "UTRULLING_OIDC_ISSUER": issuer.address,
        "UTRULLING_OIDC_CLIENT_ID": CLIENT,
        "UTRULLING_OIDC_CLIENT_SECRET": SECRET,
    }
    with serving(folder, "small.yaml", "--workers", "1", "--oidc", **secrets) as running:
        yield running


class Browser:
    """Keeps cookies, and follows redirects one at a time."""

    def __init__(self, server: Server) -> None:
        self.server, self.cookies = server, dict[str, str]()

    def get(self, place: str) -> Answer:
        place = urllib.parse.urljoin(self.server.address, place)
        cookie = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        answer = Server("", self.server.process).get(place, **({"cookie": cookie} if cookie else {}))
        for line in answer.headers.get_all("set-cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return answer

    def log_in(self, place: str = "") -> Answer:
        answer = self.get(place)
        for _ in range(3):
            assert answer.status in (302, 303), answer.text
            answer = self.get(answer.headers["location"])
        return answer


def test_without_log_in_there_is_nothing_but_assets(closed: Server) -> None:
    assert closed.get("assets/app.css").status == 200
    for path in ("", "utforsk?elearning=9~2026-03", "lagret", "scenario.yaml", "finnes-ikke", "assets/../utforsk"):
        answer = closed.get(path)
        assert answer.status in (303, 404), path
        assert answer.status == 404 or answer.headers["location"].startswith("/logg-inn?til="), path
    assert closed.get("svar/raskt").status == 401
    assert closed.get("kjoringer/" + "a" * 20).status == 401
    assert closed.post("lagre?scenario=small.yaml", {"name": "a", "author": "b"}).status == 401
    assert closed.get("", cookie=f"{COOKIE}=eyJ1c2VyIjogIngifQ==.x.y").status == 303


def test_who_logs_in_comes_to_the_page_that_was_asked_for_and_saves_under_that_name(closed: Server) -> None:
    browser = Browser(closed)
    first = browser.get("logg-inn?til=utforsk")
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(first.headers["location"]).query))
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["nonce"]) >= 16
    assert len(asked["state"]) >= 16
    line = first.headers["set-cookie"].lower()
    assert "httponly" in line
    assert "samesite=lax" in line
    place = "utforsk?scenario=small.yaml&elearning=9~2026-03&area=Helse+Bergen:hospital"
    answer = browser.log_in(place)
    assert answer.status == 303
    assert urllib.parse.urljoin(closed.address, answer.headers["location"]) == closed.address + place
    page = browser.get(answer.headers["location"])
    assert page.status == 200
    assert "Kari Nordmann" in page.text
    assert browser.get("svar/raskt").status == 200
    cookie = f"{COOKIE}={browser.cookies[COOKIE]}"
    told = closed.post("lagre?scenario=small.yaml", {"name": "Innlogget", "author": "En annen"}, cookie=cookie)
    assert told.status == 303
    history = browser.get(told.headers["location"]).text
    assert "En annen" not in history
    out = closed.post("logg-ut", {}, cookie=cookie)
    assert (out.status, out.headers["location"]) == (303, "/logget-ut")
    assert f"{COOKIE}=null" in out.headers["set-cookie"] or "expires=Thu, 01 Jan 1970" in out.headers["set-cookie"]
    assert closed.get("logget-ut").status == 200
    assert closed.post("logg-ut", {}, cookie=cookie, sec_fetch_site="cross-site").status == 403


@pytest.mark.parametrize(
    "lie",
    [{"nonce": "another"}, {"aud": "another"}, {"iss": "https://another.example"}, {"exp": 1}, {"forged": True}],
    ids=str,
)
def test_a_token_that_is_not_for_us_logs_nobody_in(closed: Server, issuer: Issuer, lie: dict[str, object]) -> None:
    issuer.forged = bool(lie.get("forged"))
    issuer.lies = {} if issuer.forged else lie
    try:
        browser = Browser(closed)
        assert browser.log_in().status == 400
        assert browser.get("").status == 303
    finally:
        issuer.forged, issuer.lies = False, {}


def test_an_answer_that_this_browser_did_not_ask_for_logs_nobody_in(closed: Server) -> None:
    victim, attacker = Browser(closed), Browser(closed)
    back = attacker.get(attacker.get("logg-inn").headers["location"]).headers["location"]
    assert victim.get(back).status == 400
    assert victim.get("").status == 303
    assert attacker.get(back.replace("state=", "state=x")).status == 400
