"""Identity numbers and the population, against the published rules stated again."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_kj import identity, organisations, samples
from mock_kj.access import Privacy
from mock_kj.population import Population, Rates

PLACES = organisations.from_file(None)
NATION = Population(PLACES, persons=5_600_000, professionals=300_000)
SMALL = Population(PLACES, persons=3000, professionals=100)


def follows_the_rules(nin: str) -> bool:
    """SKATT and STDGEN in their own words: both weighted sums over the digits as written are divisible by eleven."""
    digits = [int(c) for c in nin]
    k1 = sum(w * d for w, d in zip((3, 7, 6, 1, 8, 9, 4, 5, 2, 1), digits[:10], strict=True))
    k2 = sum(w * d for w, d in zip((5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), digits, strict=True))
    return k1 % 11 == 0 and k2 % 11 == 0


@pytest.mark.parametrize("number", ["48882807579", "45920040881", "13717404089"])
def test_the_numbers_of_the_documentation_are_synthetic(number: str) -> None:
    assert identity.classify(number) == "synthetic"


def test_the_bad_example_of_the_documentation_is_bad() -> None:
    assert identity.remainders("10086055555") == (9, 6)
    assert identity.classify("10086055555") == "invalid"


@given(st.text(alphabet="0123456789", min_size=11, max_size=11))
def test_a_number_is_synthetic_exactly_if_it_follows_the_rules(number: str) -> None:
    expected = follows_the_rules(number) and identity.birth_date(number) is not None
    assert (identity.classify(number) != "invalid") == expected


@given(
    st.dates(date(1900, 1, 1), date(2039, 12, 31)), st.sampled_from([0, 40, 65, 80]), st.booleans(), st.integers(0, 400)
)
def test_a_month_that_a_real_person_could_have_makes_a_number_real(
    born: date, shift: int, d_number: bool, rank: int
) -> None:
    number = identity.number(
        born, rank % identity.capacity(born, shift=shift, d_number=d_number), shift=shift, d_number=d_number
    )
    assert follows_the_rules(number)
    assert identity.birth_date(number) == born
    assert identity.classify(number) == ("synthetic" if shift in (65, 80) else "real")
    assert identity.complete(number[:9]) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "4888280757",
        "488828075790",
        "4888280757a",
        "４８８８２８０７５７９",
        "48882807578",
        " 8882807579",
        "00000000000",
    ],
)
def test_anything_else_is_no_number(text: str) -> None:
    assert identity.classify(text) == "invalid"


@given(st.integers(0, NATION.persons - 1))
@settings(max_examples=2000)
def test_every_person_of_the_nation_has_a_number_of_their_own(index: int) -> None:
    number = NATION.nin(index)
    assert follows_the_rules(number)
    assert identity.classify(number) == "synthetic"
    assert NATION.index(number) == index


@pytest.mark.parametrize("persons", [1000, 10_000, 100_000])
def test_a_population_of_any_size_has_every_kind_of_number_all_months_and_both_sexes(persons: int) -> None:
    """The numbers are a fixed function, so shares are exact or lie within bounds that hold for good."""
    population = Population(PLACES, persons=persons, professionals=100)
    numbers = [population.nin(i) for i in range(persons)]
    assert len(set(numbers)) == persons
    assert [population.index(n) for n in numbers] == list(range(persons))
    kinds = Counter("D" if int(n[0]) > 3 else str(identity.month_shift(n)) for n in numbers)
    assert kinds == {"D": persons // 50, "65": persons // 10, "80": persons * 22 // 25}
    for kind, total in kinds.items():
        some = [n for n in numbers if ("D" if int(n[0]) > 3 else str(identity.month_shift(n))) == kind]
        women = sum(int(n[8]) % 2 == 0 for n in some)
        assert abs(women / total - 0.5) < 0.2 if total >= 100 else 0 < women < total
    months = Counter(born.month for n in numbers if (born := identity.birth_date(n)) is not None)
    assert all(abs(months[m] / persons - 1 / 12) < 0.03 for m in range(1, 13))
    who = Counter(int(population.professional_at(i).nin[0]) > 3 for i in range(100))
    assert who[True] < 20


def test_a_number_that_nobody_has_belongs_to_nobody() -> None:
    taken = {SMALL.nin(i) for i in range(SMALL.persons)}
    assert len(taken) == SMALL.persons
    assert all(SMALL.index(NATION.nin(i)) is None for i in range(0, NATION.persons, 9973) if NATION.nin(i) not in taken)


def test_the_population_is_the_same_each_time_and_another_with_another_seed() -> None:
    again = Population(PLACES, persons=3000, professionals=100)
    other = Population(PLACES, persons=3000, professionals=100, seed=2)
    assert [SMALL.person_at(i) for i in range(300)] == [again.person_at(i) for i in range(300)]
    assert [SMALL.person_at(i).name for i in range(300)] != [other.person_at(i).name for i in range(300)]


def test_rates_are_kept_within_chance() -> None:
    """200 000 draws each; six standard deviations, a false alarm in about 1e-8 of runs (five rates)."""
    rates = Rates(prevalence=0.05, reserved=0.01, restricted_all=0.02, restricted_critical=0.03, blocks=0.04)
    population = Population(PLACES, persons=200_000, professionals=10, rates=rates)
    counts: Counter[str] = Counter()
    for index in range(population.persons):
        privacy = population.privacy(index)
        counts["reserved"] += privacy.reserved
        counts["restricted_all"] += privacy.restricted_all
        counts["restricted_critical"] += privacy.restricted_critical
        counts["blocks"] += bool(privacy.blocked)
    for name in counts:
        rate = getattr(rates, name)
        margin = 6 * (rate * (1 - rate) * population.persons) ** 0.5
        assert abs(counts[name] - rate * population.persons) < margin, name


def test_the_fast_walk_finds_exactly_those_the_slow_one_finds() -> None:
    shown = min(NATION.examples.values())
    for start in (0, 123_456, shown - 100, 5_500_000):
        slow = [
            i
            for i in range(start, start + 3000)
            if NATION.uniform(i, "prevalence") < 0.05 or NATION.privacy(i) != Privacy() or i in NATION.examples.values()
        ]
        assert list(NATION.interesting(start, start + 3000)) == slow


def test_professionals_are_adults_and_found_by_either_number() -> None:
    for serial in range(0, NATION.professionals, 4999):
        who = NATION.professional_at(serial)
        born = identity.birth_date(who.nin)
        assert born is not None
        assert 25 <= NATION.year - born.year <= 67
        assert NATION.professional(who.hpr_number) == NATION.professional_by_nin(who.nin) == who
    assert NATION.professional("123456789") is None
    assert NATION.professional("99000000x") is None


def test_whoever_reserved_has_no_entries() -> None:
    population = Population(PLACES, persons=2000, professionals=10, rates=Rates(prevalence=1, reserved=0.5))
    for index in range(population.persons):
        assert (population.entry_count(index) == 0) == population.privacy(index).reserved


def test_initial_entries_are_the_same_on_every_call_and_no_id_comes_twice() -> None:
    population = Population(PLACES, persons=3000, professionals=10, rates=Rates(prevalence=1))
    ids = []
    for index in range(0, 3000, 3):
        person = population.person_at(index)
        assert samples.initial(population, person.index, person.nin) == samples.initial(
            population, person.index, person.nin
        )
        ids += [e.id for e in samples.initial(population, person.index, person.nin)[1]]
    assert len(ids) == len(set(ids)) > 1000


def test_organisation_numbers_are_synthetic_and_valid() -> None:
    numbers = [n for o in PLACES for n in (o.parent, o.child)]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        assert number.startswith("3")
        assert sum(w * int(d) for w, d in zip((3, 2, 7, 6, 5, 4, 3, 2, 1), number, strict=True)) % 11 == 0


def test_after_2032_the_first_control_digit_may_leave_up_to_three() -> None:
    base = identity.number(date(1990, 5, 17), 7)
    accepted = 0
    for first in range(10):
        for second in range(10):
            number = f"{base[:9]}{first}{second}"
            good = identity.remainders(number)
            assert (identity.classify(number, rule_2032=True) == "synthetic") == (good[0] <= 3 and good[1] == 0)
            accepted += good[0] <= 3 and good[1] == 0
    assert accepted > 1
