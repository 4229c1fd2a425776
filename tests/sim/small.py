"""Small scenarios built in code, and replications of them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from sim.model.draws import table
from sim.model.rollout import Model, Record, Rollout
from sim.scenario.schema import Scenario

Plain = dict[str, Any]
_ORIGIN = {"source": "VURDERING", "tag": "assumption"}


def p(value: float, unit: str) -> Plain:
    """A certain parameter."""
    return {"value": value, "unit": unit, **_ORIGIN}


def share(value: float) -> Plain:
    return p(value, "share")


def rate(value: float) -> Plain:
    return p(value, "1/year")


def dated(date: str, delay: float | None = None) -> Plain:
    """A milestone, ``delay`` months late."""
    return {"date": date, **_ORIGIN} | ({} if delay is None else {"delay": p(delay, "months")})


def stratum(group: str = "nurse", **changes: Any) -> Plain:
    """A stratum; the keyword arguments are numbers by name."""
    units = {"staff": "persons/1000 inhabitants", "entry_weight": "weight", "turnover": "1/year", "rotation": "1/year"}
    numbers = {
        "staff": 0.5,
        "entry_weight": 1.0,
        "turnover": 0.1,
        "rotation": 0.0,
        "eid_at_start": 0.5,
        "eid_at_hire": 0.2,
        "eid_ordering": 0.05,
        "trained_at_golive": 0.7,
    }
    exempt = changes.pop("exempt", True)
    categories = {"weights": {"infection": 1}, **_ORIGIN}
    return {
        "group": group,
        "exempt": exempt,
        "categories": categories,
        **{k: p(v, units.get(k, "share")) for k, v in (numbers | changes).items()},
    }


def sector(strata: Plain, entries: float = 8, touch: float = 1.0, overdispersion: float = 0.0) -> Plain:
    return {
        "entries": p(entries, "entries/1000 inhabitants/year"),
        "overdispersion": p(overdispersion, "variance"),
        "touch": rate(touch),
        "actors": p(100, "count"),
        "contacts": p(3, "contacts/inhabitant/year"),
        "calls": p(2, "calls/contact"),
        "away": share(0.1),
        "strata": strata,
    }


def project(technical: str = "2024-05-12", local: float = 0, lead: float = 0, slots: int = 2, **changes: Any) -> Plain:
    return {
        "kind": "project",
        "vendor_module": dated("2023-12-01"),
        "design_months": p(0, "months"),
        "technical": dated(technical),
        "local_months": p(local, "months"),
        "read_lead": p(lead, "months"),
        "simultaneous": slots,
    } | changes


def ramp(first: str, majority: str, reach: float = 1.0, lead: float = 2.0) -> Plain:
    return {
        "kind": "ramp",
        "first": dated(first),
        "majority": dated(majority),
        "reach": share(reach),
        "read_lead": p(lead, "months"),
    }


def never() -> Plain:
    return {"kind": "never", **_ORIGIN}


def plain(trusts: dict[str, float] | None = None) -> Plain:
    """One region, one trust (or those given, with their doctors), three strata, 18 months."""
    return {
        "title": "Liten",
        "period": {"start": "2024-01", "end": "2025-06"},
        "seed": 1,
        "replications": 10,
        "weekend": p(0.4, "factor"),
        "regions": {
            "vest": {
                "population": p(100_000, "persons"),
                "trusts": {t: {"doctors": p(d, "persons")} for t, d in (trusts or {"Lite sykehus": 50}).items()},
            }
        },
        "sectors": {
            "hospital": sector(
                {
                    "doctor": stratum("doctor", staff=0.3, eid_at_start=0.8, eid_at_hire=0.7, rotation=0.2),
                    "nurse": stratum("nurse", staff=0.5, entry_weight=1.2, eid_at_start=0.3),
                    "other": stratum("midwife", staff=0.2, entry_weight=0.4, exempt=False, eid_at_start=0.2),
                }
            )
        },
        "golive": {"hospital": {"vest": project()}},
        "eid": {
            "clerks": 2,
            "cards": p(10, "cards/week/1000 staff"),
            "service_cv": p(0.5, "factor"),
            "lead": p(2, "weeks"),
            "validity": p(3, "years"),
            "lost": rate(0.05),
            "alternative": share(0.2),
            "alternative_cards": p(10, "cards/week/1000 staff"),
            "alternative_lead": p(0.5, "weeks"),
            "session_active": share(0.8),
            "login_declined": share(0.2),
            "programmes": [],
        },
        "knowledge": {
            "seats": p(1000, "seats/month/1000 staff"),
            "training_months": 3,
            "elearning_at_hire": share(0.6),
            "innovation": rate(0.03),
            "imitation": rate(1.0),
            "forgetting": rate(0.05),
            "campaigns": [],
            "super_users": [],
        },
        "consent": {
            "absent": share(0.5),
            "collected_before": share(0.1),
            "emergency": share(0.05),
            "granted": share(0.9),
            "law_changes": [],
        },
        "legacy": {
            "new_share": share(0.1),
            "stock": p(0.3, "years"),
            "stock_share": share(0.5),
            "clean_on_touch": share(0.5),
            "cleanups": [],
        },
        "ownership": {"declined_new": share(0.05), "declined_touch": share(0.3), "duties": []},
        "technical": {
            "errors": share(0.02),
            "outages": rate(4),
            "outage_hours": p(6, "hours"),
            "retried": share(0.5),
        },
        "patients": {
            "prevalence": share(0.05),
            "reserved": share(0.01),
            "blocking": share(0.01),
            "entries_per_patient": p(1.5, "entries/patient"),
            "with_information": p(97_000, "persons"),
            "country": p(5_550_203, "persons"),
            "portal_growth": rate(0.15),
        },
        "benefit": {
            "status_critical": share(0.1),
            "newer": share(0.2),
            "documentation_minutes": p(4, "minutes"),
            "lookup_minutes": p(2, "minutes"),
        },
    }


def merged(base: Plain, over: Plain) -> Plain:
    """``over`` on top of a copy of ``base``; a bare number replaces the value of a parameter."""
    result = copy.deepcopy(base)
    for key, value in over.items():
        here = result.get(key)
        if isinstance(here, dict) and "value" in here and isinstance(value, int | float):
            here["value"] = float(value)
        elif isinstance(here, dict) and isinstance(value, dict) and not value.keys() & {"kind", "distribution"}:
            result[key] = merged(here, value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def scenario(*overs: Plain, trusts: dict[str, float] | None = None) -> Scenario:
    """The small scenario with changes."""
    base = plain(trusts)
    for over in overs:
        base = merged(base, over)
    return Scenario.model_validate(base)


def strata(change: Plain, names: tuple[str, ...] = ("doctor", "nurse", "other")) -> Plain:
    """The same change in every stratum of the hospital."""
    return {"sectors": {"hospital": {"strata": dict.fromkeys(names, change)}}}


def run(one: Scenario, replication: int = 0, seed: int = 1, model: Model | None = None) -> Record:
    """One replication."""
    model = model or Model(one)
    row = table(model.columns, seed, replication + 1)[replication]
    return Rollout(model, row, seed, replication).run()


def same(one: Record, other: Record) -> bool:
    """Whether two records are equal bit by bit."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        for name in Record.__dataclass_fields__
        if name != "golive"
    ) and [vars(g) for g in one.golive] == [vars(g) for g in other.golive]
