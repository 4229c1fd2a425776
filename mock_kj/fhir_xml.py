"""FHIR resources as XML (R4 4.0.1, hl7.org/fhir/R4/xml.html), for the legacy API's `Accept: application/xml` (A-HEAD).

Element order and types come from the schemas that also check what is written, whose members stand in R4's order.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from mock_kj.fhir_schema import CODE, DEFINITIONS, SCHEMAS, STRING, Schema, element, many, ref

NAMESPACE = "http://hl7.org/fhir"
_ISSUE = element(
    severity=CODE,
    code=CODE,
    details=ref("CodeableConcept"),
    diagnostics=STRING,
    location=many(STRING),
    expression=many(STRING),
)
# What is served but never taken in.
_SERVED: dict[str, Schema] = {
    "Bundle": element(type=CODE, entry=many(element(resource={"resource": True}))),
    "OperationOutcome": element(issue=many(_ISSUE)),
}
_RESOURCES = {
    **SCHEMAS,
    **_SERVED,
    "PractitionerRole": DEFINITIONS["PractitionerRole"],
    "Device": DEFINITIONS["Device"],
}
_FIRST = ("id", "meta", "implicitRules", "language", "text", "contained", "extension")


def to_xml(resource: dict[str, Any]) -> bytes:
    """A resource as an XML document."""
    root = _resource(resource)
    root.set("xmlns", NAMESPACE)
    return b'<?xml version="1.0" encoding="UTF-8"?>' + ElementTree.tostring(root)


def order(name: str) -> list[str]:
    """The members of a resource type in the order that R4 gives them."""
    rest = (n for n in _RESOURCES[name]["properties"] if n not in _FIRST and n != "resourceType")
    return [*_FIRST, *rest]


def _resource(resource: dict[str, Any]) -> ElementTree.Element:
    name = resource["resourceType"]
    node = ElementTree.Element(name)
    properties = _RESOURCES[name]["properties"]
    for member in order(name):
        schema = {"resource": True} if member == "contained" else properties.get(member, STRING)
        _members(node, member, resource.get(member), resource.get(f"_{member}"), schema)
    return node


def _members(parent: ElementTree.Element, name: str, value: Any, beside: Any, schema: Schema) -> None:
    """One element, or several where the value is a list; `beside` is what JSON keeps in `_name`."""
    item = schema.get("items", schema)
    values = value if isinstance(value, list) else [value]
    besides = beside if isinstance(beside, list) else [beside]
    for at in range(max(len(values), len(besides))):
        one = values[at] if at < len(values) else None
        more = besides[at] if at < len(besides) else None
        if one is not None or more is not None:
            parent.append(_element(name, one, more, item))


def _element(name: str, value: Any, beside: Any, schema: Schema) -> ElementTree.Element:
    node = ElementTree.Element(name)
    if isinstance(value, dict) and "resource" in schema:
        node.append(_resource(value))
        return node
    content = value if isinstance(value, dict) else beside if isinstance(beside, dict) else {}
    if "id" in content:
        node.set("id", content["id"])
    if "url" in content:  # of an extension
        node.set("url", content["url"])
    if "$ref" in schema:
        schema = DEFINITIONS[schema["$ref"].rpartition("/")[2]]
    properties = {"extension": many(ref("Extension")), **schema.get("properties", {})}
    for member, inner in properties.items():
        if member not in ("id", "url"):
            _members(node, member, content.get(member), content.get(f"_{member}"), inner)
    if value is not None and not isinstance(value, dict):
        node.set("value", ("false", "true")[value] if isinstance(value, bool) else str(value))
    return node
