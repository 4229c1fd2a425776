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

# Flere eksempler (fjern # foran linjene). Lister med navn legges til dem i scenarioet under; samme navn erstatter,
# og «remove: true» sammen med navnet tar bort. Tomme eller utelatte regions, sectors, trusts og strata betyr alle.
# knowledge:
#   campaigns:
#     - name: Avdelingskampanje i Helse Fonna
#       trusts: [Helse Fonna]
#       strata: [nurse]
#       start: 2026-09
#       months: 6
#       reaches: {{value: 0.2, unit: share, source: VURDERING, tag: assumption}}
# eid:
#   programmes:
#     - name: Utstyring av andre grupper, øvrige regioner
#       regions: [sor_ost, nord]
#       strata: [midwife]
#       start: golive+6
#       months: 12
#       ordering: {{value: 0.1, unit: share, source: VURDERING, tag: assumption}}
# legacy:
#   cleanups:
#     - name: Rydding i Helse Fonna
#       trusts: [Helse Fonna]
#       start: 2026-01
#       months: 12
#       capacity: {{value: 200, unit: entries/month, source: VURDERING, tag: assumption}}
# ownership:
#   duties:
#     - name: Håndhevet meldeplikt
#       start: 2027-01
#       months: 36
#       factor: {{value: 0.5, unit: factor, source: VURDERING, tag: assumption}}
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

# More examples (remove #). Lists of named things are added to those of the scenario below; the same name replaces, and
# «remove: true» with the name takes away. Empty or missing regions, sectors, trusts and strata mean all.
# knowledge:
#   campaigns:
#     - name: Ward campaign in Helse Fonna
#       trusts: [Helse Fonna]
#       strata: [nurse]
#       start: 2026-09
#       months: 6
#       reaches: {{value: 0.2, unit: share, source: VURDERING, tag: assumption}}
# eid:
#   programmes:
#     - name: Utstyring av andre grupper, øvrige regioner
#       regions: [sor_ost, nord]
#       strata: [midwife]
#       start: golive+6
#       months: 12
#       ordering: {{value: 0.1, unit: share, source: VURDERING, tag: assumption}}
# legacy:
#   cleanups:
#     - name: Clean-up in Helse Fonna
#       trusts: [Helse Fonna]
#       start: 2026-01
#       months: 12
#       capacity: {{value: 200, unit: entries/month, source: VURDERING, tag: assumption}}
# ownership:
#   duties:
#     - name: Enforced reporting duty
#       start: 2027-01
#       months: 36
#       factor: {{value: 0.5, unit: factor, source: VURDERING, tag: assumption}}
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
