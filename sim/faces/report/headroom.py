"""The report's section on capacity: whether Kjernejournal bears the forecast's traffic, and in which month no longer."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sim.experiments.headroom import Headroom
from sim.faces.report.document import Chart
from sim.faces.report.drawing import BLUE, INK, ORANGE, middles, new_figure, number_axis, panels_of, svg, time_axis
from sim.faces.report.table import Table, say
from sim.language import month_name, number, percent
from sim.model.calendar import Calendar
from sim.vocabulary import REGIONS

SCALE = 20  # times that capacity and demand differ before the axis is logarithmic


def _month(label: str, lang: str) -> str:
    return month_name(int(label[:4]), int(label[5:]), lang)


def _rate(value: float, lang: str) -> str:
    """A rate, or a number of times, with the decimals that its size asks for."""
    return number(value, lang, 0 if value >= 100 else 1 if value >= 1 or value == 0 else 2)


def sentences(room: Headroom, lang: str) -> list[str]:
    """What the conclusion says of it."""
    found = [_verdict(room, lang)]
    c = room.capacity
    low = room.first_short(c.low)
    if room.first_short(c.median) is None and low is not None:
        found.append(
            say(
                lang,
                f"Med den laveste kapasiteten i intervallet ({_rate(c.low, lang)}) er første måned over kapasiteten {_month(low, lang)}.",
                f"With the lowest capacity of the interval ({_rate(c.low, lang)}) the first month over the capacity is {_month(low, lang)}.",
            )
        )
    if c.bound:
        found.append(
            say(
                lang,
                "Kapasiteten er en nedre grense: lastgeneratoren, ikke tjenesten, satte den, så tjenesten kan bære mer.",
                "The capacity is a lower bound: the load generator set it, not the service, which may bear more.",
            )
        )
    worst = int(room.lost[1].argmax())
    if room.lost[1, worst] > 0:
        share, when = percent(room.lost[1, worst], lang, 1), _month(room.months[worst], lang)
        found.append(
            say(
                lang,
                f"Metning får på det meste {share} av opplastingene i en måned til å feile ({when}, median); det som ikke lykkes "
                "ved nytt forsøk, stopper ved barrieren teknisk.",
                f"Saturation makes at most {share} of a month's uploads fail ({when}, median); what does not succeed when "
                "sent again stops at the gate technical.",
            )
        )
    return found


def _verdict(room: Headroom, lang: str) -> str:
    c = room.capacity
    rate = f"{_rate(c.median, lang)} ({_rate(c.low, lang)}\u2013{_rate(c.high, lang)})"
    many = c.instances > 1
    measured = say(
        lang,
        f"kapasiteten på {rate} åpninger per sekund med {c.instances} tjenerprosess{'er' if many else ''}",
        f"the capacity of {rate} openings per second with {c.instances} server process{'es' if many else ''}",
    )
    first = room.first_short(c.median)
    if first is None:
        top = int(room.burst[2].argmax())
        if room.burst[2, top] <= 0:
            return say(lang, "Ingen trafikk i perioden.", "No traffic in the period.")
        times = number(c.median / room.burst[2, top], lang, 1)
        return say(
            lang,
            f"Kjernejournal bærer toppen i alle måneder til og med {_month(room.months[-1], lang)}: {measured} er {times} ganger den "
            f"høyeste kortvarige toppen (95-persentil, {_month(room.months[top], lang)}).",
            f"Kjernejournal bears the peak in every month up to {_month(room.months[-1], lang)}: {measured} is {times} times the "
            f"highest short peak (95th percentile, {_month(room.months[top], lang)}).",
        )
    at = room.months.index(first)
    until = (
        say(lang, "ikke toppen i noen måned", "the peak in no month")
        if at == 0
        else say(lang, "toppen i alle måneder til og med ", "the peak in every month up to ")
        + _month(room.months[at - 1], lang)
    )
    burst = _rate(room.burst[2, at], lang)
    return say(
        lang,
        f"Kjernejournal bærer {until}; første måned over kapasiteten er {_month(first, lang)}, der den kortvarige toppen "
        f"(95-persentil) er {burst} mot {measured}.",
        f"Kjernejournal bears {until}; the first month over the capacity is {_month(first, lang)}, in which the short peak "
        f"(95th percentile) is {burst} against {measured}.",
    )


def facts(room: Headroom, lang: str) -> list[str]:
    """Where the capacity comes from, how demand is held against it, and what that leaves out."""
    c = room.capacity
    basis = {
        "measured": say(
            lang,
            "median og spenn av gjentakelsene"
            + (f", som dekker medianen med {percent(c.covers, lang)} sannsynlighet" if c.covers is not None else ""),
            "median and range of the repetitions"
            + (f", which holds the median with probability {percent(c.covers, lang)}" if c.covers is not None else ""),
        ),
        "law": say(
            lang,
            "beregnet med filens skaleringslov (USL) mellom de målte antallene; spennet er så vidt som det videste målte",
            "calculated by the file's scalability law (USL) between the measured numbers; the range is as wide as the widest measured",
        ),
        "extrapolated": say(
            lang,
            "framskrevet med filens skaleringslov (USL) utover de målte antallene, og så usikker som en framskriving er",
            "extrapolated by the file's scalability law (USL) beyond the measured numbers, with the doubt that belongs to that",
        ),
    }[c.basis]
    machine = _machine(c.file.machine, lang)
    peak = number(room.factor, lang, 0 if room.factor == round(room.factor) else 1)
    found = [
        say(
            lang,
            f"Kapasiteten: {c.path.name}, laget {c.file.made[:10]} med lastscenarioet {c.file.scenario} ({c.file.hour}); {basis}. "
            f"Målt på: {machine or 'ikke oppgitt'}. Raten er den høyeste som holdt lasttestens mål, og gjelder den maskinen.",
            f"The capacity: {c.path.name}, made {c.file.made[:10]} with the load scenario {c.file.scenario} ({c.file.hour}); {basis}. "
            f"Measured on: {machine or 'not stated'}. The rate is the highest that held the test's objectives, on that machine.",
        ),
        say(
            lang,
            "Omregning: én åpning i lasttesten er ett indikatorkall i prognosen, med lesingene, opplastingene og innloggingene "
            "som følger i blandingen som ble spilt. Månedens kall fordeles på ukas timer med samme døgnprofil som "
            f"«utrulling demand»; den kortvarige toppen er {peak} ganger den travleste timens gjennomsnitt. Begge er forutsetninger.",
            "Conversion: one opening of the load test is one indicator call of the forecast, with the reads, uploads and logins "
            "that follow in the mix that was played. The month's calls fall on the hours of the week by the profile of "
            f"«utrulling demand»; the short peak is {peak} times the mean of the busiest hour. Both are assumptions.",
        ),
        say(
            lang,
            "Tap ved metning: i en time med større trafikk d enn kapasiteten c feiler andelen 1 - c/d av "
            "opplastingene; ingen lar være å komme, og ingen venter til neste time. Hvert trekk har sin egen kapasitet, fra det målte spennet. Det som feiler, kan lykkes ved nytt forsøk som "
            "ved andre tekniske feil. Nedlastinger er her forsøk: metning tas ikke av dem.",
            "Loss by saturation: in an hour with more traffic d than the capacity c the share 1 - c/d of the uploads "
            "fails; nobody stays away, and nobody waits for the next hour. Every draw has a capacity of its own, from the range that was measured. What fails may succeed when sent again, as with other "
            "technical faults. Downloads are attempts here: saturation is not taken off them.",
        ),
    ]
    if room.absent:
        names = ", ".join(w.label(lang) for w in REGIONS if w.key in room.absent)
        found.append(
            say(
                lang,
                f"Trafikken fra {names} er ikke med, for scenarioet har dem ikke: rommet er mindre enn det ser ut til.",
                f"The traffic of {names} is not included, because the scenario is without: the room is smaller than it looks.",
            )
        )
    return found


def _machine(stated: dict[str, Any], lang: str) -> str:
    """«AMD EPYC, 2 kjerner, Linux x86_64», as far as the file says."""
    cores = stated.get("cores")
    parts = (
        stated.get("processor"),
        None if cores is None else f"{cores} {say(lang, 'kjerner', 'cores')}",
        stated.get("system"),
    )
    return ", ".join(str(p) for p in parts if p)


def headings(room: Headroom, lang: str) -> tuple[str, str, str]:
    """Finding, what and reading of the chart of the short peak against the capacity."""
    what = say(
        lang,
        "Åpninger per sekund: travleste time og kortvarig topp i hver måned, mot målt kapasitet",
        "Openings per second: busiest hour and short peak of each month, against the measured capacity",
    )
    first = room.first_short(room.capacity.median)
    finding = (
        say(lang, "Kapasiteten dekker toppen i alle månedene", "The capacity covers the peak in every month")
        if first is None
        else say(lang, "Toppen er over kapasiteten fra ", "The peak exceeds the capacity from ") + _month(first, lang)
    )
    reading = say(
        lang,
        "Blått bånd: 90 % av trekkene av den kortvarige toppen; blå linje: medianen; prikket: travleste time (median). "
        "Oransje: kapasiteten, med spennet av målingene.",
        "Blue band: 90 % of the draws of the short peak; blue line: the median; dotted: busiest hour (median). "
        "Orange: the capacity, with the range of the measurements.",
    )
    return finding, what, reading


def far(room: Headroom) -> bool:
    """Whether capacity and demand are so far apart that the chart's axis is logarithmic."""
    median, top = room.capacity.median, float(room.burst[2].max())
    return median > 0 and top > 0 and not 1 / SCALE < median / top < SCALE


def chart(room: Headroom, calendar: Calendar, lang: str) -> Chart:
    """The short peak against the capacity, with the table of all months."""
    finding, what, reading = headings(room, lang)
    drawing = svg(_figure(room, calendar, lang), "capacity", f"{finding}. {what}")
    return Chart("capacity", finding, what, drawing, reading, [table(room, lang)])


def _figure(room: Headroom, calendar: Calendar, lang: str) -> Figure:
    x, c = middles(calendar), room.capacity
    figure = new_figure(9.5, 3.8)
    (axes,) = panels_of(figure)
    low, middle, high = room.burst
    top = float(high.max())
    if far(room):
        axes.set_yscale("log")
        low, middle, high, hour = (np.where(v > 0, v, np.nan) for v in (low, middle, high, room.peak[1]))
    else:
        hour = room.peak[1]
        axes.set_ylim(0, 1.1 * max(top, c.high, 1e-9))
    axes.fill_between(x, low, high, color=BLUE, alpha=0.16, linewidth=0)
    axes.plot(x, middle, color=BLUE, linewidth=2)
    axes.plot(x, hour, color=INK, linewidth=1.2, linestyle=":")
    axes.axhspan(c.low, c.high, color=ORANGE, alpha=0.14, linewidth=0)
    axes.axhline(c.median, color=ORANGE, linewidth=1.8, linestyle=(0, (5, 2)))
    name = say(lang, "kapasitet", "capacity") + (say(lang, " (nedre grense)", " (lower bound)") if c.bound else "")
    axes.annotate(
        name,
        (x[-1], c.median),
        xytext=(-2, 5),
        textcoords="offset points",
        ha="right",
        color=ORANGE,
        fontsize=9,
        bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 1},
    )
    time_axis(axes, calendar)
    number_axis(axes, lang)
    return figure


def table(room: Headroom, lang: str) -> Table:
    """Every month: busiest hour, short peak, room, how likely it is too little, and what is lost."""
    made = Table(
        say(lang, "Rom måned for måned, åpninger per sekund", "Headroom by month, openings per second"),
        [
            say(lang, "Måned", "Month"),
            say(lang, "Travleste time, median (90 %)", "Busiest hour, median (90 %)"),
            say(lang, "Kortvarig topp, median (90 %)", "Short peak, median (90 %)"),
            say(lang, "Rom, ganger (lavest\u2013høyest)", "Room, times (lowest\u2013highest)"),
            say(lang, "Sannsynlig over kapasiteten", "Probability of exceeding it"),
            say(lang, "Opplastinger som feiler, median", "Uploads that fail, median"),
        ],
        ["text", "number", "number", "number", "share", "share"],
    )

    def shown(values: Any) -> str:
        low, middle, high = ("\u2013" if np.isnan(v) else _rate(v, lang) for v in values)
        return f"{middle} ({low}\u2013{high})"

    times = room.room()
    for i, label in enumerate(room.months):
        made.rows.append(
            [
                _month(label, lang),
                shown(room.peak[:, i]),
                shown(room.burst[:, i]),
                "\u2013" if np.isnan(times[1, i]) else shown(times[:, i]),
                float(room.over[i]),
                float(room.lost[1, i]),
            ]
        )
    return made
