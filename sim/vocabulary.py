"""The words of the field, in one place: gates, categories, groups, sectors, regions, evidence tags.

Every other module takes its names and their order from here. English is used in code and files; the bokmål
and English names that people see are beside each key.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """One term: its key in files and code, and what people read."""

    key: str
    nb: str
    en: str

    def label(self, lang: str) -> str:
        """The name in ``lang`` ("nb" or "en")."""
        return self.nb if lang == "nb" else self.en


# The gates in the order in which an entry meets them; the first that stops it is the reason on record.
GATES: tuple[Word, ...] = (
    Word("not_live", "løsningen ikke innført", "not yet live"),
    Word("legacy", "gammel struktur", "legacy fields"),
    Word("knowledge", "kunnskap", "knowledge"),
    Word("eid", "eID", "eID"),
    Word("consent", "samtykke", "consent"),
    Word("ownership", "eierskap", "ownership"),
    Word("technical", "teknisk", "technical"),
    Word("patient", "pasienten (reservert, sperret)", "patient (reserved, blocked)"),
)
SYNCED = Word("synced", "synkronisert", "synced")
OUTCOMES: tuple[Word, ...] = (*GATES, SYNCED)
GATE_KEYS = tuple(w.key for w in GATES)
OUTCOME_KEYS = tuple(w.key for w in OUTCOMES)

# Kjernejournal's categories (Helsedirektoratet's standard; ten in the API's profiles).
CATEGORIES: tuple[Word, ...] = (
    Word("drug_reaction", "legemiddelreaksjon", "drug reaction"),
    Word("other_allergen", "annen overfølsomhet", "other allergen"),
    Word("intubation_problem", "intubasjonsproblem", "intubation problem"),
    Word("anaesthesia_problem", "annet problem ved anestesi", "other problem with anaesthesia"),
    Word("critical_condition", "kritisk medisinsk tilstand", "critical medical condition"),
    Word("ongoing_treatment", "pågående behandling", "ongoing treatment"),
    Word("transplant_implant", "implantat/transplantat, ikke mekanisk", "transplant or non-mechanical implant"),
    Word("mechanical_implant", "mekanisk implantat", "mechanical implant"),
    Word("procedure_change", "annen prosedyreendring", "other change of procedure"),
    Word("infection", "smitte", "infection"),
)
CATEGORY_KEYS = tuple(w.key for w in CATEGORIES)

GROUPS: tuple[Word, ...] = (
    Word("doctor", "lege (overlege og lege samlet)", "doctor (senior and junior merged)"),
    Word("nurse", "sykepleier", "nurse"),
    Word("midwife", "jordmor", "midwife"),
    Word("psychologist", "psykolog", "psychologist"),
    Word("auxiliary", "helsefagarbeider", "auxiliary nurse"),
    Word("physiotherapist", "fysioterapeut", "physiotherapist"),
    Word("bioengineer", "bioingeniør", "biomedical scientist"),
    Word("radiographer", "radiograf", "radiographer"),
    Word("pharmacist", "farmasøyt", "pharmacist"),
    Word("secretary", "helsesekretær", "health secretary"),
)
GROUP_KEYS = tuple(w.key for w in GROUPS)

SECTORS: tuple[Word, ...] = (
    Word("hospital", "sykehus", "hospital"),
    Word("gp", "fastlege", "GP"),
    Word("out_of_hours", "legevakt", "out-of-hours"),
    Word("contract_specialist", "avtalespesialist", "contract specialist"),
    Word("kad", "kommunalt akutt døgntilbud (KAD/ØHD)", "municipal acute beds (KAD)"),
    Word("municipal", "sykehjem og hjemmetjeneste", "nursing home and home care"),
)
SECTOR_KEYS = tuple(w.key for w in SECTORS)

REGIONS: tuple[Word, ...] = (
    Word("sor_ost", "Helse Sør-Øst", "Helse Sør-Øst"),
    Word("vest", "Helse Vest", "Helse Vest"),
    Word("midt", "Helse Midt-Norge", "Helse Midt-Norge"),
    Word("nord", "Helse Nord", "Helse Nord"),
)
REGION_KEYS = tuple(w.key for w in REGIONS)

TAGS: tuple[Word, ...] = (
    Word("measured", "målt", "measured"),
    Word("planned", "planlagt", "planned"),
    Word("estimated", "anslått", "estimated"),
    Word("derived", "utledet", "derived"),
    Word("assumption", "forutsetning", "assumption"),
)
TAG_KEYS = tuple(w.key for w in TAGS)

MILESTONES: tuple[Word, ...] = (
    Word("vendor_module", "leverandørmodul", "vendor module"),
    Word("design_risk", "design og risikoanalyse", "design and risk analysis"),
    Word("technical", "teknisk i drift", "technical go-live"),
    Word("read", "lesetilgang", "read access"),
    Word("write", "skrivetilgang, i bruk", "write access, in use"),
)


UNITS: tuple[Word, ...] = (
    Word("share", "andel", "share"),
    Word("1/year", "per år", "per year"),
    Word("factor", "faktor", "factor"),
    Word("variance", "varians", "variance"),
    Word("count", "antall", "count"),
    Word("persons", "personer", "persons"),
    Word("months", "måneder", "months"),
    Word("weeks", "uker", "weeks"),
    Word("years", "år", "years"),
    Word("hours", "timer", "hours"),
    Word("minutes", "minutter", "minutes"),
    Word(
        "entries/1000 inhabitants/year",
        "oppføringer per 1000 innbyggere og år",
        "entries per 1,000 inhabitants and year",
    ),
    Word("persons/1000 inhabitants", "personer per 1000 innbyggere", "persons per 1,000 inhabitants"),
    Word("contacts/inhabitant/year", "kontakter per innbygger og år", "contacts per inhabitant and year"),
    Word("cards/week/1000 staff", "kort per uke og 1000 ansatte", "cards per week and 1,000 staff"),
    Word("seats/month/1000 staff", "plasser per måned og 1000 ansatte", "seats per month and 1,000 staff"),
    Word("calls/contact", "kall per kontakt", "calls per contact"),
    Word("entries/patient", "oppføringer per pasient", "entries per patient"),
    Word("entries/month", "oppføringer per måned", "entries per month"),
    Word("weight", "vekt", "weight"),
    Word("points", "poeng", "points"),
    Word("MNOK", "mill. kr (2024)", "million NOK (2024)"),
    Word("MNOK/year", "mill. kr (2024) per år", "million NOK (2024) per year"),
    Word("NOK/person", "kr (2024) per person", "NOK (2024) per person"),
    Word("NOK/person/year", "kr (2024) per person og år", "NOK (2024) per person and year"),
    Word("NOK/trust", "kr (2024) per virksomhet", "NOK (2024) per organisation"),
    Word("NOK/trust/year", "kr (2024) per virksomhet og år", "NOK (2024) per organisation and year"),
    Word("NOK/card", "kr (2024) per kort", "NOK (2024) per card"),
    Word("NOK/hour", "kr (2024) per time", "NOK (2024) per hour"),
    Word("hours/person", "timer per person", "hours per person"),
)

# Who decides on an intervention, and who pays.
DECIDERS: tuple[Word, ...] = (
    Word("trust", "helseforetak", "hospital trust"),
    Word("rhf", "regionalt helseforetak", "regional health authority"),
    Word("hdir", "Helsedirektoratet", "Helsedirektoratet"),
    Word("hod", "Helse- og omsorgsdepartementet", "Ministry of Health"),
    Word("nhn", "Norsk helsenett", "Norsk helsenett"),
    Word("vendor", "leverandør", "vendor"),
    Word("municipality", "kommune", "municipality"),
)


# What comes out per month and area. Those made of a gate or an age are named after it: ``stopped_eid``, ``backlog_consent``.
MEASURES: tuple[Word, ...] = (
    Word("registered", "registrerte oppføringer", "registered entries"),
    Word("registered_live", "registrerte der løsningen er i bruk", "registered where the API is in use"),
    Word("synced", "synkronisert i måneden", "synced in the month"),
    *(Word(f"stopped_{g.key}", f"stoppet: {g.nb}", f"stopped: {g.en}") for g in GATES),
    Word("synced_later", "synkronisert senere", "synced later"),
    *(Word(f"backlog_{g.key}", f"venter: {g.nb}", f"waiting: {g.en}") for g in GATES),
    Word("backlog_under_3_months", "venter under 3 måneder", "waiting under 3 months"),
    Word("backlog_3_to_12_months", "venter 3 til 12 måneder", "waiting 3 to 12 months"),
    Word("backlog_over_12_months", "venter over 12 måneder", "waiting over 12 months"),
    Word("stock_waiting", "venter fra før perioden", "waiting from before the period"),
    Word("cards_queued", "eID-kort i kø", "eID cards queued"),
    Word("cards_issued", "eID-kort utstedt, fornyelser medregnet", "eID cards issued, renewals among them"),
    Word("actors_ready", "aktører teknisk klare", "actors technically ready"),
    Word("actors_reading", "aktører med lesetilgang", "actors with read access"),
    Word("actors_writing", "aktører med skrivetilgang", "actors with write access"),
    Word("indicator_calls", "indikatorkall", "indicator calls"),
    Word("downloads", "nedlastinger fra kjernejournal", "downloads from Kjernejournal"),
    Word("hours_saved", "frigjorte timer for helsepersonell", "clinicians' hours saved"),
    Word(
        "encounters_informed",
        "kontakter utenfor eget sted der informasjonen var der",
        "encounters away from home where the information was there",
    ),
    Word("sync_rate_new", "synkroniseringsgrad, nye oppføringer", "sync rate of new entries"),
    Word("sync_rate_live", "synkroniseringsgrad der løsningen er i bruk", "sync rate where the API is in use"),
    Word("sync_rate_cumulative", "synkroniseringsgrad siden bruksstart", "sync rate since go-live"),
    Word("sync_rate_seen", "synkroniseringsgrad lest ved periodens slutt", "sync rate as seen at the period's end"),
    Word("eid_coverage", "har eID", "have an eID"),
    Word("eid_coverage_doctor", "har eID, leger", "have an eID, doctors"),
    Word("eid_coverage_nurse", "har eID, sykepleiere", "have an eID, nurses"),
    Word("knowledge_coverage", "kjenner funksjonen", "know the function"),
    Word("knowledge_coverage_doctor", "kjenner funksjonen, leger", "know the function, doctors"),
    Word("knowledge_coverage_nurse", "kjenner funksjonen, sykepleiere", "know the function, nurses"),
    Word("eid_wait_days", "ventetid på eID, dager", "wait for an eID, days"),
    Word("citizens", "innbyggere med informasjon i kjernejournal", "citizens with information in Kjernejournal"),
    Word("citizens_estimated", "anslag på hvem som bør ha informasjon", "estimate of who should have information"),
)


def words(*tables: tuple[Word, ...]) -> dict[str, Word]:
    """The terms of the given tables by key."""
    return {word.key: word for table in tables for word in table}
