"""The forecast's report: its findings, charts and tables."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sim.experiments import forecast
from sim.experiments.decomposition import Decomposition
from sim.experiments.headroom import Headroom
from sim.experiments.keyfigures import headline_month
from sim.experiments.posterior import Kept
from sim.experiments.summary import FEW, Summary
from sim.faces.report import calibration, charts, document, drawing, headroom, tables, uncertainty
from sim.faces.report.document import Chart
from sim.faces.report.table import Table, say
from sim.language import month_name, number, percent
from sim.model.calendar import Calendar
from sim.scenario.load import Loaded
from sim.vocabulary import GATES, REGIONS, TAGS


def render(
    loaded: Loaded,
    summary: Summary,
    seed: int,
    lang: str,
    decomposition: Decomposition | None = None,
    room: Headroom | None = None,
    kept: Kept | None = None,
) -> str:
    """The whole report as HTML; ``kept`` is the posterior that was drawn from."""
    content = _content(loaded, summary, seed, lang, decomposition, room)
    return document.render("report.html.j2", lang, content | {"posterior": _posterior(kept, lang)})


def fan_png(summary: Summary, lang: str) -> bytes:
    """The national fan as PNG, as the README shows it."""
    return drawing.png(charts.fan_national(summary, lang))


def doubts(kept: Kept | None, lang: str) -> str | None:
    """Which of its own checks the posterior fails, in a sentence; None if none."""
    if kept is None or not kept.doubts:
        return None
    failing = calibration.doubts(kept.doubts, kept.about["effective"], kept.about["pareto_k"], lang)
    head = say(
        lang,
        "Kalibreringen består ikke alle sine egne prøver: ",
        "The calibration does not pass all its own checks: ",
    )
    return head + "; ".join(failing) + "."


def _posterior(kept: Kept | None, lang: str) -> list[str]:
    """What the posterior says of itself: the file and its draws, and which of its checks fail."""
    if kept is None:
        return []
    about = kept.about
    told = [
        say(
            lang,
            f"Fordelingen er {kept.path.name} (SHA-256 {kept.digest[:12]}), {number(about['effective'], lang)} effektive trekk av "
            f"{number(about['size'], lang)}.",
            f"The posterior is {kept.path.name} (SHA-256 {kept.digest[:12]}), {number(about['effective'], lang)} effective draws of "
            f"{number(about['size'], lang)}.",
        )
    ]
    if failing := doubts(kept, lang):
        told.append(failing)
    return told


def _interval(statistics: dict[str, float], lang: str) -> str:
    return f"{number(100 * statistics['p05'], lang)}\u2013{percent(statistics['p95'], lang)}"


def _content(
    loaded: Loaded,
    summary: Summary,
    seed: int,
    lang: str,
    decomposition: Decomposition | None,
    room: Headroom | None,
) -> dict[str, Any]:
    results, scenario = summary.results, loaded.scenario
    model = results.model
    labels = model.calendar.labels
    key = headline_month(labels)
    index = labels.index(key)
    when = month_name(int(key[:4]), int(key[5:]), lang)
    title = scenario.title if lang == "nb" or not scenario.title_en else scenario.title_en
    whole = _place(loaded, lang)
    counts = tables.tag_counts(scenario)
    tags = {w.key: w.label(lang) for w in TAGS}
    evaluated = _evaluated_months(model.calendar, results)
    return {
        "title": title,
        "description": scenario.description,
        "conclusion": _conclusion(summary, key, when, whole, lang)
        + (headroom.sentences(room, lang) if room is not None else []),
        "calibrated": scenario.fitted is not None,
        "charts": _charts(loaded, summary, index, when, whole, lang)
        | ({} if room is None else {"capacity": headroom.chart(room, model.calendar, lang)}),
        "capacity": None if room is None else headroom.facts(room, lang),
        "a1190": [tables.a1190(results, lang, by, "vest", evaluated) for by in ("month", "category", "group")]
        if evaluated and "vest" in scenario.regions
        else [],
        "a1190_period": _span(labels, evaluated, lang) if evaluated else "",
        "indicators": tables.indicators(summary, lang),
        "drivers": tables.drivers(results, scenario, index, lang),
        "trusts": tables.trusts(summary, _last_year(index), lang),
        "uncertainty": uncertainty.section(decomposition, key, whole, lang) if decomposition else None,
        "precision": uncertainty.precision(results, whole, lang),
        "repeat": forecast.repeat(
            loaded,
            seed,
            results.replications,
            decomposition.pairs if decomposition else 0,
            room.capacity if room else None,
        ),
        "when": when,
        "tag_counts": [(tags[k], n) for k, n in counts.items()],
        "assumption_share": percent(counts["assumption"] / max(sum(counts.values()), 1), lang),
        "assumptions": tables.assumptions(scenario, lang),
        "conflicts": conflicts(loaded.data_folder, lang),
        "sources": tables.source_list(loaded, lang),
        "origin": say(
            lang,
            f"Scenario: {loaded.name} · {results.replications} trekk · frø {seed}",
            f"Scenario: {loaded.name} · {results.replications} draws · seed {seed}",
        ),
        "hash": loaded.hash,
        "scenario": loaded.name,
    }


def _last_year(index: int) -> list[int]:
    """The twelve months that end with a month."""
    return list(range(max(0, index - 11), index + 1))


def _place(loaded: Loaded, lang: str) -> str:
    regions = loaded.scenario.regions
    if len(regions) == 1:
        names = {w.key: w.label(lang) for w in REGIONS}
        return names[next(iter(regions))]
    return say(lang, "landet", "the country")


def _evaluated_months(calendar: Calendar, results: Any) -> list[int]:
    """The months of the evaluation's tables: from go-live in Helse Vest to March 2025."""
    totals = [o for o in results.observations if o.key.endswith("_total")]
    if not totals:
        return []
    first, last = (calendar.month_of(calendar.day(d)) for d in (totals[0].start, totals[0].end))
    return list(range(first, last + 1))


def _span(labels: list[str], months: list[int], lang: str) -> str:
    ends = (labels[months[0]], labels[months[-1]])
    return "\u2013".join(month_name(int(m[:4]), int(m[5:]), lang) for m in ends)


def _conclusion(summary: Summary, key: str, when: str, whole: str, lang: str) -> list[str]:
    new = summary.at("sync_rate_new", "national", key)
    live = summary.at("sync_rate_live", "national", key)
    index = summary.results.model.calendar.labels.index(key)
    months = np.array(_last_year(index))
    shares = charts.gate_shares(summary, "national", "all", months)
    elsewhere, live_share = shares[0], max(1 - shares[0], 1e-9)
    order = 1 + np.argsort(-shares[1:8])[:3]
    lost = [f"{GATES[g].label(lang).split(' (')[0]} ({percent(shares[g] / live_share, lang)})" for g in order]
    median = percent(new["p50"], lang)
    sentences = [
        say(
            lang,
            f"I {when} er {median} av de nye oppføringene i {whole} synkronisert til kjernejournal "
            f"(90 %-intervall {_interval(new, lang)}).",
            f"In {when}, {median} of the new entries in {whole} are synced to Kjernejournal "
            f"(90 % interval {_interval(new, lang)}).",
        ),
    ]
    if list(summary.results.model.scenario.sectors) != ["hospital"]:
        hospital = summary.at("sync_rate_new", "national", key, "hospital")
        sentences.append(
            say(
                lang,
                f"I sykehusene er andelen {percent(hospital['p50'], lang)} ({_interval(hospital, lang)}); "
                f"der løsningen er i bruk, hos alle aktører, {percent(live['p50'], lang)} ({_interval(live, lang)}).",
                f"In hospitals the share is {percent(hospital['p50'], lang)} ({_interval(hospital, lang)}); "
                f"where the API is in use, with all actors, {percent(live['p50'], lang)} ({_interval(live, lang)}).",
            )
        )
    sentences.append(
        say(
            lang,
            f"De siste tolv månedene fram til da ble {percent(elsewhere, lang)} av oppføringene registrert der løsningen ikke "
            f"var i bruk. Av resten stoppet flest ved {lost[0]}, {lost[1]} og {lost[2]}.",
            f"Over the twelve months until then {percent(elsewhere, lang)} of the entries were registered where the API was not "
            f"in use. Of the others most stopped at {lost[0]}, {lost[1]} and {lost[2]}.",
        )
    )
    exact = uncertainty.exactness(summary.results, key, lang)
    if exact is not None:
        sentences.append(exact)
    if summary.results.replications < FEW:
        sentences.append(
            say(
                lang,
                f"Bare {summary.results.replications} trekk: intervallene er usikre. Bruk minst {FEW}.",
                f"Only {summary.results.replications} draws: the intervals are uncertain. Use at least {FEW}.",
            )
        )
    return sentences


def _charts(loaded: Loaded, summary: Summary, index: int, when: str, whole: str, lang: str) -> dict[str, Chart]:
    results = summary.results
    labels = results.model.calendar.labels
    key = labels[index]
    scenario = loaded.scenario
    found: dict[str, Chart] = {}

    def add(name: str, figure: Figure, finding: str, what: str, reading: str, numbers: list[Table]) -> None:
        found[name] = Chart(name, finding, what, drawing.svg(figure, name, f"{finding}. {what}"), reading, numbers)

    fan = say(
        lang,
        "Mørkt bånd: 50 % av trekkene; lyst bånd: 90 %; linje: median. Viften rommer usikkerhet i parametere, "
        "tidsplan og tilfeldigheter. I 9 av 10 trekk ligger svaret i det lyse båndet, gitt forutsetningene.",
        "Dark band: 50 % of the draws; light band: 90 %; line: median. The fan holds uncertainty in parameters, "
        "schedule and chance. In 9 of 10 draws the answer lies in the light band, given the assumptions.",
    )
    new = summary.at("sync_rate_new", "national", key)
    hospital = summary.at("sync_rate_new", "national", key, "hospital")
    others = list(scenario.sectors) != ["hospital"]
    finding = say(
        lang,
        f"{percent(new['p50'], lang)} av alle nye oppføringer er synkronisert i {when}",
        f"{percent(new['p50'], lang)} of all new entries are synced in {when}",
    )
    if others:
        finding += say(lang, "; i sykehusene ", "; in hospitals ") + percent(hospital["p50"], lang)
    numbers = [tables.series(summary, "sync_rate_new", "national", "hospital", say(lang, "Sykehus", "Hospitals"), lang)]
    if others:
        all_actors = say(lang, "Alle aktører", "All actors")
        numbers.insert(0, tables.series(summary, "sync_rate_new", "national", "all", all_actors, lang))
    add(
        "national",
        charts.fan_national(summary, lang),
        finding,
        say(
            lang,
            "Synkroniseringsgrad for nye oppføringer, ved utgangen av måneden de ble registrert",
            "Sync rate of new entries, at the end of the month in which they were registered",
        ),
        fan,
        numbers,
    )
    if results.observations:
        low, high = np.quantile(results.fits, (0.05, 0.95), axis=0)
        inside = sum(a <= o.value <= b for a, b, o in zip(low, high, results.observations, strict=True))
        total = len(results.observations)
        area = results.observations[0].area
        months = _evaluated_months(results.model.calendar, results)
        dots = say(
            lang,
            "Prikker: publiserte tall (hul prikk: utledet); tykk strek: 50 % av trekkene; tynn: 90 %. "
            + (
                "Parametrene er kalibrert mot de samme tallene, så dette er en kontroll av tilpasningen; etterprøvingen står i "
                "utrulling backtest."
                if scenario.fitted
                else "Parametrene er trukket fra a priori-fordelingene, som ikke er tilpasset tallene."
            ),
            "Dots: published figures (hollow: derived); thick bar: 50 % of the draws; thin: 90 %. The parameters are "
            + (
                "calibrated to the same figures, so this checks the fit; for the validation see utrulling backtest."
                if scenario.fitted
                else "drawn from the priors, which were not fitted to the figures."
            ),
        )
        add(
            "fit",
            charts.fit(results, lang),
            say(
                lang,
                f"Modellens 90 %-intervall dekker {inside} av {total} publiserte og utledede tall",
                f"The model's 90 % interval covers {inside} of {total} published and derived figures",
            ),
            say(
                lang,
                f"Synkroniseringsgrad, {area}, registrert i perioden og lest ved slutten av den",
                f"Sync rate, {area}, registered in the window and read at its end",
            ),
            dots,
            [tables.fits(results, lang), *([tables.checks(results, lang, "vest", months)] if months else [])],
        )
        at_key = summary.at("sync_rate_live", area, key, "hospital")
        add(
            "vest",
            charts.fan_region(summary, area, results.observations, lang),
            say(
                lang,
                f"{area} når {percent(at_key['p50'], lang)} i {when} ({_interval(at_key, lang)})",
                f"{area} reaches {percent(at_key['p50'], lang)} in {when} ({_interval(at_key, lang)})",
            ),
            say(
                lang,
                "Synkroniseringsgrad for nye oppføringer der løsningen er i bruk, med publiserte tall",
                "Sync rate of new entries where the API is in use, with published figures",
            ),
            fan
            + say(
                lang,
                " Prikk: publisert (hul: utledet), strek: perioden tallet gjelder.",
                " Dot: published (hollow: derived), bar: the window it is about.",
            ),
            [tables.series(summary, "sync_rate_live", area, "hospital", area, lang)],
        )
    names = [w for w in REGIONS if w.key in scenario.regions]
    if len(names) > 1:
        best = max(names, key=lambda w: summary.at("sync_rate_new", w.nb, key, "hospital")["p50"])
        value = summary.at("sync_rate_new", best.nb, key, "hospital")["p50"]
        add(
            "regions",
            charts.regions(summary, results.observations, lang),
            say(
                lang,
                f"{best.nb} ligger høyest i {when} med {percent(value, lang)}",
                f"{best.en} is highest in {when} with {percent(value, lang)}",
            ),
            say(
                lang,
                "Sykehusenes synkroniseringsgrad for nye oppføringer; prikket grå linje er landet",
                "Hospitals' sync rate of new entries; the dotted grey line is the country",
            ),
            fan,
            [tables.series(summary, "sync_rate_new", w.nb, "hospital", w.label(lang), lang) for w in names],
        )
    shares = charts.gate_shares(summary, "national", "hospital", charts.years(results.model.calendar)[-1][1])
    add(
        "waterfall",
        charts.waterfall(summary, "national", "hospital", lang),
        say(
            lang,
            f"I {labels[-1][:4]} synkroniseres {percent(shares[8], lang)} av sykehusenes oppføringer; resten stopper ved barrierene",
            f"In {labels[-1][:4]} {percent(shares[8], lang)} of the hospitals' entries are synced; the rest stop at the gates",
        ),
        say(
            lang,
            "Andel av årets nye oppføringer i sykehus, etter den første barrieren som stoppet dem (gjennomsnitt av trekkene)",
            "Share of the year's new hospital entries by the first gate that stopped them (mean of the draws)",
        ),
        say(
            lang,
            "Rekkefølgen er prosessens: den første barrieren som stopper en oppføring, er årsaken.",
            "The order is the process's: the first gate that stops an entry is its reason.",
        ),
        [tables.waterfall(summary, "national", "hospital", lang), tables.waterfall(summary, "national", "all", lang)],
    )
    found["waterfall"].numbers[0] = _renamed(found["waterfall"].numbers[0], say(lang, "Sykehus", "Hospitals"))
    found["waterfall"].numbers[1] = _renamed(found["waterfall"].numbers[1], say(lang, "Alle aktører", "All actors"))
    writing = summary.series("actors_writing", "national", "hospital")[index] if "hospital" in scenario.sectors else 0
    units = sum(u.trust for u in results.model.structure.units)
    add(
        "gantt",
        charts.gantt(results, lang),
        say(
            lang,
            f"{writing:.0f} av {units} sykehusforetak er i bruk i {when} (median)",
            f"{writing:.0f} of {units} hospitals are in use in {when} (median)",
        ),
        say(
            lang,
            "Innføring per foretak, og per region for de andre aktørgruppene",
            "Go-live per hospital, and per region for the other sectors",
        ),
        say(
            lang,
            "Lyst felt: fra teknisk drift til i bruk (medianer); mørkt felt: i bruk; svart strek: P10\u2013P90 for bruksstart; fylt rute: planlagt teknisk drift (eller de første i en aktørgruppe); åpen rute: planlagt at alle er i bruk.",
            "Light bar: technical go-live to in use (medians); dark bar: in use; black line: P10\u2013P90 of go-live; filled diamond: planned technical go-live (or a sector's first actors); hollow: planned that all are in use.",
        ),
        [tables.golive(results, lang)],
    )
    nurses = summary.at("eid_coverage_nurse", "national", key, "hospital")
    add(
        "coverage",
        charts.coverage(summary, "national", "hospital", lang),
        say(
            lang,
            f"{percent(nurses['p50'], lang)} av sykepleierne i sykehus har eID i {when} ({_interval(nurses, lang)})",
            f"{percent(nurses['p50'], lang)} of hospital nurses have an eID in {when} ({_interval(nurses, lang)})",
        ),
        say(
            lang,
            f"Andel av sykehusenes leger og sykepleiere i {whole}",
            f"Share of hospital doctors and nurses in {whole}",
        ),
        say(
            lang,
            "Linje: median; bånd: 90 % av trekkene. Dekningen ved start er en forutsetning; ingen tall er publisert.",
            "Line: median; band: 90 % of the draws. Coverage at the start is an assumption; no figures are published.",
        ),
        [
            tables.series(summary, m, "national", "hospital", c, lang)
            for m, c in (
                ("eid_coverage_doctor", say(lang, "eID, leger", "eID, doctors")),
                ("eid_coverage_nurse", say(lang, "eID, sykepleiere", "eID, nurses")),
                ("knowledge_coverage_doctor", say(lang, "Kunnskap, leger", "Knowledge, doctors")),
                ("knowledge_coverage_nurse", say(lang, "Kunnskap, sykepleiere", "Knowledge, nurses")),
            )
        ],
    )
    people = summary.at("citizens", "national", key)
    target = summary.at("citizens_estimated", "national", key)
    add(
        "citizens",
        charts.citizens(summary, lang),
        say(
            lang,
            f"{percent(people['p50'] / target['p50'], lang)} av dem som bør ha kritisk informasjon i kjernejournal, har det i {when}",
            f"{percent(people['p50'] / target['p50'], lang)} of those who should have critical information in Kjernejournal have it in {when}",
        ),
        say(
            lang,
            f"Innbyggere i {whole} med kritisk informasjon i kjernejournal",
            f"Citizens of {whole} with critical information in Kjernejournal",
        ),
        fan,
        [
            tables.series(
                summary,
                "citizens",
                "national",
                "all",
                say(lang, "Innbyggere med informasjon", "Citizens with information"),
                lang,
            )
        ],
    )
    return found


def _renamed(table: Table, caption: str) -> Table:
    return Table(f"{table.caption}: {caption}", table.heads, table.kinds, table.rows)


def conflicts(folder: Path, lang: str) -> list[dict[str, str]]:
    """Where the sources contradict each other, and what is done about it."""
    with (folder / "conflicts.csv").open(encoding="utf-8", newline="") as handle:
        return [
            {k: row[f"{k}_{lang}"] for k in ("title", "text", "handling")} | {"number": row["number"]}
            for row in csv.DictReader(handle)
        ]
