"""The STRESS-DES description says what the code and the scenario say, and changes with them."""

import re
import types
from itertools import pairwise
from pathlib import Path

import pytest

from sim.experiments.measures import MEASURES as KEYS
from sim.faces.cli import main
from sim.faces.report import code, stress, tables
from sim.model.draws import columns
from sim.scenario.data import shipped
from sim.scenario.load import Loaded, load
from sim.scenario.schema import parameters
from sim.vocabulary import GATES, MEASURES

# Monks et al. (2019), the checklist for discrete-event simulation
CHECKLIST = [
    "1.1",
    "1.2",
    "1.3",
    "2.1",
    "2.2",
    "2.3",
    "2.4",
    "2.5.1",
    "2.5.2",
    "2.5.3",
    "2.5.4",
    "2.5.5",
    "3.1",
    "3.2",
    "3.3",
    "3.4",
    "4.1",
    "4.2",
    "4.3",
    "5.1",
    "5.2",
    "5.3",
    "5.4",
    "6.1",
]


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load("helse-vest")


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_every_item_of_the_checklist_says_something(loaded: Loaded, lang: str) -> None:
    said = {item.number: item for item in stress.items(loaded, lang)}
    assert set(CHECKLIST) <= set(said)
    for number in CHECKLIST:
        assert said[number].sentences or said[number].quotes or any(t.rows for t in said[number].tables), number
    text = stress.markdown(loaded, lang)
    assert all(gate.label(lang) in text for gate in GATES)


def test_every_measure_has_a_name_in_both_languages() -> None:
    assert [word.key for word in MEASURES] == list(KEYS)


def test_a_changed_scenario_changes_the_text(loaded: Loaded, tmp_path: Path) -> None:
    changed = tmp_path / "changed.yaml"
    changed.write_text(
        f"""\
extends: {shipped() / "helse-vest.yaml"}
period: {{start: 2024-01, end: 2027-04}}
replications: 321
knowledge:
  campaigns:
    - name: Kampanje på sengepostene
      start: golive+3
      months: 4
      reaches: {{value: 0.125, unit: share, source: VURDERING, tag: assumption}}
ownership:
  declined_new: {{value: 0.0625, unit: share, source: "HV-2025, s. 3", tag: measured}}
""",
        encoding="utf-8",
    )
    before, after = stress.markdown(loaded, "nb"), stress.markdown(load(changed), "nb")
    for told in ("Kampanje på sengepostene", "golive+3", "0,125", "HV-2025, s. 3", "321 trekk", "2027-04"):
        assert told in after
        assert told not in before
    row = r"\| {} \| (\d+) \|"
    for tag, difference in (("målt", 1), ("forutsetning", 0)):  # one assumption became measured, one was added
        counts = [int(re.search(row.format(tag), text).group(1)) for text in (before, after)]  # type: ignore[union-attr]
        assert counts[1] - counts[0] == difference


def test_changed_code_changes_the_text(loaded: Loaded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "invented"
    package.mkdir()
    (package / "__init__.py").write_text('"""A model."""\n', encoding="utf-8")
    (package / "atoms.py").write_text(
        '"""What everything is made of."""\n\n@compiled\ndef split(x):\n    """Halve it.\n\n    Twice."""\n',
        encoding="utf-8",
    )
    (package / "aardvark.py").write_text(
        '"""Stands on the atoms."""\nfrom invented.atoms import split\n\n'
        'def wake(env: simpy.Environment, unit):\n    """Wake at dawn."""\n    yield generator(seed, 1, f"dawn/{unit}")\n',
        encoding="utf-8",
    )
    # the imitation has no dependencies, so its names are given to it
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("builtins.compiled", lambda f: f, raising=False)
    monkeypatch.setattr("builtins.simpy", types.SimpleNamespace(Environment=object), raising=False)
    monkeypatch.setattr(stress, "MODEL", "invented")
    text = stress.markdown(loaded, "en")
    for told in ("What everything is made of.", "Halve it.", "Wake at dawn.", "dawn/{unit}"):
        assert told in text
    assert "Twice." not in text
    assert text.index("`invented.atoms`") < text.index("`invented.aardvark`")


def test_every_random_stream_of_the_model_is_told(loaded: Loaded) -> None:
    calls = sum(
        len(re.findall(r"(?<!def )\bgenerator\(", Path(m.__file__ or "").read_text(encoding="utf-8")))
        for m in code.modules("sim.model")
    )
    assert len(code.streams("sim.model")) == calls > 0
    uncertain = {c.stream for c in columns(loaded.scenario) if c.parameter.uncertain and c.kind == "parameter"}
    assert f"{len(uncertain)} usikre parametere" in stress.markdown(loaded, "nb")


def test_the_suffix_decides_the_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for suffix, begins in ((".html", "<!doctype html>"), (".md", "# Modellbeskrivelse")):
        target = tmp_path / f"modell{suffix}"
        assert main(["document", "helse-vest", "--out", str(target)]) == 0
        text = target.read_text(encoding="utf-8")
        assert text.startswith(begins)
        assert str(Path.home()) not in text
        assert str(target) in capsys.readouterr().out.splitlines()[-1]
    assert main(["document", "helse-vest", "--out", str(tmp_path / "modell.docx")]) == 2
    assert ".html" in capsys.readouterr().err
    assert not (tmp_path / "modell.docx").exists()


@pytest.mark.parametrize("prior", [False, True])
def test_the_run_that_is_described_is_the_run_that_forecast_makes(
    prior: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "modell.md"
    assert main(["document", "national", "--out", str(target), *(["--prior"] if prior else [])]) == 0
    scenario = load("national").scenario
    call = f"`utrulling forecast national --seed {scenario.seed} --replications {scenario.replications}"
    text = target.read_text(encoding="utf-8")
    assert call + (" --prior`" if prior else "`") in text
    assert ("trekker de kalibrerte" in text) != prior


def test_the_aims_are_questions_and_not_tools(loaded: Loaded) -> None:
    aims = next(item for item in stress.items(loaded, "nb") if item.number == "1.3")
    (table,) = aims.tables
    assert all(question.endswith("?") for question, *_ in table.rows)
    named = {command.removeprefix("utrulling ") for _, command, _ in table.rows}
    assert named >= {"forecast", "compare", "plan", "sensitivity", "prioritise"}
    assert not named & {"init", "check", "doctor", "schema", "document", "web"}
    assert "synkroniseringsgrad, nye oppføringer" in aims.sentences[0]


def test_a_stratum_that_is_called_as_its_sector_is_not_said_twice() -> None:
    national = load("national").scenario
    names = [tables.title(national, path, lang) for path, _ in parameters(national) for lang in ("nb", "en")]
    assert "fastlege · Opplært ved bruksstart" in names
    assert not [n for n in names if any(a == b for a, b in pairwise(n.split(" · ")))]
