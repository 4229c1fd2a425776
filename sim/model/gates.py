"""The gates that depend on who acts: knowledge, eID, consent, ownership, technical.

Given that an entry is past «not live» and «legacy», these shares say at which gate it stops, or that it passes. They
are shares of the acting stratum's people and work, so an entry's fate is a draw with them.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from sim.model.compiled import compiled
from sim.model.workforce import KNOWING, KNOWING_EID, UNKNOWING, UNKNOWING_EID

REASONS = 5  # knowledge, eid, consent, ownership, technical; a sixth share is what passes


@compiled
def stops(
    people: npt.NDArray[Any],
    s: int,
    automatic: float,
    eid_used: float,
    consent: float,
    owns: float,
    works: float,
) -> tuple[float, float, float, float, float, float]:
    """Where the entries of stratum ``s`` stop: the shares of the five gates, and (last) of those that pass them all.

    ``people`` [S, 4] are counted by state; ``automatic`` is the share of the entries of those who do not know the function
    that the EHR synchronises without their choice (it still takes their eID and all that follows); ``eid_used``,
    ``consent``, ``owns`` and ``works`` are the chances to pass: logging in when one has an eID, the consent rule, taking
    responsibility, the technical gate.
    """
    know, _, logged_in = logs_in(people, s, automatic, eid_used)
    agreed = logged_in * consent
    owned = agreed * owns
    passed = owned * works
    return 1.0 - know, know - logged_in, logged_in - agreed, agreed - owned, owned - passed, passed


@compiled
def logs_in(people: npt.NDArray[Any], s: int, automatic: float, eid_used: float) -> tuple[float, float, float]:
    """The shares of stratum ``s``, by its work, that know the function, that have an eID, and that know it and log in."""
    knowing, both, eid = people[s, KNOWING], people[s, KNOWING_EID], people[s, UNKNOWING_EID]
    everybody = people[s, UNKNOWING] + eid + knowing + both
    per_head = 1.0 / everybody if everybody > 0 else 0.0
    know = (knowing + both) * per_head
    know += (1.0 - know) * automatic
    return know, (eid + both) * per_head, (both + eid * automatic) * per_head * eid_used
