"""The zip, and each part of it alone."""

from __future__ import annotations

import textwrap

from sim.faces.charts import drawn
from sim.faces.charts.sheet import sheet
from sim.faces.report import document
from sim.faces.report.table import say
from sim.faces.takeaway import csvs, slides
from sim.faces.takeaway.dossier import Dossier
from sim.faces.takeaway.packed import packed
from sim.faces.takeaway.workbook import workbook

WIDE = 100  # characters of a line of LESMEG


def report(dossier: Dossier, stylesheet: str = "") -> bytes:
    """The report as one HTML file without script; with a ``stylesheet`` its style is linked to instead of inside."""
    charts = {
        c.name: document.Chart(c.name, c.finding, c.what, drawn.svg(c, dossier.lang), c.reading, [c.table])
        for c in dossier.charts
        if c.kind in drawn.KINDS
    }
    content = {"d": dossier, "title": dossier.title, "charts": charts, "origin": dossier.source}
    return document.render(
        "dossier.html.j2", dossier.lang, content | ({"stylesheet": stylesheet} if stylesheet else {})
    ).encode()


def picture(dossier: Dossier, name: str, form: str) -> bytes:
    """One chart of a dossier as ``svg``, ``png``, ``csv`` or ``excel.csv``.

    Raises:
        KeyError: there is no such chart or form, or nothing draws it.
    """
    chart = next((c for c in dossier.charts if c.name == name), None)
    if chart is None:
        raise KeyError(name)
    made = {
        "svg": lambda: drawn.svg(chart, dossier.lang, dossier.source).encode(),
        "png": lambda: drawn.png(chart, dossier.lang, dossier.source),
        "csv": lambda: csvs.plain(sheet(chart, dossier.lang)),
        "excel.csv": lambda: csvs.excel(sheet(chart, dossier.lang)),
    }
    return made[form]()


def presentation(dossier: Dossier) -> bytes:
    """The slides alone.

    Raises:
        ImportError: python-pptx is not installed.
    """
    return slides.presentation(dossier, _pictures(dossier, ""))


def bundle(dossier: Dossier) -> bytes:
    """Everything in one zip."""
    lang = dossier.lang
    folder = say(lang, "figurer", "figures")
    pictures = _pictures(dossier, dossier.source)
    files: dict[str, bytes] = {"report.html": report(dossier)}
    for chart in dossier.charts:
        if chart.name in pictures:
            files[f"{folder}/{chart.name}.svg"] = drawn.svg(chart, lang, dossier.source).encode()
            files[f"{folder}/{chart.name}.png"] = pictures[chart.name]
    files["data.xlsx"] = workbook(dossier)
    for one in dossier.sheets():
        files[f"csv/{one.name}.csv"] = csvs.plain(one)
        files[f"csv/{one.name}-excel.csv"] = csvs.excel(one)
    if slides.available():
        files["funn.pptx" if lang == "nb" else "findings.pptx"] = presentation(dossier)
    files |= {name: text.encode() for name, text in dossier.files.items()}
    told = readme(dossier, list(files), [c.finding for c in dossier.charts if c.name not in pictures])
    return packed({say(lang, "LESMEG.txt", "README.txt"): told.encode(), **files})


def _pictures(dossier: Dossier, source: str) -> dict[str, bytes]:
    """The charts that something draws, as PNG by name; with a ``source`` they stand alone."""
    return {c.name: drawn.png(c, dossier.lang, source) for c in dossier.charts if c.kind in drawn.KINDS}


def readme(dossier: Dossier, files: list[str], missing: list[str]) -> str:
    """What the zip holds, where it comes from, how to cite and to repeat it; ``missing`` are findings without a picture."""
    lang = dossier.lang
    inside = {
        "report.html": say(lang, "rapporten: én fil, uten skript", "the report: one file, no script"),
        "figurer/": "hver figur som SVG og PNG",
        "figures/": "every chart as SVG and PNG",
        "data.xlsx": say(
            lang, "tallene, et ark per figur med Excel-diagram", "the numbers, a sheet a chart with an Excel chart"
        ),
        "csv/": say(
            lang,
            "tallene som CSV: NAVN.csv (UTF-8, komma, punktum) og NAVN-excel.csv (semikolon, desimalkomma)",
            "the numbers as CSV: NAME.csv (UTF-8, comma, point) and NAME-excel.csv (semicolon, decimal comma)",
        ),
        "funn.pptx": "lysbilder, ett funn på hvert",
        "findings.pptx": "slides, one finding on each",
        "scenario.yaml": say(lang, "scenarioet, som kommandoen under leser", "the scenario, which the command reads"),
        "grunnlag": say(lang, "scenarioet som det bygger på", "the scenario that it extends"),
    }
    listed = [f"  {name:<15} {text}" for name, text in inside.items() if any(f.startswith(name) for f in files)]
    listed += [f"  {name}" for name in files if not any(name.startswith(known) for known in inside)]
    if not slides.available():
        listed.append("  " + slides.how(lang))
    listed += [
        say(
            lang,
            f"  Uten figurfil: «{finding}»; tallene er med.",
            f"  Without a picture: «{finding}»; its numbers are here.",
        )
        for finding in missing
    ]
    parts = [
        f"{dossier.title}\n{'=' * min(len(dossier.title), WIDE)}",
        *(_wrapped(sentence) for sentence in dossier.lead),
        _wrapped(dossier.what),
        say(lang, "Innhold", "Content") + "\n" + "\n".join(listed),
        say(lang, "Gjenta tallene i denne mappen:", "Repeat the numbers in this folder:")
        + f"\n  {dossier.command}\n"
        + say(lang, "Åpne på siden (utrulling web):", "Open on the page (utrulling web):")
        + f"\n  {dossier.again}",
        say(lang, "Siter som:", "Cite as:") + "\n" + _wrapped(dossier.cite, "  "),
        "\n".join(_wrapped(f"{key}: {value}", "", "  ") for key, value in dossier.facts),
    ]
    return "\r\n".join("\n\n".join(parts).splitlines()) + "\r\n"


def _wrapped(text: str, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        text,
        WIDE,
        initial_indent=first,
        subsequent_indent=rest or first,
        break_long_words=False,
        break_on_hyphens=False,
    )
