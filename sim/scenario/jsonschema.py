"""The JSON Schema of scenario files, so that editors complete and check them.

A file that extends another states only what differs, and a figure may be taken from the data (``from``); the schema allows
both. What only the whole can tell is checked by ``utrulling check``.
"""

from __future__ import annotations

from typing import Any

from sim.scenario.schema import Scenario

NAME = "scenario.schema.json"
_WHOLE = ("Parameter", "Milestone", "CategoryMix")  # sections that are always stated whole


def json_schema() -> dict[str, Any]:
    """The schema (JSON Schema draft 2020-12), with bokmål titles and descriptions."""
    schema = Scenario.model_json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    for name, definition in definitions.items():
        if name not in _WHOLE:
            kept = [key for key in definition.get("required", []) if key in ("kind", "name")]
            definition["required"] = kept
    parameter = definitions.pop("Parameter")
    definitions["Stated"] = parameter
    definitions["Parameter"] = {
        "title": "Parameter",
        "description": "Verdi eller fordeling med enhet, kilde og evidensgrad, eller et publisert tall (from).",
        "anyOf": [{"$ref": "#/$defs/Stated"}, {"$ref": "#/$defs/From"}],
    }
    definitions["From"] = {
        "title": "Publisert tall",
        "type": "object",
        "properties": {
            "from": {"type": "string", "pattern": "^[^/]+/[^/]+/[^/]+$", "description": "fil/enhet/mål i data/"},
            "note": {"type": "string"},
        },
        "required": ["from"],
        "additionalProperties": False,
    }
    schema["required"] = []
    schema["properties"]["extends"] = {
        "type": "string",
        "title": "Bygger på",
        "description": "Et annet scenario; denne filen sier bare det som er annerledes.",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scenario for utrulling",
        **{k: v for k, v in schema.items() if k != "title"},
    }
