"""The tables of the report: A-1190, indicators, assumptions, what matters most.

Pure functions from a summary to ``Table``s with numbers; how a number looks is settled by its column's kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from sim.experiments.measures import INDEX
from sim.experiments.replicate import Results
from sim.experiments.summary import Summary, quantiles, significant
from sim.faces.report.charts import gate_shares, window, years
from sim.faces.report.table import Kind, Norwegian, Table, say
from sim.language import month_name, number, percent
from sim.model.draws import columns
from sim.scenario.data import sources
from sim.scenario.load import Loaded
from sim.scenario.parameter import Parameter
from sim.scenario.schema import Scenario, Stratum, milestones, parameters
from sim.vocabulary import CATEGORIES, GATES, GROUPS, REGIONS, SECTOR_KEYS, SECTORS, TAGS, UNITS, words

Floats = npt.NDArray[np.float64]


def series(summary: Summary, measure: str, area: str, sector: str, caption: str, lang: str) -> Table:
    """The numbers behind a fan, twice a year."""
    labels = summary.results.model.calendar.labels
    heads = [say(lang, "Måned", "Month"), *(say(lang, f"P{p}", f"P{p}") for p in (5, 25, 50, 75, 95))]
    kind: Kind = "share" if "rate" in measure or "coverage" in measure else "count"
    table = Table(caption, heads, ["text", *[kind] * 5])
    for index, label in enumerate(labels):
        if label[5:] in ("06", "12"):
            values = [summary.series(measure, area, sector, s)[index] for s in ("p05", "p25", "p50", "p75", "p95")]
            table.rows.append([month_name(int(label[:4]), int(label[5:]), lang), *values])
    return table


def a1190(
    results: Results, lang: str, by: Literal["month", "category", "group"], region: str, months: Sequence[int]
) -> Table:
    """Registered, synced and not synced, as DIPS report A-1190 shows them, for a region's hospitals."""
    structure, labels = results.model.structure, results.model.calendar.labels
    chosen = [
        i
        for i, s in enumerate(structure.strata)
        if structure.units[s.unit].trust and structure.units[s.unit].region == region
    ]
    entries = results.detail[np.ix_(list(months), chosen)] / results.replications  # [t, s, 9]
    live = entries[:, :, 1:]  # A-1190 counts where the API is in use
    registered, synced = live.sum(axis=2), live[:, :, -1]
    what = {
        "month": say(lang, "Måned", "Month"),
        "category": say(lang, "Kategori", "Category"),
        "group": say(lang, "Personellgruppe", "Professional group"),
    }[by]
    heads = [
        what,
        say(lang, "Registrert", "Registered"),
        say(lang, "Synkronisert", "Synced"),
        say(lang, "Ikke synkronisert", "Not synced"),
        say(lang, "Synkroniseringsgrad", "Sync rate"),
    ]
    table = Table(what, heads, ["text", "count", "count", "count", "share"])
    pairs: list[tuple[str, float, float]] = []
    if by == "month":
        pairs = [
            (month_name(int(labels[m][:4]), int(labels[m][5:]), lang), registered[t].sum(), synced[t].sum())
            for t, m in enumerate(months)
        ]
    elif by == "category":
        mix = structure.category_mix[chosen]
        totals, done = registered.sum(axis=0) @ mix, synced.sum(axis=0) @ mix
        pairs = [(w.label(lang), totals[c], done[c]) for c, w in enumerate(CATEGORIES)]
        pairs.sort(key=lambda p: -p[1])
    else:
        group = structure.group_of[chosen]
        for g, word in enumerate(GROUPS):
            if (group == g).any():
                pairs.append((word.label(lang), registered[:, group == g].sum(), synced[:, group == g].sum()))
        pairs.sort(key=lambda p: -p[1])
    for name, total, done_ in pairs:
        table.rows.append([name, total, done_, total - done_, done_ / total if total else float("nan")])
    total, done_ = float(registered.sum()), float(synced.sum())
    table.rows.append(
        [say(lang, "Sum", "Total"), total, done_, total - done_, done_ / total if total else float("nan")]
    )
    return table


def checks(results: Results, lang: str, region: str, months: Sequence[int]) -> Table:
    """Published rankings and volumes, and whether the model gives them."""
    detail = results.detail[list(months)] / results.replications
    structure = results.model.structure
    chosen = np.array(
        [structure.units[s.unit].trust and structure.units[s.unit].region == region for s in structure.strata]
    )
    live = detail[:, chosen][:, :, 1:].sum(axis=0)
    group = structure.group_of[chosen]
    registered = {w.key: live[group == g].sum() for g, w in enumerate(GROUPS)}
    synced = {w.key: live[group == g][:, -1].sum() for g, w in enumerate(GROUPS)}
    unsynced = {k: registered[k] - synced[k] for k in registered}

    def top(values: dict[str, float], count: int = 2) -> list[str]:
        return sorted(values, key=lambda k: -values[k])[:count]

    names = words(GROUPS, CATEGORIES)
    mix = structure.category_mix[chosen]
    by_category = dict(zip([w.key for w in CATEGORIES], live.sum(axis=1) @ mix, strict=True))
    total = next(o for o in results.observations if o.key.endswith("_total"))
    per_month = live.sum() / ((total.end - total.start).days + 1) * 365.25 / 12

    def listed(keys: list[str]) -> str:
        return ", ".join(names[k].label(lang).split(" (")[0] for k in keys)

    yes, no = say(lang, "✓ stemmer", "✓ agrees"), say(lang, "✗ avviker", "✗ differs")
    table = Table(
        say(lang, "Publiserte fakta", "Published facts"),
        [
            say(lang, "Hva", "What"),
            say(lang, "Publisert", "Published"),
            say(lang, "Modellen", "The model"),
            say(lang, "Vurdering", "Verdict"),
        ],
        ["text", "text", "text", "text"],
    )

    def add(what: str, published: str, model: str, holds: bool) -> None:
        table.rows.append([what, published, model, yes if holds else no])

    add(
        say(lang, "Oppføringer per måned", "Entries per month"),
        say(lang, "≈ 2 130 (utledet)", "≈ 2,130 (derived)"),
        number(per_month, lang),
        abs(per_month / 2130 - 1) < 0.1,
    )
    for what, values in (
        (say(lang, "Dokumenterer mest", "Document most"), registered),
        (say(lang, "Synkroniserer mest", "Sync most"), synced),
        (say(lang, "Synkroniserer ikke", "Do not sync"), unsynced),
    ):
        expected = ["doctor", "nurse"] if values is synced else ["nurse", "doctor"]
        add(what, listed(expected), listed(top(values)), top(values) == expected)
    three = top(by_category, 4)
    add(
        say(lang, "Største kategorier", "Largest categories"),
        say(
            lang,
            "pågående behandling; deretter smitte eller legemiddelreaksjon; annen prosedyreendring (kildene er uenige)",
            "ongoing treatment; then infection or drug reaction; other change of procedure (sources differ)",
        ),
        listed(three),
        three[0] == "ongoing_treatment"
        and set(three) == {"ongoing_treatment", "infection", "drug_reaction", "procedure_change"},
    )
    return table


def fits(results: Results, lang: str) -> Table:
    """Published sync rates against the model."""
    table = Table(
        say(lang, "Publiserte synkroniseringsgrader mot modellen", "Published sync rates against the model"),
        [
            say(lang, "Registrert i perioden (lest ved slutten)", "Registered in the window (read at its end)"),
            say(lang, "Publisert", "Published"),
            say(lang, "Evidensgrad", "Tag"),
            say(lang, "Modellens median", "Model median"),
            "P5",
            "P95",
            say(lang, "Innenfor 90 %", "Inside 90 %"),
            say(lang, "Kilde", "Source"),
        ],
        ["text", "share", "text", "share", "share", "share", "text", "text"],
    )
    tags = words(TAGS)
    low, middle, high = quantiles(results.fits, (0.05, 0.5, 0.95))
    for i, o in enumerate(results.observations):
        inside = low[i] <= o.value <= high[i]
        table.rows.append(
            [
                window(o, lang),
                o.value,
                tags[o.tag].label(lang),
                middle[i],
                low[i],
                high[i],
                say(lang, "ja", "yes") if inside else say(lang, "nei", "no"),
                o.source,
            ]
        )
    return table


def waterfall(summary: Summary, area: str, sector: str, lang: str) -> Table:
    """The numbers behind the waterfalls: share of the year's entries per outcome."""
    spans = years(summary.results.model.calendar)
    names = [w.label(lang) for w in GATES] + [say(lang, "synkronisert", "synced")]
    table = Table(
        say(lang, "Andel av årets oppføringer", "Share of the year's entries"),
        ["", *(str(y) for y, _ in spans)],
        ["text", *["share"] * len(spans)],  # type: ignore[list-item]
    )
    columns = [gate_shares(summary, area, sector, months) for _, months in spans]
    for index, name in enumerate(names):
        table.rows.append([name, *(c[index] for c in columns)])
    return table


def trusts(summary: Summary, months: Sequence[int], lang: str) -> Table:
    """Each hospital over some months: registered, synced, and where the rest stopped (means of the draws)."""
    units = [u for u in summary.results.model.structure.units if u.trust]
    regions = [w.key for w in REGIONS]
    units.sort(key=lambda u: regions.index(u.region))
    table = Table(
        say(lang, "Sykehus", "Hospitals"),
        [
            say(lang, "Sykehus", "Hospital"),
            say(lang, "Registrert", "Registered"),
            say(lang, "Synkronisert", "Synced"),
            *(w.label(lang).split(" (")[0] for w in GATES),
        ],
        ["text", "count", "share", *["share"] * len(GATES)],  # type: ignore[list-item]
    )
    for unit in units:
        registered = summary.series("registered", unit.name, "hospital", "mean")[list(months)].sum()
        shares = gate_shares(summary, unit.name, "hospital", np.array(months))
        table.rows.append([unit.name, registered, shares[8], *shares[:8]])
    return table


def golive(results: Results, lang: str) -> Table:
    """The numbers behind the Gantt chart."""
    calendar, units = results.model.calendar, results.model.structure.units
    last = calendar.starts[-1]
    regions, sectors = words(REGIONS), words(SECTORS)
    table = Table(
        say(lang, "I bruk (skrivetilgang)", "In use (write access)"),
        [
            say(lang, "Enhet", "Unit"),
            "P10",
            say(lang, "Median", "Median"),
            "P90",
            say(lang, "Sannsynlig innen perioden", "Probability within the period"),
        ],
        ["text", "text", "text", "text", "share"],
    )
    later = say(lang, "senere", "later")
    order = [w.key for w in REGIONS]
    ranked = sorted(
        enumerate(units), key=lambda p: (not p[1].trust, SECTOR_KEYS.index(p[1].sector), order.index(p[1].region))
    )
    for index, unit in ranked:
        write = results.milestones[:, index, 2].astype(np.float64)
        shown = np.where(np.isfinite(write), write, 1e6)
        days = np.quantile(shown, (0.1, 0.5, 0.9))
        cells = []
        for day in days:
            if day >= last:
                cells.append(later)
            else:
                date = calendar.date(float(day))
                cells.append(date.strftime("%d.%m.%Y") if lang == "nb" else date.isoformat())
        name = unit.name if unit.trust else f"{sectors[unit.sector].label(lang)}, {regions[unit.region].label(lang)}"
        table.rows.append([name, *cells, float(np.mean(write < last))])
    return table


def indicators(summary: Summary, lang: str) -> Table:
    """The indicators that Helsedirektoratet's chapter 4 asks for, per year (medians)."""
    spans = years(summary.results.model.calendar)
    table = Table(
        say(lang, "Indikatorer (median)", "Indicators (median)"),
        ["", *(str(y) for y, _ in spans)],
        ["text", *["number"] * len(spans)],  # type: ignore[list-item]
    )
    results = summary.results
    at = results.areas.find("national")

    def total(measure: str) -> Floats:
        sample = results.series[:, INDEX[measure], at].astype(np.float64)
        return np.array([np.median(sample[:, months].sum(axis=1)) for _, months in spans])

    def share_uploaded() -> Floats:
        synced = results.series[:, INDEX["synced"], at].astype(np.float64)
        registered = results.series[:, INDEX["registered"], at].astype(np.float64)
        return np.array([np.median(synced[:, m].sum(1) / registered[:, m].sum(1)) for _, m in spans])

    def at_end(measure: str) -> Floats:
        return np.array([summary.series(measure, "national")[months[-1]] for _, months in spans])

    def add(name: str, values: Floats, share: bool = False) -> None:
        table.rows.append(
            [name, *(percent(float(v), lang, 1) if share else number(float(v), lang) for v in significant(values, 3))]
        )

    add(
        say(
            lang,
            "Innbyggere med kritisk informasjon i KJ (årsslutt)",
            "Citizens with critical information in KJ (year end)",
        ),
        at_end("citizens"),
    )
    ratio = at_end("citizens") / at_end("citizens_estimated")
    add(say(lang, "… av anslaget på hvem som bør ha", "… of the estimate of who should have"), ratio, True)
    add(
        say(
            lang, "Nye registreringer i KJ (synkronisert i måneden)", "New registrations in KJ (synced in their month)"
        ),
        total("synced"),
    )
    add(say(lang, "Eldre oppføringer lastet opp senere", "Older entries uploaded later"), total("synced_later"))
    add(
        say(lang, "Andel av lokale oppføringer som er lastet opp", "Share of local entries uploaded"),
        share_uploaded(),
        True,
    )
    add(
        say(lang, "Spørringer etter oppdatert informasjon (indikatorkall)", "Queries for updates (indicator calls)"),
        total("indicator_calls"),
    )
    add(say(lang, "Nedlastinger fra KJ", "Downloads from KJ"), total("downloads"))
    add(say(lang, "Aktører teknisk klare", "Actors technically ready"), at_end("actors_ready"))
    add(say(lang, "Aktører med lesetilgang", "Actors with read access"), at_end("actors_reading"))
    add(say(lang, "Aktører med skrivetilgang", "Actors with write access"), at_end("actors_writing"))
    add(say(lang, "Frigjorte timer for helsepersonell", "Clinicians' hours saved"), total("hours_saved"))
    add(
        say(
            lang,
            "Møter utenfor eget sykehus/kontor der informasjonen var der",
            "Encounters away from home where the information was there",
        ),
        total("encounters_informed"),
    )
    return table


def describe(parameter: Parameter, lang: str) -> str:
    """A parameter's value or distribution in words."""

    def show(value: float | None) -> str:
        return "" if value is None else _show_value(value, lang)

    if parameter.value is not None:
        return show(parameter.value)
    if parameter.distribution == "uniform":
        return f"{show(parameter.low)}\u2013{show(parameter.high)}"
    if parameter.distribution == "triangular":
        return f"{show(parameter.low)} \u2013 {show(parameter.mode)} \u2013 {show(parameter.high)}"
    if parameter.distribution == "lognormal":
        return f"{show(parameter.median)} ×/÷ {show(parameter.gsd)}"
    return f"{show(parameter.mean)} ± {show(parameter.sd)}"


def _show_value(value: float, lang: str) -> str:
    """Three significant figures, as people write them."""
    if value == 0:
        return "0"
    decimals = 0 if abs(value) >= 100 else max(0, 2 - int(np.floor(np.log10(abs(value)))))
    text = number(float(value), lang, min(decimals, 6))
    mark = "," if lang == "nb" else "."
    return text.rstrip("0").rstrip(mark) if mark in text else text


def title(scenario: BaseModel, path: Sequence[str | int], lang: str) -> str:
    """Where a parameter belongs, in words: «sykehus · nurse · Har eID ved start»."""
    known, groups = words(REGIONS, SECTORS), words(GROUPS)
    parts: list[str] = []
    node: Any = scenario
    for key in path:
        if isinstance(node, BaseModel):
            heading = type(node).model_fields[str(key)].title or str(key)
            if lang == "en":
                heading = str(key).replace("_", " ")
            parts.append(heading)
            node = getattr(node, str(key))
        elif isinstance(node, dict):
            node = node[key]
            if isinstance(node, Stratum):
                own = node.title if lang == "nb" else None
                group = groups[node.group].label(lang).split(" (")[0]
                parts.append(own or (group if key == node.group else str(key).replace("_", " ")))
            else:
                parts.append(known[str(key)].label(lang) if key in known else str(key))
        else:
            node = node[int(key)]
            parts.append(str(getattr(node, "name", key)))
    drop = {"Aktørgrupper", "Helseregioner", "Personellstrata", "Innføring", "sectors", "regions", "strata", "golive"}
    return " · ".join(p for p in parts if p not in drop)


def calibrated(scenario: Scenario, lang: str) -> dict[str, str]:
    """By column name: median and 90 % interval of every parameter whose calibrated draws take the prior's place."""
    found = {}
    for column in columns(scenario):
        if column.fitted is not None:
            low, middle, high = (_show_value(v, lang) for v in quantiles(column.fitted, (0.05, 0.5, 0.95)))
            found[column.name] = f"{middle} ({low}\u2013{high})"
    return found


def assumptions(scenario: Scenario, lang: str, only: Callable[[Sequence[str | int]], bool] = lambda _: True) -> Table:
    """Every parameter with unit, source and tag, and the dates of the programme; ``only`` those whose places it takes."""
    tags, units = words(TAGS), words(UNITS)
    after = calibrated(scenario, lang)
    table = Table(
        say(lang, "Alle parametere", "All parameters"),
        [
            say(lang, "Parameter", "Parameter"),
            say(lang, "Verdi eller spenn", "Value or range"),
            *([say(lang, "Kalibrert: median (90 %)", "Calibrated: median (90 %)")] if after else []),
            say(lang, "Enhet", "Unit"),
            say(lang, "Evidensgrad", "Tag"),
            say(lang, "Kilde", "Source"),
            say(lang, "Merknad", "Note"),
        ],
        ["text"] * (7 if after else 6),
    )
    for path, p in parameters(scenario):
        if not only(path):
            continue
        table.rows.append(
            [
                title(scenario, path, lang),
                describe(p, lang),
                *([after.get(".".join(map(str, path)), "")] if after else []),
                units[p.unit].label(lang),
                tags[p.tag].label(lang),
                Norwegian(p.source),
                Norwegian(p.note or ""),
            ]
        )
    for path_, milestone in milestones(scenario):
        if not only(path_):
            continue
        shown = milestone.date.strftime("%d.%m.%Y") if lang == "nb" else milestone.date.isoformat()
        table.rows.append(
            [
                title(scenario, path_, lang),
                shown,
                *([""] if after else []),
                say(lang, "dato", "date"),
                tags[milestone.tag].label(lang),
                Norwegian(milestone.source),
                Norwegian(milestone.note or ""),
            ]
        )
    return table


def tag_counts(scenario: Scenario) -> dict[str, int]:
    """How many parameters and dates carry each tag."""
    found: list[str] = [p.tag for _, p in parameters(scenario)]
    found += [m.tag for _, m in milestones(scenario)]
    return {w.key: found.count(w.key) for w in TAGS}


def drivers(results: Results, scenario: Scenario, month: int, lang: str, count: int = 10) -> Table:
    """The uncertain parameters that go most together with the national sync rate in a month.

    Spearman's rank correlation over the replications: a first look at what the answer hangs on, not a sensitivity analysis.
    Only correlations that chance alone would hardly give (3.7 standard errors: once in ten reports of 400 parameters) are shown.
    """
    from scipy.stats import rankdata

    after = calibrated(scenario, lang)
    y = results.series[:, INDEX["sync_rate_new"], results.areas.find("national"), month].astype(np.float64)
    table = Table(
        say(lang, "Hva svaret henger mest på", "What the answer hangs on most"),
        [
            say(lang, "Parameter", "Parameter"),
            say(lang, "Rangkorrelasjon", "Rank correlation"),
            say(lang, "Evidensgrad", "Tag"),
            say(lang, "Spenn i scenarioet", "Range in the scenario"),
            *([say(lang, "Kalibrert: median (90 %)", "Calibrated: median (90 %)")] if after else []),
        ],
        ["text"] * (5 if after else 4),
    )
    if results.replications < 20 or np.std(y) == 0:
        return table
    uncertain = [(i, c) for i, c in enumerate(results.model.columns) if c.parameter.uncertain]
    ranks = rankdata(y)
    tags = words(TAGS)
    scored = []
    for i, column in uncertain:
        x = rankdata(results.draws[:, i])
        if np.std(x) > 0:
            scored.append((float(np.corrcoef(x, ranks)[0, 1]), column))
    scored.sort(key=lambda pair: -abs(pair[0]))
    paths = {".".join(map(str, path)): path for path, _ in parameters(scenario)}
    told: set[str] = set()  # what shares a draw (one vendor's delay in every region) is one line
    for correlation, column in scored:
        if column.stream in told or len(table.rows) == count:
            continue
        told.add(column.stream)
        if abs(correlation) < 3.7 / np.sqrt(results.replications):
            break
        name, _, entity = column.name.partition("@")
        if name not in paths:
            continue
        label = title(scenario, paths[name], lang) + (f" · {entity}" if entity else "")
        table.rows.append(
            [
                label,
                number(correlation, lang, 2),
                tags[column.parameter.tag].label(lang),
                describe(column.parameter, lang),
                *([after.get(column.name, "")] if after else []),
            ]
        )
    return table


def source_list(loaded: Loaded, lang: str) -> Table:
    """The sources that the scenario uses."""
    from sim.scenario.data import source_key

    used = {source_key(p.source) for _, p in parameters(loaded.scenario)}
    used |= {source_key(m.source) for _, m in milestones(loaded.scenario)}
    known = sources(loaded.data_folder)
    table = Table(
        say(lang, "Kilder", "Sources"),
        [
            say(lang, "Nøkkel", "Key"),
            say(lang, "Tittel", "Title"),
            say(lang, "Utgiver", "Publisher"),
            say(lang, "Dato", "Date"),
        ],
        ["text"] * 4,
    )
    table.rows.extend(
        [s.key, Norwegian(s.title), Norwegian(s.publisher), s.date] for k, s in known.items() if k in used
    )
    return table
