"""The scenario that ``utrulling init`` writes: a commented file that extends a shipped one."""

from __future__ import annotations

import os
from pathlib import Path

from sim.scenario.data import shipped

_NB = """\
# $schema: ./scenario.schema.json
#
# Et scenario sier bare det som er annerledes enn det som det bygger på.
# Kontroller det:   utrulling check {name}
# Kjør det:         utrulling forecast {name}
extends: {parent}

title: {title}
description: Beskriv hva dette scenarioet prøver.

# Et tall uten usikkerhet:   {{value: 0.9, unit: share, source: VURDERING, tag: assumption}}
# Et usikkert tall:          {{distribution: triangular, low: 0.5, mode: 0.7, high: 0.9, unit: share, …}}
# Et publisert tall:         {{from: trusts/Helse Bergen/doctors}}
# Evidensgrad (tag): measured, planned, estimated, derived eller assumption.
# Kilde (source): en nøkkel i data/sources.csv; VURDERING er egen forutsetning.

# Eksempel: flere nyansatte lærer funksjonen gjennom e-læring.
knowledge:
  elearning_at_hire: {{value: 0.95, unit: share, source: VURDERING, tag: assumption}}

# Eksempel: en lovendring som unntar alle grupper fra samtykkekravet fra sommeren 2027 (fjern # for å bruke den).
# consent:
#   law_changes:
#     - name: Utvidet unntak
#       date: {{date: 2027-07-01, source: VURDERING, tag: assumption}}
#       probability: {{value: 1, unit: share, source: VURDERING, tag: assumption}}
"""

_EN = """\
# $schema: ./scenario.schema.json
#
# A scenario states only what differs from the one that it extends.
# Check it:   utrulling check {name}
# Run it:     utrulling forecast {name}
extends: {parent}

title: {title}
description: Say what this scenario tries.

# A certain number:      {{value: 0.9, unit: share, source: VURDERING, tag: assumption}}
# An uncertain number:   {{distribution: triangular, low: 0.5, mode: 0.7, high: 0.9, unit: share, …}}
# A published figure:    {{from: trusts/Helse Bergen/doctors}}
# Evidence tag: measured, planned, estimated, derived or assumption.
# Source: a key in data/sources.csv; VURDERING is your own assumption.

# Example: more new staff learn the function through e-learning.
knowledge:
  elearning_at_hire: {{value: 0.95, unit: share, source: VURDERING, tag: assumption}}

# Example: a change of law that exempts all groups from consent from summer 2027 (remove # to use it).
# consent:
#   law_changes:
#     - name: Wider exemption
#       date: {{date: 2027-07-01, source: VURDERING, tag: assumption}}
#       probability: {{value: 1, unit: share, source: VURDERING, tag: assumption}}
"""


def starter(target: Path, lang: str) -> str:
    """The text of a new scenario at ``target`` that extends the national one."""
    folder = target.resolve().parent
    national = shipped() / "national.yaml"
    try:
        parent = Path(os.path.relpath(national, folder)).as_posix()
    except ValueError:  # another drive
        parent = national.as_posix()
    title = target.stem.replace("-", " ").replace("_", " ").capitalize() or "Scenario"
    return (_NB if lang == "nb" else _EN).format(name=target, parent=parent, title=title)
