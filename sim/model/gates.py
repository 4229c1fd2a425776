"""The gates that depend on who acts: knowledge, eID, consent, ownership, technical.

Given that an entry is past «not live» and «legacy», these shares say at which gate it stops, or that it passes. They
are shares of the acting stratum's people and work, so an entry's fate is a draw with them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.model.compiled import compiled
from sim.model.workforce import KNOWING, KNOWING_EID, UNKNOWING, UNKNOWING_EID

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

REASONS = 5  # knowledge, eid, consent, ownership, technical; a sixth share is what passes


@compiled
def stops(
    count: Ints, automatic: float, eid_used: float, consent: float, owns: float, works: float, share: Floats
) -> None:
    """Write into ``share`` [6] where the entries of a stratum stop, and (last) how many pass all five gates.

    ``count`` [4] are its people by state; ``automatic`` is the share of the entries of those who do not know the function
    that the EHR synchronises without their choice (it still takes their eID and all that follows); ``eid_used``, ``consent``, ``owns`` and ``works`` are the chances to
    pass: logging in when one has an eID, the consent rule, taking responsibility, the technical gate.
    """
    people = count[UNKNOWING] + count[UNKNOWING_EID] + count[KNOWING] + count[KNOWING_EID]
    know = (count[KNOWING] + count[KNOWING_EID]) / people if people > 0 else 0.0
    know += (1.0 - know) * automatic
    both = (count[KNOWING_EID] + count[UNKNOWING_EID] * automatic) / people * eid_used if people > 0 else 0.0
    share[0] = 1.0 - know
    share[1] = know - both
    share[2] = both * (1.0 - consent)
    share[3] = both * consent * (1.0 - owns)
    share[4] = both * consent * owns * (1.0 - works)
    share[5] = both * consent * owns * works
