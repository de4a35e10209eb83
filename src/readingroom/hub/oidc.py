"""An organisation's own sign-in: OpenID Connect, authorization code flow with PKCE, state and nonce.

Sources: OpenID Connect Core 1.0 (section 3.1.3.7: what an ID token must satisfy), RFC 7636 (PKCE), RFC 9207 (the issuer
in the answer), RFC 9700 (current practice). Tokens are verified by joserfc.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from readingroom.errors import PermissionDenied, Unavailable

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")  # signed by a key that is the provider's alone: never none, never HS
LEEWAY_SECONDS = 60
SECONDS = 10
LARGEST_BYTES = 512 * 1024


@dataclass(frozen=True)
class Client:
    """What the provider knows us as. `claim` names the person; `second_factor` are acr or amr values that prove one."""

    issuer: str
    client_id: str
    secret: str
    redirect_uri: str
    claim: str
    second_factor: frozenset[str]


@dataclass(frozen=True)
class Trip:
    """What must survive the trip to the provider and back, in the browser that began it."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def begin(cls) -> Trip:
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))


@dataclass(frozen=True)
class Identity:
    """Who the provider says it is, and whether they showed it a second factor."""

    subject: str
    second_factor: bool


def discover(client: Client, http: httpx.Client) -> dict[str, Any]:
    """The provider's own description, which must be of exactly our issuer."""
    found = _json(http, "GET", f"{client.issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != client.issuer:
        raise _refused("the provider calls itself something else", "oidc.issuer")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        place = found.get(name)
        if not isinstance(place, str) or not place.startswith(("https://", client.issuer.rstrip("/") + "/")):
            raise _refused(f"the provider's {name} is not on https", "oidc.endpoint")
    return found


def authorize_url(client: Client, provider: Mapping[str, Any], trip: Trip) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(trip.verifier.encode()).digest()).decode().rstrip("=")
    asked = {"response_type": "code", "client_id": client.client_id, "redirect_uri": client.redirect_uri,
             "scope": "openid", "state": trip.state, "nonce": trip.nonce, "code_challenge": challenge,
             "code_challenge_method": "S256"}
    place = str(provider["authorization_endpoint"])
    return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"


def identify(client: Client, provider: Mapping[str, Any], trip: Trip, code: str, http: httpx.Client) -> Identity:
    """Exchange the code and read the ID token. PermissionDenied, with the rule, for any that does not hold."""
    basic = tuple(quote(part, safe="") for part in (client.client_id, client.secret))
    answer = _json(http, "POST", str(provider["token_endpoint"]), auth=basic, data={
        "grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri,
        "code_verifier": trip.verifier})
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise _refused("the provider gave no ID token", "oidc.token")
    return read_token(client, token, _json(http, "GET", str(provider["jwks_uri"])), trip.nonce)


def read_token(client: Client, token: str, keys: Mapping[str, Any], nonce: str) -> Identity:
    """Who an ID token names: signed by the provider, for us alone, for this trip, and not over."""
    try:
        claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims  # type: ignore[arg-type]
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": client.issuer}, aud={"essential": True, "value": client.client_id},
            exp={"essential": True}, iat={"essential": True}, sub={"essential": True},
            nonce={"essential": True, "value": nonce}).validate(claims)
    except (JoseError, ValueError) as error:
        raise _refused(f"its ID token does not hold ({type(error).__name__}: {error})", "oidc.token") from error
    audience = claims["aud"]
    if claims.get("azp", client.client_id) != client.client_id or (isinstance(audience, list) and audience != [
            client.client_id]):
        raise _refused("its ID token is for others as well", "oidc.audience")
    subject = claims.get(client.claim)
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise _refused(f"its ID token has no {client.claim}", "oidc.claim")
    return Identity(subject, shows_second_factor(claims, client.second_factor))


def shows_second_factor(claims: Mapping[str, Any], accepted: frozenset[str]) -> bool:
    """Whether acr or amr hold a value that we were told proves one; silence never does."""
    methods = claims.get("amr")
    said = [claims.get("acr"), *(methods if isinstance(methods, list) else ())]
    return not accepted.isdisjoint(one for one in said if isinstance(one, str))


def sign_out_url(client: Client, provider: Mapping[str, Any], home: str) -> str:
    """Where the provider ends its own session; our home if it has no such place."""
    place = provider.get("end_session_endpoint")
    if not isinstance(place, str) or not place.startswith(("https://", client.issuer.rstrip("/") + "/")):
        return home
    return f"{place}?{urlencode({'client_id': client.client_id, 'post_logout_redirect_uri': home})}"


def _json(http: httpx.Client, method: str, place: str, **sent: Any) -> dict[str, Any]:
    try:
        answer = http.request(method, place, timeout=SECONDS, follow_redirects=False, **sent)
        content = answer.content
    except httpx.HTTPError as error:
        raise Unavailable(f"The sign-in provider does not answer: {type(error).__name__}.", rule="oidc.available",
                          next_step="Try again in a moment, or sign in with a password.") from error
    if answer.status_code >= 500:
        raise Unavailable("The sign-in provider failed.", rule="oidc.available", next_step="Try again in a moment.")
    try:
        found = answer.json() if answer.status_code == 200 and len(content) <= LARGEST_BYTES else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _refused(f"it answered {answer.status_code}", "oidc.answer")
    return found


def _refused(why: str, rule: str) -> PermissionDenied:
    return PermissionDenied(f"The sign-in provider could not be believed: {why}.", rule=rule,
                            next_step="Start again; if it stays so, tell your administrator when it happened.")
