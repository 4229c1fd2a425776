"""The discovery document (kj-api.md 5.1), as captured in NHN's own library; key order kept."""

from __future__ import annotations

from typing import Any

from mock_kj.jose import ASYMMETRIC

PATHS: dict[str, str] = {
    "jwks_uri": "/.well-known/openid-configuration/jwks",
    "authorization_endpoint": "/connect/authorize",
    "token_endpoint": "/connect/token",
    "userinfo_endpoint": "/connect/userinfo",
    "end_session_endpoint": "/connect/endsession",
    "check_session_iframe": "/connect/checksession",
    "revocation_endpoint": "/connect/revocation",
    "introspection_endpoint": "/connect/introspect",
    "device_authorization_endpoint": "/connect/deviceauthorization",
    "backchannel_authentication_endpoint": "/connect/ciba",
    "pushed_authorization_request_endpoint": "/connect/par",
}
# In the document because HelseID's has them; the mock does not serve them (501).
NOT_SERVED = (
    "userinfo_endpoint",
    "end_session_endpoint",
    "check_session_iframe",
    "introspection_endpoint",
    "revocation_endpoint",
    "device_authorization_endpoint",
    "backchannel_authentication_endpoint",
)
SCOPES = (
    "openid",
    "profile",
    "offline_access",
    "helseid://scopes/client/info",
    "helseid://scopes/client/client_name",
    "helseid://scopes/identity/assurance_level",
    "helseid://scopes/identity/pid",
    "helseid://scopes/identity/pid_pseudonym",
    "helseid://scopes/identity/security_level",
    "helseid://scopes/identity/network",
    "nhn:tillitsrammeverk:parameters",
    "nhn:sfm:journal-id",
    "helseid://scopes/hpr/hpr_number",
)
CLAIMS = (
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "helseid://claims/identity/assurance_level",
    "helseid://claims/identity/pid",
    "helseid://claims/identity/pid_pseudonym",
    "helseid://claims/identity/security_level",
    "helseid://claims/identity/network",
    "helseid://claims/hpr/hpr_number",
    "helseid://claims/client/client_name",
    "helseid://claims/client/client_tenancy",
    "helseid://claims/client/claims/orgnr_parent",
    "helseid://claims/client/claims/orgnr_child",
    "helseid://claims/client/claims/orgnr_supplier",
    "client_amr",
)


def document(issuer: str, signing_alg: str) -> dict[str, Any]:
    """The metadata of an issuer that signs with `signing_alg`."""
    return {
        "issuer": issuer,
        **{name: issuer + path for name, path in PATHS.items()},
        "require_pushed_authorization_requests": False,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "claims_supported": list(CLAIMS),
        "scopes_supported": list(SCOPES),
        "grant_types_supported": [
            "authorization_code",
            "client_credentials",
            "refresh_token",
            "implicit",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:openid:params:grant-type:ciba",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ],
        "response_types_supported": [
            "code",
            "token",
            "id_token",
            "id_token token",
            "code id_token",
            "code token",
            "code id_token token",
        ],
        "response_modes_supported": ["form_post", "query", "fragment"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "id_token_signing_alg_values_supported": [signing_alg],
        "subject_types_supported": ["public"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": [*ASYMMETRIC, "HS256", "HS384", "HS512"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_token_delivery_modes_supported": ["poll"],
        "backchannel_user_code_parameter_supported": True,
        "dpop_signing_alg_values_supported": list(ASYMMETRIC),
        "expired_jwks_uri": f"{issuer}/connect/expiredjwks",
        "available_idps": f"{issuer}/connect/availableidps",
    }
