"""The charts of the plan: who is under way when, and what the found plan costs against its budget."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.experiments.schedule import MILESTONES, Schedule
from sim.faces.charts.chart import Chart
from sim.faces.report.table import Norwegian, Table, say
from sim.language import month_name, number
from sim.scenario.schema import Milestone, Project, Ramp
from sim.vocabulary import REGIONS, SECTORS, TAGS, words

Floats = npt.NDArray[np.float64]
LEVELS = (0.1, 0.5, 0.9)  # as in the report's chart of the same dates
MODULE, TECHNICAL, READ, WRITE = range(len(MILESTONES))
_FAR = 1e6  # days; what never comes is as late as this


@dataclass(frozen=True)
class Line:
    """A line of the chart: a region's hospitals, one hospital, or all actors of another sector.

    ``module``, ``technical``, ``read``, ``first``, ``last`` [draw] days: the first actor with read and write access, and the last
    one with write access (of a single hospital the same as its first).
    """

    name: str
    region: str  # whose hospitals it stands for; nothing otherwise
    module: Floats
    technical: Floats
    read: Floats
    first: Floats
    last: Floats
    planned: tuple[tuple[str, Milestone], ...] = field(default=())

    @property
    def staged(self) -> bool:
        """Whether its actors come one after another."""
        return not np.array_equal(self.first, self.last)


def lines(found: Schedule, opened: str, lang: str) -> list[Line]:
    """The lines in order: each region's hospitals (and, of the ``opened`` region, each of them), then the other sectors."""
    regions, sectors = words(REGIONS), words(SECTORS)
    made = []
    for region in found.scenario.regions:
        at = [i for i, u in enumerate(found.units) if u.region == region and u.sector == "hospital"]
        if not at:
            continue
        name = say(lang, f"Sykehus, {regions[region].nb}", f"Hospitals, {regions[region].en}")
        made.append(_line(found, name, region, at, _planned(found, "hospital", [region], lang)))
        if region == opened:
            made += [_line(found, found.units[i].name, "", [i], ()) for i in at]
    for sector in found.scenario.sectors:
        at = [i for i, u in enumerate(found.units) if u.sector == sector and sector != "hospital"]
        if at:
            name = sectors[sector].label(lang).split(" (")[0]
            covered = list(dict.fromkeys(found.units[i].region for i in at))
            made.append(
                _line(
                    found,
                    name.capitalize() if lang == "nb" else name[0].upper() + name[1:],
                    "",
                    at,
                    _planned(found, sector, covered, lang),
                )
            )
    return made


def _line(found: Schedule, name: str, region: str, at: list[int], planned: Sequence[tuple[str, Milestone]]) -> Line:
    days, pool = found.golive[:, at], not found.units[at[0]].trust
    first = days[:, :, WRITE].min(axis=1)
    read = days[:, :, READ].min(axis=1)
    last = (days[:, :, WRITE] + found.ramp[:, at]).max(axis=1)
    # actors of a pool have no project of their own that is told: their preparations are their vendors'
    module, technical = (read, read) if pool else (days[:, :, MODULE].min(axis=1), days[:, :, TECHNICAL].min(axis=1))
    return Line(name, region, module, technical, read, first, last, tuple(planned))


def _planned(found: Schedule, sector: str, regions: Sequence[str], lang: str) -> list[tuple[str, Milestone]]:
    """The dates that the plans state, each once."""
    stated: list[tuple[str, Milestone]] = []
    for region in regions:
        plan = found.scenario.golive[sector][region]  # type: ignore[index]
        if isinstance(plan, Project):
            stated.append((say(lang, "leverandørmodul", "vendor module"), plan.vendor_module))
            stated.append((say(lang, "teknisk i drift", "technical go-live"), plan.technical))
            if plan.planned_in_use is not None:
                stated.append((say(lang, "alle i bruk", "all in use"), plan.planned_in_use))
        elif isinstance(plan, Ramp):
            stated.append((say(lang, "de første", "the first"), plan.first))
            stated.append((say(lang, "halvparten", "half of them"), plan.majority))
    return list({(what, m.date, m.tag): (what, m) for what, m in stated}.values())


class Clock:
    """Days of a schedule as people and charts take them."""

    def __init__(self, found: Schedule, lang: str) -> None:
        self.calendar, self.lang = found.calendar, lang
        self.last = float(found.calendar.starts[-1])
        first = found.calendar.date_of_month(0)
        self._base = int(dt.datetime(first.year, first.month, first.day, tzinfo=dt.UTC).timestamp() * 1000)

    def ms(self, day: float) -> int:
        """Milliseconds of a day, those after the period at its end."""
        return self._base + int(86_400_000 * min(max(day, 0.0), self.last))

    def text(self, day: float) -> str:
        """«mars 2026»; «senere» after the period."""
        if day >= self.last:
            return say(self.lang, "senere", "later")
        date = self.calendar.date(float(day))
        return month_name(date.year, date.month, self.lang)

    def date(self, date: dt.date) -> str:
        """A planned date."""
        return date.strftime("%d.%m.%Y") if self.lang == "nb" else date.isoformat()

    def span(self, days: Floats) -> str:
        """«juni 2029 (mars 2028–senere)»."""
        low, middle, high = map(self.text, spread(days))
        return middle if low == high else f"{middle} ({low}\u2013{high})"


def spread(days: Floats) -> Floats:
    """The 10th, 50th and 90th percentile of days of which some never come."""
    return np.asarray(np.quantile(np.where(np.isfinite(days), days, _FAR), LEVELS))


def gantt(found: Schedule, null: Schedule, opened: str, lang: str, begun: str = "") -> Chart:
    """Who is under way when, beside the null alternative's dates, with the planned dates and the law changes.

    ``opened`` is the region whose hospitals have a line each; ``begun`` the month in which the movable law change is set in motion.
    """
    clock = Clock(found, lang)
    ours, theirs = lines(found, opened, lang), lines(null, opened, lang)
    data: dict[str, list[dict[str, Any]]] = {
        k: [] for k in ("rows", "tails", "null", "labels", "plans", "laws", "begun")
    }
    data["span"] = [{"x": clock.ms(0)}, {"x": clock.ms(clock.last)}]
    for line, other in zip(ours, theirs, strict=True):
        _draw(line, other, clock, data)
    for change, days in zip(found.scenario.consent.law_changes, found.laws.T, strict=True):
        data["laws"] += _law(days, change.name, clock)
    if begun:
        year, month = map(int, begun.split("-"))
        day = found.calendar.day(dt.date(year, month, 1))
        data["begun"].append(
            {
                "x": clock.ms(day),
                "tip": say(lang, "Lovarbeidet settes i gang: ", "Work on the law is begun: ") + clock.text(day),
            }
        )
    return Chart(
        name="gantt",
        kind="gantt",
        finding=_finding(ours, clock),
        what=say(
            lang,
            f"Når leverandørmodul, teknisk drift og bruk (skrivetilgang) kommer, median av {found.draws} trekk",
            f"When vendor module, technical go-live and use (write access) come, median of {found.draws} draws",
        ),
        reading=say(
            lang,
            "Lyst: modul kjøpt, design og risikoanalyse. Mellomtone: lokale prosjekter. Mørkere: noen i bruk. Mørkest: alle i bruk. "
            "Tynn strek med prikk: i 8 av 10 trekk kommer siste i bruk innenfor streken (over: teknisk i drift). "
            "Oransje: datoer i planene – fylt er målt eller planlagt, åpen er en forutsetning. "
            "For andre aktører enn sykehus er «alle» de som etter forutsetningene kommer med. "
            + ("Stiplet loddrett strek og felt: lovendringen i kraft. " if data["laws"] else "")
            + "«Senere» er etter periodens slutt.",
            "Light: module bought, design and risk analysis. Medium: local projects. Darker: some in use. Darkest: all in use. "
            "Thin line with a dot: in 8 of 10 draws the last comes into use within it (above: technical go-live). "
            "Orange: dates of the plans – filled is measured or planned, open is an assumption. "
            "Of actors other than hospitals, «all» are those who by the assumptions come along. "
            + ("Dashed vertical line and field: the law change in force. " if data["laws"] else "")
            + "«Later» is after the end of the period.",
        ),
        table=table(ours, theirs, found, clock),
        data=data,
        settings={"names": [line.name for line in ours]},
        keys=(
            ("use", say(lang, "alle i bruk", "all in use")),
            (
                "tick",
                say(
                    lang,
                    "alle i bruk i nullalternativet, der det er et annet",
                    "all in use in the null alternative, where it differs",
                ),
            ),
            ("lost", say(lang, "dato i planene", "date of the plans")),
            ("begun", say(lang, "lovarbeidet settes i gang", "work on the law begins")),
            ("null", say(lang, "lovendringen i kraft", "the law change in force")),
        ),
    )


def _draw(line: Line, other: Line, clock: Clock, data: dict[str, list[dict[str, Any]]]) -> None:
    lang = clock.lang
    module, technical, first, last = (float(spread(d)[1]) for d in (line.module, line.technical, line.first, line.last))
    tip = f"{line.name}: {say(lang, 'i bruk', 'in use')} {clock.span(line.last)}"
    steps = ((1, module, technical), (2, technical, first), (3, first, last), (4, last, clock.last))
    for phase, begin, end in steps:
        if begin < min(end, clock.last):
            data["rows"].append(
                {"name": line.name, "phase": phase, "x": clock.ms(begin), "x2": clock.ms(end), "tip": tip}
            )
    tails = [("write", line.last)] + ([("technical", line.technical)] if line.technical is not line.read else [])
    for what, days in tails:
        low, middle, high = map(float, spread(days))
        if low < clock.last:
            data["tails"].append(
                {
                    "name": line.name,
                    "of": what,
                    "low": clock.ms(low),
                    "x": clock.ms(middle),
                    "high": clock.ms(high),
                    "tip": tip,
                }
            )
    null = float(spread(other.last)[1])
    if abs(null - last) >= 1 and null < clock.last:
        data["null"].append({"name": line.name, "x": clock.ms(null), "tip": f"{line.name}: {clock.text(null)}"})
    early = last < 0.6 * clock.last
    text = (
        clock.text(last)
        if last < clock.last
        else say(lang, "ikke alle i perioden", "not all in the period")
        if first < clock.last
        else say(lang, "ikke i perioden", "not in the period")
    )
    data["labels"].append(
        {"name": line.name, "x": clock.ms(max(last, 0.0)), "text": text, "side": "after" if early else "before"}
    )
    tags = words(TAGS)
    for what, milestone in line.planned:
        day = clock.calendar.day(milestone.date)
        if 0 <= day <= clock.last:
            said = f"{line.name}, {what}: {clock.date(milestone.date)} ({tags[milestone.tag].label(lang)})"
            data["plans"].append(
                {"name": line.name, "x": clock.ms(day), "sure": milestone.tag != "assumption", "tip": said}
            )


def _law(days: Floats, name: str, clock: Clock) -> list[dict[str, Any]]:
    """When a law change is in force, in the draws in which it comes."""
    comes = days[np.isfinite(days)]
    if not comes.size:
        return []
    low, middle, high = map(float, np.quantile(comes, LEVELS))
    return [
        {"x": clock.ms(middle), "low": clock.ms(low), "high": clock.ms(high), "tip": f"{name}: {clock.text(middle)}"}
    ]


def law_words(found: Schedule, lang: str) -> list[str]:
    """What the draws say of each law change."""
    clock, said = Clock(found, lang), []
    for days in found.laws.T:
        comes, end = days[np.isfinite(days)], clock.text(clock.last - 1)
        count = f"{comes.size} av {days.size}" if lang == "nb" else f"{comes.size} of {days.size}"
        if not comes.size:
            said.append(
                say(
                    lang,
                    f"Lovendringen kommer ikke innen {end} i noe trekk.",
                    f"The law change comes in no draw before the end of {end}.",
                )
            )
            continue
        low, middle, high = (clock.text(float(d)) for d in np.quantile(comes, LEVELS))
        said.append(
            say(
                lang,
                f"Lovendringen er i kraft innen {end} i {count} trekk. Når den kommer, er det i {middle} (8 av 10 slike trekk: {low}\u2013{high}).",
                f"The law change is in force before the end of {end} in {count} draws. When it comes, it is in {middle} (8 of 10 such draws: {low}\u2013{high}).",
            )
        )
    return said


def _finding(ours: Sequence[Line], clock: Clock) -> str:
    lang = clock.lang
    hospitals = sorted((line for line in ours if line.region), key=lambda line: float(spread(line.last)[1]))
    if not hospitals:
        return say(lang, "Når aktørene er i bruk", "When the actors are in use")

    def told(line: Line) -> str:
        return f"{line.name.split(', ', 1)[1]} {clock.span(line.last)}"

    if len(hospitals) == 1:
        return say(lang, "Alle sykehus i bruk: ", "All hospitals in use: ") + told(hospitals[0])
    return say(
        lang,
        f"Alle sykehus i bruk: først {told(hospitals[0])}, sist {told(hospitals[-1])}",
        f"All hospitals in use: first {told(hospitals[0])}, last {told(hospitals[-1])}",
    )


def table(ours: Sequence[Line], theirs: Sequence[Line], found: Schedule, clock: Clock) -> Table:
    """The chart's numbers: median and 8 of 10 draws of each milestone."""
    lang = clock.lang
    made = Table(
        say(lang, "Milepæler: median (8 av 10 trekk)", "Milestones: median (8 of 10 draws)"),
        [
            say(lang, "Hvem", "Who"),
            say(lang, "Leverandørmodul", "Vendor module"),
            say(lang, "Teknisk i drift", "Technical go-live"),
            say(lang, "Første med lesetilgang", "First with read access"),
            say(lang, "Første i bruk", "First in use"),
            say(lang, "Alle i bruk", "All in use"),
            say(lang, "Alle i bruk i perioden", "All in use within the period"),
            say(lang, "Alle i bruk, nullalternativet", "All in use, null alternative"),
        ],
        ["text", "text", "text", "text", "text", "text", "share", "text"],
    )
    for line, other in zip(ours, theirs, strict=True):
        pool = line.technical is line.read
        own = ["\u2013", "\u2013"] if pool else [clock.span(line.module), clock.span(line.technical)]
        rest = [clock.span(line.read), clock.span(line.first), clock.span(line.last)]
        within = float(np.mean(line.last < clock.last))
        made.rows.append([line.name, *own, *rest, within, clock.span(other.last)])
    return made


def planned(found: Schedule, lang: str) -> Table:
    """The dates that the plans state, with tag and source."""
    clock, tags = Clock(found, lang), words(TAGS)
    made = Table(
        say(lang, "Datoene i planene", "The dates of the plans"),
        [
            say(lang, "Hvem", "Who"),
            say(lang, "Milepæl", "Milestone"),
            say(lang, "Dato", "Date"),
            say(lang, "Evidensgrad", "Tag"),
            say(lang, "Kilde", "Source"),
            say(lang, "Merknad", "Note"),
        ],
        ["text"] * 6,
    )
    for line in lines(found, "", lang):
        for what, m in line.planned:
            made.rows.append(
                [
                    line.name,
                    what,
                    clock.date(m.date),
                    tags[m.tag].label(lang),
                    Norwegian(m.source),
                    Norwegian(m.note or ""),
                ]
            )
    return made


def money_words(over: bool, lang: str) -> tuple[str, str, str]:
    """Finding, what and reading of a plan's cost against its budget; ``over`` when it exceeds it in some year."""
    finding = (
        say(lang, "Forventet kostnad er over rammen i noen år", "The expected cost exceeds the budget in some years")
        if over
        else say(
            lang,
            "Forventet kostnad er innenfor rammen i alle år",
            "The expected cost is inside the budget in every year",
        )
    )
    reading = say(
        lang,
        "Søyle: forventet kostnad av planen; strek: 8 av 10 trekk; oransje: rammen.",
        "Bar: expected cost of the plan; line: 8 of 10 draws; orange: the budget.",
    )
    return finding, say(lang, "Mill. 2024-kr per år", "NOK million 2024 per year"), reading


def money(told: dict[str, Any], numbers: Table, lang: str) -> Chart:
    """A plan's cost per year against the budget; ``told`` is the answer of ``utrulling plan --json``, ``numbers`` its table."""
    rows = []
    for year, budget in told["budget_per_year_mnok"].items():
        cost, (low, high) = told["cost_per_year_mnok"][year], told["cost_interval_mnok"][year]
        tip = f"{year}: {number(cost, lang, 1)} ({number(low, lang, 1)}\u2013{number(high, lang, 1)}); {number(budget, lang, 1)}"
        rows.append({"year": year, "cost": cost, "low": low, "high": high, "budget": budget, "tip": tip})
    over = any(row["cost"] > row["budget"] + 1e-9 for row in rows)
    finding, what, reading = money_words(over, lang)
    return Chart("money", "money", finding, what, reading, numbers, {"rows": rows})
