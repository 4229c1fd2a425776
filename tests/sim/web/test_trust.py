"""The page of evidence: what was foreseen and what the data say, from the runs that it starts."""

import re
import urllib.error
import urllib.request

import pytest

from sim.experiments.backtest import NAIVE, Record
from sim.experiments.observations import published
from sim.faces.charts.evidence import hindcast, learned
from sim.scenario.data import shipped
from tests.sim.web.server import Server


def test_each_prediction_stands_beside_what_was_published_and_the_best_naive_forecast() -> None:
    observed = {o.key: o for o in published(shipped() / "data")}
    target = next(o for o in observed.values() if not o.key.endswith("_total"))

    def record(name: str, median: float, crps: float) -> Record:
        covered = abs(median - target.value) < 0.05
        return Record(
            "2024-12-31", target.key, name, target.value, median, median - 0.05, median + 0.05, crps, *[covered] * 3
        )

    first, second = list(NAIVE)[:2]
    chart = hindcast(
        [record("model", target.value, 0.01), record(first, 0.3, 0.2), record(second, 0.4, 0.1)], observed, "nb"
    )
    (row,) = chart.data["rows"]
    assert (row["published"], row["middle"], row["naive"]) == (target.value, target.value, 0.4)
    assert chart.table.rows == [[row["name"], target.value, row["low"], row["middle"], row["high"], 0.4]]
    assert "1 av 1" in chart.finding


def test_every_parameter_is_in_the_table_and_the_silent_ones_are_said() -> None:
    found = [
        {
            "parameter": f"p{i}",
            "unit": "share",
            "prior": [0, 0.5, 1],
            "posterior": [0.1, 0.5, 0.9],
            "overlap": 0.5 + i / 100,
            "informed": i < 3,
        }
        for i in range(30)
    ]
    chart = learned(found, str.upper, str, "en")
    assert len(chart.table.rows) == 30
    assert [row[-1] for row in chart.table.rows].count("something") == 3
    assert {row["kind"] for row in chart.data["rows"]} == {"informed", "silent"}
    assert "3 of 30" in chart.finding


def test_a_form_of_another_site_starts_nothing(server: Server) -> None:
    page = server.get("etterproving").text
    (begin,) = re.findall(r'action="(etterproving/backtest[^"]*)"', page)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://angriper.example"}, {}):
        request = urllib.request.Request(server.address + begin.replace("&amp;", "&"), b"", headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == 403
    assert 'data-state="stopped"' in server.get("etterproving").text
