"""The comparison as people ask for it: the table, the report, the spreadsheet, and what is refused."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from sim.errors import ScenarioError
from sim.experiments import compare
from sim.experiments.compare_rows import frame
from sim.experiments.paired import Ratio
from sim.faces.cli import main
from sim.faces.commands.compare import _price
from sim.faces.report.compare_sheets import workbook
from sim.faces.report.compare_tables import by_year, kroner, of_means
from sim.scenario import intervention
from sim.scenario.data import shipped

SMALL = f"""\
extends: {shipped() / "helse-vest.yaml"}
title: Liten
title_en: Small
period: {{start: 2024-02, end: 2025-12}}
replications: 6
"""
ASKED = [
    "--with", "eid-nurses@2024-06", "--with", "consent-exemption@2024-06", "--with", "ownership-guideline@2024-06+elearning@2024-06",
    "--trust", "Helse Fonna", "--by", "2025-06", "--workers", "1",
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def made(place: Path) -> Path:
    assert main(["compare", str(place / "small.yaml"), *ASKED, "--out", str(place / "made")]) == 0
    return place / "made"


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "compare.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def value(folder: Path, statistic: str = "mean", **where: str) -> float:
    (found,) = [r for r in rows(folder) if all(r[k] == v for k, v in where.items())]
    return float(found[statistic])


def test_the_promised_files_are_there(made: Path) -> None:
    manifest = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
    assert sorted(p.name for p in made.iterdir()) == manifest["files"]
    assert {
        "report.html",
        "compare.csv",
        "compare.xlsx",
        "summary.json",
        "national-plane.png",
        "trust-gains.png",
    } <= set(manifest["files"])
    assert manifest["repeat"].startswith("utrulling compare ")
    assert manifest["discount_rate"] == 0.04
    summary = json.loads((made / "summary.json").read_text(encoding="utf-8"))["rows"]
    assert len(summary) == len(rows(made))


def test_the_spreadsheet_holds_the_numbers_of_the_csv_as_numbers(made: Path) -> None:
    book = openpyxl.load_workbook(made / "compare.xlsx")
    sheet = book["Alle tall"]
    head, *lines = ([cell.value for cell in line] for line in sheet.iter_rows())
    table = rows(made)
    assert len(lines) == len(table) > 100
    assert head[:6] == ["område", "alternativ", "mål", "del", "enhet", "gjennomsnitt"]
    for line, row in zip(lines, table, strict=True):
        for name, cell in zip(row, line, strict=True):
            text = row[name]
            if name in ("mean", "mean_low", "mean_high", "p05", "p50", "p95"):
                assert (cell is None and text == "") or cell == float(text)
                assert cell is None or isinstance(cell, int | float)
            else:
                assert (cell or "") == text
    assert sum(len(s._charts) for s in book) >= 5  # native charts
    facts = {line[0].value: line[1].value for line in book["Metadata"].iter_rows()}
    assert facts["trekk"] == 6
    assert facts["tiltak: elearning: fil"] == "elearning.yaml"
    assert (
        facts["scenarioets SHA-256"]
        == json.loads((made / "manifest.json").read_text(encoding="utf-8"))["scenario_hash"]
    )
    plain = book["Sammenligning"]
    assert [plain.cell(1, at).value for at in (1, 2, 3)] == ["Område", "Bokstav", "Alternativ"]
    assert (plain.cell(2, 1).value, plain.cell(2, 2).value) == ("hele scenarioet", "0")
    assert plain.cell(3, 5).number_format == "0.00"
    assert plain.cell(3, 5).value == pytest.approx(
        value(made, "p50", area="national", alternative="eid-nurses@2024-06", measure="gain_rate")
    )


def test_shares_add_up(made: Path) -> None:
    package = "ownership-guideline@2024-06+elearning@2024-06"
    table = rows(made)
    for area in ("national", "Helse Fonna"):
        best = [float(r["mean"]) for r in table if r["area"] == area and r["measure"] == "best"]
        assert sum(best) == pytest.approx(1)
        for key in ("null", "eid-nurses@2024-06", package):
            here = [r for r in table if r["area"] == area and r["alternative"] == key]
            outcomes = {r["part"]: float(r["mean"]) for r in here if r["measure"] == "outcome"}
            assert sum(outcomes.values()) == pytest.approx(1, abs=1e-5)
            loss = sum(float(r["mean"]) for r in here if r["measure"] == "gate_loss")
            assert loss == pytest.approx(1 - outcomes["synced"], abs=1e-4)
            if key != "null":
                null = value(made, area=area, alternative="null", measure="outcome", part="synced")
                gain = sum(float(r["mean"]) for r in here if r["measure"] == "gate_gain")
                assert gain == pytest.approx(100 * (outcomes["synced"] - null), abs=1e-3)
    parts = [float(r["mean"]) for r in table if r["measure"] == "share_of_gain"]
    whole = value(made, area="national", alternative=package, measure="gain_rate")
    assert len(parts) == 2
    assert sum(parts) == pytest.approx(whole, abs=1e-4)


def test_costs_are_summed_to_the_target_month_and_cheaper_when_discounted(made: Path) -> None:
    where = {"area": "national", "alternative": "consent-exemption@2024-06"}
    total = value(made, measure="cost", **where)
    in_years = [
        float(r["mean"])
        for r in rows(made)
        if r["measure"] == "cost_in_year" and r["alternative"] == where["alternative"] and r["area"] == "national"
    ]
    assert 0 < total <= sum(in_years) * 1.0001
    assert value(made, measure="cost_discounted", **where) < total
    trust = value(made, measure="cost", area="Helse Fonna", alternative=where["alternative"])
    assert 0 < trust < 0.5 * total
    assert not [r for r in rows(made) if r["area"] == "Helse Fonna" and r["measure"] == "gain_citizens"]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, content in attrs:
            if name in ("src", "href") and content and not content.startswith("#"):
                self.links.append(content)
            if name == "id" and content:
                self.ids.append(content)


def test_the_report_stands_alone_and_shows_both_areas(made: Path) -> None:
    text = (made / "report.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    assert [link for link in page.links if not link.startswith("#")] == []
    assert "<script" not in text
    assert len(page.ids) == len(set(page.ids))
    assert text.count("<svg ") == 12
    for words in (
        "Helse Fonna",
        "Begynner i fortiden: consent-exemption@2024-06, eid-nurses@2024-06",
        "Shapley",
        "R-109/21",
        "nullalternativet",
        "Fiellers",
        "Konklusjon",
        "forutsetning",
    ):
        assert words in text
    gates = text.split("Tap i nullalternativet</th>")[1].split("</table>")[0]
    assert len(re.findall("<tr>", gates)) < 1 + 8 + 1  # all have gone live, so that the first gate takes nothing
    assert "løsningen ikke innført" not in gates
    assert not re.search(r">\s*-\d", text)  # minus is U+2212 in what people read
    shown = value(made, "p50", area="national", alternative="eid-nurses@2024-06", measure="gain_rate")
    assert f"{shown:.1f}".replace(".", ",") in text


def test_the_answer_on_standard_output_and_as_json(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(place / "other"), "--workers", "1", "--by", "2025-06", "--replications", "4", "--prior"]
    scenario = str(place / "small.yaml")
    assert main(["compare", scenario, "--with", "eid-nurses@2024-06", *out, "--lang", "en"]) == 0
    told = capsys.readouterr()
    assert re.search(r"^A eID for hospital nurses \(from Jun 2024\)$", told.out, re.M)
    assert re.search(r"^A +\d+\.\d+ \(\S+ to \S+\) .* of 4$", told.out, re.M)
    assert "report.html" in told.out.splitlines()[-1]
    assert "Only 4 draws" in told.err
    (place / "m.csv").write_text("navn;eid-nurses;elearning\nKort;2024-06;\nAlt;2024-06;2024-07\n", encoding="utf-8")
    assert main(
        ["compare", scenario, "--matrix", str(place / "m.csv"), *out, "--json", "--no-parts", "--willingness-to-pay", "5000"]
    ) == 0  # fmt: skip
    answer = json.loads(capsys.readouterr().out)
    assert [r["alternative"] for r in answer["results"]] == [
        "null",
        "eid-nurses@2024-06",
        "eid-nurses@2024-06+elearning@2024-07",
    ]
    assert answer["alternatives"]["eid-nurses@2024-06"] == "Kort"
    assert sum(r["best"] for r in answer["results"]) == pytest.approx(1)
    assert sum(r["acceptable"] for r in answer["results"]) == pytest.approx(1)
    last = answer["results"][-1]
    assert last["gain"]["rate"]["mean"] == pytest.approx(sum(last["gates"].values()), abs=0.05)
    assert 0 < last["gain"]["rate"]["correlation"] <= 1


def test_who_pays_adds_up_and_older_entries_are_part_of_the_extra_ones(made: Path) -> None:
    table = rows(made)
    for area in ("national", "Helse Fonna"):
        for key in ("eid-nurses@2024-06", "consent-exemption@2024-06", "ownership-guideline@2024-06+elearning@2024-06"):
            here = [r for r in table if r["area"] == area and r["alternative"] == key]
            paid = {r["part"]: float(r["mean"]) for r in here if r["measure"] == "cost_by_payer"}
            assert paid
            assert sum(paid.values()) == pytest.approx(
                value(made, area=area, alternative=key, measure="cost"), rel=1e-5
            )
            older = value(made, area=area, alternative=key, measure="gain_synced_older")
            assert older <= value(made, area=area, alternative=key, measure="gain_synced") * 1.000001
    book = openpyxl.load_workbook(made / "compare.xlsx")
    payers = [[cell.value for cell in line] for line in book["Hvem betaler"].iter_rows(min_row=2)]
    assert len(payers) == sum(r["measure"] == "cost_by_payer" for r in table)
    heads = [cell.value for cell in book["Sammenligning"][1]]
    for head in ("Kostnad, mill. kr, median", "Ekstra oppføringer, 5 %", "Kr per ekstra oppføring, 95 %"):
        at = heads.index(head)
        assert isinstance(book["Sammenligning"].cell(3, at + 1).value, int | float)
    shown = [[cell.value for cell in line] for line in book["Forutsetninger"].iter_rows()]
    assert shown[0] == ["Tiltak", "Hva", "Verdi", "Enhet", "Kilde", "Evidensgrad", "Begrunnelse"]
    named = {line[1] for line in shown}
    assert {
        "spart dobbeltdokumentasjon",
        "spart oppslag i portalen",
        "eID · Programmer · eid-nurses · Bestilles per måned",
    } <= named
    assert not [name for name in named if re.search(r"[a-z]\.[a-z]", name)]  # a key such as «shifts.elearning.factor»


def test_kroner_per_entry_shows_the_spread_over_the_draws(made: Path) -> None:
    where = {"area": "national", "alternative": "eid-nurses@2024-06", "measure": "cost_per_synced"}
    low, middle, high = (value(made, s, **where) for s in ("p05", "p50", "p95"))
    assert low < middle < high
    book = openpyxl.load_workbook(made / "compare.xlsx")["Trekk"]
    each = [1e6 * line[3].value / line[2].value for line in book.iter_rows(min_row=2)]
    assert [low, middle, high] == pytest.approx(list(np.quantile(each, (0.05, 0.5, 0.95))), rel=1e-5)


def test_a_price_in_words_where_some_or_most_draws_gain_nothing(made: Path) -> None:
    spread = {"p05": 1.1e6, "p50": 2.2e6, "p95": np.inf}
    ratio = Ratio("plain", 733_000, 600_000, 900_000, **spread)
    assert kroner(ratio, "nb") == "2,2 mill. (1,1 til uendelig)"
    assert kroner(replace(ratio, p50=np.inf), "en") == "infinite (1.1 million to infinite)"
    assert of_means(ratio, "nb") == "733\u00a0000 (600\u00a0000 til 900\u00a0000)"
    rows_of = {
        r["measure"]: r for r in rows(made) if r["area"] == "national" and r["alternative"] == "eid-nurses@2024-06"
    }
    assert not rows_of["cost_per_synced"]["mean"]
    assert float(rows_of["cost_per_synced_ratio_of_means"]["mean"]) > 0


def test_what_is_infinite_is_an_empty_cell_with_a_word_beside_it(place: Path) -> None:
    """One draw of four is made to gain nothing: the median is finite, the upper quantile is not."""
    c = compare.run(
        str(place / "small.yaml"), compare.alternatives(["eid-nurses@2024-06"]), by="2025-06", replications=4, workers=1
    )
    null, ours = (c.outcomes[a, "national"].series for a in (0, 1))
    for name in ("synced", "synced_later"):
        ours[name][0] = null[name][0]
    table = frame(c)
    (price,) = table[table.measure == "cost_per_synced"].itertuples()
    cost, gain = 1e6 * c.cost()[1], c.gains("synced")[1]
    assert gain.tolist().count(0) == 1
    assert price.p50 == pytest.approx(np.median(np.append(cost[1:] / gain[1:], np.inf)))
    assert (np.isnan(price.p95), price.infinite) == (True, "p95")
    book = openpyxl.load_workbook(BytesIO(workbook(c, table, {}, "nb")))["Sammenligning"]
    at = [cell.value for cell in book[1]].index("Kr per ekstra oppføring, 95 %") + 1
    assert book.cell(3, at).value == "uendelig"
    c.money[1, "national"][:, :11] = 0  # February to December 2024: a year without any cost is left out
    assert by_year(c, "national", "nb").heads == ["Alternativ", "2025"]
    told = _price(c.ratio(1, "synced"))
    assert (told["p95"], told["infinite"]) == (None, ["p95"])
    json.dumps(told, allow_nan=False)


def test_the_manifest_says_what_was_read(made: Path) -> None:
    manifest = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
    file = shipped() / "interventions" / "elearning.yaml"
    assert manifest["interventions"]["elearning"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    posterior = (shipped() / "posteriors" / manifest["posterior"]["file"]).read_bytes()
    assert manifest["posterior"]["sha256"] == hashlib.sha256(posterior).hexdigest()


def test_adding_an_alternative_leaves_the_others_bit_for_bit(place: Path) -> None:
    def gains(*asked: str) -> np.ndarray:
        made = compare.run(
            str(place / "small.yaml"),
            compare.alternatives(asked),
            by="2025-06",
            replications=4,
            workers=1,
            packages=False,
        )
        return np.stack([made.values("rate")[:2], made.cost()[:2]])

    assert (gains("elearning@2024-06") == gains("elearning@2024-06", "legacy-cleanup@2024-06")).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to compare"),
        (["--with", "eid-nurse"], "Did you mean «eid-nurses»"),
        (["--with", "eid-nurses@soon"], "after @ comes a month"),
        (["--with", "eid-nurses+"], "an intervention is missing around +"),
        (["--with", "eid-nurses", "--with", "eid-nurses"], "stands twice"),
        (["--with", "gp-vendors"], "«gp» is not in the scenario"),
        (["--with", "eid-nurses", "--trust", "Helse Fona"], "Did you mean «Helse Fonna»"),
        (["--with", "eid-nurses@2026-01"], "«eid-nurses@2026-01» begins after the scenario's last month, 2025-12; move it"),
        (["--with", "eid-nurses", "--by", "2031-01"], "give a month from 2024-02 to 2025-12"),
        (["--with", "eid-nurses", "--by", "juni"], "give a month from"),
        (["--with", "eid-nurses", "--by", "2024-13"], "2024-13 is no month"),
        (["--with", "eid-nurses", "--by", "2024-00"], "2024-00 is no month"),
        (["--with", "eid-nurses", "--trust", "Helse Fonna", "--trust", "Helse Bergen"], "one hospital at a time"),
        (["--with", "eid-nurses", "--replications", "999999999999"], "need too much memory; at most"),
        (["--with", "eid-nurses", "--replications", "1"], "at least 2"),
        (["--with", "eid-nurses", "--willingness-to-pay", "-1"], "0 or more"),
        (["--with", "eid-nurses", "--out", ""], "--out is empty"),
        (["--matrix", "ingen.csv"], "does not exist"),
        (["--with", "ingen.yaml"], "does not exist. Ready interventions: "),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_a_sentence(
    arguments: list[str], message: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = [] if "--out" in arguments else ["--out", str(place / "never")]
    assert main(["compare", str(place / "small.yaml"), *arguments, *out, "--lang", "en"]) == 2
    assert message in capsys.readouterr().err
    assert not (place / "never").exists()


def test_the_interventions_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "national", "--list"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"^consent-exemption +2028-01 +Utvidet unntak fra samtykke \(samtykke; Helse- og", told, re.M)
    assert main(["compare", "national", "--list", "--json"]) == 0
    assert {"eid-nurses", "automatic-sync"} <= {one["key"] for one in json.loads(capsys.readouterr().out)}


def test_the_english_title_of_an_own_file_is_not_its_parents(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(f"extends: {shipped() / 'interventions' / 'eid-nurses.yaml'}\ntitle: eID i vest\n", encoding="utf-8")
    assert intervention.read(own).title("en") == "eID i vest"


def test_an_empty_intervention_file_says_what_it_should_be(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("", encoding="utf-8")
    with pytest.raises(ScenarioError, match="the file is empty; it should be an intervention"):
        intervention.read(tmp_path / "empty.yaml")
