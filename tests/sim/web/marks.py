"""Where the marks of a drawing stand: the paths and texts of an SVG by matplotlib or by Vega."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
CLOSE = 0.02  # user units: both drawers write two decimals or more


def elements(svg: str) -> ET.Element:
    """The tree of an SVG, without namespaces."""
    return ET.fromstring(re.sub(r'\s(?:xmlns(?::\w+)?="[^"]*")|xlink:', "", svg.replace("&nbsp;", "\u00a0")))


def group(root: ET.Element, name: str) -> ET.Element:
    """What matplotlib drew under an id."""
    return next(g for g in root.iter("g") if re.fullmatch(rf"[a-z-]*?-?{re.escape(name)}", g.get("id", "")) and len(g))


def vega(root: ET.Element, kind: str) -> list[ET.Element]:
    """What Vega drew as marks of a kind, in order."""
    found = [g for g in root.iter("g") if f"mark-{kind} role-mark" in g.get("class", "")]
    return [e for g in found for e in g.iter() if e.tag in ("path", "line", "text")]


def points(element: ET.Element) -> Points:
    """The corners of the paths in an element, [n, 2]; marks that are placed stand where they are placed."""
    found: list[tuple[float, float]] = []
    shapes = {one.get("id"): _corners(one.get("d", "")) for one in element.iter("path") if one.get("id")}
    for one in element.iter():
        if one.tag == "use":
            x, y = float(one.get("x", "0")), float(one.get("y", "0"))
            shape = shapes.get((one.get("href") or "")[1:], [])
            placed = len(shape) < 3 or min(dx for dx, _ in shape) < 0  # around its middle; an area is not
            found += [(x, y)] if placed else [(x + dx, y + dy) for dx, dy in shape]
        elif one.tag == "path" and (moved := re.match(r"translate\(([-\d.]+),([-\d.]+)\)", one.get("transform", ""))):
            found.append((float(moved[1]), float(moved[2])))
        elif one.tag == "path" and one.get("id") is None:
            found += _corners(one.get("d", ""))
    return np.array(found)


def _corners(path: str) -> list[tuple[float, float]]:
    x = y = 0.0
    found = []
    for letter, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        numbers = [float(n) for n in re.findall(r"-?\d*\.?\d+(?:e-?\d+)?", rest)]
        if letter in "ML":
            for x, y in zip(numbers[::2], numbers[1::2], strict=True):
                found.append((x, y))
            continue
        if letter in "Hh":
            x = numbers[0] + (x if letter == "h" else 0)
        elif letter in "Vv":
            y = numbers[0] + (y if letter == "v" else 0)
        else:
            continue
        found.append((x, y))
    return found


def scale(values: Sequence[float], at: Sequence[float]) -> npt.NDArray[np.float64]:
    """The straight line from numbers to places; every number must lie on it."""
    fitted = np.polyfit(values, at, 1)
    assert np.abs(np.polyval(fitted, values) - at).max() < CLOSE
    return fitted


def shown(values: Sequence[float], at: Sequence[float], fitted: npt.NDArray[np.float64]) -> bool:
    """Whether every number stands at one of the places."""
    wanted = np.polyval(fitted, np.asarray(values, float))
    return bool((np.abs(wanted[:, None] - np.asarray(at)[None, :]).min(axis=1) < CLOSE).all())
