"""A report as one HTML document: charts inline, no script, no request to anywhere.

Every report extends ``base.html.j2``, which has the style and the macros ``table`` and ``chart``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import jinja2

from sim.experiments.forecast import version
from sim.faces.report.table import Table, say


@dataclass(frozen=True)
class Chart:
    """A chart as the page shows it: the finding, what it is, the drawing, how to read it, its numbers."""

    name: str
    finding: str
    what: str
    svg: str
    reading: str
    numbers: list[Table]


def render(template: str, lang: str, content: dict[str, Any]) -> str:
    """The document of ``template`` in ``lang``; ``content`` holds what the template names.

    The template also gets ``t`` (the one of two texts), ``lang`` and ``version``, and for ``chart``: ``charts`` (by
    name) and ``origin``, the line under each chart that says what it was made from.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sim.faces.report", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    shared = {"lang": lang, "t": lambda nb, en: say(lang, nb, en), "version": version()}
    text = environment.get_template(template).render(shared | content)
    sign = "\u00a0%" if lang == "nb" else "%"
    # what stands in Norwegian in an English report is left as it is
    return re.sub(r'<span lang="nb">.*?</span>|(?<=\d) %', lambda m: sign if m[0] == " %" else m[0], text, flags=re.S)
