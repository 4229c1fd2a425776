"""The report of a prioritisation sheet: the ranking, what it hangs on, and how it stands beside the published one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from sim.experiments.posterior import Kept
from sim.experiments.prioritise import DRAWS, Fed, Ranking, agreement
from sim.faces.report import drawing, tables
from sim.faces.report.analysis import Analysis, Section
from sim.faces.report.document import Chart
from sim.faces.report.table import Table, say
from sim.language import number, percent
from sim.scenario.load import Loaded
from sim.scenario.prioritisation import COUNTED, Sheet
from sim.vocabulary import MEASURES, SECTORS, TAGS, words


def analysis(
    sheet: Sheet,
    ranking: Ranking,
    read: Ranking,
    fed: Fed | None,
    loaded: Loaded,
    kept: Kept | None,
    seed: int,
    repeat: str,
    lang: str,
) -> Analysis:
    """The whole report; ``read`` is the ranking with the points as they are read, without the simulation, ``kept`` the
    posterior that was drawn from."""
    title = sheet.title if lang == "nb" else sheet.title_en
    fed_measures = [] if fed is None else fed.measures
    sections = [
        Section(
            say(lang, "Rangeringen", "The ranking"),
            [_how(sheet, lang)],
            [_chart(sheet, ranking, lang)],
            [table(sheet, ranking, read, lang)],
        ),
        Section(
            say(lang, "Mot vedleggets rangering", "Beside the published ranking"),
            _comparison(sheet, ranking, read, fed is not None, lang),
        ),
        Section(
            say(lang, "Følsomhet for vektene", "Sensitivity to the weights"),
            [
                say(
                    lang,
                    f"Vektene er trukket jevnt over alle mulige vektinger ({number(DRAWS, lang)} trekk; standardfeilen er under "
                    "0,5 prosentpoeng). Kolonnen «først» er andelen av vektingene som setter tiltaket først når poengene står på "
                    "gjennomsnittet; vektene ved siden av er gjennomsnittet av dem (SMAA, Lahdelma og Salminen 2001).",
                    f"Weights are drawn uniformly over all weightings ({number(DRAWS, lang)} draws; the standard error is below 0.5 "
                    "percentage points). «First» is the share of the weightings that put the measure first with the points at "
                    "their means; the weights beside it are their mean (SMAA, Lahdelma & Salminen 2001).",
                )
            ],
            tables=[weights(sheet, ranking, lang), places(ranking, lang)],
        ),
    ]
    if fed is not None:
        sections.append(
            Section(
                say(lang, "Hva simuleringen gir", "What the simulation gives"),
                [
                    say(
                        lang,
                        f"For {', '.join(fed_measures)} er scenarioet simulert med og uten at aktørgruppene tar løsningen i bruk, med "
                        f"felles tilfeldige tall ({fed.replications} trekk). Forskjellen for landet over hele perioden blir poeng "
                        "etter reglene under. Perioden er kort for aktører som kommer sent i gang: det er hovedgrunnen til at "
                        "poengene kan avvike fra vedleggets vurdering, som gjaldt det ferdige tiltaket.",
                        f"For {', '.join(fed_measures)} the scenario is simulated with and without the sectors taking the API into use, "
                        f"with common random numbers ({fed.replications} draws). The difference for the country over the whole "
                        "period becomes points by the rules below. The period is short for actors that start late: that is "
                        "the main reason why points can differ from the annex's, which was about the finished measure.",
                    ),
                    *_left_out(sheet, fed, ranking, lang),
                ],
                tables=[rules(sheet, lang), simulated(sheet, fed, lang)],
            )
        )
    sections.append(
        Section(
            say(lang, "Poengene og inngangskriteriene", "Points and entry questions"),
            [
                say(
                    lang,
                    "Vedlegget har ikke publisert poengene. De er lest ut av vurderingene i ord, med spenn, og er forutsetninger.",
                    "The annex has not published its points. They are read from its assessments in words, with ranges, and are assumptions.",
                )
            ],
            folded=[points(sheet, lang), entry(sheet, lang)],
        )
    )
    return Analysis(
        what=say(lang, "Prioriteringsark", "Prioritisation sheet"),
        title=title,
        answer=_answer(sheet, ranking, fed, kept, lang),
        sections=sections,
        repeat=repeat,
        origin=say(
            lang,
            f"Scenario: {loaded.name} · {_drawn(kept, lang)} · frø {seed}",
            f"Scenario: {loaded.name} · {_drawn(kept, lang)} · seed {seed}",
        )
        if fed
        else say(lang, "uten simulering", "without simulation"),
        hash=loaded.hash,
    )


def _drawn(kept: Kept | None, lang: str) -> str:
    """Where the simulation's parameters come from."""
    if kept is None:
        return say(lang, "fra a priori-fordelingene", "from the priors")
    return say(lang, f"kalibrert med {kept.path.name}", f"calibrated by {kept.path.name}")


def _unfed(sheet: Sheet, fed: Fed, ranking: Ranking) -> list[str]:
    """The measures of the same API that the simulation gives no points."""
    return [
        k
        for k in ranking.measures
        if k not in fed.measures and (sheet.measures[k].sectors or sheet.measures[k].not_simulated)
    ]


def _left_out(sheet: Sheet, fed: Fed, ranking: Ranking, lang: str) -> list[str]:
    """Why the simulation gives some measures of the same API no points."""
    sentences = []
    for key in _unfed(sheet, fed, ranking):
        measure = sheet.measures[key]
        last = percent(float(ranking.any_weights[ranking.measures.index(key), -1]), lang)
        reason = (measure.not_simulated if lang == "nb" else measure.not_simulated_en) or say(
            lang,
            "Scenarioet har ikke alle aktørgruppene, så poengene er lest ut av vedlegget.",
            "The scenario lacks some of its sectors, so the points are read from the annex.",
        )
        sentences.append(
            say(
                lang,
                f"{key} får ikke poeng fra simuleringen. {reason} Med usikkerheten i poeng og vekter er {key} sist i {last} av trekkene.",
                f"{key} gets no points from the simulation. {reason} With the uncertainty of points and weights {key} is last in {last} of the draws.",
            )
        )
    return sentences


def _name(sheet: Sheet, key: str, lang: str) -> str:
    measure = sheet.measures[key]
    return f"{key} {measure.title if lang == 'nb' else measure.title_en}"


def _how(sheet: Sheet, lang: str) -> str:
    out = len(sheet.measures) - sum(sheet.admitted(k) for k in sheet.measures)
    return say(
        lang,
        f"Hvert spørsmål gir 0–10 poeng (for kostnader er 10 billigst). Kriteriets poeng er snittet av spørsmålene, og totalen er summen av "
        f"kriteriene. {out} tiltak møter ikke inngangskriteriene og er ikke rangert. Totalen i seg selv sier lite; det er rekkefølgen som teller.",
        f"Every question gives 0–10 points (for costs 10 is cheapest). A criterion's points are the mean of its questions, and the total is the "
        f"sum of the criteria. {out} measures do not meet the entry questions and are not ranked. The total itself says little; the order counts.",
    )


def _answer(sheet: Sheet, ranking: Ranking, fed: Fed | None, kept: Kept | None, lang: str) -> list[str]:
    by_place = [ranking.measures[i] for i in np.argsort(ranking.order)]
    leaders = ", ".join(by_place[:3])
    fed_measures = [] if fed is None else fed.measures
    first = ranking.measures[int(ranking.first.argmax())]
    sentences = [
        say(lang, f"Øverst: {leaders}.", f"At the top: {leaders}."),
        say(
            lang,
            f"{first} er først for {percent(float(ranking.first.max()), lang)} av alle mulige vektinger.",
            f"{first} is first for {percent(float(ranking.first.max()), lang)} of all possible weightings.",
        ),
    ]
    if fed is not None and fed_measures:
        told = [
            f"{k}: {ranking.order[ranking.measures.index(k)]} ({sheet.measures[k].published_rank or '–'})"
            for k in fed_measures
        ]
        unfed = ", ".join(_unfed(sheet, fed, ranking))
        sentences.append(
            say(
                lang,
                f"Med poeng fra simuleringen, {_drawn(kept, lang)} (vedleggets plass i parentes): {', '.join(told)}."
                + (f" Uten simulerte tall: {unfed}; rapporten sier hvorfor." if unfed else ""),
                f"With points from the simulation, {_drawn(kept, lang)} (published place in brackets): {', '.join(told)}."
                + (f" Without simulated figures: {unfed}; the report says why." if unfed else ""),
            )
        )
    return sentences


def _comparison(sheet: Sheet, ranking: Ranking, read: Ranking, fed: bool, lang: str) -> list[str]:
    sentences = []
    for which, nb, en in ((read, "Med poengene slik vi leser vedlegget", "With the points as we read the annex"),) + (
        ((ranking, "Med poeng fra simuleringen", "With points from the simulation"),) if fed else ()
    ):
        found = agreement(sheet, which)
        if found is None:
            continue
        moved = [
            f"{k} ({sheet.measures[k].published_rank} → {which.order[i]})"
            for i, k in enumerate(which.measures)
            if sheet.measures[k].published_rank not in (None, which.order[i])
        ]
        sentences.append(
            say(lang, nb, en)
            + say(
                lang,
                f" er Kendalls τ mot den publiserte rekkefølgen {number(found[0], lang, 2)} (1 er lik rekkefølge). "
                + (f"Annen plass: {', '.join(moved)}." if moved else "Alle har samme plass."),
                f" Kendall's τ with the published order is {number(found[0], lang, 2)} (1 is the same order). "
                + (f"Another place: {', '.join(moved)}." if moved else "All have the same place."),
            )
        )
    return sentences


def table(sheet: Sheet, ranking: Ranking, read: Ranking, lang: str) -> Table:
    """The ranking: points per criterion, total, places."""
    heads = [
        say(lang, "Tiltak", "Measure"),
        say(lang, "Plass", "Place"),
        say(lang, "Publisert plass", "Published place"),
        say(lang, "Plass uten simulering", "Place without simulation"),
        *(c.title if lang == "nb" else c.title_en for c in sheet.criteria.values()),
        say(lang, "Total", "Total"),
        say(lang, "Plass i 8 av 10 trekk, fra", "Place in 8 of 10 draws, from"),
        say(lang, "til", "to"),
    ]
    made = Table(
        say(lang, "Rangering", "Ranking"),
        heads,
        ["text", "count", "count", "count", *["decimal"] * len(sheet.criteria), "decimal", "count", "count"],  # type: ignore[list-item]
    )
    for i in np.argsort(ranking.order):
        key = ranking.measures[i]
        cumulative = np.cumsum(ranking.places[i])
        low, high = (int(np.searchsorted(cumulative, q - 1e-9)) + 1 for q in (0.1, 0.9))
        published = sheet.measures[key].published_rank
        made.rows.append(
            [
                _name(sheet, key, lang),
                int(ranking.order[i]),
                None if published is None else int(published),
                int(read.order[read.measures.index(key)]),
                *(float(v) for v in ranking.points[:, i].mean(axis=0)),
                float(ranking.total[i]),
                low,
                high,
            ]
        )
    return made


def weights(sheet: Sheet, ranking: Ranking, lang: str) -> Table:
    """Which weightings put each measure first."""
    titles = [c.title if lang == "nb" else c.title_en for c in sheet.criteria.values()]
    made = Table(
        say(lang, "Vektinger som setter tiltaket først", "Weightings that put the measure first"),
        [
            say(lang, "Tiltak", "Measure"),
            say(lang, "Først", "First"),
            say(lang, "Først, usikre poeng også", "First, uncertain points too"),
            say(lang, "Blant de tre første, usikre poeng også", "Among the first three, uncertain points too"),
            *(say(lang, f"Vekt på {t.lower()}", f"Weight on {t.lower()}") for t in titles),
        ],
        ["text", "share", "share", "share", *["share"] * len(titles)],  # type: ignore[list-item]
        sheet=say(lang, "Vektinger", "Weightings"),
    )
    for i in np.argsort(ranking.order):
        made.rows.append(
            [
                ranking.measures[i],
                float(ranking.first[i]),
                float(ranking.any_weights[i, 0]),
                float(ranking.any_weights[i, :3].sum()),
                *(float(w) for w in ranking.central[i]),
            ]
        )
    return made


def places(ranking: Ranking, lang: str) -> Table:
    """The share of draws (points and weights) in which each measure takes each place."""
    made = Table(
        say(lang, "Plass når både poeng og vekter trekkes", "Place when points and weights are drawn"),
        [say(lang, "Tiltak", "Measure"), *(str(p + 1) for p in range(len(ranking.measures)))],
        ["text", *["share"] * len(ranking.measures)],  # type: ignore[list-item]
        sheet=say(lang, "Plasser", "Places"),
    )
    for i in np.argsort(ranking.order):
        made.rows.append([ranking.measures[i], *(float(v) for v in ranking.any_weights[i])])
    return made


def _of(key: str, lang: str) -> str:
    if key == COUNTED[0]:
        return say(lang, "aktører som må ta løsningen i bruk", "actors that must take the API into use")
    if key == COUNTED[1]:
        return say(lang, "ansatte som må ta løsningen i bruk", "staff that must take the API into use")
    return words(MEASURES)[key].label(lang)


def rules(sheet: Sheet, lang: str) -> Table:
    """How the simulation's numbers become points."""
    made = Table(
        say(lang, "Fra simuleringen til poeng", "From the simulation to points"),
        [
            say(lang, "Spørsmål", "Question"),
            say(lang, "Størrelse", "Quantity"),
            say(lang, "Skala", "Scale"),
            say(lang, "Poeng for ingenting", "Points for nothing"),
            say(lang, "Poeng for det største", "Points for the largest"),
            say(lang, "Begrunnelse", "Reason"),
        ],
        ["text"] * 6,
    )
    scales = {"linear": say(lang, "rett linje", "straight line"), "log": say(lang, "logaritmisk", "logarithmic")}
    for feed in sheet.feeds:
        question = sheet.criteria[feed.criterion].questions[feed.question]
        made.rows.append(
            [
                question.text if lang == "nb" else question.text_en,
                _of(feed.of, lang),
                scales[feed.scale],
                tables.describe(feed.none, lang),
                tables.describe(feed.most, lang),
                "; ".join(f"{p.note} ({p.source})" for p in (feed.none, feed.most) if p.note),
            ]
        )
    return made


def simulated(sheet: Sheet, fed: Fed, lang: str) -> Table:
    """What the simulation says of each measure: means and the middle 90 % of the draws."""
    sectors = words(SECTORS)
    made = Table(
        say(
            lang,
            "Forskjellen tiltaket gjør for landet over perioden",
            "The difference that the measure makes for the country over the period",
        ),
        [
            say(lang, "Tiltak", "Measure"),
            say(lang, "Aktørgrupper", "Sectors"),
            say(lang, "Størrelse", "Quantity"),
            say(lang, "Gjennomsnitt", "Mean"),
            "P5",
            "P95",
        ],
        ["text", "text", "text", "count", "count", "count"],
        sheet=say(lang, "Simulert forskjell", "Simulated difference"),
    )
    for (key, of), values in fed.values.items():
        who = ", ".join(sectors[s].label(lang) for s in sheet.measures[key].sectors)
        low, high = np.quantile(values, (0.05, 0.95))
        made.rows.append([key, who, _of(of, lang), float(values.mean()), float(low), float(high)])
    return made


def points(sheet: Sheet, lang: str) -> Table:
    """Every point as the sheet reads it, with source and tag."""
    tags = words(TAGS)
    made = Table(
        say(lang, "Poeng slik de er lest", "Points as they are read"),
        [
            say(lang, "Tiltak", "Measure"),
            say(lang, "Spørsmål", "Question"),
            say(lang, "Poeng", "Points"),
            say(lang, "Evidensgrad", "Tag"),
            say(lang, "Kilde", "Source"),
            say(lang, "Merknad", "Note"),
        ],
        ["text"] * 6,
    )
    for key, measure in sheet.measures.items():
        for criterion, answers in measure.points.items():
            for question, p in answers.items():
                asked = sheet.criteria[criterion].questions[question]
                made.rows.append(
                    [
                        key,
                        asked.text if lang == "nb" else asked.text_en,
                        tables.describe(p, lang),
                        tags[p.tag].label(lang),
                        p.source,
                        p.note or "",
                    ]
                )
    return made


def entry(sheet: Sheet, lang: str) -> Table:
    """The answers to the entry questions."""
    made = Table(
        say(lang, "Inngangskriterier", "Entry questions"),
        [
            say(lang, "Tiltak", "Measure"),
            *(q.text if lang == "nb" else q.text_en for q in sheet.entry.values()),
            say(lang, "Merknad", "Note"),
        ],
        ["text"] * (2 + len(sheet.entry)),
    )
    for key, measure in sheet.measures.items():
        answers = [measure.entry[q] for q in sheet.entry]
        made.rows.append(
            [
                _name(sheet, key, lang),
                *(say(lang, "ja", "yes") if a.met else say(lang, "nei", "no") for a in answers),
                "; ".join(a.note for a in answers if a.note),
            ]
        )
    return made


def _chart(sheet: Sheet, ranking: Ranking, lang: str) -> Chart:
    order = np.argsort(ranking.order)
    figure = _bars(sheet, ranking, order, lang)
    top = ranking.measures[order[0]]
    finding = say(lang, f"{top} har høyest total", f"{top} has the highest total")
    what = say(
        lang,
        "Total per tiltak, delt på kriterier; strek: 8 av 10 trekk av poengene; tall i parentes: publisert plass",
        "Total per measure by criterion; line: 8 of 10 draws of the points; number in brackets: published place",
    )
    reading = say(
        lang,
        "Overlapper strekene, er rekkefølgen mellom tiltakene usikker.",
        "Where the lines overlap, the order of the measures is uncertain.",
    )
    svg = drawing.svg(figure, "ranking", f"{finding}. {what}")
    return Chart("ranking", finding, what, svg, reading, [])


def _bars(sheet: Sheet, ranking: Ranking, order: npt.NDArray[np.int64], lang: str) -> Figure:
    given = np.array([c.weight for c in sheet.criteria.values()])
    given = given * len(given) / given.sum()
    figure = drawing.new_figure(9, 0.42 * len(order) + 1.2)
    (axes,) = drawing.panels_of(figure)
    colours = (drawing.BLUE, drawing.ORANGE, drawing.GREY, drawing.INK)
    hatches = ("", "//", "..", "xx")
    y = np.arange(len(order))
    left = np.zeros(len(order))
    for c, criterion in enumerate(sheet.criteria.values()):
        width = ranking.points[:, order, c].mean(axis=0) * given[c]
        label = criterion.title if lang == "nb" else criterion.title_en
        axes.barh(
            y, width, left=left, height=0.6, color=colours[c % 4], edgecolor="white", hatch=hatches[c % 4], label=label
        )
        left += width
    low, high = np.quantile(ranking.points[:, order] @ given, (0.1, 0.9), axis=0)
    axes.hlines(y, low, high, color=drawing.INK, linewidth=2)
    labels = []
    for i in order:
        key = ranking.measures[i]
        rank = sheet.measures[key].published_rank
        labels.append(key if rank is None else f"{key} ({rank})")
    axes.set_yticks(y, labels)
    axes.invert_yaxis()
    axes.set_xlabel(say(lang, "Poeng", "Points"))
    axes.legend(loc="lower right", frameon=False)
    return figure
