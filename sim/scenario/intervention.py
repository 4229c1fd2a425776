"""An intervention: one small file that says what changes, when, for whom, what it costs and who decides.

What it changes stands in ``adds``, a scenario overlay that is laid over the scenario as ``extends`` lays a child over its parent.
Its dates count from the intervention's start (``start``, ``start+6``), so ``at`` can move it to another month. Its ``reach``
holds for every programme, campaign or shift of ``adds`` that names no reach of its own, and for what the costs count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from sim.errors import Problem, ScenarioError, UserError
from sim.language import Text
from sim.scenario import data
from sim.scenario.faults import Faults, explain, nearest
from sim.scenario.figures import data_folder, fill_in
from sim.scenario.merge import named, overlay, statements, with_parents
from sim.scenario.parameter import Parameter, Quantity, Tag, Units
from sim.scenario.schema import Anchored, Chosen, Month, RegionKey, Section, SectorKey
from sim.scenario.text import KeyPath, Place
from sim.scenario.whole import DATED, check_sources

GateKey = Literal["not_live", "legacy", "knowledge", "eid", "consent", "ownership"]
DeciderKey = Literal["trust", "rhf", "hdir", "hod", "nhn", "vendor", "municipality"]

ONE_OFF = ("MNOK", "NOK/person", "NOK/trust", "NOK/card")
YEARLY = ("MNOK/year", "NOK/person/year", "NOK/trust/year")
HOURLY = "NOK/hour"
CostAmount = Annotated[
    Parameter,
    Units(tuple((unit, 10_000 if unit.startswith("MNOK") else 1e8) for unit in (*ONE_OFF, *YEARLY, HOURLY))),
]
HoursPerPerson = Annotated[Parameter, Quantity("hours/person", 0, 1000)]
CONCERNS_THE_RUN = (
    "title",
    "title_en",
    "description",
    "period",
    "seed",
    "replications",
    "posterior",
    "extends",
    "interventions",
)
_START = re.compile(r"^start(?:([+-])([0-9]{1,3}))?$")


class Extent(Section):
    """Where and for whom the intervention works, and whom its costs count; empty lists mean everywhere and everybody."""

    regions: list[RegionKey] = Field([], title="Regioner")
    sectors: list[SectorKey] = Field([], title="Aktørgrupper")
    trusts: list[str] = Field([], title="Foretak")
    strata: list[str] = Field([], title="Personellstrata")

    def applies(self, region: str, sector: str, unit: str, stratum: str) -> bool:
        """Whether it reaches a stratum of a unit."""
        given = ((self.regions, region), (self.sectors, sector), (self.trusts, unit), (self.strata, stratum))
        return all(not chosen or value in chosen for chosen, value in given)


class Cost(Section):
    """One thing that costs. One-off amounts are spread evenly over ``months``; yearly ones run for ``months``.

    «NOK/card» counts the extra cards that are ordered, «NOK/person» the staff in reach, «NOK/trust» the hospitals (or the
    other sectors' actors) in reach, «NOK/hour» the staff in reach times ``hours`` each; ``sectors`` narrows what is counted, so
    that a GP's office need not cost what a hospital does. Amounts are in 2024 kroner.
    """

    name: str = Field(title="Navn", min_length=1)
    name_en: str | None = Field(None, title="Navn på engelsk")
    amount: CostAmount = Field(title="Beløp")
    hours: HoursPerPerson | None = Field(None, title="Timer per person", description="Bare for NOK/hour.")
    payer: DeciderKey = Field(title="Hvem betaler")
    sectors: list[SectorKey] = Field(
        [], title="Aktørgrupper", description="Hvor det koster, der det telles; tom liste er hele rekkevidden."
    )
    after: int = Field(0, title="Måneder etter start", ge=-60, le=120)
    months: int | None = Field(
        None, title="Antall måneder", ge=1, le=240, description="Uten: tiltakets, eller perioden ut."
    )

    @model_validator(mode="after")
    def _hours(self) -> Cost:
        if (self.amount.unit == HOURLY) != (self.hours is not None):
            raise PydanticCustomError(
                "hours",
                "hours hører sammen med NOK/hour, og bare med den|hours goes with NOK/hour, and only with it",
            )
        return self


class Form(Section):
    """The form of an intervention file."""

    title: str = Field(title="Tittel", min_length=1, max_length=80)
    title_en: str = Field(title="Tittel på engelsk", min_length=1, max_length=80)
    description: str = Field(title="Beskrivelse", min_length=1)
    gate: GateKey = Field(title="Barriere", description="Den barrieren som tiltaket først og fremst gjelder.")
    decides: list[DeciderKey] = Field(title="Hvem bestemmer", min_length=1)
    start: Month = Field(title="Start", description="Måneden tiltaket begynner; kan flyttes (navn@2026-09).")
    months: int = Field(title="Gjennomføring, måneder", ge=1, le=240)
    reach: Extent = Field(Extent.model_validate({}), title="Rekkevidde")
    not_before: Anchored | None = Field(
        None, title="Ikke før", description="Venter på stedets bruksstart (golive-2); gjelder også kostnadene der."
    )
    source: str = Field(title="Kilde", description="Hvor tiltaket er omtalt.")
    tag: Tag = Field(title="Evidensgrad")
    note: str | None = Field(None, title="Merknad", description="Hvordan virkningen er tallfestet.")
    adds: dict[str, Any] = Field(title="Endrer", description="Legges over scenarioet; datoer kan være start, start+6.")
    costs: list[Cost] = Field(title="Kostnader", min_length=1)


@dataclass(frozen=True)
class Intervention:
    """A read intervention, placed at a start month."""

    key: str
    path: Path
    form: Form
    start: str
    places: Mapping[KeyPath, Place] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """How it is asked for: «eid-nurses@2026-09»."""
        return f"{self.key}@{self.start}"

    @property
    def lead(self) -> int:
        """How many months before its start the first money is spent, at the earliest (preparations: a cost's negative ``after``)."""
        return max(0, *(-cost.after for cost in self.form.costs)) if self.form.costs else 0

    def title(self, lang: str) -> str:
        """What people read."""
        return self.form.title if lang == "nb" else self.form.title_en

    def at(self, month: str) -> Intervention:
        """The same intervention begun in another month («2026-09»).

        Raises:
            UserError: ``month`` is no month.
        """
        try:
            return replace(self, start=TypeAdapter(Month).validate_python(month))
        except ValidationError:
            raise UserError(
                f"«{self.key}@{month}»: etter @ skal det stå en måned, som 2026-09",
                f"«{self.key}@{month}»: after @ comes a month such as 2026-09",
            ) from None


def folder() -> Path:
    """Where the shipped interventions are."""
    return data.shipped() / "interventions"


def shipped() -> list[str]:
    """The names of the shipped interventions."""
    return sorted(f.stem for f in folder().glob("*.yaml"))


def at(intervention: Intervention, month: str) -> Intervention:
    """The same intervention begun in another month («2026-09»)."""
    return intervention.at(month)


def find(name: str) -> Intervention:
    """The intervention of a shipped name or a file, moved when asked («eid-nurses@2026-09»).

    Raises:
        ScenarioError: its file has faults; each is told with file, line, column and the nearest right name.
        UserError: there is no such intervention.
    """
    stem, moved, month = name.rpartition("@")
    stem = stem if moved else name
    path = Path(stem)
    if not path.suffix and not path.is_file():
        path = folder() / f"{stem}.yaml"
        if not path.is_file():
            near = nearest(stem, shipped())
            raise UserError(
                f"ukjent tiltak «{stem}». "
                + (f"Mente du «{near}»?" if near else f"Ferdige tiltak: {', '.join(shipped())}"),
                f"unknown intervention «{stem}». "
                + (f"Did you mean «{near}»?" if near else f"Ready ones: {', '.join(shipped())}"),
            )
    if not path.exists():
        ready = ", ".join(shipped())
        raise UserError(
            f"{path} kan ikke leses: finnes ikke. Ferdige tiltak: {ready}",
            f"{path} cannot be read: does not exist. Ready interventions: {ready}",
        )
    found = read(path)
    return found.at(month) if moved else found


def chosen(item: Chosen) -> Intervention:
    """The intervention that a scenario carries out, moved and changed as it says.

    Raises:
        ScenarioError: its file has faults.
        UserError: there is no such intervention.
    """
    return changed(find(item.name), item)


def changed(one: Intervention, item: Chosen) -> Intervention:
    """``one`` moved and changed as a scenario says."""
    if item.adds:
        adds = overlay(deepcopy(one.form.adds), deepcopy(item.adds), {}, {})
        one = replace(one, form=one.form.model_copy(update={"adds": adds}))
    return one.at(item.start) if item.start else one


def read(path: Path) -> Intervention:
    """Read and check an intervention file by itself; whether it fits a scenario is told when it is applied.

    Raises:
        ScenarioError: with every fault found.
        UserError: the file cannot be read.
    """
    faults = Faults(path)
    plain, faults.places = with_parents(path, what=Text("et tiltak (se --list)", "an intervention (see --list)"))
    sources = data_folder(path if (path.parent / "data").is_dir() else path.parent)
    fill_in(plain, (), faults, sources)
    if faults.problems:
        raise ScenarioError(faults.ordered())
    try:
        form = Form.model_validate(plain)
    except ValidationError as error:
        for fault in error.errors():
            explain(fault, faults, Form)
        raise ScenarioError(faults.ordered()) from None
    check_sources(form, faults, sources)
    for key in form.adds.keys() & set(CONCERNS_THE_RUN):
        faults.fail(("adds", key), "kan ikke endres av et tiltak", "cannot be changed by an intervention")
    if faults.problems:
        raise ScenarioError(faults.ordered())
    return Intervention(path.stem, path, form, form.start, faults.places)


def apply(plain: dict[str, Any], interventions: Sequence[Intervention], faults: Faults) -> dict[str, Any]:
    """``plain`` (a scenario's data, with its places in ``faults``) with the interventions laid over it.

    Raises:
        UserError: one stands twice, or two of them state the same thing differently.
    """
    _refuse_rivals(interventions)
    for one in interventions:
        adds, places = _placed(one)
        for place in places.values():
            faults.owners[place.file] = one.key
        plain = overlay(deepcopy(plain), adds, faults.places, places)
        for section, stated in one.form.reach:
            _check_extent(section, stated, plain, one, faults)
    return plain


def _placed(one: Intervention) -> tuple[dict[str, Any], dict[KeyPath, Place]]:
    """What the intervention adds, with its months and its reach put in, and where its keys stand."""
    adds = _dated(deepcopy(one.form.adds), one.start)
    places = {p[1:]: place for p, place in one.places.items() if p[0] == "adds" and len(p) > 1}
    reach = {key: names for key, names in one.form.reach if names}
    for path in DATED:
        items: Any = adds
        for key in path:
            items = items.get(key) if isinstance(items, dict) else None
        if not named(items):
            continue
        for index, item in enumerate(items):
            if one.form.not_before and not str(item.get("start", "")).startswith("golive"):
                item.setdefault("not_before", one.form.not_before)
            if item.keys() & {"regions", "sectors", "trusts", "strata"}:
                continue
            item |= deepcopy(reach)
            for p, place in one.places.items():
                if p[0] == "reach" and len(p) > 1:
                    places[(*path, index, *p[1:])] = place
    return adds, places


def _dated(node: Any, start: str) -> Any:
    """``node`` with «start+6» turned into a month, or under ``date`` into its first day."""
    if isinstance(node, list):
        return [_dated(item, start) for item in node]
    if not isinstance(node, dict):
        return node
    found = {}
    for key, value in node.items():
        match = _START.match(value) if key in ("start", "date") and isinstance(value, str) else None
        if match is None:
            found[key] = _dated(value, start)
        else:
            year, month = map(int, start.split("-"))
            number = 12 * year + month - 1 + int(f"{match.group(1) or '+'}{match.group(2) or '0'}")
            found[key] = f"{number // 12:04d}-{number % 12 + 1:02d}" + ("-01" if key == "date" else "")
    return found


def _refuse_rivals(interventions: Sequence[Intervention]) -> None:
    """Two interventions may change the same thing only by adding to it."""
    for index, one in enumerate(interventions):
        for other in interventions[:index]:
            if one.key == other.key:
                raise UserError(f"tiltaket «{one.key}» står to ganger", f"the intervention «{one.key}» stands twice")
            earlier = dict(statements(_placed(other)[0]))
            for path, content in statements(_placed(one)[0]):
                if path in earlier and earlier[path] != content:
                    where = ".".join(map(str, path))
                    raise UserError(
                        f"«{one.key}» og «{other.key}» kan ikke kombineres: begge bestemmer {where}",
                        f"«{one.key}» and «{other.key}» cannot go together: both settle {where}",
                    )


def _check_extent(field_name: str, stated: list[str], plain: dict[str, Any], one: Intervention, faults: Faults) -> None:
    """Whom the intervention reaches must be in the scenario, also when only its costs count them."""
    regions = plain.get("regions", {})
    sectors = plain.get("sectors", {})
    known = {
        "regions": list(regions),
        "sectors": list(sectors),
        "trusts": [t for r in regions.values() if isinstance(r, dict) for t in r.get("trusts", {})],
        "strata": sorted({s for x in sectors.values() if isinstance(x, dict) for s in x.get("strata", {})}),
    }[field_name]
    for position, name in enumerate(stated):
        if name not in known:
            path: KeyPath = ("reach", field_name, position)
            place = one.places.get(path) or one.places.get(path[:2]) or Place(one.path, 1, 1)
            faults.problems.append(
                Problem(
                    place.file,
                    place.line,
                    place.column,
                    ".".join(map(str, path)),
                    Text(f"«{name}» finnes ikke i scenarioet", f"«{name}» is not in the scenario"),
                    nearest(name, known),
                )
            )
