"""The report of a hindcast: what the model would have said, against what came and against naive forecasts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from sim.experiments import backtest, calibrate
from sim.experiments.backtest import MODEL, PRIOR, SPREAD, Record, Verdict
from sim.experiments.bank import Bank
from sim.experiments.observations import Observation
from sim.faces.report import document, drawing
from sim.faces.report.calibration import STATEMENTS
from sim.faces.report.charts import window
from sim.faces.report.document import Chart
from sim.faces.report.drawing import BLUE, GREY, INK, ORANGE, new_figure, panels_of
from sim.faces.report.table import Table, say
from sim.language import Text, number, percent
from sim.scenario.load import Loaded

FORECASTERS = {
    MODEL: Text("modellen", "the model"),
    PRIOR: Text("modellen uten data", "the model without data"),
    "last_value": Text("siste verdi", "last value"),
    "linear_trend": Text("lineær trend", "linear trend"),
    "logistic_trend": Text("logistisk trend", "logistic trend"),
}


def forecaster(key: str, lang: str) -> str:
    """What a forecaster is called."""
    base = FORECASTERS[key.removesuffix(SPREAD)].to(lang)
    return base + (say(lang, ", med spredning", ", with spread") if key.endswith(SPREAD) else "")


AGAINST = {
    "points": Text(
        "de enkle framskrivningene slik de publiseres (punkter)", "the naive forecasts as published (points)"
    ),
    "all": Text(
        "strengere: den beste av alle når de enkle også får en spredning",
        "stricter: the best of all when the naive ones get a spread too",
    ),
}
OUTCOMES = {
    "met": Text("nådd", "met"),
    "missed": Text("ikke nådd", "not met"),
    "borderline": Text(
        "på grensen: regnefeilen er for stor til å si nådd eller ikke",
        "borderline: the Monte Carlo error is too large to tell",
    ),
}


def ratio(verdict: Verdict, against: backtest.Against, lang: str) -> str:
    """«0,412 ± 0,006»; ± is the Monte Carlo error."""
    return f"{number(verdict.ratio(against), lang, 3)} ± {number(verdict.ratio_error(against), lang, 3)}"


def tell(verdict: Verdict, lang: str) -> str:
    """A verdict in a sentence, against the naive forecasts as points."""
    where = (
        say(lang, "Alle samlet", "All together")
        if verdict.cutoff == "all"
        else say(lang, f"Kjent til {day(verdict.cutoff, lang)}", f"Known until {verdict.cutoff}")
    )
    naive = verdict.best("points")
    own, best = (number(100 * verdict.means[n], lang, 1) for n in (MODEL, naive))
    return say(
        lang,
        f"{where}: CRPS {own} prosentpoeng mot {best} for den beste enkle ({forecaster(naive, lang)}); "
        f"forholdet er {ratio(verdict, 'points', lang)}.",
        f"{where}: CRPS {own} percentage points against {best} of the best naive ({forecaster(naive, lang)}); "
        f"the ratio is {ratio(verdict, 'points', lang)}.",
    )


def goals(verdicts: Sequence[Verdict], lang: str) -> list[str]:
    """The goal and what became of it: against the naive forecasts as published, and the stricter comparison."""
    whole = verdicts[-1]
    half, least = number(backtest.GOAL, lang, 1), number(backtest.WORST, lang)
    found = []
    for against in backtest.AGAINST:
        worst = max(verdicts[:-1], key=lambda v: v.ratio(against))
        of = AGAINST[against].to(lang)
        end = OUTCOMES[backtest.outcome(verdicts, against)].to(lang)
        own, best = (number(100 * whole.means[n], lang, 1) for n in (MODEL, whole.best(against)))
        found.append(
            say(
                lang,
                f"Mot {of}: CRPS {own} mot {best} prosentpoeng i gjennomsnitt, forholdet {ratio(whole, against, lang)} "
                f"(mål: høyst {half}); verst ved én dato {ratio(worst, against, lang)} (mål: høyst {least}). Målet er {end}."
                if against == "points"
                else f"{of[0].upper()}{of[1:]}: forholdet {ratio(whole, against, lang)}, verst ved én dato "
                f"{ratio(worst, against, lang)}. Målt slik er målet {end}. ± er regnefeilen (standardfeil).",
                f"Against {of}: CRPS {own} against {best} percentage points in the mean, ratio {ratio(whole, against, lang)} "
                f"(goal: at most {half}); worst at one cut-off {ratio(worst, against, lang)} (goal: at most {least}). The goal is {end}."
                if against == "points"
                else f"{of[0].upper()}{of[1:]}: ratio {ratio(whole, against, lang)}, worst at one cut-off "
                f"{ratio(worst, against, lang)}. Measured so, the goal is {end}. ± is the Monte Carlo error (standard error).",
            )
        )
    return found


def day(iso: str, lang: str) -> str:
    """A date as people write it."""
    return dt.date.fromisoformat(iso).strftime("%d.%m.%Y") if lang == "nb" else iso


def render(
    loaded: Loaded, bank: Bank, records: Sequence[Record], verdicts: Sequence[Verdict], repeat: str, lang: str
) -> str:
    """The whole report as HTML."""
    figure = _chart(bank, records, lang)
    worse = [v for v in verdicts[:-1] if v.ratio("points") > backtest.WORST]
    finding = say(
        lang,
        f"Modellen er bedre enn den beste enkle framskrivningen ved {len(verdicts) - 1 - len(worse)} av {len(verdicts) - 1} datoer",
        f"The model is better than the best naive forecast at {len(verdicts) - 1 - len(worse)} of {len(verdicts) - 1} cut-offs",
    )
    what = say(
        lang,
        "Synkroniseringsgrad: kjent ved datoen (sorte prikker), forutsagt (blått: 50 og 80 %), og det som ble publisert (oransje)",
        "Sync rate: known at the date (black dots), predicted (blue: 50 and 80 %), and what was published (orange)",
    )
    reading = say(
        lang,
        "Hvert felt viser hva som var kjent til én dato. Grå kryss: siste verdi og lineær trend.",
        "Each panel is one cut-off. Grey crosses: last value and linear trend.",
    )
    chart = Chart(
        "hindcast",
        finding,
        what,
        drawing.svg(figure, "hindcast", f"{finding}. {what}"),
        reading,
        [_records(bank, records, lang)],
    )
    return document.render(
        "hindcast.html.j2",
        lang,
        {
            "title": say(
                lang,
                "Etterprøving: ville modellen ha sett det komme?",
                "Hindcast: would the model have seen it coming?",
            ),
            "scenario": loaded.scenario.title if lang == "nb" else (loaded.scenario.title_en or loaded.scenario.title),
            "conclusion": _conclusion(verdicts, records, lang),
            "charts": {"hindcast": chart},
            "origin": say(
                lang,
                f"Scenario: {loaded.name} · {bank.size} trekk · frø {bank.seed}",
                f"Scenario: {loaded.name} · {bank.size} draws · seed {bank.seed}",
            ),
            "scores": scores(verdicts, lang),
            "coverage": coverage_table(records, lang),
            "known": _known(bank, records, lang),
            "repeat": repeat,
        },
    )


def _conclusion(verdicts: Sequence[Verdict], records: Sequence[Record], lang: str) -> list[str]:
    covered = backtest.coverage(records)[MODEL]
    count = sum(r.forecaster == MODEL for r in records)
    below = sum(r.forecaster == MODEL and r.median < r.published for r in records)
    return [
        *goals(verdicts, lang),
        say(
            lang,
            f"Intervallene på 50, 80 og 95 % dekket {', '.join(percent(c, lang) for c in covered)} av {count} forutsigelser, og "
            f"medianen lå under det publiserte i {below} av {count}. Så få tall, som dessuten henger sammen, kan ikke skille en god "
            "dekning fra en middels.",
            f"The 50, 80 and 95 % intervals covered {', '.join(percent(c, lang) for c in covered)} of {count} predictions, and the "
            f"median lay below the published figure in {below} of {count}. So few figures, which hang together besides, cannot tell good "
            "coverage from fair.",
        ),
    ]


def _chart(bank: Bank, records: Sequence[Record], lang: str) -> Figure:
    cutoffs = sorted({r.cutoff for r in records})
    figure = new_figure(9.5, 3.4)
    panels = panels_of(figure, 1, len(cutoffs), sharey=True)
    series = sorted(bank.evidence.figures, key=lambda o: o.end)
    position = {o.key: i for i, o in enumerate(bank.evidence.figures)}

    def middle(o: Observation) -> float:
        return float((date2num(o.start) + date2num(o.end)) / 2)

    for axes, cutoff in zip(panels, cutoffs, strict=True):
        fitted = calibrate.fit(bank, dt.date.fromisoformat(cutoff))
        axes.axvline(float(date2num(dt.date.fromisoformat(cutoff))), color=GREY, linestyle=":")
        for o in series:
            face = "white" if o.tag == "derived" else None
            if str(o.end) <= cutoff:
                axes.plot([middle(o)], [o.value], "o", color=INK, markerfacecolor=face or INK, markersize=6)
                continue
            sample = fitted.predicted[:, position[o.key]]
            low, quarter, three, high = calibrate.weighted_quantile(sample, fitted.weights, (0.1, 0.25, 0.75, 0.9))
            axes.vlines(middle(o), low, high, color=BLUE, linewidth=2)
            axes.vlines(middle(o), quarter, three, color=BLUE, linewidth=9, alpha=0.45)
            for name in ("last_value", "linear_trend"):
                one = next(r for r in records if (r.cutoff, r.target, r.forecaster) == (cutoff, o.key, name))
                axes.plot([middle(o)], [one.median], "x", color=GREY, markersize=6)
            axes.plot([middle(o)], [o.value], "o", color=ORANGE, markerfacecolor=face or ORANGE, markersize=7, zorder=5)
        axes.set_title(say(lang, f"kjent til {day(cutoff, lang)}", f"known until {cutoff}"))
        locator = AutoDateLocator(maxticks=5)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(
            ConciseDateFormatter(locator, show_offset=False, formats=["%Y", "%m.%y", "%d", "%H", "%M", "%S"])
        )
        axes.yaxis.set_major_locator(MultipleLocator(0.05))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: percent(v, lang)))
    return figure


def _records(bank: Bank, records: Sequence[Record], lang: str) -> Table:
    windows = {o.key: window(o, lang) for o in bank.evidence.figures}
    table = Table(
        say(lang, "Hver forutsigelse", "Every prediction"),
        [
            say(lang, "Kjent til", "Known until"),
            say(lang, "Forutsagt", "Predicted"),
            say(lang, "Av", "By"),
            say(lang, "Publisert", "Published"),
            "Median",
            "P10",
            "P90",
            say(lang, "CRPS, prosentpoeng", "CRPS, percentage points"),
            "50 / 80 / 95 %",
        ],
        ["text", "text", "text", "share", "share", "share", "share", "number", "text"],
    )
    for r in records:
        marks = " / ".join("✓" if c else "–" for c in (r.covered_50, r.covered_80, r.covered_95))
        table.rows.append(
            [
                day(r.cutoff, lang),
                windows[r.target],
                forecaster(r.forecaster, lang),
                r.published,
                r.median,
                r.low,
                r.high,
                number(100 * r.crps, lang, 1),
                marks,
            ]
        )
    return table


def scores(verdicts: Sequence[Verdict], lang: str) -> Table:
    """Mean CRPS by forecaster and cut-off, and the ratios."""
    names = list(verdicts[-1].means)
    heads = [say(lang, "alle", "all") if v.cutoff == "all" else day(v.cutoff, lang) for v in verdicts]
    table = Table(
        say(
            lang,
            "CRPS i prosentpoeng, gjennomsnitt per dato som tallene var kjent til (lavere er bedre)",
            "CRPS in percentage points, mean per cut-off (lower is better)",
        ),
        ["", *heads],
        ["text", *["number"] * len(verdicts)],  # type: ignore[list-item]
    )
    for name in names:
        table.rows.append([forecaster(name, lang), *(number(100 * v.means[name], lang, 1) for v in verdicts)])
    for against in backtest.AGAINST:
        of = AGAINST[against].to(lang)
        label = say(lang, f"forholdet, mot {of}", f"ratio, against {of}") if against == "points" else of
        table.rows.append([label, *(ratio(v, against, lang) for v in verdicts)])
    return table


def coverage_table(records: Sequence[Record], lang: str) -> Table:
    """How often the intervals held."""
    table = Table(
        say(
            lang,
            "Andel av de publiserte tallene som lå i intervallet",
            "Share of the published figures inside the interval",
        ),
        ["", "50 %", "80 %", "95 %"],
        ["text", "share", "share", "share"],
    )
    for name, shares in backtest.coverage(records).items():
        if name in (MODEL, PRIOR) or name.endswith(SPREAD):  # a point covers nothing
            table.rows.append([forecaster(name, lang), *shares])
    return table


def _known(bank: Bank, records: Sequence[Record], lang: str) -> Table:
    table = Table(
        say(lang, "Hva som var kjent", "What was known"),
        [
            say(lang, "Dato", "Date"),
            say(lang, "Tall", "Figures"),
            say(lang, "Utsagn", "Statements"),
            say(lang, "Effektive trekk", "Effective draws"),
        ],
        ["text", "text", "text", "number"],
    )
    evidence = bank.evidence
    for cutoff in sorted({r.cutoff for r in records}):
        date = dt.date.fromisoformat(cutoff)
        figures, statements = evidence.known(date)
        shown = [
            f"{percent(o.value, lang, 2)} ({window(o, lang)}{say(lang, ', utledet', ', derived') if o.tag == 'derived' else ''})"
            for o in np.array(evidence.figures, object)[figures]
        ]
        said = [STATEMENTS[s.key].to(lang) for s in np.array(evidence.statements, object)[statements]]
        table.rows.append(
            [day(cutoff, lang), "; ".join(shown), "; ".join(said) or "–", number(calibrate.fit(bank, date).ess, lang)]
        )
    return table
