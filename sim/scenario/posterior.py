"""Joint draws of parameters that were fitted to data, in place of the priors that a scenario states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.scenario.parameter import Parameter

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Posterior:
    """Equally weighted draws: ``values`` [D] by stream (see ``model.draws``); ``priors`` what each was fitted from.

    Raises:
        ValueError: not one prior and equally many draws for every parameter.
    """

    values: dict[str, Floats]
    priors: dict[str, Parameter]

    def __post_init__(self) -> None:
        if self.values.keys() != self.priors.keys() or len({v.size for v in self.values.values()}) != 1:
            raise ValueError("a posterior has one prior and equally many draws for every parameter")

    def draws(self, stream: str, stated: Parameter) -> Floats | None:
        """[D] those of a stream; None if it was not fitted, or the scenario states another distribution than was fitted."""
        prior = self.priors.get(stream)
        return None if prior is None or prior.distributed != stated.distributed else self.values[stream]
