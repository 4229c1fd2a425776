"""The contract as a table: fact, certainty, setting, default (kj-api.md chapters 9 and 10)."""

from __future__ import annotations

from dataclasses import dataclass

from mock_kj.cases import Certainty, with_overrides
from mock_kj.settings import Settings


@dataclass(frozen=True, slots=True)
class Fact:
    """One row: what the mock does, how sure that is, and which settings decide where it is not."""

    row: int
    fact: str
    certainty: Certainty
    source: str
    settings: tuple[str, ...] = ()


CASE_ROW = 14
FACTS: tuple[Fact, ...] = (
    Fact(1, "POST /v1/helseindikator (and /status): status 0-4, ticket from 2 up, time stamp at 4, X-EVENT-ID, no-cache, nonsense field", "documented", "A-HI, KJLOGIN", ("nonsense_field",)),
    Fact(1, "legacy category codes other than OVER_REAK", "unknown", "A-HI"),
    Fact(1, "sperringDetaljer: element format; served empty", "unknown", "A-HI"),
    Fact(1, "status 3, harLegemidler, harLasteResepter: shares of the population (rates own_information, medicines, locked_prescriptions of --rate)", "inferred", "A-HI; the shares are assumptions"),
    Fact(1, "the patient has blocked ANY practitioner: the legacy API shares no clinical information; eksistererBlokkertHelsepersonell true", "documented", "A-HI"),
    Fact(1, "what the indicator then still tells, and whether writes go through", "unknown", "A-HI", ("somebody_blocked_indicator", "somebody_blocked_writes")),
    Fact(2, "ticket is opaque, bound to organisation, patient and consent; KJF-000011, KJF-000015", "documented", "A-HI, A-CODES"),
    Fact(2, "ticket life", "unknown", "A-HI", ("ticket_seconds",)),
    Fact(3, "legacy FHIR: $everything, POST, PUT, DELETE …/_history/<version> → 204", "documented", "A-GET … A-DEL"),
    Fact(3, "legacy answers are XML where Accept names application/xml and no JSON; bodies that are sent are JSON", "documented", "A-HEAD"),
    Fact(4, "legacy consent headers: three values, restricted header two values", "documented", "A-HEAD"),
    Fact(4, "the restricted header comes on top of an ordinary consent, in the ticket or KJ-SAMTYKKE-BRUK", "documented", "A-HEAD (chapter 1)"),
    Fact(4, "effect of the restricted header without an ordinary consent", "unknown", "A-HEAD", ("restricted_consent_alone",)),
    Fact(4, "effect of a restricted consent where nothing is restricted", "unknown", "A-HEAD", ("elevated_without_restriction",)),
    Fact(5, "POST …/v1/status {nin}; m2m or user token; flags and dates per type; no usage log", "documented", "B-STATUS"),
    Fact(5, "names of the reservation, restriction and blocking fields", "unknown", "B-STATUS", ("status_field_reserved", "status_field_restricted_all", "status_field_restricted", "status_field_blocked")),
    Fact(5, "names of dateChanged.* other than allergyIntoleranceDate and conditionComplicationsOfAnesthesiaDate", "unknown", "B-STATUS"),
    Fact(5, "error body of /status", "unknown", "CS-ERR", ("status_error_body",)),
    Fact(6, "GET AllergyIntolerance, Condition(s) with criticalInfoType; searchset Bundle", "documented", "B-READ"),
    Fact(6, "criticalInfoType of Procedure, Flag and DeviceUseStatement: the mock takes the name of the resource type", "unknown", "chapter 4"),
    Fact(6, "paths of Procedure, Flag, DeviceUseStatement; read by id; read of a version", "unknown", "chapter 10", ("read_by_id", "read_history")),
    Fact(7, "POST …/v1/<Type> → 201 with Location and body", "inferred", "legacy analogy"),
    Fact(8, "PUT with the newest meta.versionId in the body; category and code frozen; old version kept; no ETag", "documented", "B-UPDATE"),
    Fact(8, "an update carries KjUpdater, KjUpdatedDateTime and updaterRef; every statement has the two extensions", "documented", "SFM-AI, 4.2"),
    Fact(8, "what becomes of a create without them: refused, or the mock adds the recorder and the recorded date", "unknown", "SFM-AI, 4.2", ("create_without_updater",)),
    Fact(9, "soft delete of the newest version; then 410 on GET, or filtered data", "documented", "B-DELETE, B-ERR", ("deleted_read",)),
    Fact(10, "headers nhn-* and hit-*; source-system 3-512, event-id ≤ 128 characters; role as URL-encoded JSON, active in HPR", "documented", "B-AUTH"),
    Fact(10, "a role that is plain JSON, not URL-encoded", "unknown", "B-AUTH", ("plain_user_role",)),
    Fact(11, "access basis SAMTYKKE and UNNTAK", "documented", "B-READ, B-STATUS"),
    Fact(11, "access basis AKUTT, FORHOYET_SAMTYKKE, FORHOYET_AKUTT", "inferred", "PPS-AUTH, XCADS"),
    Fact(11, "upper and lower case of the access basis", "unknown", "PJD", ("access_basis_case",)),
    Fact(11, "who is exempt from consent", "unknown", "A-HEAD, PPS-AUTH; kjernejournalforskriften § 7", ("consent_exempt_roles",)),
    Fact(12, "OperationOutcome with six codings, nhn-error-code, id = event id", "documented", "B-ERR", ("environment", "application_version")),
    Fact(12, "id of the body for an event id that is no FHIR id (longer than 64, other characters): as it is, or another that is valid R4", "unknown", "B-ERR against R4", ("outcome_id",)),
    Fact(13, "codes KI-0001, KI-0014, AUTH-0003, AUTH-0010 and the KJF list; others are placeholders with MOCK in them", "documented", "B-ERR, A-CODES, CS-ERR"),
    Fact(14, "status and code per refusal: see the cases below", "unknown", "3.11", ("cases",)),
    Fact(15, "overload → 429 with an empty body; the limit is unknown (0 = none)", "inferred", "CS-ERR", ("overload_concurrency",)),
    Fact(16, "profiles and status models of chapter 4", "documented", "B-PROF, SFM-AI"),
    Fact(16, "category code of mechanical implants: not checked, since R4 gives DeviceUseStatement no category", "unknown", "chapter 4"),
    Fact(16, "code system of the category, as the population's own entries write it; any is accepted", "unknown", "chapter 4", ("category_system",)),
    Fact(17, "codes exist in their system; ICD-10 XX and XXI and inactive substances refused; note ≤ 500", "documented", "B-CODES, B-ERR", ("max_note_characters",)),
    Fact(17, "codings of systems that the mock does not bundle, or of no system", "unknown", "B-CODES: a code exists in its system", ("unknown_code_systems",)),
    Fact(17, "codes of open lists (ATC, FEST, ICD-10, KJ's own lists) that are not bundled: checked by their form", "unknown", "B-CODES, 4.3", ("unlisted_codes",)),
    Fact(18, "dates between birth and now, age-type onset, changed not before the previous version, profile URL required", "documented", "A-VALID"),
    Fact(19, "token: aud, scope, orgnr_parent, orgnr_child; pid, hpr_number, security_level for users", "documented", "B-AUTH, HB-CLAIMS", ("check_organisation",)),
    Fact(19, "security level 4 for the current API", "inferred", "A-AUTHZ", ("required_security_level",)),
    Fact(20, "token endpoint: private_key_jwt, DPoP nonce challenge 400, expires_in, rt_expires_in, rejected_scope", "documented", "LIBJ, LIB, HB-TOKEN", ("nonce_seconds", "bearer_clients")),
    Fact(20, "refresh tokens: life and rotation", "unknown", "5.8", ("refresh_token_seconds", "rotate_refresh_tokens")),
    Fact(20, "a login without a pushed request is refused: the security profile demands PAR, though the discovery document does not", "documented", "HS, LIB"),
    Fact(20, "life of a pushed request and of a code", "unknown", "5.10", ("par_seconds", "authorization_code_seconds")),
    Fact(21, "client assertion: typ, aud = issuer, one-time jti, exp ≤ 60 s", "documented", "HB-ASSERT, LIBJ", ("assertion_max_seconds",)),
    Fact(22, "discovery document and JWKS with x5c; RS256", "documented", "LIB", ("signing_alg",)),
    Fact(23, "DPoP at the API: cnf.jkt, ath, htm, htu, iat window, jti replay, no nonce", "documented", "SAMP, DPOPEX", ("accept_bearer",)),
    Fact(23, "how old a proof may be", "unknown", "5.6: samples 1 s and 10 s, skew 5 s", ("dpop_proof_seconds", "clock_skew_seconds")),
    Fact(24, "life of an access token", "unknown", "SAMP: 600 s in the test-token tool", ("access_token_seconds",)),
    Fact(25, "attest nhn:tillitsrammeverk:parameters in the token; whether this API needs it", "unknown", "TILLIT, XCADS", ("attest_required",)),
    Fact(26, "reservation, restriction, blocking; blocking wins over everything", "documented", "B-STATUS"),
    Fact(27, "usage log written before the answer, with the access; not for /status", "documented", "A-LOG, B-STATUS", ("group_commit_linger_ms", "group_commit_max")),
    Fact(28, "synthetic numbers only: +80, +65, mod 11 on the shifted digits", "documented", "SYNT, STDGEN", ("allow_real_numbers",)),
    Fact(28, "numbers after 2032: remainder 0-3 of the first control digit", "inferred", "SKATT", ("rule_2032",)),
    Fact(29, "latency and limits: none published; faults on request", "unknown", "chapter 7", ("max_body_bytes", "max_header_bytes")),
)  # fmt: skip


def table(settings: Settings) -> list[dict[str, object]]:
    """Facts, then refusals, each with the settings that decide and their values."""
    rows: list[dict[str, object]] = [
        {
            "row": f.row,
            "fact": f.fact,
            "certainty": f.certainty,
            "source": f.source,
            "settings": {name: _plain(getattr(settings, name)) for name in f.settings},
        }
        for f in FACTS
    ]
    at = next(i for i, f in enumerate(FACTS) if f.row > CASE_ROW)  # the cases stand with their row
    refusals: list[dict[str, object]] = []
    for case in with_overrides(settings.cases).values():
        refusals.append(
            {
                "row": CASE_ROW,
                "fact": f"case {case.name}: {case.text}",
                "certainty": case.certainty,
                "source": case.source,
                "settings": {"status": case.status, "current": case.current, "legacy": case.legacy},
            }
        )
    return [*rows[:at], *refusals, *rows[at:]]


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def text(rows: list[dict[str, object]]) -> str:
    """The table for a terminal."""
    lines = []
    for row in rows:
        lines.append(f"{row['row']:>3}  {row['certainty']:<11} {row['fact']}  [{row['source']}]")
        settings = row["settings"]
        assert isinstance(settings, dict)
        lines.extend(f"     {'':11} · {name} = {value}" for name, value in settings.items())
    return "\n".join(lines)
