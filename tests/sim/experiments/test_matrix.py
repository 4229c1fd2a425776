"""Matrix files: an alternative a row."""

from pathlib import Path

import pytest

from sim.errors import UserError
from sim.experiments import matrix


@pytest.mark.parametrize("separator", [",", ";"])
def test_cells_say_whether_and_from_when(separator: str, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    text = "navn,eid-nurses,elearning\nKort,x,\nBegge,2026-09,ja\n,,\n"
    path.write_text("\ufeff" + text.replace(",", separator), encoding="utf-8")
    assert matrix.read(path) == [("eid-nurses", "Kort"), ("eid-nurses@2026-09+elearning", "Begge")]


@pytest.mark.parametrize("word", ["", "nei", "No", "0", "-"])
def test_no_is_said_in_several_ways(word: str, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(f"navn,a,b\nX,{word},JA\n", encoding="utf-8")
    assert matrix.read(tmp_path / "m.csv") == [("b", "X")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("navn,a\nX,kanskje\n", r"m.csv:2: «kanskje» under a must be empty"),
        ("navn,a\nX,\n", r"m.csv:2|has no alternatives"),
        ("navn\nX\n", r"m.csv:1: the first row"),
        ("navn,a\nX,2026-13\n", r"m.csv:2: «2026-13»"),
        ("navn,a,b\nX,0,-\n", r"m.csv:2: the row has no intervention"),
    ],
)
def test_what_means_nothing_is_refused_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        matrix.read(tmp_path / "m.csv")


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(UserError, match="cannot be read: does not exist"):
        matrix.read(Path("ingen.csv"))
