"""Named settings: every unknown of the contract is one of them, with a stated default (`mock-kj contract`)."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from mock_kj.errors import UsageError

SIGNING_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


@dataclass(frozen=True, slots=True)
class Settings:
    """All switches of the mock. Times are seconds unless the name says otherwise."""

    # HelseID (kj-api.md chapter 5)
    signing_alg: str = "RS256"
    access_token_seconds: int = 600
    refresh_token_seconds: int = 28800
    rotate_refresh_tokens: bool = True
    authorization_code_seconds: int = 60
    par_seconds: int = 90
    nonce_seconds: int = 300
    assertion_max_seconds: int = 60
    clock_skew_seconds: int = 5
    bearer_clients: bool = True
    # DPoP at the API
    dpop_proof_seconds: int = 10
    accept_bearer: bool = True
    # Access rules
    required_security_level: int = 4
    consent_exempt_roles: tuple[str, ...] = ("LE", "SP")
    elevated_without_restriction: str = "refuse"
    access_basis_case: str = "exact"
    attest_required: bool = False
    check_organisation: bool = True
    allow_real_numbers: bool = False
    rule_2032: bool = False
    # Current API
    environment: str = "mock"
    application_version: str = "mock"
    deleted_read: str = "gone"
    read_by_id: bool = True
    read_history: bool = True
    create_without_updater: str = "add"
    plain_user_role: str = "refuse"
    outcome_id: str = "event"
    unknown_code_systems: str = "refuse"
    unlisted_codes: str = "form"
    status_error_body: str = "fhir"
    status_field_reserved: str = "hasReservation"
    status_field_restricted_all: str = "hasRestriction"
    status_field_restricted: str = "hasCriticalInformationRestriction"
    status_field_blocked: str = "practitionerIsBlocked"
    max_body_bytes: int = 262144
    max_header_bytes: int = 65536
    max_note_characters: int = 500
    category_system: str = "urn:oid:2.16.578.1.12.4.1.1.7650"
    # Legacy API
    ticket_seconds: int = 3600
    nonsense_field: bool = True
    restricted_consent_alone: str = "refuse"
    somebody_blocked_indicator: str = "hide"
    somebody_blocked_writes: str = "refuse"
    # Store
    group_commit_linger_ms: float = 2.0
    group_commit_max: int = 256
    # Overload
    overload_concurrency: int = 0
    cases: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def changed(self, changes: Mapping[str, object], place: str) -> Settings:
        """These settings with some replaced.

        Raises:
            UsageError: a name does not exist, a value has the wrong type or is not one of the allowed.

        """
        hints = get_type_hints(Settings)
        clean: dict[str, Any] = {}
        for name, value in changes.items():
            where = f"{place}: {name}"
            if name not in hints:
                near = difflib.get_close_matches(name, hints, n=1)
                raise UsageError(where, "no such setting" + (f"; did you mean {near[0]}?" if near else ""))
            clean[name] = _coerce(hints[name], value, where)
        new = replace(self, **clean)
        new.check(place)
        return new

    def check(self, place: str) -> None:
        """Refuse values that make no sense together.

        Raises:
            UsageError: names the setting and what it may be.

        """
        allowed = {
            "signing_alg": SIGNING_ALGORITHMS,
            "elevated_without_restriction": ("refuse", "allow"),
            "restricted_consent_alone": ("refuse", "allow"),
            "somebody_blocked_indicator": ("hide", "show"),
            "somebody_blocked_writes": ("refuse", "allow"),
            "unknown_code_systems": ("refuse", "accept"),
            "unlisted_codes": ("form", "refuse"),
            "outcome_id": ("event", "fhir"),
            "plain_user_role": ("refuse", "accept"),
            "create_without_updater": ("add", "leave", "refuse"),
            "access_basis_case": ("exact", "ignore"),
            "deleted_read": ("gone", "filtered"),
            "status_error_body": ("fhir", "plain"),
            "required_security_level": (2, 3, 4),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise UsageError(f"{place}: {name}", f"must be one of {', '.join(map(str, values))}")
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, int | float) and value < 0:
                raise UsageError(f"{place}: {item.name}", "must not be negative")


def _coerce(kind: Any, value: object, where: str) -> object:
    """Text from the command line, or YAML, to the setting's type."""
    if kind is bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false", "yes", "no", "on", "off"):
            return value.lower() in ("true", "yes", "on")
        raise UsageError(where, f"must be true or false, not {value!r}")
    if kind in (int, float):
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise UsageError(where, f"must be a number, not {value!r}")
        try:
            return kind(value)
        except ValueError as error:
            raise UsageError(where, f"must be a {'whole ' if kind is int else ''}number, not {value!r}") from error
    if kind is str:
        if not isinstance(value, str):
            raise UsageError(where, f"must be text, not {value!r}")
        return value
    if kind == tuple[str, ...]:
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
            raise UsageError(where, "must be a list of texts")
        return tuple(item for item in items if item)
    if not isinstance(value, Mapping):
        raise UsageError(where, "must be a mapping")
    return value


def read_yaml(path: Path) -> Mapping[str, Any]:
    """A YAML file whose top is a mapping.

    Raises:
        UsageError: the file cannot be read, is no YAML or is no mapping; names file and line.

    """
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(str(path), error.strerror or "cannot be read") from error
    except UnicodeDecodeError as error:
        raise UsageError(str(path), "is not UTF-8 text") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark is not None else ""
        raise UsageError(f"{path}{line}", str(getattr(error, "problem", error))) from error
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise UsageError(str(path), "the top must be a mapping of names to values")
    return data


def load(path: Path | None, assignments: tuple[str, ...] = ()) -> Settings:
    """Settings from a YAML file and from `--set name=value`, the latter winning.

    Raises:
        UsageError: see `Settings.changed`.

    """
    settings = Settings()
    if path is not None:
        settings = settings.changed(read_yaml(path), str(path))
    pairs: dict[str, object] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError("--set", f"{text!r} must look like name=value")
        pairs[name.strip()] = value.strip()
    return settings.changed(pairs, "--set") if pairs else settings
