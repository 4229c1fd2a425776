"""Who uses Kjernejournal, one file a role, and which of them a sector's openings belong to."""

from __future__ import annotations

from loadtests.journeys import (
    background,
    citizen,
    gp,
    hospital_doctor,
    hospital_nurse,
    municipal_nurse,
    out_of_hours,
)
from loadtests.journeys.visit import Role

# Shares of a sector's openings by role. Hospital: the doctors' and nurses' shares of entries (ASSUMPTION, fact sheet G).
BY_SECTOR: dict[str, tuple[tuple[Role, float], ...]] = {
    "hospital": ((hospital_doctor.ROLE, 0.45), (hospital_nurse.ROLE, 0.55)),
    "gp": ((gp.ROLE, 1.0),),
    "contract_specialist": ((gp.ROLE, 1.0),),
    "out_of_hours": ((out_of_hours.ROLE, 1.0),),
    "kad": ((municipal_nurse.ROLE, 1.0),),
    "municipal": ((municipal_nurse.ROLE, 1.0),),
}
ROLES: dict[str, Role] = {
    r.name: r
    for r in (
        hospital_doctor.ROLE,
        hospital_nurse.ROLE,
        gp.ROLE,
        out_of_hours.ROLE,
        municipal_nurse.ROLE,
        background.ROLE,
        citizen.ROLE,
    )
}


def role_of(sector: str, choice: float) -> Role:
    """The role of an opening in a sector; ``choice`` is uniform."""
    shares = BY_SECTOR.get(sector, BY_SECTOR["hospital"])
    for role, share in shares:
        if choice < share:
            return role
        choice -= share
    return shares[-1][0]
