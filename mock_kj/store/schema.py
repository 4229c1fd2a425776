"""The tables, in SQL that SQLite and PostgreSQL share but for three type names."""

from __future__ import annotations

# {blob}, {big} and {serial} differ between the two databases.
TABLES = (
    """CREATE TABLE IF NOT EXISTS patient (
        nin TEXT PRIMARY KEY, reserved INTEGER NOT NULL, restricted_all INTEGER NOT NULL,
        restricted_critical INTEGER NOT NULL, blocked TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS entry (
        id TEXT PRIMARY KEY, nin TEXT NOT NULL REFERENCES patient(nin), info_type TEXT NOT NULL,
        version INTEGER NOT NULL, state TEXT NOT NULL, valid_until TEXT, updated {big} NOT NULL,
        body {blob} NOT NULL, created {big} NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS entry_by_patient ON entry (nin)",
    """CREATE TABLE IF NOT EXISTS entry_version (
        id TEXT NOT NULL REFERENCES entry(id), version INTEGER NOT NULL, state TEXT NOT NULL,
        at {big} NOT NULL, body {blob} NOT NULL, PRIMARY KEY (id, version))""",
    """CREATE TABLE IF NOT EXISTS usage_log (
        line {serial}, at {big} NOT NULL, nin TEXT NOT NULL, operation TEXT NOT NULL, target TEXT NOT NULL,
        hpr_number TEXT, practitioner TEXT, role TEXT, orgnr_parent TEXT, orgnr_child TEXT, organisation TEXT,
        basis TEXT, source_system TEXT, event_id TEXT NOT NULL, api TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS usage_log_by_patient ON usage_log (nin)",
    "CREATE TABLE IF NOT EXISTS held (key TEXT PRIMARY KEY, body {blob} NOT NULL, expires {big} NOT NULL)",
    """CREATE TABLE IF NOT EXISTS tally (
        day TEXT NOT NULL, orgnr TEXT NOT NULL, operation TEXT NOT NULL, target TEXT NOT NULL,
        count {big} NOT NULL, PRIMARY KEY (day, orgnr, operation, target))""",
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
LOG_COLUMNS = (
    "at, nin, operation, target, hpr_number, practitioner, role, orgnr_parent, orgnr_child, organisation, basis, "
    "source_system, event_id, api"
)
ENTRY_COLUMNS = "id, nin, info_type, version, state, valid_until, updated, body, created"
