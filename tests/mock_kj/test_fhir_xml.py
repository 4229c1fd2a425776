"""FHIR XML: the order of R4 as another library has it, and nothing lost on the way from JSON."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any
from xml.etree import ElementTree

import pytest

from mock_kj import cases, fhir_schema, outcome, samples
from mock_kj.categories import CATEGORIES, Category
from mock_kj.fhir_xml import NAMESPACE, order, to_xml
from mock_kj.population import Population

TYPES = ("AllergyIntolerance", "Condition", "Procedure", "Flag", "PractitionerRole", "Device", "Bundle")
PARTS = ("CodeableConcept", "Coding", "Identifier", "Reference", "Period", "Quantity", "Range", "Annotation", "Meta")


def sequence(name: str) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = import_module(f"fhir.resources.R4B.{name.lower()}")
    return choices_as_one(getattr(module, name).elements_sequence())


def choices_as_one(names: Iterable[str]) -> list[str]:
    """Of the forms of a choice one may stand, so their order among themselves says nothing."""
    return list(dict.fromkeys("performed[x]" if n.startswith("performed") else n for n in names))


@pytest.mark.parametrize("name", [*TYPES, "OperationOutcome"])
def test_members_stand_in_the_order_of_r4(name: str) -> None:
    ours = [member for member in choices_as_one(order(name)) if member in sequence(name)]
    assert ours == sorted(ours, key=sequence(name).index)
    assert len(ours) > 2


@pytest.mark.parametrize("name", PARTS)
def test_members_of_data_types_do_too(name: str) -> None:
    ours = [m for m in fhir_schema.DEFINITIONS[name]["properties"] if m in sequence(name)]
    assert ours == sorted(ours, key=sequence(name).index)
    assert len(ours) > 2


def from_json(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every value of a resource with its path; a resource inside another adds its type to the path."""
    if isinstance(node, dict):
        path += f"/{node['resourceType']}" if "resourceType" in node else ""
        for name, value in node.items():
            if name != "resourceType":
                yield from from_json(value, f"{path}/{name.removeprefix('_')}")
    elif isinstance(node, list):
        for item in node:
            yield from from_json(item, path)
    elif node is not None:
        yield path, json.dumps(node) if isinstance(node, bool | int | float) else node


def from_xml(node: ElementTree.Element, path: str = "") -> Iterator[tuple[str, str]]:
    assert node.tag.startswith(f"{{{NAMESPACE}}}")
    path += "/" + node.tag.rpartition("}")[2]
    for name, value in node.attrib.items():
        yield (path if name == "value" else f"{path}/{name}"), value
    for child in node:
        yield from from_xml(child, path)


def same(resource: dict[str, Any]) -> None:
    document = to_xml(resource)
    assert document.startswith(b"<?xml")
    assert Counter(from_xml(ElementTree.fromstring(document))) == Counter(from_json(resource))


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda c: c.info_type)
def test_nothing_is_lost(category: Category, population: Population) -> None:
    who = population.professional_at(1)
    body = samples.resource(category, population.nin(5), who, "2024-11-30", note='Æ "<&>" ø\n')
    body["id"] = "abc"
    body["_language"] = {"id": "x", "extension": [{"url": "http://a", "valueDecimal": 1.5}, {"url": "http://b"}]}
    if category.resource_type == "AllergyIntolerance":
        body["onsetAge"] = {"value": 3, "code": "a"}
    resource = samples.updated(body, who, "2025-01-01")
    same(resource)
    same({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": resource}, {"resource": body}]})
    same({"resourceType": "Bundle", "type": "searchset"})


def test_refusals_are_xml_too() -> None:
    same(json.loads(outcome.current(cases.CASES["blocked"], "x", ("Flag.code",), "id", outcome.ServiceName())))
    same(json.loads(outcome.legacy(cases.CASES["blocked"], "")))
