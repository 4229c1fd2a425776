"""Bad scenario files: each is refused with the file, the line, the key, what is wrong, and the nearest right name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.errors import Problem, ScenarioError, UserError
from sim.scenario.data import shipped
from sim.scenario.load import load
from sim.scenario.text import MAX_BYTES

BASE = shipped() / "helse-vest.yaml"
END = "source: VURDERING, tag: assumption}"
NUMBER = "{value: 0.1, unit: share, " + END

# In the texts, «#!» marks the line that the message must name.
FAULTS: dict[str, tuple[str, str, str, str | None]] = {
    # name: (text, key, part of the message, suggestion)
    "unknown key": ("tittle: x #!", "tittle", "unknown key", "title"),
    "unknown key in a section": (f"\neid:\n  loost: {NUMBER} #!", "eid.loost", "unknown key", "lost"),
    "unknown key in a parameter": (
        "eid:\n  lost: {value: 0.1, unit: 1/year, sourc: HV-2025, " + END + " #!",
        "eid.lost.sourc",
        "unknown key",
        "source",
    ),
    "unknown key in a list": (
        "eid:\n  programmes:\n    - {name: A, start: 2025-01, months: 3, orderin: 1, ordering: " + NUMBER + "} #!",
        "eid.programmes.2.orderin",
        "unknown key",
        "ordering",
    ),
    "unknown stratum number": (
        f"sectors:\n  hospital:\n    strata:\n      nurse:\n        turnovr: {NUMBER} #!",
        "sectors.hospital.strata.nurse.turnovr",
        "unknown key",
        "turnover",
    ),
    "unknown key in a plan": (
        "golive:\n  hospital:\n    vest:\n      simultanous: 3 #!",
        "golive.hospital.vest.simultanous",
        "unknown key",
        "simultaneous",
    ),
    "wrong unit": ("eid:\n  lost: " + NUMBER + " #!", "eid.lost", "unit must be «1/year», not «share»", None),
    "no unit": ("eid:\n  lost: {value: 0.1, " + END + " #!", "eid.lost.unit", "is missing", None),
    "no source": (
        "eid:\n  lost: {value: 0.1, unit: 1/year, tag: assumption} #!",
        "eid.lost.source",
        "is missing",
        None,
    ),
    "no tag": ("eid:\n  lost: {value: 0.1, unit: 1/year, source: VURDERING} #!", "eid.lost.tag", "is missing", None),
    "unknown tag": (
        "eid:\n  lost: {value: 0.1, unit: 1/year, source: VURDERING, tag: mesured} #!",
        "eid.lost.tag",
        "is not one of",
        "measured",
    ),
    "unknown source": (
        'eid:\n  lost: {value: 0.1, unit: 1/year, source: "HV-2052, fig. 4", tag: measured} #!',
        "eid.lost.source",
        "not in data/sources.csv",
        "HV-2025",
    ),
    "probability above 1": (
        "eid:\n  alternative: {value: 1.2, unit: share, " + END + " #!",
        "eid.alternative",
        "must lie between 0 and 1",
        None,
    ),
    "probability below 0": (
        "eid:\n  alternative: {distribution: uniform, low: -0.1, high: 0.5, unit: share, " + END + " #!",
        "eid.alternative",
        "runs from -0.1 to 0.5",
        None,
    ),
    "probability without an upper end": (
        "eid:\n  alternative: {distribution: lognormal, median: 0.1, gsd: 2, unit: share, " + END + " #!",
        "eid.alternative",
        "must lie between 0 and 1",
        None,
    ),
    "percent for a share": (
        "eid:\n  alternative: {value: 20, unit: share, " + END + " #!",
        "eid.alternative",
        "must lie between 0 and 1",
        None,
    ),
    "negative rate": ("eid:\n  lost: {value: -1, unit: 1/year, " + END + " #!", "eid.lost", "must lie between", None),
    "not a number": ("eid:\n  lost: {value: .nan, unit: 1/year, " + END + " #!", "eid.lost.value", "finite", None),
    "nan without its dot": (
        "eid:\n  lost: {value: nan, unit: 1/year, " + END + " #!",
        "eid.lost.value",
        "finite",
        None,
    ),
    "infinite": (
        "patients:\n  with_information: {value: .inf, unit: persons, " + END + " #!",
        "patients.with_information.value",
        "finite",
        None,
    ),
    "too large for a float": (
        "patients:\n  with_information: {value: 1e999, unit: persons, " + END + " #!",
        "patients.with_information.value",
        "finite",
        None,
    ),
    "text for a number": (
        "eid:\n  lost: {value: much, unit: 1/year, " + END + " #!",
        "eid.lost.value",
        "must be a number",
        None,
    ),
    "value and distribution": (
        "eid:\n  lost: {value: 1, distribution: uniform, low: 0, high: 1, unit: 1/year, " + END + " #!",
        "eid.lost",
        "either value or distribution",
        None,
    ),
    "distribution without its numbers": (
        "eid:\n  lost: {distribution: triangular, low: 0, high: 1, unit: 1/year, " + END + " #!",
        "eid.lost",
        "needs low, mode, high",
        None,
    ),
    "unknown distribution": (
        "eid:\n  lost: {distribution: triangle, low: 0, mode: 0.1, high: 1, unit: 1/year, " + END + " #!",
        "eid.lost.distribution",
        "is not one of",
        "triangular",
    ),
    "numbers in the wrong order": (
        "eid:\n  lost: {distribution: triangular, low: 0, mode: 2, high: 1, unit: 1/year, " + END + " #!",
        "eid.lost",
        "must rise",
        None,
    ),
    "impossible beta": (
        "eid:\n  alternative: {distribution: beta, mean: 0.5, sd: 0.6, unit: share, " + END + " #!",
        "eid.alternative",
        "beta needs",
        None,
    ),
    "impossible date": (
        "golive:\n  hospital:\n    vest:\n      technical: {date: 2024-02-30, source: HV-2025, tag: measured} #!",
        "golive.hospital.vest.technical.date",
        "is not a date",
        None,
    ),
    "impossible month": ("period: {start: 2024-13, end: 2029-12} #!", "period.start", "must be a month", None),
    "end before start": ("period: {start: 2025-02, end: 2024-12} #!", "period", "end comes before start", None),
    "too long": ("period: {start: 2024-02, end: 2079-12} #!", "period", "at most 240", None),
    "go-live before the module": (
        "golive:\n  hospital:\n    vest:\n      technical: {date: 2020-02-01, source: HV-2025, tag: measured} #!",
        "golive.hospital.vest.technical",
        "before the vendor module",
        None,
    ),
    "unknown plan": (
        "golive:\n  hospital:\n    vest: {kind: projekt, source: HV-2025, tag: assumption} #!",
        "golive.hospital.vest",
        "kind must be project, ramp or never",
        None,
    ),
    "ramp for hospitals": (
        "golive:\n  hospital:\n    vest: #!\n      kind: ramp\n"
        "      first: {date: 2024-01-01, source: HV-2025, tag: planned}\n"
        "      majority: {date: 2025-01-01, source: HV-2025, tag: planned}\n"
        f"      reach: {NUMBER}\n      read_lead: {{value: 1, unit: months, {END}",
        "golive.hospital.vest",
        "hospitals need project",
        None,
    ),
    "overlapping ramps": (
        "knowledge:\n  campaigns:\n"
        "    - {name: A, start: 2025-01, months: 3, reaches: " + NUMBER + "}\n"
        "    - {name: B, start: 2025-03, months: 3, strata: [nurse], reaches: " + NUMBER + "} #!",
        "knowledge.campaigns.1",
        "«B» overlaps «A»",
        None,
    ),
    "unknown start": (
        "knowledge:\n  campaigns:\n    - {name: A, start: golive+x, months: 3, reaches: " + NUMBER + "} #!",
        "knowledge.campaigns.0.start",
        "counted from go-live",
        None,
    ),
    "no months": (
        "knowledge:\n  campaigns:\n    - {name: A, start: golive, months: 0, reaches: " + NUMBER + "} #!",
        "knowledge.campaigns.0.months",
        "greater than or equal to 1",
        None,
    ),
    "unknown trust": (
        "knowledge:\n  campaigns:\n    - {name: A, trusts: [Helse Bregen], start: 2025-01, months: 3, reaches: "
        + NUMBER
        + "} #!",
        "knowledge.campaigns.0.trusts.0",
        "is not in the scenario",
        "Helse Bergen",
    ),
    "unknown stratum": (
        "knowledge:\n  campaigns:\n    - {name: A, strata: [nurses], start: 2025-01, months: 3, reaches: "
        + NUMBER
        + "} #!",
        "knowledge.campaigns.0.strata.0",
        "is not in the scenario",
        "nurse",
    ),
    "unknown region": (
        "knowledge:\n  campaigns:\n    - {name: A, regions: [west], start: 2025-01, months: 3, reaches: "
        + NUMBER
        + "} #!",
        "knowledge.campaigns.0.regions.0",
        "is not one of",
        "vest",
    ),
    "region that is not part": (
        "knowledge:\n  campaigns:\n    - {name: A, regions: [nord], start: 2025-01, months: 3, reaches: "
        + NUMBER
        + "} #!",
        "knowledge.campaigns.0.regions.0",
        "is not in the scenario",
        None,
    ),
    "trust in two regions": (
        "regions:\n  nord:\n    population: {value: 1, unit: persons, " + END + "\n    trusts:\n"
        "      Helse Bergen: {doctors: {value: 1, unit: persons, " + END + "} #!\n"
        "golive: {hospital: {nord: {kind: never, source: HV-2025, tag: assumption}}}",
        "regions.nord.trusts.Helse Bergen",
        "already stands under vest",
        None,
    ),
    "unknown figure": (
        "regions:\n  vest:\n    population: {from: population/Helse Vst/population} #!",
        "regions.vest.population.from",
        "is not in data/population.csv",
        "Helse Vest/population",
    ),
    "unknown data file": (
        "regions:\n  vest:\n    population: {from: populaton/Helse Vest/population} #!",
        "regions.vest.population.from",
        "no data file",
        "population",
    ),
    "malformed figure": (
        "regions:\n  vest:\n    population: {from: [1, 2]} #!",
        "regions.vest.population.from",
        "file/entity/measure",
        None,
    ),
    "duplicate key": ("title: A\nseed: 1\ntitle: B #!", "", "the key «title» stands twice", None),
    "whole number wanted": ("eid:\n  clerks: 1.5 #!", "eid.clerks", "whole number", None),
    "no clerks": ("eid:\n  clerks: 0 #!", "eid.clerks", "greater than or equal to 1", None),
    "section is a list": ("eid: [1, 2] #!", "eid", "must be keys with values", None),
    "section is empty": ("eid: #!", "eid", "must be keys with values", None),
    "no weights": (
        "sectors:\n  hospital:\n    strata:\n      nurse:\n        categories:\n"
        "          weights: {drug_reaction: -1} #!",
        "sectors.hospital.strata.nurse.categories.weights.drug_reaction",
        "greater than or equal to 0",
        None,
    ),
    "alias": ("title: &a x #!\ndescription: *a", "", "anchors and aliases", None),
    "alias bomb": (
        "a: &a [x, x, x, x, x, x, x, x] #!\n"
        + "\n".join(f"{c}: &{c} [{', '.join(['*' + b] * 9)}]" for b, c in zip("abcdefgh", "bcdefghi", strict=True)),
        "",
        "anchors and aliases",
        None,
    ),
    "merge key": ("eid: &e {clerks: 1} #!\nknowledge: {<<: *e}", "", "anchors and aliases", None),
    "not YAML": ("title: [1, 2\nseed: 3 #!", "", "not valid YAML", None),
    "tab": ("eid:\n\tclerks: 3 #!", "", "not valid YAML", None),
    "control character": ("title: \x01 #!", "", "not valid YAML", None),
    "deep nesting": ("title: " + "[" * 3000 + "]" * 3000 + " #!", "", "too deep", None),
    "key that is a list": ("? [a, b] #!\n: c", "", "keys must be plain words", None),
    "endless number": ("seed: " + "9" * 6000 + " #!", "seed", "", None),
    "number above every limit": (
        "eid:\n  lost: {value: " + "9" * 400 + ", unit: 1/year, " + END + " #!",
        "eid.lost.value",
        "",
        None,
    ),
    "object tag": ("title: !!python/object/apply:os.system [exit] #!", "title", "must be text", None),
    "several documents": ("seed: 3\n---\nseed: 4 #!", "", "not valid YAML", None),
}


def refusal(path: Path) -> list[Problem]:
    with pytest.raises(ScenarioError) as caught:
        load(path)
    return caught.value.problems


def child(folder: Path, text: str) -> Path:
    """A scenario that states only what differs from Helse Vest."""
    path = folder / "mitt.yaml"
    path.write_text(f"extends: {BASE}\n{text}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_with_its_place(name: str, tmp_path: Path) -> None:
    text, key, message, suggestion = FAULTS[name]
    path = child(tmp_path, text)
    problems = refusal(path)
    found = [p for p in problems if p.key == key]
    assert found, [p.render("en") for p in problems]
    problem = found[0]
    line = next(i for i, content in enumerate(path.read_text(encoding="utf-8").split("\n"), 1) if "#!" in content)
    assert problem.file == path
    if "not YAML" not in name and name not in ("tab", "several documents", "control character"):
        assert problem.line == line
    assert message in problem.message.en
    assert problem.suggestion == suggestion
    assert problem.message.nb
    assert re.search(rf"^{re.escape(str(path))}:\d+:\d+: ", problem.render("nb"))


def test_what_differs_is_all_that_a_child_has_to_state(tmp_path: Path) -> None:
    changed = load(child(tmp_path, "eid:\n  lost: {value: 0.5, unit: 1/year, " + END)).scenario
    base = load(BASE).scenario
    assert changed.eid.lost.value == 0.5
    assert changed.eid.model_copy(update={"lost": base.eid.lost}) == base.eid
    assert changed.knowledge == base.knowledge


def test_a_region_without_a_plan_is_refused(tmp_path: Path) -> None:
    text = "regions:\n  nord:\n    population: {value: 1, unit: persons, " + END + "\n    trusts: {}"
    (problem,) = refusal(child(tmp_path, text))
    assert problem.key == "golive.hospital.nord"
    assert "lacks a plan" in problem.message.en
    assert problem.file.resolve() == BASE.resolve()  # there the plans stand


def test_every_fault_is_reported_at_once_and_in_order(tmp_path: Path) -> None:
    text = f"tittle: x\neid:\n  loost: {NUMBER}\nknowledge:\n  seets: {NUMBER}"
    problems = refusal(child(tmp_path, text))
    assert [p.line for p in problems] == [2, 4, 6]


def test_a_missing_file_is_refused_with_where_to_find_ready_ones(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read.*Ready scenarios: helse-vest"):
        load(tmp_path / "finnes-ikke.yaml")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder"):
        load(tmp_path)


@pytest.mark.parametrize("size", [MAX_BYTES + 1, 100_000_000])
def test_a_file_above_the_limit_is_refused_unread(size: int, tmp_path: Path) -> None:
    path = tmp_path / "stor.yaml"
    with path.open("wb") as handle:
        handle.truncate(size)
    with pytest.raises(UserError, match="is larger than"):
        load(path)


@pytest.mark.parametrize(
    "content", ["title: blåbær".encode("latin-1"), "title: x".encode("utf-16"), b"\xff\xfe\x00\x01"]
)
def test_a_file_that_is_not_utf8_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "feil.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError, match="is not UTF-8"):
        load(path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + f"extends: {BASE}\n".encode())
    assert load(path).scenario == load(BASE).scenario


@pytest.mark.parametrize("content", ["", "- 1\n- 2\n", "bare tekst\n", "# bare en kommentar\n"])
def test_a_file_that_is_no_scenario_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "annet.yaml"
    path.write_text(content, encoding="utf-8")
    (problem,) = refusal(path)
    assert "should be a scenario" in problem.message.en


def test_extending_oneself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("title: A\nextends: a.yaml\n", encoding="utf-8")
    (problem,) = refusal(path)
    assert (problem.key, problem.line) == ("extends", 2)
    assert "extends itself" in problem.message.en


def test_extending_in_a_circle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("title: B\nextends: a.yaml\n", encoding="utf-8")
    (problem,) = refusal(tmp_path / "a.yaml")
    assert (problem.file.name, problem.line, problem.key) == ("b.yaml", 2, "extends")


@pytest.mark.parametrize("parent", ["finnes-ikke.yaml", "[1, 2]", ".", "12"])
def test_extending_what_is_not_there_is_refused(parent: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"extends: {parent}\n", encoding="utf-8")
    (problem,) = refusal(path)
    assert (problem.file, problem.line, problem.key) == (path, 1, "extends")


def test_a_fault_in_the_parent_is_named_with_the_parents_place(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(f"extends: {BASE}\n\neid: {{loost: 1}}\n", encoding="utf-8")
    (tmp_path / "a.yaml").write_text("extends: b.yaml\ntitle: A\n", encoding="utf-8")
    (problem,) = refusal(tmp_path / "a.yaml")
    assert (problem.file.name, problem.line, problem.key) == ("b.yaml", 3, "eid.loost")


def test_a_fault_is_told_in_both_languages_and_as_data(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(child(tmp_path, f"eid:\n  loost: {NUMBER}"))
    assert "ukjent nøkkel. Mente du «lost»?" in caught.value.render("nb")
    assert "unknown key. Did you mean «lost»?" in caught.value.render("en")
    (problem,) = caught.value.as_dict("en")["problems"]  # type: ignore[misc]
    assert problem["line"] == 3
    assert problem["suggestion"] == "lost"


def test_norwegian_no_and_clock_times_stay_text(tmp_path: Path) -> None:
    path = child(tmp_path, "title: no\ndescription: 12:30")
    scenario = load(path).scenario
    assert (scenario.title, scenario.description) == ("no", "12:30")


def test_the_hash_ignores_comments_order_and_files(tmp_path: Path) -> None:
    here = child(tmp_path, "# kommentar\nseed: 20240212")
    assert load(here).hash == load(BASE).hash
    assert load(child(tmp_path, "seed: 1")).hash != load(BASE).hash
