"""The form of a scenario file. One class per section; keys are English, titles and descriptions bokmål.

Everything a scenario can say is here, and nothing it can say is ignored: unknown keys are refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from sim.scenario.ceiling import Ceiling
from sim.scenario.parameter import (
    CallRate,
    CardRate,
    ContactRate,
    Count,
    Delay,
    EntriesPerMonth,
    EntriesPerPatient,
    EntryRate,
    Factor,
    Hours,
    Minutes,
    Months,
    Parameter,
    Persons,
    Rate,
    SeatRate,
    Share,
    StaffRate,
    Tag,
    Variance,
    Weeks,
    Weight,
    Years,
)
from sim.scenario.posterior import Posterior

RegionKey = Literal["sor_ost", "vest", "midt", "nord"]
SectorKey = Literal["hospital", "gp", "out_of_hours", "contract_specialist", "kad", "municipal"]
GroupKey = Literal[
    "doctor",
    "nurse",
    "midwife",
    "psychologist",
    "auxiliary",
    "physiotherapist",
    "bioengineer",
    "radiographer",
    "pharmacist",
    "secretary",
]
CategoryKey = Literal[
    "drug_reaction",
    "other_allergen",
    "intubation_problem",
    "anaesthesia_problem",
    "critical_condition",
    "ongoing_treatment",
    "transplant_implant",
    "mechanical_implant",
    "procedure_change",
    "infection",
]

ShiftKey = Literal[
    "eid.session_active",
    "eid.login_declined",
    "eid.cards",
    "knowledge.automatic",
    "knowledge.elearning_at_hire",
    "consent.absent",
    "consent.collected_before",
    "consent.granted",
    "consent.upload_only",
    "legacy.new_share",
    "legacy.clean_on_touch",
    "ownership.declined_new",
    "ownership.declined_touch",
    "sectors.*.touch",
]
# Two are neutral (0) unless a shift raises them: «automatic» is the share of those who would stop at knowledge that pass it because
# the EHR synchronises without an active choice; «upload_only» the share of the work in which uploading needs no consent
# because the API separates it from download.
SHARES = frozenset(get_args(ShiftKey)) - {"eid.cards", "sectors.*.touch"}

_MONTH = re.compile(r"^(20[0-9]{2})-(0[1-9]|1[0-2])$")
_ANCHORED = re.compile(r"^golive(?:([+-])([0-9]{1,3}))?$")


def _month(value: Any) -> Any:
    if isinstance(value, dt.date):
        value = f"{value.year:04d}-{value.month:02d}"
    if not isinstance(value, str) or not _MONTH.match(value):
        raise PydanticCustomError("month", "skal være en måned, som 2025-09|must be a month such as 2025-09")
    return value


def _start(value: Any) -> Any:
    if isinstance(value, str) and _ANCHORED.match(value):
        return value
    try:
        return _month(value)
    except PydanticCustomError as error:
        raise PydanticCustomError(
            "start",
            "skal være en måned (2025-09) eller regnet fra bruksstart (golive, golive+6)|"
            "must be a month (2025-09) or counted from go-live (golive, golive+6)",
        ) from error


def _anchor(value: Any) -> Any:
    if not isinstance(value, str) or not _ANCHORED.match(value):
        raise PydanticCustomError(
            "anchored",
            "skal regnes fra bruksstart (golive, golive+6)|must be counted from go-live (golive, golive+6)",
        )
    return value


Month = Annotated[str, BeforeValidator(_month), Field(pattern=_MONTH.pattern)]
Start = Annotated[str, BeforeValidator(_start)]
Anchored = Annotated[str, BeforeValidator(_anchor)]


class Section(BaseModel):
    """A part of the scenario file; unknown keys are refused and nothing can be changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Period(Section):
    """The months that are simulated, both ends included."""

    start: Month = Field(title="Første måned")
    end: Month = Field(title="Siste måned")

    @model_validator(mode="after")
    def _ordered(self) -> Period:
        if self.months > 240:
            raise PydanticCustomError("long", "høyst 240 måneder|at most 240 months")
        if self.months < 1:
            raise PydanticCustomError("empty", "end kommer før start|end comes before start")
        return self

    @property
    def months(self) -> int:
        """How many months."""
        return self.index(self.end) + 1

    def index(self, month: str) -> int:
        """The number of ``month`` ("2025-09") counted from the start, 0 first."""
        year, number = map(int, month.split("-"))
        year0, number0 = map(int, self.start.split("-"))
        return 12 * (year - year0) + number - number0


class Milestone(Section):
    """A dated event with its evidence; ``delay`` (months, may be negative) makes it uncertain."""

    date: dt.date = Field(title="Dato")
    source: str = Field(title="Kilde")
    tag: Tag = Field(title="Evidensgrad")
    delay: Delay | None = Field(None, title="Forsinkelse", description="Måneder etter datoen; negativ er tidligere.")
    note: str | None = Field(None, title="Merknad")


class Trust(Section):
    """A hospital trust or a private non-profit hospital; ``doctors`` sets its share of its region."""

    kind: Literal["trust", "private"] = Field("trust", title="Type")
    doctors: Persons = Field(title="Leger", description="Brukes til å fordele regionens ansatte og oppføringer.")


class Region(Section):
    """A health region: its inhabitants and its hospitals."""

    population: Persons = Field(title="Innbyggere")
    trusts: dict[str, Trust] = Field({}, title="Helseforetak og private ideelle sykehus")


class CategoryMix(Section):
    """How a stratum's entries are spread over the categories, as weights."""

    weights: dict[CategoryKey, Annotated[float, Field(ge=0)]] = Field(title="Vekter")
    source: str = Field(title="Kilde")
    tag: Tag = Field(title="Evidensgrad")
    note: str | None = Field(None, title="Merknad")

    @model_validator(mode="after")
    def _some(self) -> CategoryMix:
        if sum(self.weights.values()) <= 0:
            raise PydanticCustomError("weights", "minst én vekt må være over 0|at least one weight must be above 0")
        return self


class Stratum(Section):
    """Staff of one professional group (or ward type) that is alike in eID, knowledge and law."""

    title: str | None = Field(None, title="Navn", description="Hva den kalles i rapporten; ellers gruppens navn.")
    group: GroupKey = Field(title="Personellgruppe")
    staff: StaffRate = Field(title="Ansatte per 1000 innbyggere")
    entry_weight: Weight = Field(title="Andel av oppføringene", description="Vekter innen aktørgruppen.")
    exempt: bool = Field(title="Unntatt samtykkekravet", description="Etter kjernejournalforskriften § 7.")
    turnover: Rate = Field(title="Turnover per år")
    rotation: Rate = Field(title="Rotasjon per år (LIS)")
    eid_at_start: Share = Field(title="Har eID ved start")
    eid_at_hire: Share = Field(title="Har eID ved tilsetting")
    eid_ordering: Share = Field(title="Bestilles eID per måned", description="Andel av dem uten, utenom programmer.")
    trained_at_golive: Share = Field(title="Opplært ved bruksstart")
    categories: CategoryMix = Field(title="Kategorier")


class Sector(Section):
    """An actor group: how much it registers, who works there, how often patients come."""

    entries: EntryRate = Field(title="Oppføringer per 1000 innbyggere og år")
    overdispersion: Variance = Field(
        title="Ujevnhet fra måned til måned (overspredning)", description="Varians i månedens intensitet rundt 1."
    )
    touch: Rate = Field(title="Berøringer", description="Hvor ofte en ventende oppføring åpnes, per år.")
    actors: Count | None = Field(None, title="Antall aktører i landet", description="Sykehus telles fra listen.")
    contacts: ContactRate = Field(title="Kontakter per innbygger og år")
    calls: CallRate = Field(title="Indikatorkall per kontakt")
    away: Share = Field(title="Kontakter utenfor eget foretak/kontor")
    strata: dict[str, Stratum] = Field(title="Personellstrata", min_length=1)


class CompetingProject(Section):
    """Another project that occupies the region's project capacity for a while."""

    name: str = Field(title="Navn")
    start: Milestone = Field(title="Start")
    months: Months = Field(title="Varighet")
    slots: int = Field(1, title="Plasser", ge=1, le=50)


class Project(Section):
    """Go-live of a region's hospitals, trust by trust, within the region's project capacity."""

    kind: Literal["project"]
    vendor_module: Milestone = Field(title="Leverandørmodul")
    design_months: Months = Field(title="Design og risikoanalyse")
    technical: Milestone = Field(title="Teknisk i drift")
    local_months: Months = Field(title="Lokalt prosjekt", description="Trekkes for hvert foretak.")
    read_lead: Months = Field(title="Lesetilgang før skrivetilgang")
    simultaneous: int = Field(title="Samtidige prosjekter", ge=1, le=100)
    planned_in_use: Milestone | None = Field(
        None, title="Planlagt i bruk", description="Datoen planen oppgir for alle; vises, men styrer ikke simuleringen."
    )
    competing: list[CompetingProject] = Field([], title="Andre prosjekter")


class Ramp(Section):
    """Go-live of many small actors: a straight ramp through ``first`` (0) and ``majority`` (half of the reach)."""

    kind: Literal["ramp"]
    first: Milestone = Field(title="De første")
    majority: Milestone = Field(title="Halvparten")
    reach: Share = Field(title="Andel som til slutt kommer med")
    read_lead: Months = Field(title="Lesetilgang før skrivetilgang")


class Never(Section):
    """The sector or region does not take the API into use in the period."""

    kind: Literal["never"]
    source: str = Field(title="Kilde")
    tag: Tag = Field(title="Evidensgrad")
    note: str | None = Field(None, title="Merknad")


Plan = Annotated[Project | Ramp | Never, Field(discriminator="kind")]


class Reach(Section):
    """Where and for whom something holds; empty lists mean everywhere and everybody."""

    name: str = Field(title="Navn")
    regions: list[RegionKey] = Field([], title="Regioner")
    sectors: list[SectorKey] = Field([], title="Aktørgrupper")
    trusts: list[str] = Field([], title="Foretak")
    strata: list[str] = Field([], title="Personellstrata")

    def applies(self, region: str, sector: str, unit: str, stratum: str) -> bool:
        """Whether it holds for a stratum of a unit."""
        return (
            (not self.regions or region in self.regions)
            and (not self.sectors or sector in self.sectors)
            and (not self.trusts or unit in self.trusts)
            and (not self.strata or stratum in self.strata)
        )


class Ramped(Reach):
    """Something that runs for some months from a start."""

    start: Start = Field(title="Start", description="Måned (2025-09) eller golive, golive+6, golive-2.")
    months: int = Field(title="Antall måneder", ge=1, le=240)
    not_before: Anchored | None = Field(
        None, title="Ikke før", description="Venter på stedets bruksstart: golive, golive+6, golive-2."
    )
    delay: Delay | None = Field(
        None, title="Forsinkelse", description="Måneder etter start; del av en måned teller med sin andel."
    )


class EidProgramme(Ramped):
    """A tranche of eID provisioning: each month this share of those without an eID is ordered one."""

    ordering: Share = Field(title="Bestilles per måned")


class Campaign(Ramped):
    """A campaign or course: each month it reaches this share of those who do not know the function."""

    reaches: Share = Field(title="Når per måned")


class SuperUsers(Ramped):
    """Super-users on the wards multiply the word of mouth."""

    factor: Factor = Field(title="Faktor på jungeltelegrafen")


class Cleanup(Ramped):
    """A project that fills in the missing fields of old entries, with a capacity per trust."""

    capacity: EntriesPerMonth = Field(title="Oppføringer per måned og foretak")


class Duty(Ramped):
    """Guidance or an enforced reporting duty: multiplies the share that declines to upload others' entries."""

    factor: Factor = Field(title="Faktor på dem som avstår")


class Shift(Reach):
    """A dated change of a parameter that otherwise keeps its value.

    ``factor`` multiplies it; ``closes`` closes that part of what is left up to 1 (a share p becomes 1 - (1 - p)(1 - closes)). So
    shifts of the same parameter combine, in any order: factors multiply, and so does what they leave open.
    """

    parameter: ShiftKey = Field(title="Parameter som endres")
    factor: Factor | None = Field(None, title="Faktor")
    closes: Share | None = Field(None, title="Lukker andel av resten", description="Bare for andeler.")
    start: Start = Field(title="Start", description="Måned (2025-09) eller golive, golive+6, golive-2.")
    not_before: Anchored | None = Field(None, title="Ikke før", description="golive, golive+6, golive-2.")
    ramp: int = Field(0, title="Innfasing, måneder", ge=0, le=120, description="Virkningen øker rettlinjet.")
    months: int | None = Field(None, title="Antall måneder", ge=1, le=240, description="Uten: perioden ut.")

    @model_validator(mode="after")
    def _one(self) -> Shift:
        if (self.factor is None) == (self.closes is None):
            raise PydanticCustomError("effect", "gi enten factor eller closes|give either factor or closes")
        if self.closes is not None and self.parameter not in SHARES:
            raise PydanticCustomError(
                "closes",
                "{parameter} er ingen andel; bruk factor|{parameter} is no share; use factor",
                {"parameter": self.parameter},
            )
        return self


class LawChange(Section):
    """A dated, uncertain change of the consent rule that widens who is exempt."""

    name: str = Field(title="Navn")
    date: Milestone = Field(title="Ikrafttredelse")
    probability: Share = Field(title="Sannsynlighet")
    groups: list[GroupKey] = Field([], title="Grupper som unntas", description="Tom liste er alle.")
    sectors: list[SectorKey] = Field([], title="Aktørgrupper")


class Eid(Section):
    """The eID queue: an issuing office per trust, an alternative channel, loss, and the friction of use."""

    clerks: int = Field(title="Saksbehandlere", ge=1, le=16)
    cards: CardRate = Field(title="Kapasitet")
    service_cv: Factor = Field(title="Variasjon i behandlingstid", description="Standardavvik delt på gjennomsnitt.")
    lead: Weeks = Field(title="Leveringstid")
    validity: Years = Field(title="Gyldighet")
    lost: Rate = Field(title="Mistet eller ødelagt per år")
    alternative: Share = Field(title="Andel via annen løsning", description="FIDO2 eller BankID.")
    alternative_cards: CardRate = Field(title="Kapasitet, annen løsning")
    alternative_lead: Weeks = Field(title="Leveringstid, annen løsning")
    session_active: Share = Field(title="HelseID-økt alt åpen")
    login_declined: Share = Field(title="Lar være å logge inn", description="Når ingen økt er åpen.")
    programmes: list[EidProgramme] = Field([], title="Programmer")


class Knowledge(Section):
    """How professionals come to know the function, and forget it."""

    seats: SeatRate = Field(title="Kursplasser per måned")
    training_months: int = Field(title="Opplæring rundt bruksstart, måneder", ge=1, le=36)
    elearning_at_hire: Share = Field(title="Nyansatte som lærer funksjonen")
    innovation: Rate = Field(title="Lærer av seg selv (Bass p)", description="Uten påvirkning fra kolleger.")
    imitation: Rate = Field(title="Lærer av kolleger (Bass q)", description="Jungeltelegrafen.")
    forgetting: Rate = Field(title="Glemmer per år")
    campaigns: list[Campaign] = Field([], title="Kampanjer")
    super_users: list[SuperUsers] = Field([], title="Superbrukere")


class Consent(Section):
    """The consent rule for those who are not exempt."""

    absent: Share = Field(title="Arbeid uten at pasienten er til stede")
    collected_before: Share = Field(title="Samtykke innhentet på forhånd")
    emergency: Share = Field(title="Øyeblikkelig hjelp")
    granted: Share = Field(title="Spør og får samtykke når pasienten er til stede")
    law_changes: list[LawChange] = Field([], title="Lovendringer")


class Legacy(Section):
    """Entries of the old structure that lack mandatory fields, and the stock from before the period."""

    new_share: Share = Field(title="Nye oppføringer som bygger på gamle")
    stock: Years = Field(title="Beholdning ved start", description="Antall års oppføringer.")
    stock_share: Share = Field(title="Andel av beholdningen med mangler")
    clean_on_touch: Share = Field(title="Utfylles når noen åpner den")
    cleanups: list[Cleanup] = Field([], title="Ryddeprosjekter")


class Ownership(Section):
    """Professionals who decline to upload what somebody else documented."""

    declined_new: Share = Field(title="Avstår, nye oppføringer")
    declined_touch: Share = Field(title="Avstår, andres oppføringer")
    duties: list[Duty] = Field([], title="Veiledning og meldeplikt")


class Technical(Section):
    """Kjernejournal and HelseID failing: a steady error share and outages."""

    errors: Share = Field(title="Feilandel")
    outages: Rate = Field(title="Avbrudd per år")
    outage_hours: Hours = Field(title="Varighet per avbrudd")
    retried: Share = Field(title="Lykkes ved nytt forsøk")


class Patients(Section):
    """Who the patients are: prevalence, reservations, blocks, and the start in Kjernejournal."""

    prevalence: Share = Field(title="Forekomst")
    reserved: Share = Field(title="Reservert")
    blocking: Share = Field(title="Har sperret helsepersonell")
    entries_per_patient: EntriesPerPatient = Field(title="Oppføringer per pasient")
    with_information: Persons = Field(title="Har informasjon i KJ ved utgangen av 2022")
    country: Persons = Field(title="Innbyggere i landet", description="Fordeler tallet over på scenarioets regioner.")
    portal_growth: Rate = Field(title="Vekst via portalen per år")


class Benefit(Section):
    """What reads and synced entries are worth: downloads and clinicians' time."""

    status_critical: Share = Field(title="Kall som viser kritisk informasjon")
    newer: Share = Field(title="Nyere enn lokal kopi")
    documentation_minutes: Minutes = Field(title="Spart dobbeltdokumentasjon")
    lookup_minutes: Minutes = Field(title="Spart oppslag i portalen")


class Chosen(Section):
    """An intervention that the scenario carries out: a ready one (or a file), when it begins, and what is different of it."""

    name: str = Field(title="Tiltak", description="Navnet på et ferdig tiltak, eller en fil.", min_length=1)
    start: Month | None = Field(None, title="Start", description="Uten: tiltakets egen.")
    adds: dict[str, Any] = Field({}, title="Endringer", description="Legges over det tiltaket endrer.")


class Scenario(Section):
    """A complete scenario, as one file (or one that extends another) states it."""

    title: str = Field(title="Tittel", min_length=1, max_length=120)
    title_en: str | None = Field(None, title="Tittel på engelsk", max_length=120)
    description: str = Field("", title="Beskrivelse")
    period: Period = Field(title="Periode")
    seed: int = Field(title="Frø", ge=0, lt=2**63)
    replications: int = Field(title="Antall trekk", ge=1, le=100_000)
    posterior: str | None = Field(
        None,
        title="Kalibrert fordeling",
        description="Fil fra «utrulling calibrate», regnet fra scenariomappen; uten den gjelder fordelingene her.",
        min_length=1,
    )
    weekend: Factor = Field(title="Helgedag mot hverdag", description="Aktivitet en helgedag delt på en hverdag.")
    regions: dict[RegionKey, Region] = Field(title="Helseregioner", min_length=1)
    sectors: dict[SectorKey, Sector] = Field(title="Aktørgrupper", min_length=1)
    golive: dict[SectorKey, dict[RegionKey, Plan]] = Field(title="Innføring")
    eid: Eid = Field(title="eID")
    knowledge: Knowledge = Field(title="Kunnskap")
    consent: Consent = Field(title="Samtykke")
    legacy: Legacy = Field(title="Gammel struktur")
    ownership: Ownership = Field(title="Eierskap")
    technical: Technical = Field(title="Teknisk")
    patients: Patients = Field(title="Pasienter")
    benefit: Benefit = Field(title="Nytte")
    shifts: list[Shift] = Field([], title="Daterte endringer av parametere")
    interventions: list[Chosen] = Field([], title="Tiltak", description="Legges over scenarioet, i denne rekkefølgen.")
    _fitted: Posterior | None = PrivateAttr(None)
    _ceiling: Ceiling | None = PrivateAttr(None)

    @property
    def fitted(self) -> Posterior | None:
        """What the file ``posterior`` holds, once it has been read and checked (``experiments.posterior``)."""
        return self._fitted

    def with_posterior(self, posterior: Posterior | None) -> Scenario:
        """The same scenario whose fitted parameters are drawn from a posterior, or from their priors (None)."""
        copy = self.model_copy()
        copy._fitted = posterior
        return copy

    @property
    def ceiling(self) -> Ceiling | None:
        """The openings that Kjernejournal bears, once a load test's capacity is given; None: any number."""
        return self._ceiling

    def with_ceiling(self, ceiling: Ceiling | None) -> Scenario:
        """The same scenario in which Kjernejournal bears so many openings."""
        copy = self.model_copy()
        copy._ceiling = ceiling
        return copy


def parameters(
    section: BaseModel, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Parameter]]:
    """Every parameter below ``section`` with its path, in the order of the file."""
    for name in type(section).model_fields:
        yield from _below(getattr(section, name), (*path, name))


def _below(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Parameter]]:
    if isinstance(value, Parameter):
        yield path, value
    elif isinstance(value, BaseModel):
        yield from parameters(value, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _below(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _below(item, (*path, index))


def milestones(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Milestone]]:
    """Every dated milestone below ``node`` (a scenario) with its path."""
    if isinstance(node, Milestone):
        return [(path, node)]
    children: list[tuple[str | int, Any]] = []
    if isinstance(node, BaseModel):
        children = [(name, getattr(node, name)) for name in type(node).model_fields]
    elif isinstance(node, dict):
        children = list(node.items())
    elif isinstance(node, list):
        children = list(enumerate(node))
    return [found for key, child in children for found in milestones(child, (*path, key))]


def anchored(start: str) -> int | None:
    """Months after go-live when ``start`` is counted from it («golive+6» is 6), else None."""
    match = _ANCHORED.match(start)
    if match is None:
        return None
    return int(f"{match.group(1) or '+'}{match.group(2) or '0'}")
