"""A small identity provider that answers at a real socket, and can be told to misbehave."""

from __future__ import annotations

import secrets
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import FastAPI, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

Text = Annotated[str, Form()]
CLIENT, SECRET = "regenqc-console", "s3cret of the client"


@cache
def first_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})


@dataclass
class IdentityProvider:
    """Who is at the keyboard there, and what the provider does wrong."""

    now: Any
    issuer: str = ""
    subject: str = "248289761001"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=first_key)
    signing_key: Any = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens_made: int = 0

    def application(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def metadata():
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }

        @app.get("/keys")
        def keys():
            return KeySet([self.key]).as_dict(private=False)

        @app.get("/authorize")
        def authorize(request: Request):
            asked = dict(request.query_params)
            assert asked["response_type"] == "code"
            assert asked["client_id"] == CLIENT
            assert asked["code_challenge_method"] == "S256"
            code = secrets.token_urlsafe(8)
            self.codes[code] = asked
            said = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
            return RedirectResponse(f"{asked['redirect_uri']}?{said}", status_code=302)

        @app.post("/token")
        def token(
            request: Request,
            code: Text,
            code_verifier: Text,
            redirect_uri: Text,
            grant_type: Text,
        ):
            known = b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
            asked = self.codes.pop(code, None)
            challenge = urlsafe_b64encode(sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
            if (
                known != f"{CLIENT}:{SECRET}"
                or asked is None
                or grant_type != "authorization_code"
                or challenge != asked["code_challenge"]
                or redirect_uri != asked["redirect_uri"]
            ):
                return JSONResponse({"error": "invalid_grant"}, status_code=400)
            self.tokens_made += 1
            return {"access_token": "a", "token_type": "Bearer", "id_token": self.token(asked["nonce"])}

        return app

    def token(self, nonce: str) -> str:
        now = int(self.now().timestamp())
        claims = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
        } | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": self.key.kid} | self.header
        return jwt.encode(header, claims, self.signing_key or self.key, algorithms=[header["alg"]])
