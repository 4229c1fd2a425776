"""The report: what it says, in whose language, and that it needs nothing from anywhere."""

import html
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from sim.experiments.decomposition import MEASURE, Decomposition, Shares
from sim.experiments.keyfigures import KeyFigure, headline_month
from sim.experiments.observations import published
from sim.experiments.replicate import replicate
from sim.experiments.summary import Summary
from sim.faces.report import charts, drawing, tables, uncertainty
from sim.faces.report.page import render
from sim.language import number, percent
from sim.scenario.data import shipped
from sim.scenario.load import Loaded, load


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load(shipped() / "national.yaml")


@pytest.fixture(scope="module")
def summary(loaded: Loaded) -> Summary:
    return Summary.of(replicate(loaded.scenario, 40, workers=1, observations=published(loaded.data_folder)))


@pytest.fixture(scope="module")
def pages(loaded: Loaded, summary: Summary) -> dict[str, str]:
    return {lang: render(loaded, summary, loaded.scenario.seed, lang) for lang in ("nb", "en")}


class _Check(HTMLParser):
    """Collects start tags, ids and text, and sees that tags are closed in order."""

    void = frozenset({"meta", "link", "br", "img", "hr", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.void:
            self.open.append(tag)
        self._note(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(attrs)

    def _note(self, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            self.attributes.append((key, value or ""))
            if key == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text.append(data)


def parsed(page: str) -> _Check:
    check = _Check()
    check.feed(page)
    assert not check.open
    return check


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_page_is_well_formed_and_its_ids_are_its_own(pages: dict[str, str], lang: str) -> None:
    check = parsed(pages[lang])
    assert len(check.ids) == len(set(check.ids))
    targets = {v[1:] for k, v in check.attributes if k in ("href", "xlink:href") and v.startswith("#")}
    assert targets <= set(check.ids)


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_nothing_is_fetched_and_nothing_runs(pages: dict[str, str], lang: str) -> None:
    page = pages[lang]
    assert "<script" not in page
    assert "<link" not in page
    for match in re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?([^"\')\s>]+)', page):
        assert match.startswith(("#", "data:")), match


def test_all_four_published_rates_stand_beside_the_model(pages: dict[str, str]) -> None:
    text = html.unescape(pages["nb"])
    for rate in (0.4549, 0.4702, 0.5099, 0.62):
        assert percent(rate, "nb", 1) in text
    assert "Ikke kalibrert." in text
    assert "Not calibrated." in pages["en"]


def test_each_observation_is_a_dot_in_the_chart(summary: Summary) -> None:
    observations = summary.results.observations
    assert len(observations) == 5
    shown = drawing.svg(charts.fit(summary.results, "nb"), "x", "x")
    assert len(re.findall(r'<g id="x-line2d_[0-9]+">', shown)) >= len(observations)
    fan = charts.fan_region(summary, "Helse Vest", observations, "nb")
    dots = [line for line in fan.axes[0].lines if line.get_marker() == "o"]
    assert sorted(float(line.get_ydata()[0]) for line in dots) == sorted(
        o.value for o in charts.new_rates(observations)
    )


def test_the_waterfall_ends_where_its_table_says(summary: Summary) -> None:
    figure = charts.waterfall(summary, "national", "hospital", "nb")
    table = tables.waterfall(summary, "national", "hospital", "nb")
    for panel, column in zip(figure.axes, range(1, len(table.heads)), strict=False):
        widths = [patch.get_width() for patch in panel.patches]
        assert widths[0] == 1.0
        assert widths[0] - sum(widths[1:9]) == pytest.approx(widths[9], abs=1e-9)
        assert widths[1:] == pytest.approx([row[column] for row in table.rows])


def test_norwegian_numbers_have_comma_and_hard_space(pages: dict[str, str]) -> None:
    check = parsed(pages["nb"])
    words = " ".join(check.text)
    assert not re.search(r"\d\.\d+\u00a0%", words)
    assert not re.search(r"\d %", words), "a percentage with a breaking space"
    assert re.search(r"\d,\d\u00a0%", words)
    assert number(12345.6, "nb", 1) == "12\u00a0345,6"
    assert number(-0.04, "nb", 1) == "0,0"
    assert percent(-0.123, "nb") == "\u221212\u00a0%"
    assert number(12345.6, "en", 1) == "12,345.6"


def test_english_has_no_norwegian_headings(pages: dict[str, str]) -> None:
    headings = re.findall(r"<h[12][^>]*>(.*?)</h[12]>", pages["en"])
    assert len(headings) == 13
    assert not [h for h in headings if re.search("[æøåÆØÅ]", h)]


def test_a_1190_adds_up_in_every_view(summary: Summary) -> None:
    months = list(range(1, 15))
    sums = []
    for by in ("month", "category", "group"):
        table = tables.a1190(summary.results, "nb", by, "vest", months)  # type: ignore[arg-type]
        *rows, total = table.rows
        for column in (1, 2, 3):
            assert sum(row[column] for row in rows) == pytest.approx(total[column])
        for _, registered, synced, unsynced, rate in table.rows:
            assert registered == pytest.approx(synced + unsynced)
            assert rate == pytest.approx(synced / registered)
        sums.append(total[1:])
    assert np.allclose(sums[0], sums[1])
    assert np.allclose(sums[0], sums[2])


def test_published_facts_are_given_by_the_model(summary: Summary) -> None:
    table = tables.checks(summary.results, "nb", "vest", list(range(1, 15)))
    assert [row[-1] for row in table.rows] == ["✓ stemmer"] * 5


def test_every_assumption_is_listed_with_source_and_tag(loaded: Loaded, pages: dict[str, str]) -> None:
    table = tables.assumptions(loaded.scenario, "nb")
    assert len(table.rows) == sum(tables.tag_counts(loaded.scenario).values())
    for _, value, unit, tag, source, _ in table.rows:
        assert value
        assert unit
        assert tag
        assert source
    for number_ in range(1, 9):
        assert f"<h3>{number_}. " in pages["nb"]


def test_the_report_tells_how_exact_it_is_and_warns_of_few_draws(pages: dict[str, str]) -> None:
    for lang, words, few in (
        ("nb", "Regnenøyaktighet: med 40 trekk", "Bare 40 trekk"),
        ("en", "Precision of the computation: 40 draws", "Only 40 draws"),
    ):
        assert words in pages[lang]
        assert few in pages[lang]
    assert "for få trekk)" in pages["nb"]  # 40 draws bound no 5 % quantile


def test_rough_shares_stay_between_0_and_100_and_say_so(summary: Summary) -> None:
    labels = summary.results.model.calendar.labels
    figure = KeyFigure(MEASURE, "national", "all", headline_month(labels))
    first, total = np.array([0.7, 0.4, -0.2]), np.array([1.15, 0.3, -0.01])
    error = np.array([0.2, 0.19, 0.05])
    divided = np.array([0.68, 0.34, -0.02])
    shares = Shares(figure, 0.04, first, error, total, error, divided, error)
    section = uncertainty.section(Decomposition(14, [shares]), figure.month, "landet", "nb")
    assert section is not None
    assert section.finding.startswith("Grovt anslått")
    cells = [c for t in (section.table, section.spans) for row in t.cells("nb") for c in row[1:]]
    assert not any("\u2212" in c for c in cells)
    assert max(int(n) for c in cells for n in re.findall(r"\d+", c)) == 100
    whole = [int(c.split(" ")[0]) for c in section.table.cells("nb")[0][2:]]
    assert sum(whole) == 100


def test_norwegian_text_in_an_english_report_is_left_as_it_is_and_marked(pages: dict[str, str]) -> None:
    notes = re.findall(r'<span lang="nb">(.*?)</span>', pages["en"], re.S)
    assert any(re.search(r"\d %", note) for note in notes)
    assert not any(re.search(r"\d%", note) for note in notes)


def test_the_same_forecast_gives_the_same_page(loaded: Loaded, summary: Summary, pages: dict[str, str]) -> None:
    assert render(loaded, summary, loaded.scenario.seed, "nb") == pages["nb"]


def test_no_text_in_a_chart_is_smaller_than_seven_points(summary: Summary) -> None:
    for name, figure in (
        ("gantt", charts.gantt(summary.results, "nb")),
        ("regions", charts.regions(summary, summary.results.observations, "nb")),
        ("citizens", charts.citizens(summary, "nb")),
        ("coverage", charts.coverage(summary, "national", "hospital", "nb")),
    ):
        shown = drawing.svg(figure, name, name)
        sizes = [float(s) for s in re.findall(r'font-size="([0-9.]+)px"', shown)]
        assert sizes
        assert min(sizes) >= 7


def test_colours_keep_three_to_one_on_white() -> None:
    """WCAG 2.1 contrast of graphics: relative luminance as the standard defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in (drawing.BLUE, drawing.INK, drawing.ORANGE, drawing.GREY):
        assert 1.05 / (luminance(colour) + 0.05) >= 3.0
