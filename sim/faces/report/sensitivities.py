"""The report «measure this first»: which unknowns move the answer, and what it is worth to know them before deciding."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from sim.experiments.evaluate import Asked
from sim.experiments.factors import Factor, Space
from sim.experiments.information import Worth
from sim.experiments.sensitivity import REST, Effect, Share, Swing
from sim.faces.report import drawing, tables
from sim.faces.report.analysis import Analysis, Section
from sim.faces.report.document import Chart
from sim.faces.report.planning import month, where
from sim.faces.report.table import Table, say
from sim.language import number, percent
from sim.scenario.intervention import Intervention
from sim.scenario.load import Loaded
from sim.scenario.schema import parameters
from sim.vocabulary import TAGS

Floats = npt.NDArray[np.float64]
MOST = 15  # rows of a chart, or of a table that is open
SMALL = 0.05  # a share of the variance that no conclusion names


@dataclass(frozen=True)
class Decision:
    """Which intervention to choose, or none: EVPI for each willingness to pay, and EVPPI per factor at one of them."""

    interventions: list[Intervention]
    willingness: list[float]  # kroner per extra synced entry
    evpi: list[float]  # MNOK
    best: list[int]  # the choice today; 0 is none
    at: float
    worth: dict[str, Worth]
    draws: int
    month: str

    @property
    def ranked(self) -> list[str]:
        """The factors, those most worth knowing first; what cannot be told from 0 comes last."""
        return sorted(self.worth, key=lambda k: (-self.worth[k].distinct, -self.worth[k].value))


@dataclass(frozen=True)
class Answered:
    """All that the report is made of."""

    loaded: Loaded
    space: Space
    asked: Asked
    middle: float
    swings: list[Swing]
    effects: list[Effect]
    shares: list[Share]
    decision: Decision | None
    size: int
    trajectories: int
    seed: int
    repeat: str

    @property
    def hanging(self) -> list[Share]:
        """The shares of the variance, largest first; all the rest is last."""
        return sorted(self.shares, key=lambda s: (s.key == REST, -s.total))

    @property
    def largest(self) -> list[Share]:
        """The three largest shares, without those that are small: what a conclusion names."""
        one, *others = [s for s in self.hanging if s.key != REST][:3]
        return [one, *(s for s in others if s.total >= SMALL)]

    @property
    def larger(self) -> int:
        """A sample size that would settle the shares; the sample's own when they are settled.

        They are not when the half-width of one of ``largest`` is more than half of it, when one of these has a negative share alone, or
        when the rest has more than all of the variance, or all shares alone together surely have. Half-widths shrink
        with the root of the size.
        """
        top, rest = self.largest, [s for s in self.shares if s.key == REST]
        wide = max([2 * s.total_confidence / max(s.total, 1e-3) for s in top], default=0.0)
        alone = sum(s.first for s in self.shares) - math.hypot(*(s.first_confidence for s in self.shares))
        if wide <= 1 and all(s.first > -0.005 for s in top) and all(s.total <= 1 for s in rest) and alone <= 1:
            return self.size
        return self.size * int(min(max(2 ** math.ceil(2 * math.log2(max(wide, 1e-9))), 4), 64))


def title(loaded: Loaded, space: Space, key: str, lang: str) -> str:
    """A factor in words: what its numbers have in common, and every name in which they differ."""
    if key == REST:
        return say(lang, "alt annet", "everything else")
    factor = next(f for f in space.factors if f.key == key)
    paths = {".".join(map(str, path)): path for path, _ in parameters(loaded.scenario)}
    named: list[list[str]] = []
    for index in factor.columns:
        name, _, entity = space.columns[index].name.partition("@")
        if name not in paths:  # whether a law comes is drawn, not stated
            law = space.columns[index].stream.split(".")[1]
            return say(lang, f"Lovendring: {law}", f"Change of law: {law}")
        parts = tables.parts(loaded.scenario, paths[name], lang)
        named.append(parts + ([entity] if entity else []))
    if len({len(parts) for parts in named}) > 1:
        return tables.joined(named[0])
    words_ = [list(dict.fromkeys(column)) for column in zip(*named, strict=True)]
    return tables.joined([_listed(w, lang) for w in words_])


def _listed(names: list[str], lang: str) -> str:
    if len(names) > 12:
        return say(lang, f"{len(names)} steder", f"{len(names)} places")
    return ", ".join(names)


def _tags(factor: Factor, lang: str) -> str:
    return ", ".join(w.label(lang) for w in TAGS if w.key in factor.tags)


def analysis(answered: Answered, lang: str) -> Analysis:
    """The whole report."""
    decision = answered.decision
    measured = [_first_section(answered, decision, lang)] if decision else []
    sections = [
        *measured,
        Section(
            _hanging_title(lang),
            [
                say(
                    lang,
                    "Rekkefølgen er etter total andel av variansen (Sobol): så mye av usikkerheten i svaret henger på tallet, alene og sammen "
                    "med andre. Tall som hører sammen, er flyttet sammen. Tallene er de største i silingen, og det som alene flytter svaret mest.",
                    "In order of the total share of the variance (Sobol): so much of the uncertainty of the answer hangs on the number, alone "
                    "and together with others. Numbers that belong together are moved together. They are the largest of the screening, and the "
                    "one that moves the answer most alone.",
                )
            ],
            tables=[hanging(answered, lang)],
        ),
        Section(
            say(lang, "Ett tall om gangen", "One number at a time"),
            [],
            [_tornado(answered, lang)],
            folded=[swings(answered, lang)],
        ),
        Section(
            say(lang, "Siling av alle tallene", "Screening of all numbers"),
            [
                say(
                    lang,
                    "Morris' μ*: gjennomsnittlig endring i svaret når tallet flyttes gjennom hele spennet sitt, med de andre på tilfeldige steder.",
                    "Morris' μ*: the mean change of the answer as the number moves through its whole range, with the others in random places.",
                )
            ],
            folded=[screening(answered, lang)],
        ),
    ]
    if decision is not None:
        sections.append(_worth(decision, lang))
    return Analysis(
        what=say(lang, "Følsomhetsanalyse: ", "Sensitivity analysis: ") + where(answered.asked, lang),
        title=_first_title(lang) if decision else _hanging_title(lang),
        answer=sentences(answered, lang),
        sections=sections,
        repeat=answered.repeat,
        origin=say(
            lang,
            f"Scenario: {answered.loaded.name} · frø {answered.seed} · forventede tall, uten tilfeldigheter",
            f"Scenario: {answered.loaded.name} · seed {answered.seed} · expected numbers, without chance",
        ),
        hash=answered.loaded.hash,
    )


def _first_title(lang: str) -> str:
    return say(lang, "Mål dette først", "Measure this first")


def _hanging_title(lang: str) -> str:
    return say(lang, "Hva svaret henger på", "What the answer hangs on")


def sentences(answered: Answered, lang: str) -> list[str]:
    """The answer: what to measure first when its worth was computed, then what the answer hangs on."""
    said = [] if answered.decision is None else [_measure_first(answered, answered.decision, lang)]
    where_, points = where(answered.asked, lang), say(lang, "prosentpoeng", "percentage points")

    def listed(interval: bool) -> str:
        return "; ".join(
            f"{title(answered.loaded, answered.space, s.key, lang)} ({percent(s.total, lang)}"
            + (f" ± {number(100 * s.total_confidence, lang)} {points})" if interval else ")")
            for s in answered.largest
        )

    if answered.larger == answered.size:
        said.append(
            say(
                lang,
                f"Usikkerheten i {where_} henger mest på: {listed(False)}.",
                f"The uncertainty of the {where_} hangs most on: {listed(False)}.",
            )
        )
    else:
        said.append(
            say(
                lang,
                f"Hvilke tall usikkerheten i {where_} henger mest på, er ikke avklart: andelene er for usikre, størst så langt er {listed(True)}. "
                f"Prøv --size {answered.larger} (nå {answered.size}) og --trajectories {2 * answered.trajectories} "
                f"(nå {answered.trajectories}).",
                f"Which numbers the uncertainty of the {where_} hangs most on is not settled: the shares are too uncertain, the largest so far are "
                f"{listed(True)}. Try --size {answered.larger} (now {answered.size}) and --trajectories "
                f"{2 * answered.trajectories} (now {answered.trajectories}).",
            )
        )
    widest = answered.swings[0]
    name, low, high = (
        title(answered.loaded, answered.space, widest.key, lang),
        *(percent(v, lang, 1) for v in (widest.low, widest.high)),
    )
    said.append(
        say(
            lang,
            f"Alene flytter dette svaret mest: {name}, fra {low} når det er lavt (P10) til {high} når det er høyt (P90).",
            f"Alone this moves the answer most: {name}, from {low} when it is low (P10) to {high} when it is high (P90).",
        )
    )
    return said


def _measure_first(answered: Answered, d: Decision, lang: str) -> str:
    at = d.willingness.index(d.at)
    best = (
        say(lang, "ingen tiltak", "no intervention") if d.best[at] == 0 else d.interventions[d.best[at] - 1].title(lang)
    )
    told = "; ".join(
        f"{title(answered.loaded, answered.space, k, lang)} ({number(d.worth[k].value, lang, 1)})"
        for k in [k for k in d.ranked if d.worth[k].distinct][:3]
    )
    nothing = say(
        lang,
        f"Intet tall alene skiller seg fra 0 i {d.draws} trekk; prøv flere (--draws).",
        f"No number alone stands out from 0 in {d.draws} draws; try more (--draws).",
    )
    return say(
        lang,
        (f"Mål først, med verdien av å vite i mill. kr: {told}. " if told else nothing + " ")
        + f"Hvis en ekstra synkronisert oppføring er verd {number(d.at, lang)} kr, er {best} best i dag, og det er verd inntil "
        f"{number(d.evpi[at], lang, 1)} mill. kr å vite alt før valget.",
        (f"Measure first, with the value of knowing in NOK million: {told}. " if told else nothing + " ")
        + f"If an extra synced entry is worth NOK {number(d.at, lang)}, {best} is best today, and knowing everything before choosing is "
        f"worth up to NOK {number(d.evpi[at], lang, 1)} million.",
    )


def _first_section(answered: Answered, d: Decision, lang: str) -> Section:
    whole = first(answered, lang)
    shown = Table(whole.caption, whole.heads, whole.kinds, whole.rows[:MOST])
    every = Table(
        say(lang, "Verdien av å vite hvert tall", "Value of knowing each number"),
        whole.heads,
        whole.kinds,
        whole.rows,
        sheet=say(lang, "Mål først, alle tall", "Measure first, all numbers"),
    )
    return Section(
        _first_title(lang),
        [
            say(
                lang,
                f"Rekkefølgen er etter forventet verdi av perfekt informasjon om tallet (EVPPI), når en ekstra synkronisert oppføring er verd "
                f"{number(d.at, lang)} kr: så mye er det verd å vite tallet før det velges tiltak. Det som ikke skiller seg fra 0, kommer sist. Ved siden av: "
                "svaret når tallet er lavt (P10) og høyt (P90), og tallets andel av variansen der den er regnet.",
                f"In order of the expected value of perfect information on the number (EVPPI), when an extra synced entry is worth NOK "
                f"{number(d.at, lang)}: so much is it worth to know the number before choosing an intervention. What cannot be told from 0 comes last. Beside it: "
                "the answer with the number low (P10) and high (P90), and its share of the variance where that was computed.",
            )
        ],
        tables=[shown],
        folded=[every] if len(whole.rows) > MOST else [],
    )


def first(answered: Answered, lang: str) -> Table:
    """What to measure first: every number by its value of information; by its share of the variance when none was computed."""
    d = answered.decision
    if d is None:
        return hanging(answered, lang)
    swing, share = {s.key: s for s in answered.swings}, {s.key: s for s in answered.shares}
    factors = {f.key: f for f in answered.space.factors}
    made = Table(
        _first_title(lang),
        [
            say(lang, "Tall", "Number"),
            say(lang, "Evidensgrad", "Tag"),
            say(lang, "EVPPI, mill. kr", "EVPPI, NOK million"),
            say(lang, "Skjevhet trukket fra", "Bias taken off"),
            say(lang, "Skiller seg fra 0", "Stands out from 0"),
            say(lang, "Ved P10", "At P10"),
            say(lang, "Ved P90", "At P90"),
            say(lang, "Andel (Sobol)", "Share (Sobol)"),
        ],
        ["text", "text", "decimal", "decimal", "text", "share", "share", "share"],
    )
    for key in d.ranked:
        worth, own = d.worth[key], swing[key]
        made.rows.append(
            [
                title(answered.loaded, answered.space, key, lang),
                _tags(factors[key], lang),
                worth.value,
                worth.bias,
                say(lang, "ja", "yes") if worth.distinct else say(lang, "nei", "no"),
                own.low,
                own.high,
                share[key].total if key in share else None,
            ]
        )
    return made


def hanging(answered: Answered, lang: str) -> Table:
    """What the answer hangs on: variance shares, swing, tag."""
    swing = {s.key: s for s in answered.swings}
    factors = {f.key: f for f in answered.space.factors}
    made = Table(
        _hanging_title(lang),
        [
            say(lang, "Tall", "Number"),
            say(lang, "Total andel", "Total share"),
            say(lang, "Usikkerhet ±", "Uncertainty ±"),
            say(lang, "Alene", "Alone"),
            say(lang, "Svaret ved P10", "Answer at P10"),
            say(lang, "Svaret ved P90", "Answer at P90"),
            say(lang, "Evidensgrad", "Tag"),
        ],
        ["text", "share", "share", "share", "share", "share", "text"],
    )
    for s in answered.hanging:
        own = swing.get(s.key)
        made.rows.append(
            [
                title(answered.loaded, answered.space, s.key, lang),
                s.total,
                s.total_confidence,
                s.first,
                own.low if own else None,
                own.high if own else None,
                _tags(factors[s.key], lang) if s.key in factors else "",
            ]
        )
    return made


def swings(answered: Answered, lang: str) -> Table:
    """All swings."""
    factors = {f.key: f for f in answered.space.factors}
    made = Table(
        say(lang, "Svaret når ett tall flyttes (tornado)", "The answer as one number moves (tornado)"),
        [
            say(lang, "Tall", "Number"),
            say(lang, "Ved P10", "At P10"),
            say(lang, "Ved P90", "At P90"),
            say(lang, "Bredde", "Width"),
            say(lang, "Evidensgrad", "Tag"),
        ],
        ["text", "share", "share", "share", "text"],
        sheet="Tornado",
    )
    made.rows.extend(
        [title(answered.loaded, answered.space, s.key, lang), s.low, s.high, s.width, _tags(factors[s.key], lang)]
        for s in answered.swings
    )
    return made


def screening(answered: Answered, lang: str) -> Table:
    """All of Morris' effects."""
    made = Table(
        say(lang, "Siling (Morris)", "Screening (Morris)"),
        [say(lang, "Tall", "Number"), "μ*", say(lang, "Usikkerhet ±", "Uncertainty ±")],
        ["text", "share", "share"],
    )
    made.rows.extend(
        [title(answered.loaded, answered.space, e.key, lang), e.mu_star, e.confidence] for e in answered.effects
    )
    return made


def _worth(d: Decision, lang: str) -> Section:
    curve = Table(
        say(lang, "Verdien av å vite alt før valget", "Value of knowing everything before choosing"),
        [
            say(lang, "En synkronisert oppføring er verd, kr", "A synced entry is worth, NOK"),
            say(lang, "Best i dag", "Best today"),
            say(lang, "EVPI, mill. kr", "EVPI, NOK million"),
        ],
        ["count", "text", "decimal"],
        sheet=say(lang, "Verdien av å vite alt", "Value of knowing everything"),
    )
    for willing, best, value in zip(d.willingness, d.best, d.evpi, strict=True):
        name = say(lang, "ingen tiltak", "no intervention") if best == 0 else d.interventions[best - 1].title(lang)
        curve.rows.append([willing, name, value])
    return Section(
        say(lang, "Hva det er verd å vite", "What it is worth to know"),
        [
            say(
                lang,
                f"Valget: ett av {len(d.interventions)} tiltak, eller ingen. Nettonytten er ekstra synkroniserte oppføringer fram til {month(d.month, lang)} ganger det "
                f"de er verd, minus kostnaden. Verdien av å vite ett tall er regnet ved regresjon over {d.draws} trekk (Strong, Oakley og Brennan 2014); "
                "skjevheten er anslått ved å stokke trekkene og er trukket fra.",
                f"The choice: one of {len(d.interventions)} interventions, or none. Net benefit is extra synced entries until {month(d.month, lang)} times what they are "
                f"worth, minus cost. The value of knowing one number is by regression over {d.draws} draws (Strong, Oakley & Brennan 2014); the "
                "bias is estimated by shuffling the draws and taken off.",
            )
        ],
        tables=[curve],
    )


def _tornado(answered: Answered, lang: str) -> Chart:
    top = answered.swings[0]
    name = title(answered.loaded, answered.space, top.key, lang)
    finding = say(lang, f"{name} flytter svaret mest", f"{name} moves the answer most")
    what = where(answered.asked, lang)
    reading = say(
        lang,
        "Hver stolpe går fra svaret når tallet er lavt (P10) til svaret når det er høyt (P90), med alle andre på medianen. I 8 av 10 tilfeller ligger "
        "tallet mellom. Loddrett strek: alt på medianen.",
        "Each bar runs from the answer with the number low (P10) to the answer with it high (P90), all others at their medians. In 8 of 10 cases the "
        "number lies between. Vertical line: everything at the median.",
    )
    return Chart(
        "tornado", finding, what, drawing.svg(_bars(answered, lang), "tornado", f"{finding}. {what}"), reading, []
    )


def _short(label: str) -> str:
    """A label that fits beside a bar: its first and last parts; the whole name is in the table."""
    parts = label.split(" · ")
    shown = label if len(label) <= 62 or len(parts) < 3 else " · ".join([parts[0], "…", *parts[-2:]])
    shown = shown if len(shown) <= 62 else " · ".join([parts[0], "…", parts[-1]])
    return shown if len(shown) <= 70 else shown[:68] + " …"


def _bars(answered: Answered, lang: str) -> Figure:
    shown = answered.swings[:MOST]
    figure = drawing.new_figure(10, 0.42 * len(shown) + 1)
    (axes,) = drawing.panels_of(figure)
    for y, s in enumerate(shown):
        for value, colour, hatch, mark in ((s.low, drawing.ORANGE, "//", "P10"), (s.high, drawing.BLUE, "", "P90")):
            axes.barh(
                y,
                value - answered.middle,
                left=answered.middle,
                height=0.6,
                color=colour,
                hatch=hatch,
                edgecolor="white",
            )
            right = value > answered.middle or (value == answered.middle and mark == "P90")
            axes.annotate(
                f"{mark}: {percent(value, lang, 1)}", (value, y), xytext=(4 if right else -4, 0), textcoords="offset points",
                ha="left" if right else "right", va="center", fontsize=8,
            )  # fmt: skip
    axes.axvline(answered.middle, color=drawing.INK, linewidth=1)
    labels = [title(answered.loaded, answered.space, s.key, lang) for s in shown]
    axes.set_yticks(range(len(shown)), [_short(label) for label in labels], fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.xaxis.set_major_formatter(lambda x, _: percent(x, lang))
    return figure
