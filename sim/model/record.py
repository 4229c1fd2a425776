"""What one replication leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.model.golive import GoLive

Numbers = npt.NDArray[Any]  # whole when they were drawn, real when they are expected
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Record:
    """What one replication leaves behind: T months, S strata, U units.

    ``new`` [T, S, 9] entries registered in the month by outcome at its end; ``waiting`` [T, U, 3, POOLS] all that wait at its
    end, by class and pool (see ``entries``); ``later_synced`` [T, U, 3] waiting entries synced in it; ``fresh``
    [T, U, 3] its free entries that wait; ``staff`` [T, S, 4] people by state at its start; ``ordered`` [T, S] cards on
    order at its end; ``card_wait`` [T, U, 2] summed waiting days and cards; ``reading``, ``writing`` [T, U] mean share
    of the unit's actors; ``opening`` [T, U]; ``arrived`` [T, U, POOLS] the month's new entries that wait; hazards
    [T, U] (``meets`` [T, U, 6]) as in ``entries.Hazards``; ``stock_at_start`` [U]; ``access`` [T, U] the share of the
    unit's work in which Kjernejournal could be read (eID in use, consent, patient), were it live.
    """

    new: Numbers
    waiting: Numbers
    later_synced: Numbers
    fresh: Numbers
    staff: Numbers
    ordered: Numbers
    card_wait: Floats
    reading: Floats
    writing: Floats
    ready: Floats
    opening: Floats
    arrived: Numbers
    meets: Floats
    touch: Floats
    leaves_old: Floats
    opens: Floats
    complete: Floats
    stock_at_start: Numbers
    access: Floats
    golive: Sequence[GoLive]
