"""The charts and tables of capacity: requirements, knee, a run second by second, runs over time, headroom by month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from sim.experiments.demand import Demand
from sim.experiments.headroom import Headroom
from sim.faces.charts.chart import Chart
from sim.faces.charts.words import milliseconds, month_text
from sim.faces.report.table import Table, say
from sim.language import Text, number, percent
from sim.scenario.capacity import Capacity, File, Point, Step
from sim.scenario.load_result import File as Result
from sim.scenario.load_result import Finding

VERDICTS = {
    "pass": Text("✓ bestått", "✓ passed"),
    "fail": Text("✗ ikke bestått", "✗ not passed"),
    "invalid": Text("– ugyldig", "– invalid"),
}
BINS = 300  # rows of a run's timeline at most
_ASKED = {
    "lateness_p99_ms": Text("generatorens egen forsinkelse, p99", "the generator's own lateness, p99"),
    "missed": Text("ankomster som ikke ble spilt", "arrivals not played"),
    "error_rate": Text("feil", "errors"),
    "wrong": Text("gale svar", "wrong answers"),
}


def rate(value: float, lang: str) -> str:
    """A rate with the decimals that its size asks for."""
    return number(value, lang, 0 if value >= 100 else 1 if value >= 1 or value == 0 else 2)


def when(moment: dt.datetime, lang: str) -> str:
    """A time of day and a date (UTC)."""
    if lang == "nb":
        return moment.strftime("%d.%m.%Y kl. %H.%M UTC")
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def began(result: Result, lang: str) -> str:
    """When a run began."""
    return when(dt.datetime.fromtimestamp(result.began, dt.UTC), lang)


def _asked(what: str, lang: str) -> str:
    if what in _ASKED:
        return _ASKED[what].to(lang)
    if what.startswith("error "):
        return say(lang, "feil: ", "errors: ") + what.removeprefix("error ")
    return say(lang, "svartid ", "response time ") + what.removesuffix("_ms").replace("_", "," if lang == "nb" else ".")


def _amount(what: str, value: float | None, lang: str) -> str:
    if value is None:
        return "\u2013"
    if what.endswith("_ms"):
        return f"{number(value, lang, 0 if value >= 100 else 1)} ms"
    return number(value, lang) if what == "wrong" else percent(value, lang, 2)


def requirements(result: Result, lang: str) -> Table:
    """What was asked of a run and whether it held; what did not hold comes first."""
    made = Table(
        say(lang, "Kravene i kjøringen", "The requirements of the run"),
        [
            say(lang, "Hva", "What"),
            say(lang, "Krav", "Requirement"),
            say(lang, "Grense", "Limit"),
            say(lang, "Målt", "Measured"),
            say(lang, "Utfall", "Outcome"),
        ],
        ["text", "text", "number", "number", "text"],
    )
    for f in sorted(result.findings, key=lambda f: f.holds):
        outcome = VERDICTS["pass" if f.holds else "fail"].to(lang)
        limit, found = _amount(f.what, f.limit, lang), _amount(f.what, f.found, lang)
        made.rows.append([f.operation, _asked(f.what, lang), limit, found, outcome])
    return made


def verdict(result: Result, lang: str) -> str:
    """Whether a run passed, in a sentence."""
    broken = [f for f in result.findings if not f.holds]
    count, whole = len(broken), len(result.findings)
    listed = _listed(broken, lang)
    if result.verdict == "invalid":
        return say(
            lang,
            f"Kjøringen er ugyldig og sier ingenting om tjenesten: {listed}",
            f"The run is invalid and says nothing of the service: {listed}",
        )
    if result.verdict == "pass":
        return say(lang, f"Bestått: alle {whole} krav holder", f"Passed: all {whole} requirements hold")
    return say(
        lang,
        f"Ikke bestått: {count} av {whole} krav brytes ({listed})",
        f"Not passed: {count} of {whole} requirements are broken ({listed})",
    )


def _listed(broken: Sequence[Finding], lang: str) -> str:
    shown = [f"{f.operation} {_asked(f.what, lang)} {_amount(f.what, f.found, lang)}" for f in broken]
    return ", ".join(shown[:3]) + (" …" if len(shown) > 3 else "")


def timeline(result: Result, lang: str) -> Chart:
    """A run second by second: calls wanted, sent and failed."""
    wide = -(-len(result.timeline) // BINS) or 1  # seconds that a row stands for
    rows = []
    for first in range(0, len(result.timeline), wide):
        part = result.timeline[first : first + wide]
        second = part[0].second
        wanted, gone, lost = (
            sum(v) / len(part) for v in zip(*((s.wanted, s.sent, s.failed) for s in part), strict=True)
        )
        tip = say(
            lang,
            f"{second} s: ønsket {rate(wanted, lang)}, sendt {rate(gone, lang)}, feilet {rate(lost, lang)}",
            f"{second} s: wanted {rate(wanted, lang)}, sent {rate(gone, lang)}, failed {rate(lost, lang)}",
        )
        rows.append({"second": second, "wanted": wanted, "sent": gone, "failed": lost, "tip": tip})
    table = Table(
        say(lang, "Kjøringen over tid, kall per sekund", "The run over time, calls per second"),
        [
            say(lang, "Fra sekund", "From second"),
            say(lang, "Ønsket", "Wanted"),
            say(lang, "Sendt", "Sent"),
            say(lang, "Feilet", "Failed"),
        ],
        ["count", "decimal", "decimal", "decimal"],
        [[row["second"], row["wanted"], row["sent"], row["failed"]] for row in rows],
    )
    failed, sent = sum(s.failed for s in result.timeline), sum(s.sent for s in result.timeline)
    return Chart(
        name="timeline",
        kind="timeline",
        finding=say(
            lang,
            f"{number(failed, lang)} av {number(sent, lang)} kall feilet i løpet av {number(result.seconds, lang)} sekunder",
            f"{number(failed, lang)} of {number(sent, lang)} calls failed within {number(result.seconds, lang)} seconds",
        ),
        what=say(lang, "Kall per sekund av kjøringen", "Calls per second of the run"),
        reading=say(
            lang,
            "Blå linje: sendt; stiplet: det etterspørselen ville ha i gjennomsnitt; oransje søyler: feilet eller galt svar.",
            "Blue line: sent; dashed: what the demand wanted on average; orange bars: failed or wrong answer.",
        ),
        table=table,
        data={"rows": rows},
        keys=(
            ("scenario", say(lang, "sendt", "sent")),
            ("null", say(lang, "ønsket", "wanted")),
            ("bar", say(lang, "feilet", "failed")),
        ),
    )


def history(results: Sequence[Result], lang: str) -> Table:
    """Runs in order of time, each with its difference to the run before it of the same load."""
    made = Table(
        say(lang, "Kjøringene i rekkefølge", "The runs in order"),
        [
            say(lang, "Når", "When"),
            say(lang, "Last", "Load"),
            say(lang, "Utfall", "Outcome"),
            say(lang, "Statuskall/s", "Status calls/s"),
            say(lang, "Status p50, ms", "Status p50, ms"),
            say(lang, "Status p99, ms", "Status p99, ms"),
            say(lang, "Endring i p99 fra forrige", "Change of p99 from the previous"),
            say(lang, "Feil", "Errors"),
        ],
        ["text", "text", "text", "number", "number", "number", "number", "share"],
    )
    before: dict[str, float] = {}
    for one in results:
        status = one.operations.get("status")
        p50, p99 = (status.response_ms.p50, status.response_ms.p99) if status else (None, None)
        last = before.get(one.title("nb"))
        change = "\u2013"
        if p99 is not None and last:
            change = f"{'+' if p99 >= last else ''}{number(p99 - last, lang, 1)} ms ({'+' if p99 >= last else ''}{percent(p99 / last - 1, lang)})"
        if p99 is not None:
            before[one.title("nb")] = p99
        sent = sum(o.sent for o in one.operations.values())
        errors = sum(o.error_rate * o.sent for o in one.operations.values())
        made.rows.append(
            [
                began(one, lang),
                one.title(lang),
                VERDICTS[one.verdict].to(lang),
                "\u2013" if status is None else rate(status.achieved_per_second, lang),
                "\u2013" if p50 is None else number(p50, lang, 1),
                "\u2013" if p99 is None else number(p99, lang, 1),
                change,
                errors / sent if sent else 0.0,
            ]
        )
    return made


# --- the knee ----------------------------------------------------------------------------------------------------------


def edge(file: File, point: Point, lang: str) -> str:
    """«Bestått ved 450 åpninger/s i alle 3 søk, faller ved 500»: from the numbers of the file."""
    failed = [s.rate for s in _steps(file, point) if s.verdict != "pass"]
    count, low = len(point.rate.each), rate(point.rate.low, lang)
    alone = count == 1
    borne = say(
        lang,
        f"Bestått ved {low} åpninger per sekund" + ("" if alone else f" i alle {count} søk"),
        f"Passed at {low} openings per second" + ("" if alone else f" in all {count} searches"),
    )
    if not failed:
        return borne + say(lang, "; ingen rate falt", "; no rate failed")
    return borne + say(lang, ", faller første gang ved ", ", fails for the first time at ") + rate(min(failed), lang)


def _steps(file: File, point: Point) -> list[Step]:
    return [s for s in file.steps if s.processes == point.processes]


def _objective(file: File) -> float | None:
    """The limit on a status call's 99th percentile, in ms."""
    for name in ("status", "all"):
        limit = file.objectives.get(name, {}).get("p99_ms")
        if isinstance(limit, int | float):
            return float(limit)
    return None


def knee(file: File, point: Point, lang: str) -> Chart:
    """Response times by the rate that was achieved, with the highest rate that held and its range."""
    steps = sorted(_steps(file, point), key=lambda s: (s.repetition, s.achieved or 0.0))
    rows = []
    for s in steps:
        for which, ms in (("p50", s.p50_ms), ("p99", s.p99_ms)):
            if ms and s.achieved:
                shown = f"{which} {number(ms, lang, 1)} ms, {VERDICTS[s.verdict].to(lang)}"
                tip = f"{rate(s.achieved, lang)}/s: {shown}"
                held = s.verdict == "pass"
                rows.append(
                    {"rate": s.achieved, "ms": ms, "which": which, "search": s.repetition, "held": held, "tip": tip}
                )
    r, limit = point.rate, _objective(file)
    table = Table(
        say(lang, "Løpene i søket", "The runs of the search"),
        [
            say(lang, "Søk", "Search"),
            say(lang, "Bedt om, åpninger/s", "Asked for, openings/s"),
            say(lang, "Oppnådd, åpninger/s", "Achieved, openings/s"),
            "p50, ms",
            "p99, ms",
            say(lang, "Utfall", "Outcome"),
        ],
        ["count", "decimal", "decimal", "decimal", "decimal", "text"],
        [[s.repetition + 1, s.rate, s.achieved, s.p50_ms, s.p99_ms, VERDICTS[s.verdict].to(lang)] for s in steps],
    )
    sure = percent(r.covers, lang)
    return Chart(
        name="knee",
        kind="knee",
        finding=edge(file, point, lang),
        what=say(
            lang,
            f"Svartid for statuskall etter oppnådd rate, {point.processes} tjenerprosess{'er' if point.processes > 1 else ''}",
            f"Response time of status calls by achieved rate, {point.processes} server process{'es' if point.processes > 1 else ''}",
        ),
        reading=say(
            lang,
            f"Kneet: {rate(r.median, lang)} åpninger per sekund (median av {len(r.each)} søk; felt: {rate(r.low, lang)}\u2013{rate(r.high, lang)}, som dekker "
            f"medianen med {sure} sannsynlighet). Prikk: kravene holdt; åpen ring: de holdt ikke."
            + ("" if limit is None else f" Rød strek: kravet til p99, {number(limit, lang)} ms.")
            + " P95 står ikke i kapasitetsfilen."
            + (
                ""
                if point.limited_by == "service"
                else " Lastgeneratoren, ikke tjenesten, satte grensen i minst ett søk: kneet er en nedre grense."
            ),
            f"The knee: {rate(r.median, lang)} openings per second (median of {len(r.each)} searches; field: {rate(r.low, lang)}\u2013{rate(r.high, lang)}, which "
            f"holds the median with probability {sure}). Dot: the requirements held; open ring: they did not."
            + ("" if limit is None else f" Red line: the requirement on p99, {number(limit, lang)} ms.")
            + " The capacity file does not hold p95."
            + (
                ""
                if point.limited_by == "service"
                else " The load generator, not the service, was the limit of at least one search: the knee is a lower bound."
            ),
        ),
        table=table,
        data={
            "rows": rows,
            "knee": [{"x": r.median, "low": r.low, "high": r.high}],
            "limit": [] if limit is None else [{"y": limit}],
        },
        keys=(("scenario", "p99"), ("null", "p50"), ("bar", say(lang, "kneet", "the knee"))),
    )


def points(file: File, lang: str) -> Table:
    """What each number of server processes bears."""
    limits = {
        "service": say(lang, "tjenesten", "the service"),
        "generator": say(lang, "lastgeneratoren", "the load generator"),
    }
    return Table(
        say(lang, "Kapasitet etter antall tjenerprosesser", "Capacity by number of server processes"),
        [
            say(lang, "Tjenerprosesser", "Server processes"),
            say(lang, "Median, åpninger/s", "Median, openings/s"),
            say(lang, "Spenn", "Range"),
            say(lang, "Sikkerhet for at spennet dekker medianen", "Confidence that it holds the median"),
            say(lang, "Hva som satte grensen", "What set the limit"),
            say(lang, "Krav som brast først", "Requirements that broke first"),
        ],
        ["count", "number", "number", "share", "text", "text"],
        [
            [
                p.processes,
                rate(p.rate.median, lang),
                f"{rate(p.rate.low, lang)}\u2013{rate(p.rate.high, lang)}",
                p.rate.covers,
                limits.get(p.limited_by, p.limited_by),
                ", ".join(p.broke) or "\u2013",
            ]
            for p in file.points
        ],
    )


# --- demand against capacity -------------------------------------------------------------------------------------------


def peaks(demand: Demand) -> tuple[float, float]:
    """Openings per second: the busiest hour's mean, and the short peak over it."""
    hour = float(np.max(demand.total("status")))
    return hour, hour * demand.burst_factor


def against(demand: Demand, capacity: Capacity | None, lang: str) -> Table:
    """A demand file's peak against the capacity."""
    hour, peak = peaks(demand)
    made = Table(
        say(
            lang,
            "Etterspørselsfilen mot kapasiteten, åpninger per sekund",
            "The demand file against the capacity, openings per second",
        ),
        [say(lang, "Størrelse", "Quantity"), say(lang, "Verdi", "Value")],
        ["text", "number"],
        [
            [say(lang, "Travleste time, gjennomsnitt", "Busiest hour, mean"), rate(hour, lang)],
            [
                say(lang, "Kortvarig topp over timen, ganger", "Short peak over the hour, times"),
                number(demand.burst_factor, lang, 1),
            ],
            [say(lang, "Kortvarig topp", "Short peak"), rate(peak, lang)],
        ],
    )
    if capacity is not None and peak > 0:
        c = capacity
        made.rows.append(
            [
                say(lang, "Kapasitet, median (spenn)", "Capacity, median (range)"),
                f"{rate(c.median, lang)} ({rate(c.low, lang)}\u2013{rate(c.high, lang)})",
            ]
        )
        made.rows.append(
            [
                say(lang, "Rom, ganger (spenn)", "Room, times (range)"),
                f"{rate(c.median / peak, lang)} ({rate(c.low / peak, lang)}\u2013{rate(c.high / peak, lang)})",
            ]
        )
    return made


def covered(demand: Demand, capacity: Capacity, lang: str) -> str:
    """Whether the capacity covers a demand file's short peak, in a sentence."""
    _, peak = peaks(demand)
    o = demand.origin
    month = month_text(o.month, lang) if o.month else o.scenario
    shown = f"{rate(peak, lang)} (× {rate(capacity.median / peak, lang)})"
    if peak <= capacity.low:
        return say(
            lang,
            f"Hele spennet av målt kapasitet dekker den kortvarige toppen i {month}: {shown}",
            f"The whole range of the measured capacity covers the short peak of {month}: {shown}",
        )
    if peak <= capacity.median:
        return say(
            lang,
            f"Kapasiteten (median) dekker den kortvarige toppen i {month}, men ikke den laveste målingen: {shown}",
            f"The capacity (median) covers the short peak of {month}, but the lowest measurement does not: {shown}",
        )
    return say(
        lang,
        f"Kapasiteten dekker ikke den kortvarige toppen i {month}: {shown}",
        f"The capacity does not cover the short peak of {month}: {shown}",
    )


def headroom(room: Headroom, lang: str) -> Chart:
    """The short peak of each month against the measured capacity."""
    from sim.faces.report import headroom as report  # draws charts too, which takes a second to import

    finding, what, reading = report.headings(room, lang)
    log = report.far(room)

    def shown(value: float) -> float | None:
        return None if log and value <= 0 else float(value)

    rows = []
    for i, label in enumerate(room.months):
        low, middle, high = room.burst[:, i]
        tip = f"{month_text(label, lang)}: {rate(middle, lang)} ({rate(low, lang)}\u2013{rate(high, lang)})"
        rows.append(
            {
                "x": milliseconds(label),
                "low": shown(low),
                "middle": shown(middle),
                "high": shown(high),
                "hour": shown(room.peak[1, i]),
                "tip": tip,
            }
        )
    c = room.capacity
    limit = [{"x": row["x"], "y": c.median, "low": c.low, "high": c.high} for row in (rows[0], rows[-1])]
    return Chart(
        name="headroom",
        kind="headroom",
        finding=finding,
        what=what,
        reading=reading,
        table=report.table(room, lang),
        data={"rows": rows, "limit": limit},
        settings={"log": log},
        keys=(
            ("scenario", say(lang, "kortvarig topp", "short peak")),
            ("null", say(lang, "travleste time", "busiest hour")),
            (
                "bar",
                say(lang, "kapasitet", "capacity")
                + (say(lang, " (nedre grense)", " (lower bound)") if c.bound else ""),
            ),
        ),
    )
