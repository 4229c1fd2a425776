"""The findings as slides: one a slide, the picture with an alternative text, the source in the notes. An extra: ``utrulling[pptx]``."""

from __future__ import annotations

import datetime as dt
import importlib.util
import io
from typing import Any

from sim.faces.report.table import say
from sim.faces.takeaway.dossier import Dossier
from sim.faces.takeaway.packed import repacked

_CODES = {"nb": "nb-NO", "en": "en-GB"}


def available() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("pptx") is not None


def how(lang: str) -> str:
    """How to get slides where the extra is missing."""
    return say(
        lang,
        "Lysbilder (PPTX) krever en tilleggspakke: pip install 'utrulling[pptx]'.",
        "Slides (PPTX) need an extra: pip install 'utrulling[pptx]'.",
    )


def presentation(dossier: Dossier, pictures: dict[str, bytes]) -> bytes:
    """The slides; ``pictures`` are PNGs without titles by their charts' names, charts without one are left out.

    Raises:
        ImportError: python-pptx is not installed.
    """
    from pptx import Presentation
    from pptx.util import Inches, Pt

    made = Presentation()
    made.slide_width, made.slide_height = Inches(13.333), Inches(7.5)
    first = made.slides.add_slide(made.slide_layouts[5])
    _title(first, dossier.title, dossier.lang, Inches, Pt)
    box = first.shapes.add_textbox(Inches(0.6), Inches(1.9), Inches(12.1), Inches(4.5)).text_frame
    box.word_wrap = True
    for at, sentence in enumerate((*dossier.lead, dossier.what)):
        paragraph = box.paragraphs[0] if at == 0 else box.add_paragraph()
        _say(paragraph, sentence, Pt(26 if at == 0 else 18), dossier.lang, bold=at == 0)
    _notes(first, (dossier.source, dossier.cite, dossier.command))
    for chart in dossier.charts:
        if chart.name not in pictures:
            continue
        slide = made.slides.add_slide(made.slide_layouts[5])
        _title(slide, chart.finding, dossier.lang, Inches, Pt)
        above = slide.shapes.add_textbox(Inches(0.6), Inches(1.55), Inches(12.1), Inches(0.45)).text_frame
        above.word_wrap = True
        _say(above.paragraphs[0], chart.what, Pt(16), dossier.lang, bold=False)
        picture = slide.shapes.add_picture(io.BytesIO(pictures[chart.name]), 0, 0)
        scale = min(Inches(12.1) / picture.width, Inches(4.75) / picture.height)
        picture.width, picture.height = int(picture.width * scale), int(picture.height * scale)
        picture.left, picture.top = int((made.slide_width - picture.width) / 2), Inches(2.1)
        picture._element._nvXxPr.cNvPr.set("descr", f"{chart.finding}. {chart.what}. {chart.reading}")
        under = slide.shapes.add_textbox(Inches(0.6), Inches(6.95), Inches(12.1), Inches(0.4)).text_frame
        under.word_wrap = True
        _say(under.paragraphs[0], dossier.source, Pt(12), dossier.lang, bold=False)
        _notes(slide, (chart.what, chart.reading, dossier.source, dossier.cite))
    about, when = made.core_properties, dt.datetime(2000, 1, 1)
    about.title, about.author, about.last_modified_by = dossier.title, "utrulling", "utrulling"
    about.created, about.modified, about.language, about.revision = when, when, _CODES[dossier.lang], 1
    memory = io.BytesIO()
    made.save(memory)
    return repacked(memory.getvalue())


def _title(slide: Any, text: str, lang: str, inches: Any, points: Any) -> None:
    title = slide.shapes.title
    title.left, title.top, title.width, title.height = inches(0.6), inches(0.4), inches(12.1), inches(1.25)
    _say(title.text_frame.paragraphs[0], text, points(30), lang, bold=True)


def _say(paragraph: Any, text: str, size: Any, lang: str, bold: bool) -> None:
    from pptx.enum.text import PP_ALIGN

    paragraph.alignment = PP_ALIGN.LEFT
    run = paragraph.add_run()
    run.text, run.font.size, run.font.bold = text, size, bold
    run._r.get_or_add_rPr().set("lang", _CODES[lang])


def _notes(slide: Any, lines: tuple[str, ...]) -> None:
    slide.notes_slide.notes_text_frame.text = "\n".join(lines)
