"""The report of a calibration: what the data say, what they do not, and whether the computation can be trusted."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from sim.experiments import calibrate, sbc
from sim.experiments.calibrate import Fit, Learned, weighted_quantile
from sim.experiments.evidence import model_errors
from sim.experiments.observations import Observation
from sim.faces.report import document, drawing, tables
from sim.faces.report.charts import window
from sim.faces.report.document import Chart
from sim.faces.report.drawing import BLUE, GREY, INK, ORANGE, new_figure, panels_of
from sim.faces.report.table import Table, median_and_ends, say
from sim.language import Text, number, percent
from sim.scenario.load import Loaded
from sim.scenario.schema import parameters
from sim.vocabulary import UNITS, words

SHOWN = 14  # parameters in the chart
BOUNDS = (0.05, 0.25, 0.5, 0.75, 0.95)

STATEMENTS = {
    "nurses_document_most": Text(
        "Sykepleierne dokumenterer mest, legene nest mest", "Nurses document most, doctors second"
    ),
    "doctors_close_behind": Text(
        "«Legene hakk i hel»: minst tre firedeler så mange", "«Doctors close behind»: at least three quarters as many"
    ),
    "doctors_sync_most": Text("Legene synkroniserer mest, sykepleierne nest mest", "Doctors sync most, nurses second"),
    "nurses_stop_most": Text(
        "Sykepleierne har flest oppføringer som ikke synkroniseres, legene nest flest",
        "Nurses leave most unsynced, doctors second",
    ),
    "ongoing_treatment_most": Text(
        "Pågående behandling er størst, annen prosedyreendring blant de tre største",
        "Ongoing treatment is largest, other change of procedure among the three largest",
    ),
    "eid_under_way": Text("Utstyring av sykepleiere med eID pågår", "Nurses are being equipped with eIDs"),
}


def render(loaded: Loaded, fitted: Fit, ranks: sbc.Ranks, repeat: str, lang: str) -> str:
    """The whole report as HTML."""
    bank = fitted.bank
    learned = calibrate.learned(fitted)
    informed = [item for item in learned if item.informed]
    origin = say(
        lang,
        f"Scenario: {loaded.name} · {bank.size} trekk · frø {bank.seed}",
        f"Scenario: {loaded.name} · {bank.size} draws · seed {bank.seed}",
    )
    return document.render(
        "calibration.html.j2",
        lang,
        {
            "title": say(lang, "Kalibrering: hva dataene sier", "Calibration: what the data say"),
            "scenario": loaded.scenario.title if lang == "nb" else (loaded.scenario.title_en or loaded.scenario.title),
            "conclusion": _conclusion(fitted, learned, ranks, loaded, lang),
            "charts": _charts(fitted, learned, ranks, loaded, lang),
            "origin": origin,
            "parameters": _parameters(learned, loaded, lang),
            "silent": len(learned) - len(informed),
            "ties": _ties(fitted, loaded, lang),
            "statements": _statements(fitted, lang),
            "diagnostics": _diagnostics(fitted, ranks, lang),
            "repeat": repeat,
        },
    )


def label(loaded: Loaded, name: str, lang: str) -> str:
    """What a column is called."""
    paths = {".".join(map(str, path)): path for path, _ in parameters(loaded.scenario)}
    name, _, entity = name.partition("@")
    shown = tables.title(loaded.scenario, paths[name], lang) if name in paths else name
    return shown + (f" · {entity}" if entity else "")


def _conclusion(fitted: Fit, learned: list[Learned], ranks: sbc.Ranks, loaded: Loaded, lang: str) -> list[str]:
    informed = [item for item in learned if item.informed]
    first = [f"«{label(loaded, item.column.name, lang)}»" for item in informed[:3]]
    and_ = say(lang, " og ", " and ")
    named = ", ".join(first[:-1]) + and_ + first[-1] if len(first) > 1 else "".join(first)
    last = fitted.bank.evidence.figures[-1]
    low, middle, high = weighted_quantile(
        fitted.predicted[:, len(fitted.bank.evidence.figures) - 1], fitted.weights, (0.05, 0.5, 0.95)
    )
    return [
        say(
            lang,
            f"Dataene sier noe om {len(informed)} av {len(learned)} usikre parametere"
            + (f", mest om {named}" if named else "")
            + ". Om de andre sier de ingenting: der er svaret det samme som forutsetningen.",
            f"The data say something about {len(informed)} of {len(learned)} uncertain parameters"
            + (f", most about {named}" if named else "")
            + ". About the others they say nothing: there the answer is the assumption.",
        ),
        say(
            lang,
            f"For {window(last, lang)} gir den kalibrerte modellen {percent(middle, lang)} "
            f"(90 %-intervall {number(100 * low, lang)}\u2013{percent(high, lang)}); publisert er {percent(last.value, lang)}.",
            f"For {window(last, lang)} the calibrated model gives {percent(middle, lang)} "
            f"(90 % interval {number(100 * low, lang)}\u2013{percent(high, lang)}); published is {percent(last.value, lang)}.",
        ),
        trust(fitted, ranks, lang),
    ]


def doubts(names: list[str], effective: float, pareto_k: float, lang: str, largest: float = 0.0) -> list[str]:
    """Which checks of the weights fail, what was found and what should be, in words."""
    limits = (number(calibrate.TRUSTED, lang, 1), number(calibrate.ENOUGH, lang), percent(calibrate.HEAVIEST, lang))
    words = {
        "pareto_k": say(
            lang,
            f"noen få trekk bærer for mye (Pareto k er {number(pareto_k, lang, 2)}, bør være under {limits[0]})",
            f"a few draws carry too much (Pareto k is {number(pareto_k, lang, 2)}, should be below {limits[0]})",
        ),
        "effective": say(
            lang,
            f"for få effektive trekk ({number(effective, lang)}, bør være minst {limits[1]})",
            f"too few effective draws ({number(effective, lang)}, should be at least {limits[1]})",
        ),
        "largest_weight": say(
            lang,
            f"ett trekk bærer {percent(largest, lang)} av vekten (bør være under {limits[2]})",
            f"one draw carries {percent(largest, lang)} of the weight (should be below {limits[2]})",
        ),
    }
    return [words[name] for name in names]


def trust(fitted: Fit, ranks: sbc.Ranks, lang: str) -> str:
    """Whether the calibration passes its own checks, and if not, which of them fail."""
    failing = doubts(fitted.doubts, fitted.ess, fitted.pareto_k, lang, float(fitted.weights.max()))
    if not ranks.enough:
        failing.append(
            say(
                lang,
                f"for få syntetiske sannheter til å si noe ({len(ranks.ranks)}, bør være minst {5 * sbc.BINS})",
                f"too few synthetic truths to tell ({len(ranks.ranks)}, should be at least {5 * sbc.BINS})",
            )
        )
    elif not ranks.uniform:
        failing.append(
            say(
                lang,
                "metoden finner ikke igjen sannheter som den selv har laget",
                "the method does not recover truths of its own making",
            )
        )
    effective = number(fitted.ess, lang)
    if not failing:
        return say(
            lang,
            f"Beregningen består alle sine egne prøver: {effective} effektive trekk, Pareto k {number(fitted.pareto_k, lang, 2)}, og "
            "metoden finner igjen sannheter som den selv har laget.",
            f"The computation passes all its own checks: {effective} effective draws, Pareto k {number(fitted.pareto_k, lang, 2)}, and "
            "the method recovers truths of its own making.",
        )
    return say(
        lang,
        f"Beregningen består ikke alle sine egne prøver: {'; '.join(failing)}. Øk --draws.",
        f"The computation does not pass all its own checks: {'; '.join(failing)}. Raise --draws.",
    )


def _charts(fitted: Fit, learned: list[Learned], ranks: sbc.Ranks, loaded: Loaded, lang: str) -> dict[str, Chart]:
    found: dict[str, Chart] = {}

    def add(name: str, figure: Figure, finding: str, what: str, reading: str, numbers: list[Table]) -> None:
        found[name] = Chart(name, finding, what, drawing.svg(figure, name, f"{finding}. {what}"), reading, numbers)

    predictive, observations = _predictive(fitted)
    inside = sum(
        bool(low <= o.value <= high) for o, (low, *_, high) in zip(observations, predictive["posterior"], strict=True)
    )
    add(
        "predictive",
        _predictive_chart(observations, predictive, lang),
        say(
            lang,
            f"Den kalibrerte modellens 90 %-intervall dekker {inside} av {len(observations)} publiserte og utledede tall",
            f"The calibrated model's 90 % interval covers {inside} of {len(observations)} published and derived figures",
        ),
        say(
            lang,
            "Synkroniseringsgrad slik den ville blitt publisert, før (grått) og etter (blått) kalibrering",
            "Sync rate as it would be published, before (grey) and after (blue) calibration",
        ),
        say(
            lang,
            "Prikker: publiserte tall (hul: utledet). Tykk strek: 50 % av trekkene, tynn: 90 %. Tallet for hele perioden "
            "(47,02 %) er ikke brukt i kalibreringen, fordi det er satt sammen av de andre; det er en kontroll.",
            "Dots: published figures (hollow: derived). Thick bar: 50 % of the draws, thin: 90 %. The figure for the whole period "
            "(47.02 %) is not used in the calibration, as it is made up of the others; it is a check.",
        ),
        [_predictive_table(observations, predictive, lang)],
    )
    informed = sum(item.informed for item in learned)
    add(
        "learned",
        _learned_chart(learned[:SHOWN], loaded, lang),
        say(
            lang,
            f"{informed} parametere er flyttet av dataene",
            f"{informed} parameters are moved by the data",
        ),
        say(
            lang,
            "De parameterne som dataene sier mest om: 90 %-intervall før (grått) og etter (blått), på skalaen til forutsetningen",
            "The parameters that the data say most about: 90 % interval before (grey) and after (blue), on the prior's scale",
        ),
        say(
            lang,
            "0 er den laveste og 1 den høyeste verdien i forutsetningens midterste 99 %. Hul prikk: ikke mer enn tilfeldigheter gir.",
            "0 is the lowest and 1 the highest value of the prior's central 99 %. Hollow dot: no more than chance gives.",
        ),
        [_parameters(learned[:SHOWN], loaded, lang)],
    )
    worst = int(np.argmin(ranks.p_values)) if ranks.enough else 0
    add(
        "ranks",
        _ranks_chart(ranks, lang),
        say(
            lang,
            "Rangene er jevnt fordelt"
            if ranks.uniform
            else "Rangene er ikke jevnt fordelt"
            if ranks.enough
            else "For få syntetiske sannheter til å si noe",
            "The ranks are uniform"
            if ranks.uniform
            else "The ranks are not uniform"
            if ranks.enough
            else "Too few synthetic truths to tell",
        ),
        say(
            lang,
            f"{len(ranks.ranks)} syntetiske sannheter av {ranks.tried}: hvor sannheten ligger blant trekkene fra dens egen fordeling",
            f"{len(ranks.ranks)} synthetic truths of {ranks.tried}: where the truth lies among draws of its own posterior",
        ),
        say(
            lang,
            f"Hver søyle er en tidel av rangene, alle parametere og synkroniseringsgrader samlet. Testen ser på dem enkeltvis og sier fra ved en tilfeldighet i {percent(sbc.ALARM, lang)} av riktige kalibreringer. De andre sannhetene ga for få effektive trekk.",
            f"Each bar is a tenth of the ranks, all parameters and sync rates together. The test looks at them one by one and gives a false alarm in {percent(sbc.ALARM, lang)} of right calibrations. The other truths left too few effective draws.",
        ),
        [_ranks_table(ranks, _quantity(ranks.names[worst], fitted, loaded, lang), worst, lang)],
    )
    return found


def _predictive(fitted: Fit) -> tuple[dict[str, Any], list[Observation]]:
    bank = fitted.bank
    before = calibrate.prior(bank)
    observations = [*bank.evidence.figures, *bank.evidence.checks]
    # a check has no error of its own; the model's, at its median, is taken as for the figures
    spread = float(np.median(model_errors(bank.evidence)))
    found = {}
    for name, one in (("prior", before), ("posterior", fitted)):
        samples = [*one.predicted.T, *(c + spread * bank.noise[:, 0] for c in bank.checks.T)]
        found[name] = [weighted_quantile(s, one.weights, BOUNDS) for s in samples]
    return found, observations


def _predictive_chart(observations: list[Observation], predictive: dict[str, Any], lang: str) -> Figure:
    figure = new_figure(9.5, 0.75 * len(observations) + 1.0)
    (axes,) = panels_of(figure)
    y = np.arange(len(observations))[::-1]
    for name, colour, shift in (("prior", GREY, 0.16), ("posterior", BLUE, -0.12)):
        low, quarter, middle, three, high = np.array(predictive[name]).T
        axes.hlines(y + shift, low, high, color=colour, linewidth=2)
        axes.hlines(y + shift, quarter, three, color=colour, linewidth=8, alpha=0.45)
        axes.plot(middle, y + shift, "|", color=colour, markersize=12, markeredgewidth=2)
    for at, o in zip(y, observations, strict=True):
        axes.plot([o.value], [at], "o", color=INK, markerfacecolor="white" if o.tag == "derived" else INK, zorder=5)
    axes.set_yticks(y, [window(o, lang) for o in observations])
    axes.set_ylim(-0.6, len(y) - 0.4)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: percent(v, lang)))
    axes.grid(axis="y", visible=False)
    return figure


def _predictive_table(observations: list[Observation], predictive: dict[str, Any], lang: str) -> Table:
    table = Table(
        say(lang, "Publiserte tall og modellens prediksjon", "Published figures and the model's prediction"),
        [
            say(lang, "Registrert i perioden", "Registered in the window"),
            say(lang, "Publisert", "Published"),
            *(f"{say(lang, 'før', 'before')} P{p}" for p in (5, 50, 95)),
            *(f"{say(lang, 'etter', 'after')} P{p}" for p in (5, 50, 95)),
        ],
        ["text", *["share"] * 7],  # type: ignore[list-item]
    )
    for o, before, after in zip(observations, predictive["prior"], predictive["posterior"], strict=True):
        chosen = (0, 2, 4)
        table.rows.append([window(o, lang), o.value, *(before[i] for i in chosen), *(after[i] for i in chosen)])
    return table


def _learned_chart(learned: list[Learned], loaded: Loaded, lang: str) -> Figure:
    figure = new_figure(9.5, 0.34 * len(learned) + 1.0)
    (axes,) = panels_of(figure)
    y = np.arange(len(learned))[::-1]
    for at, item in zip(y, learned, strict=True):
        bottom, top = item.column.parameter.quantile(np.array([0.005, 0.995]))

        def scaled(values: Any, bottom: float = float(bottom), top: float = float(top)) -> Any:
            return (np.asarray(values) - bottom) / (top - bottom)

        before, after = scaled(item.prior), scaled(item.posterior)
        axes.hlines(at + 0.13, before[0], before[2], color=GREY, linewidth=2)
        axes.hlines(at - 0.13, after[0], after[2], color=BLUE, linewidth=4)
        axes.plot(
            [after[1]], [at - 0.13], "o", color=BLUE, markersize=7, markerfacecolor=BLUE if item.informed else "white"
        )
    axes.set_yticks(y, [label(loaded, item.column.name, lang) for item in learned])
    axes.set_xlim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, lang, 1)))
    axes.grid(axis="y", visible=False)
    return figure


def _ranks_chart(ranks: sbc.Ranks, lang: str) -> Figure:
    figure = new_figure(9.5, 2.6)
    (axes,) = panels_of(figure)
    share = ranks.histogram.sum(axis=0) / max(ranks.histogram.sum(), 1)
    axes.bar(np.arange(sbc.BINS) + 0.5, share, width=0.9, color=BLUE)
    axes.axhline(1 / sbc.BINS, color=ORANGE, linestyle="--")
    axes.set_xticks([0, 5, 10], ["0", "50", "99"])
    axes.set_ylim(0, max(0.15, float(share.max()) * 1.1))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: percent(v, lang)))
    axes.grid(axis="x", visible=False)
    return figure


def _quantity(name: str, fitted: Fit, loaded: Loaded, lang: str) -> str:
    """What a ranked quantity is called: a published figure by its window, a parameter by its place."""
    figures = {o.key: window(o, lang) for o in fitted.bank.evidence.figures}
    streams = {c.stream: c.name for c in fitted.bank.columns}
    return figures[name] if name in figures else label(loaded, streams[name], lang)


def _ranks_table(ranks: sbc.Ranks, worst_name: str, worst: int, lang: str) -> Table:
    table = Table(
        say(lang, "Andel av rangene i hver tidel", "Share of the ranks in each tenth"),
        ["", *(f"{10 * i}\u2013{10 * i + 9}" for i in range(sbc.BINS)), "p"],
        ["text", *["share"] * sbc.BINS, "number"],  # type: ignore[list-item]
    )
    if not ranks.enough:
        return table
    together = ranks.histogram.sum(axis=0) / ranks.histogram.sum()
    table.rows.append([say(lang, "alle samlet", "all together"), *together, ""])
    one = ranks.histogram[worst] / ranks.histogram[worst].sum()
    table.rows.append(
        [f"{say(lang, 'skjevest', 'least even')}: {worst_name}", *one, number(ranks.p_values[worst], lang, 4)]
    )
    return table


def _parameters(learned: list[Learned], loaded: Loaded, lang: str) -> Table:
    table = Table(
        say(lang, "Før og etter, og hvor mye de to overlapper", "Before and after, and how far the two overlap"),
        [
            say(lang, "Parameter", "Parameter"),
            say(lang, "Enhet", "Unit"),
            say(lang, "Før: median (90 %)", "Before: median (90 %)"),
            say(lang, "Etter: median (90 %)", "After: median (90 %)"),
            say(lang, "Overlapp", "Overlap"),
            say(lang, "Hva dataene sier", "What the data say"),
        ],
        ["text", "text", "number", "number", "share", "text"],
    )
    units = words(UNITS)

    for item in learned:
        silent = say(lang, "dataene sier ingenting om denne", "the data say nothing about this one")
        says = say(lang, "flyttet", "moved")
        table.rows.append(
            [
                label(loaded, item.column.name, lang),
                units[item.column.parameter.unit].label(lang),
                median_and_ends(item.prior, lang),
                median_and_ends(item.posterior, lang),
                item.overlap,
                says if item.informed else silent,
            ]
        )
    return table


def _ties(fitted: Fit, loaded: Loaded, lang: str) -> Table:
    table = Table(
        say(lang, "Par som dataene knytter sammen", "Pairs that the data tie together"),
        ["", "", say(lang, "Rangkorrelasjon", "Rank correlation")],
        ["text", "text", "number"],
    )
    for pair in calibrate.tied(fitted):
        names = (label(loaded, c.name, lang) for c in (pair.one, pair.other))
        table.rows.append([*names, number(pair.correlation, lang, 2)])
    return table


def _statements(fitted: Fit, lang: str) -> Table:
    bank = fitted.bank
    before = calibrate.prior(bank).weights @ bank.judged
    after = fitted.weights @ bank.judged
    table = Table(
        say(lang, "Utsagn uten tall", "Statements without a number"),
        [
            say(lang, "Utsagn", "Statement"),
            say(lang, "Kilde", "Source"),
            say(lang, "Tiltro", "Trust"),
            say(lang, "Sant i så mange trekk før", "True in so many draws before"),
            say(lang, "etter", "after"),
        ],
        ["text", "text", "share", "share", "share"],
    )
    for s, b, a in zip(bank.evidence.statements, before, after, strict=True):
        table.rows.append([STATEMENTS[s.key].to(lang), s.source, s.trust, b, a])
    return table


def _diagnostics(fitted: Fit, ranks: sbc.Ranks, lang: str) -> Table:
    bank = fitted.bank
    table = Table(
        say(lang, "Diagnostikk", "Diagnostics"),
        ["", say(lang, "Funnet", "Found"), say(lang, "Bør være", "Should be")],
        ["text", "number", "text"],
    )
    distinct = len(np.unique(fitted.resample()))
    table.rows.extend(
        [
            [say(lang, "Trekk i banken", "Draws in the bank"), number(bank.size, lang), ""],
            [
                say(lang, "Effektive trekk", "Effective draws"),
                number(fitted.ess, lang),
                say(lang, f"minst {calibrate.ENOUGH}", f"at least {calibrate.ENOUGH}"),
            ],
            [
                say(lang, "Effektiv andel (aksept)", "Effective share (acceptance)"),
                percent(fitted.ess / bank.size, lang, 1),
                "",
            ],
            [
                say(lang, "Ulike trekk i fordelingen", "Distinct draws in the posterior"),
                f"{number(distinct, lang)} / {number(calibrate.DRAWS, lang)}",
                "",
            ],
            [
                say(lang, "Største vekt", "Largest weight"),
                percent(float(fitted.weights.max()), lang, 1),
                say(lang, "under ", "below ") + percent(calibrate.HEAVIEST, lang),
            ],
            [
                say(lang, "Halen i vektene (Pareto k)", "Tail of the weights (Pareto k)"),
                number(fitted.pareto_k, lang, 2),
                say(lang, "under ", "below ") + number(calibrate.TRUSTED, lang, 1),
            ],
            [
                say(
                    lang,
                    "Syntetiske sannheter: minste p × antall",
                    "Synthetic truths: least p × count",
                ),
                number(float(min(1.0, ranks.p_values.min() * len(ranks.names))), lang, 3) if ranks.enough else "\u2013",
                say(lang, f"over {number(sbc.ALARM, lang, 2)}", f"over {number(sbc.ALARM, lang, 2)}"),
            ],
        ]
    )
    return table
