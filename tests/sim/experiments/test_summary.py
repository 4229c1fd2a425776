"""Summaries against numpy's own quantiles."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.experiments.summary import quantiles, significant


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 30), st.integers(1, 4)),
        elements=st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))),
    )
)
def test_quantiles_are_numpys_nanquantile(sample: np.ndarray) -> None:
    sample[0] = 0.5  # every column has a number
    probabilities = (0.05, 0.25, 0.5, 0.75, 0.95)
    assert np.allclose(quantiles(sample, probabilities), np.nanquantile(sample, probabilities, axis=0))


def test_significant_digits_keep_the_magnitude() -> None:
    given_ = np.array([123456789.0, 0.000123456789, 0.0, -5.5555555])
    assert significant(given_, 3).tolist() == [123000000.0, 0.000123, 0.0, -5.56]
