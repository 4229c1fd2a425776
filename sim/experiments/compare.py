"""Comparing interventions and packages of them with the null alternative, on the same draws and the same noise.

``run`` simulates every alternative and keeps the few series that a comparison needs; ``Comparison`` answers: paired
differences, how often each is best, where the gates' shares of the gain lie, what it costs per gain. For the whole
scenario and, when asked for, for one hospital.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from sim.errors import UserError
from sim.experiments import costs, evidence, shapley
from sim.experiments.alternatives import Alternative as Alternative
from sim.experiments.alternatives import alternatives as alternatives
from sim.experiments.alternatives import letter as letter
from sim.experiments.alternatives import mark, on
from sim.experiments.measures import MEASURES, Areas
from sim.experiments.paired import Difference, Ratio, acceptability, best, frontier
from sim.experiments.posterior import Kept, with_posterior
from sim.experiments.replicate import Results, most_replications, replicate
from sim.model.rollout import Model
from sim.scenario import data
from sim.scenario.faults import nearest
from sim.scenario.intervention import Intervention
from sim.scenario.load import Loaded, load
from sim.scenario.schema import Month

Floats = npt.NDArray[np.float64]
Gain = Literal["rate", "synced", "citizens", "hours"]
GAINS: tuple[Gain, ...] = ("rate", "synced", "citizens", "hours")
SERIES = ("sync_rate_new", "synced", "synced_later", "citizens", "hours_saved", "cards_issued")
NATIONAL = "national"
MOST_IN_SHAPLEY = 6


@dataclass(frozen=True)
class Outcome:
    """What an alternative gives in one area: series [R, T] by name, and outcomes [S, 9] of the last year, summed over the draws."""

    series: dict[str, Floats]
    gates: Floats

    def gain(self, what: Gain, month: int) -> Floats:
        """[R] the sync rate of new entries in a month; synced entries and saved hours up to it; citizens in it."""
        s = self.series
        if what == "rate":
            return s["sync_rate_new"][:, month]
        if what == "citizens":
            return s["citizens"][:, month]
        total = s["hours_saved"] if what == "hours" else s["synced"] + s["synced_later"]
        return np.asarray(total[:, : month + 1].sum(axis=1))


@dataclass(frozen=True)
class Comparison:
    """All alternatives on the same draws; the first is the null alternative. Areas: the whole scenario, and a hospital."""

    loaded: Loaded
    model: Model
    alternatives: list[Alternative]
    areas: list[str]
    outcomes: dict[tuple[int, str], Outcome]
    money: dict[tuple[int, str], Floats]  # [R, T] million 2024 kroner
    money_each: dict[int, Floats]  # [R, K, T] the same by intervention, for the whole scenario
    money_payer: dict[tuple[int, str], dict[str, Floats]]  # [R, T] the same by who pays
    coalitions: dict[
        int, dict[frozenset[str], Floats]
    ]  # per package: the rate with each set of its interventions, see part_draws
    regions: dict[str, Floats]  # [A, R] the hospitals' sync rate in the target month, by region
    month: int
    seed: int
    replications: int
    discount_rate: float
    base_year: int
    posterior: Kept | None = None  # the calibrated distribution that was drawn from; None: the scenario's own

    @property
    def label(self) -> str:
        """The target month as «2027-12»."""
        return self.model.calendar.labels[self.month]

    @property
    def measured_until(self) -> str | None:
        """The month of the last published figure that the draws are calibrated to, as «2025-09»; None where they are not."""
        if self.posterior is None:
            return None
        return f"{max(f.end for f in evidence.read(self.loaded.data_folder).figures):%Y-%m}"

    def has(self, what: Gain, area: str) -> bool:
        """Whether the measure exists in the area (citizens are not counted by hospital)."""
        return bool(np.isfinite(self.outcomes[0, area].gain(what, self.month)).all())

    def values(self, what: Gain, area: str = NATIONAL) -> Floats:
        """[A, R] the measure of every alternative."""
        return np.stack([self.outcomes[a, area].gain(what, self.month) for a in range(len(self.alternatives))])

    def gains(self, what: Gain, area: str = NATIONAL) -> Floats:
        """[A, R] what every alternative adds to the null alternative."""
        values = self.values(what, area)
        return np.asarray(values - values[0])

    def difference(self, alternative: int, what: Gain, area: str = NATIONAL) -> Difference:
        """An alternative against the null alternative."""
        values = self.values(what, area)
        return Difference.of(values[alternative], values[0])

    def cost(self, area: str = NATIONAL, discount: bool = False) -> Floats:
        """[A, R] million 2024 kroner up to the target month; ``discount``: as of the base year."""
        found = []
        for a in range(len(self.alternatives)):
            by_month = self.money[a, area][:, : self.month + 1]
            if discount:
                by_month = costs.discounted(self.model, by_month, self.discount_rate, self.base_year)
            found.append(by_month.sum(axis=1))
        return np.stack(found)

    def cost_by_payer(self, alternative: int, area: str = NATIONAL) -> dict[str, Floats]:
        """[R] million 2024 kroner up to the target month, by who pays."""
        return {p: m[:, : self.month + 1].sum(axis=1) for p, m in self.money_payer[alternative, area].items()}

    def narrow(self) -> list[str]:
        """The interventions whose narrow reach carries all of their central cost; those that cost nothing until the target month carry none."""
        found = set()
        for a, one in enumerate(self.alternatives):
            for k, i in enumerate(one.interventions):
                if costs.carries_central(i) and self.money_each[a][:, k, : self.month + 1].any():
                    found.add(i.key)
        return sorted(found)

    def older(self, alternative: int, area: str = NATIONAL) -> Floats:
        """[R] how many of the extra entries were uploaded after their month had ended: older ones, that had been waiting."""
        with_it, null = (self.outcomes[a, area].series["synced_later"] for a in (alternative, 0))
        return np.asarray((with_it - null)[:, : self.month + 1].sum(axis=1))

    def discounted_gain(self, alternative: int, what: Gain, area: str = NATIONAL) -> Floats:
        """[R] a gain that accrues month by month (entries, hours), as of the base year like the costs; others as they are."""
        if what not in ("synced", "hours"):
            return np.asarray(self.gains(what, area)[alternative])
        names = ("synced", "synced_later") if what == "synced" else ("hours_saved",)
        here, null = self.outcomes[alternative, area].series, self.outcomes[0, area].series
        by_month = sum((here[n] - null[n] for n in names), np.zeros(1))[:, : self.month + 1]
        return np.asarray(costs.discounted(self.model, by_month, self.discount_rate, self.base_year).sum(axis=1))

    def cost_by_year(self, alternative: int, area: str = NATIONAL) -> Floats:
        """[R, Y] million 2024 kroner in each calendar year of the whole period."""
        return costs.yearly(self.model, self.money[alternative, area])

    def ratio(self, alternative: int, what: Gain, area: str = NATIONAL, discount: bool = False) -> Ratio:
        """Kroner per gain; per percentage point for the rate."""
        kroner = 1e6 * self.cost(area, discount)[alternative]
        gain = self.discounted_gain(alternative, what, area) if discount else self.gains(what, area)[alternative]
        return Ratio.of(kroner, 100 * gain if what == "rate" else gain)

    def best(self, area: str = NATIONAL) -> Floats:
        """[A] how often each alternative has the highest sync rate in the target month."""
        return best(self.values("rate", area))

    def frontier(self, area: str = NATIONAL) -> list[tuple[float, int]]:
        """Which alternative has the highest mean net benefit from which worth of an extra synced entry on (kroner), from 0."""
        return frontier(1e6 * self.cost(area), self.gains("synced", area))

    def willingness(self, area: str = NATIONAL) -> Floats:
        """[W] kroner per extra synced entry, from 0 to a little beyond the last crossing of the frontier that is not far off."""
        crossings = [at for at, _ in self.frontier(area) if at > 0] or [500.0]
        near = [at for at in crossings if at <= 8 * crossings[0]]
        return np.linspace(0, 2 * near[-1], 101)

    def acceptability(self, willingness: Floats, area: str = NATIONAL) -> Floats:
        """[A, W] how often each has the highest net benefit, when an extra synced entry is worth so many kroner."""
        return acceptability(1e6 * self.cost(area), self.gains("synced", area), willingness)

    def gates_gain(self, alternative: int, area: str = NATIONAL) -> dict[str, float]:
        """Each gate's share of the gain in the sync rate over the last year (mean over the draws)."""
        return shapley.gates_gain(self.outcomes[0, area].gates, self.outcomes[alternative, area].gates)

    def gates_loss(self, alternative: int, area: str = NATIONAL) -> dict[str, float]:
        """What each gate takes over the last year, however the gates are ordered."""
        return shapley.gates_loss(self.outcomes[alternative, area].gates)

    def stopped(self, alternative: int, area: str = NATIONAL) -> Floats:
        """[9] share of the last year's entries by the first gate that stopped them; last, synced."""
        counts = self.outcomes[alternative, area].gates.sum(axis=0)
        return np.asarray(counts / counts.sum())

    @cached_property
    def within(self) -> dict[int, dict[str, Floats]]:
        """Per package: what each of its interventions contributes to the package's gain in each draw (Shapley)."""
        return {
            a: shapley.shapley([one.key for one in self.alternatives[a].interventions], worth)
            for a, worth in self.coalitions.items()
        }


def run(
    given: str,
    chosen: list[Alternative],
    *,
    by: str | None = None,
    trust: str | None = None,
    replications: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    prior: bool = False,
    packages: bool = True,
    progress: str | None = None,
) -> Comparison:
    """Simulate all alternatives of a scenario.

    ``by`` is the target month (the period's last); ``trust`` a hospital that is looked at by itself too; ``prior`` draws from
    the scenario's own distributions instead of the calibrated ones that it names; ``packages`` whether every part of a package of up to ``MOST_IN_SHAPLEY`` interventions is simulated, for their shares of its gain.

    Raises:
        UserError: the month or the hospital is not in the scenario, or an alternative does not fit it or begins after its end.
    """

    kept: list[Kept | None] = []

    def read(one: Sequence[Intervention]) -> Loaded:
        loaded = load(given, one)
        if prior:
            return loaded
        loaded, posterior = with_posterior(loaded)
        kept.append(posterior)
        return loaded

    base = read(())
    chosen = [on(one, base) for one in chosen]
    loadeds = [base, *(read(one.interventions) for one in chosen[1:])]
    count = replications or base.scenario.replications
    most = most_replications(base.scenario) // len(chosen)
    if count > most:
        raise UserError(
            f"{count} trekk av {len(chosen)} alternativer trenger for mye minne; høyst {most} for dette scenarioet",
            f"{count} draws of {len(chosen)} alternatives need too much memory; at most {most} for this scenario",
        )
    seed = base.scenario.seed if seed is None else seed
    month = _month(base, by)
    _check_trust(base, trust)
    _check_starts(base, chosen)
    areas = [NATIONAL] if trust is None else [NATIONAL, trust]
    outcomes: dict[tuple[int, str], Outcome] = {}
    money: dict[tuple[int, str], Floats] = {}
    each: dict[int, Floats] = {}
    payer: dict[tuple[int, str], dict[str, Floats]] = {}
    regions: dict[str, list[Floats]] = {}
    model: Model | None = None
    simulated: dict[frozenset[tuple[str, str]], Floats] = {}

    def simulate(loaded: Loaded, label: str, draws: int, measures: tuple[str, ...] = MEASURES) -> Results:
        said = f"{progress} {label}" if progress else None
        return replicate(loaded.scenario, draws, seed, workers, said, measures=measures)

    for a, (one, loaded) in enumerate(zip(chosen, loadeds, strict=True)):
        results = simulate(loaded, one.key, count)
        for area in areas:
            outcomes[a, area] = _outcome(results, area, month)
        for row in results.areas.rows:
            if row.level == "region" and row.sector == "hospital":
                rate = results.of("sync_rate_new", row.name, "hospital")[:, month]
                regions.setdefault(row.name, []).append(rate.astype(np.float64))
        simulated[frozenset(map(mark, one.interventions))] = outcomes[a, NATIONAL].gain("rate", month)
        in_use = costs.in_use_months(results.model, results.milestones[:, :, 2].astype(np.float64))
        for area in areas:
            extra = outcomes[a, area].series["cards_issued"] - outcomes[0, area].series["cards_issued"]
            account = costs.account(
                results.model,
                one.interventions,
                results.draws,
                seed,
                in_use=in_use,
                cards=extra,
                trust=None if area == NATIONAL else area,
            )
            money[a, area], payer[a, area] = account.total, account.by_payer
            if area == NATIONAL:
                each[a] = account.each
        model = model or results.model
    assert model is not None
    coalitions: dict[int, dict[frozenset[str], Floats]] = {}
    for a, one in enumerate(chosen):
        if packages and 2 <= len(one.interventions) <= MOST_IN_SHAPLEY:
            coalitions[a] = {}
            draws = part_draws(count, len(one.interventions))
            for keys in shapley.coalitions([i.key for i in one.interventions]):
                ordered = [i for i in one.interventions if i.key in keys]
                names = frozenset(map(mark, ordered))
                if len(simulated.get(names, ())) < draws:
                    part = simulate(read(ordered), "+".join(i.key for i in ordered), draws, ("sync_rate_new",))
                    simulated[names] = part.of("sync_rate_new", NATIONAL)[:, month].astype(np.float64)
                coalitions[a][keys] = simulated[names][:draws]
    return Comparison(
        base,
        model,
        chosen,
        areas,
        outcomes,
        money,
        each,
        payer,
        coalitions,
        {name: np.stack(values) for name, values in regions.items()},
        month,
        seed,
        count,
        *discounting(base, chosen),
        kept[0] if kept else None,
    )


def discounting(base: Loaded, chosen: Sequence[Alternative]) -> tuple[float, int]:
    """The yearly discount rate, and the year that amounts are brought to: the first in which something begins."""
    years = [int(i.start[:4]) for one in chosen for i in one.interventions]
    first = min(years, default=int(base.scenario.period.start[:4]))
    return data.figures("economy", base.data_folder)["Norge", "discount_rate"].value, first


def part_draws(replications: int, interventions: int) -> int:
    """How many draws the parts of a package are simulated with: fewer the more parts there are, so that the work stays bounded."""
    return max(min(replications, 20), replications >> max(interventions - 3, 0))


def _outcome(results: Results, area: str, month: int) -> Outcome:
    series = {name: results.of(name, area).astype(np.float64) for name in SERIES}
    structure = results.model.structure
    chosen = np.array([area == NATIONAL or structure.units[s.unit].name == area for s in structure.strata])
    last = results.detail[max(0, month - 11) : month + 1].sum(axis=0)
    return Outcome(series, last[chosen].astype(np.float64))


def _month(loaded: Loaded, by: str | None) -> int:
    period = loaded.scenario.period
    try:
        month = period.months - 1 if by is None else period.index(TypeAdapter(Month).validate_python(by))
    except ValidationError:
        raise UserError(
            f"--by {by} er ikke en måned som 2027-12; oppgi en måned fra {period.start} til {period.end}",
            f"--by {by} is no month such as 2027-12; give a month from {period.start} to {period.end}",
        ) from None
    if not 0 <= month < period.months:
        raise UserError(
            f"--by {by} er utenfor perioden; oppgi en måned fra {period.start} til {period.end}",
            f"--by {by} is outside the period; give a month from {period.start} to {period.end}",
        )
    return month


def _check_trust(loaded: Loaded, trust: str | None) -> None:
    known = [row.name for row in Areas.of(Model(loaded.scenario)).rows if row.level == "trust"]
    if trust is not None and trust not in known:
        near = nearest(trust, known)
        raise UserError(
            f"«{trust}» er ikke et sykehus i scenarioet. " + (f"Mente du «{near}»?" if near else ", ".join(known)),
            f"«{trust}» is no hospital of the scenario. " + (f"Did you mean «{near}»?" if near else ", ".join(known)),
        )


def _check_starts(loaded: Loaded, chosen: Sequence[Alternative]) -> None:
    """An intervention that begins after the period's end does nothing in it, so that nothing can be said of it."""
    period = loaded.scenario.period
    for one in (i for a in chosen for i in a.interventions):
        if one.start > period.end:
            raise UserError(
                f"«{one.name}» begynner etter scenarioets siste måned, {period.end}; flytt det ({one.key}@{period.end} eller før), "
                "eller bruk et scenario som varer lenger",
                f"«{one.name}» begins after the scenario's last month, {period.end}; move it ({one.key}@{period.end} or earlier), "
                "or use a scenario that lasts longer",
            )
