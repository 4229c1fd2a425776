"""Barrierer: shares that add up to the gain, a run that tells what the answer hangs on, a checklist of the place."""

import html
import json
import re
import time
import urllib.request
from typing import Any

import pytest

from tests.sim.web.server import Server

PACKAGE = "elearning=9~2026-03&eid-nurses=25~2026-06&month=2027-12"


def charts(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="setup">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))["charts"]


def test_the_gates_shares_add_up_to_what_the_waterfalls_differ(server: Server) -> None:
    made = charts(server.get(f"barrierer?{PACKAGE}").text)
    *shares, total = made["shares"]["data"]["rows"]
    assert len(shares) == 8
    assert sum(s["middle"] for s in shares) == pytest.approx(total["middle"], abs=1e-12)
    before, after = (made[name]["data"]["rows"][-1]["end"] for name in ("before", "after"))
    assert after - before == pytest.approx(total["middle"], abs=2e-5)
    for s in (*shares, total):
        assert s["low"] <= s["high"]
    assert max(shares, key=lambda s: s["middle"])["name"] in ("kunnskap", "eID")


def test_the_interventions_shares_add_up_to_the_packages_gain(server: Server) -> None:
    piece = server.get(f"barrierer/tiltak?{PACKAGE}").json()
    *shares, total = piece["charts"]["within"]["data"]["rows"]
    assert [s["name"] for s in shares] == ["eID til sykepleiere i sykehus", "Obligatorisk e-l\u00e6ring"]
    assert sum(s["middle"] for s in shares) == pytest.approx(total["middle"], abs=1e-12)
    change = server.get(f"svar/helt?{PACKAGE}").json()["charts"]["change"]["data"]["mark"][0]
    assert (total["low"], total["high"]) == pytest.approx((change["low"], change["high"]), abs=1e-5)
    assert piece["html"].startswith("<section")
    assert server.get("barrierer/tiltak?elearning=9~2026-03").status == 400


def test_the_checklist_is_about_the_place(server: Server) -> None:
    whole = server.get("barrierer?area=Helse+Fonna:hospital").text
    local = whole[whole.index("Gjelder Helse Fonna") : whole.index("Antatt likt i alle sykehus")]
    assert "Helse Fonna \u00b7 Leger" in local
    assert "Helse Bergen" not in local
    assert "\u2610" in local
    for row in re.findall(r"<tr><th scope=.row.>.*?</tr>", local):
        assert re.search(r"<td>(m\u00e5lt|planlagt|estimert|utledet|forutsetning)", row), row


def test_without_interventions_the_page_says_so(server: Server) -> None:
    page = server.get("barrierer?lang=en").text
    assert "No intervention is chosen" in page
    assert "shares" not in charts(page)


@pytest.mark.slow  # a whole sensitivity analysis
def test_the_tornado_comes_from_a_run_that_the_page_starts(server: Server) -> None:
    page = server.get(f"barrierer?{PACKAGE}").text
    begin = re.search(r'<form method="post" action="(barrierer/folsomhet[^"]*)"', page)
    assert begin is not None
    asked = urllib.request.Request(
        server.address + html.unescape(begin.group(1)), b"", {"sec-fetch-site": "same-origin"}
    )
    with urllib.request.urlopen(asked, timeout=60) as response:
        assert response.status == 200
        assert response.url.split("?")[0].endswith("/barrierer")
    deadline = time.monotonic() + 600
    while "tornado" not in charts(page := server.get(f"barrierer?{PACKAGE}").text):
        assert time.monotonic() < deadline
        assert 'ds-alert" data-color="danger' not in page
        time.sleep(2)
    made = charts(page)["tornado"]
    widths = [abs(r["high"] - r["low"]) for r in made["data"]["rows"]]
    assert widths == sorted(widths, reverse=True)
    assert len(widths) == 12
    assert all(row[3] for row in made["table"]["rows"])  # each with its tag
