"""The JSON Schemas of scenario and intervention files, so that editors complete and check them.

A file that extends another states only what differs, and a figure may be taken from the data (``from``); the schema allows
both. What only the whole can tell is checked by ``utrulling check``.
"""

from __future__ import annotations

from typing import Any

from sim.scenario.intervention import CONCERNS_THE_RUN, Form
from sim.scenario.schema import Scenario

NAME = "scenario.schema.json"
INTERVENTION_NAME = "interventions/intervention.schema.json"
_RELATIVE = {"type": "string", "pattern": "^start([+-][0-9]{1,3})?$", "description": "Regnet fra tiltakets start."}
_WHOLE = ("Parameter", "Milestone", "CategoryMix")  # sections that are always stated whole


def json_schema() -> dict[str, Any]:
    """The schema (JSON Schema draft 2020-12), with bokmål titles and descriptions."""
    schema = Scenario.model_json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    for name, definition in definitions.items():
        if name not in _WHOLE:
            kept = [key for key in definition.get("required", []) if key in ("kind", "name")]
            definition["required"] = kept
    _allow_figures(definitions)
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


def intervention_schema() -> dict[str, Any]:
    """The schema of intervention files: their own form, with part of a scenario under ``adds``."""
    schema, part = Form.model_json_schema(), Scenario.model_json_schema()
    definitions: dict[str, Any] = {**part.pop("$defs"), **schema.pop("$defs")}
    for name, definition in definitions.items():
        if name not in (*_WHOLE, "Cost", "Shift"):
            kept = [key for key in definition.get("required", []) if key in ("kind", "name")]
            definition["required"] = kept
        for key in ("start", "date"):
            field = definition.get("properties", {}).get(key)
            if field is not None and name != "Period" and "$ref" not in field:
                plain = {k: field.pop(k) for k in ("type", "format", "pattern") if k in field}
                field["anyOf"] = [plain, _RELATIVE]
    _allow_figures(definitions)
    definitions["Adds"] = {
        "type": "object",
        "properties": {k: v for k, v in part["properties"].items() if k not in CONCERNS_THE_RUN},
        "additionalProperties": False,
    }
    schema["properties"]["adds"] = {"$ref": "#/$defs/Adds", "title": "Endrer"}
    schema["properties"]["extends"] = {
        "type": "string",
        "title": "Bygger på",
        "description": "Et annet tiltak; denne filen sier bare det som er annerledes.",
    }
    schema["required"] = []
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tiltak",
        **{k: v for k, v in schema.items() if k != "title"},
        "$defs": definitions,
    }


def _allow_figures(definitions: dict[str, Any]) -> None:
    """Let a published figure stand wherever a parameter can."""
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
