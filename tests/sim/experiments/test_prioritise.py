"""The prioritisation sheet: its form, the ranking, and what the simulation feeds it with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sim.errors import ScenarioError
from sim.experiments.measures import INDEX
from sim.experiments.prioritise import DRAWS, Fed, feed, placed, rank, score
from sim.experiments.replicate import replicate
from sim.scenario import prioritisation
from sim.scenario.data import shipped
from sim.scenario.prioritisation import Feed, Sheet
from tests.alarm import alpha
from tests.sim import small


def point(value: float) -> dict[str, Any]:
    return {"value": value, "unit": "points", "source": "PRIO-2021", "tag": "assumption"}


def sheet(points: dict[str, tuple[float, float, float]], **changes: Any) -> Sheet:
    """A sheet of three criteria with one question each."""
    names = ("goal", "cost", "benefit")
    question = {"text": "?", "text_en": "?"}
    met = {"ripe": {"met": True, "source": "PRIO-2021", "tag": "estimated"}}
    return Sheet.model_validate(
        {
            "title": "Ark",
            "title_en": "Sheet",
            "source": "PRIO-2021",
            "entry": {"ripe": question},
            "criteria": {n: {"title": n, "title_en": n, "questions": {"q": question}} for n in names},
            "measures": {
                key: {
                    "title": key,
                    "title_en": key,
                    "entry": met,
                    "points": {n: {"q": point(v)} for n, v in zip(names, values, strict=True)},
                }
                for key, values in points.items()
            },
        }
        | changes
    )


def test_the_published_measures_are_admitted_and_the_others_are_not() -> None:
    shown = prioritisation.read("prioritisation-2021")
    admitted = {k: shown.measures[k].published_rank for k in shown.measures if shown.admitted(k)}
    assert sorted(admitted.values()) == list(range(1, 12))
    assert {k: v for k, v in admitted.items() if k.startswith("KI")} == {"KI-1": 3, "KI-2": 4, "KI-3": 8, "KI-4": 11}
    assert len(shown.measures) - len(admitted) == 7
    assert len({c.weight for c in shown.criteria.values()}) == 1


def test_totals_are_the_sum_of_the_criteria_and_ties_go_to_the_named_question() -> None:
    shown = sheet({"A": (5, 5, 5), "B": (8, 1, 1), "C": (3, 5, 7)}, tie_break="benefit.q")
    found = rank(shown, score(shown, None, 1), 1)
    assert found.total == pytest.approx([15, 10, 15])
    assert list(found.order) == [2, 3, 1]  # A and C are equal; C has more benefit


def test_the_share_of_the_weight_simplex_is_its_area() -> None:
    # A is first where 10·w1 > 6·w2; w1/(w1 + w2) is uniform on the simplex, so the area is 1 - 0.6/1.6
    shown = sheet({"A": (10, 0, 0), "B": (0, 6, 0)})
    found = rank(shown, score(shown, None, 1), 1)
    count = int(found.first[0] * DRAWS + 0.5)
    assert stats.binomtest(count, DRAWS, 1 - 0.6 / 1.6).pvalue > alpha("weights")
    assert found.first.sum() == pytest.approx(1)
    assert found.central[0] @ (10, -6, 0) > 0 > found.central[1] @ (10, -6, 0)


def test_weights_of_the_sheet_count() -> None:
    criteria = sheet({"A": (9, 0, 0)}).model_dump()["criteria"]
    criteria["goal"]["weight"] = 0
    shown = sheet({"A": (9, 2, 2), "B": (0, 3, 3)}, criteria=criteria)
    assert list(rank(shown, score(shown, None, 1), 1).order) == [2, 1]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(0, 1e6), min_size=2, max_size=5),
    st.sampled_from(["linear", "log"]),
    st.floats(0, 5),
    st.floats(5, 10),
)
def test_more_of_the_quantity_never_gives_fewer_points(
    values: list[float], scale: str, none: float, most: float
) -> None:
    rule = Feed.model_validate(
        {"criterion": "c", "question": "q", "of": "staff", "scale": scale, "none": point(none), "most": point(most)}
    )
    ordered = np.sort(np.array(values))
    got = [float(placed(rule, np.array([v]), ordered[-1:], np.array([none]), np.array([most]))[0]) for v in ordered]
    assert got == sorted(got)
    assert got[-1] == pytest.approx(most if ordered[-1] > (scale == "log") else none)
    assert min(got) >= none - 1e-12


def test_the_simulation_feeds_what_the_go_live_makes_of_a_difference() -> None:
    scenario = small.scenario()
    shown = sheet({"A": (0, 0, 0), "B": (6, 5, 5)})
    measures = shown.model_dump()["measures"]
    measures["A"]["sectors"] = ["hospital"]
    rules = [
        {"criterion": "goal", "question": "q", "of": "synced", "none": point(0), "most": point(9)},
        {"criterion": "cost", "question": "q", "of": "actors", "none": point(10), "most": point(10)},
    ]
    fed_sheet = sheet({"A": (0, 0, 0)}, measures=measures, feeds=rules)
    fed = feed(fed_sheet, scenario, 2, 1, 1, None)
    base = replicate(scenario, 2, 1, 1)
    synced = base.series[:, INDEX["synced"], base.areas.find("national")].sum(axis=1)
    assert fed.values["A", "synced"] == pytest.approx(synced)  # never live: nothing is synced
    assert min(fed.values["A", "synced"]) > 0
    assert list(fed.values["A", "actors"]) == [1, 1]
    with_it, without_it = (rank(fed_sheet, score(fed_sheet, f, 1), 1) for f in (fed, None))
    assert list(with_it.order) == [1, 2]  # 9 + 10 against 16
    assert list(without_it.order) == [2, 1]


def test_a_replication_is_drawn_whole() -> None:
    """Two measures that are fed by the same replications keep their order in every draw."""
    shown = sheet({"A": (0, 5, 5), "B": (0, 5, 5)})
    measures = {k: m | {"sectors": ["hospital"]} for k, m in shown.model_dump()["measures"].items()}
    shown = sheet(
        {},
        measures=measures,
        feeds=[{"criterion": "goal", "question": "q", "of": "synced", "none": point(0), "most": point(10)}],
    )
    less = np.array([10.0, 1000.0])
    fed = Fed({("A", "synced"): less, ("B", "synced"): 2 * less}, 2)
    assert rank(shown, score(shown, fed, 1), 1).places[1, 0] == 1


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (("feeds", 0, "of", "sinced"), "synced"),
        (("feeds", 0, "question", "nobody"), "feeds.0"),
        (("measures", "LM", "points", "goal", "needs", None), "mangler poeng for goal.needs"),
        (("measures", "LM", "entry", "roadmap", None), "mangler svar på «roadmap»"),
        (("criteria", "goal", "wieght", 1), "weight"),
    ],
)
def test_a_fault_in_the_sheet_is_told_with_its_place(change: tuple[Any, ...], where: str, tmp_path: Path) -> None:
    plain = yaml.safe_load((shipped() / "prioritisation-2021.yaml").read_text(encoding="utf-8"))
    if change[:2] == ("feeds", 0) and change[2] == "of":
        plain["feeds"][0]["of"] = "synced"
    node = plain
    for key in change[:-2]:
        node = node[key]
    if change[-1] is None:
        del node[change[-2]]
    else:
        node[change[-2]] = change[-1]
    file = tmp_path / "sheet.yaml"
    file.write_text(yaml.safe_dump(plain, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        prioritisation.read(file)
    assert where in caught.value.render("nb")
    assert f"{file}:" in caught.value.render("nb")
