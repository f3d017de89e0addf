"""`POST /oauth/token`: client credentials for a bearer token."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

import msgspec

from seriatim.api.zuora.envelope import TOKEN_OPERATION
from seriatim.api.zuora.wire import Answer, encode
from seriatim.auth.directory import Directory
from seriatim.auth.secrets import secret_matches
from seriatim.auth.tokens import TokenSigner
from seriatim.domain.client import ApiClient
from seriatim.errors import InvalidValue, Malformed, MissingField, Unauthenticated
from seriatim.http.endpoint import Call, Endpoint, Reply

FORM_FIELDS_MAX = 20


class TokenRequest(msgspec.Struct):
    """The form that asks for a token."""

    client_id: str
    client_secret: str
    grant_type: Literal["client_credentials"]


class Token(Answer, rename=None, kw_only=True):
    """A bearer token, good for `expires_in` seconds."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    jti: str


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """Checks the credentials against the database as it is now, and issues tokens."""

    directory: Directory
    signer: TokenSigner

    async def create_token(self, call: Call[None, None]) -> Reply:
        """Give a token to a client that shows its secret. Any bearer token sent along is ignored.

        Raises: Malformed, MissingField, InvalidValue, Unauthenticated.
        """
        form = _read_form(call.raw_body)
        client = await self._client(form.client_id, form.client_secret)
        token = self.signer.issue(client.id, call.edge.clock.now(), call.edge.ids.new_uuid())
        entities = client.entity_ids
        if entities is None:
            entities = frozenset(entity.id for entity in self.directory.entities())
        answer = Token(
            access_token=token.access_token,
            token_type="bearer",  # noqa: S106 - the name of a scheme, no secret
            expires_in=token.expires_in_seconds,
            scope=" ".join([f"role.{client.role}", *(f"entity.{entity_id}" for entity_id in sorted(entities))]),
            jti=token.token_id,
        )
        return Reply(200, encode(answer), headers=((b"cache-control", b"no-store"),))

    async def _client(self, client_id: str, client_secret: str) -> ApiClient:
        # A client that was made a moment ago by the command line must be able to sign in at once.
        await self.directory.latest()
        client = self.directory.client(client_id)
        if not secret_matches(client_secret, None if client is None else client.secret_digest) or client is None:
            raise Unauthenticated("client_id or client_secret is wrong, or the client has been revoked")
        return client


def _read_form(body: bytes) -> TokenRequest:
    """The fields of the form.

    Raises: Malformed, MissingField, InvalidValue.
    """
    try:
        form = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX))
    except ValueError as error:
        message = "the body is no form; send application/x-www-form-urlencoded"
        raise Malformed(message) from error
    for name in TokenRequest.__struct_fields__:
        if not form.get(name):
            raise MissingField(name, "send it as a field of an application/x-www-form-urlencoded body")
    try:
        return msgspec.convert(form, TokenRequest)
    except msgspec.ValidationError as error:
        raise InvalidValue("grant_type", form["grant_type"], "send client_credentials") from error


def endpoints(create_token: Callable[..., Any]) -> list[Endpoint]:
    """The token operation, with what does the work."""
    return [
        Endpoint(
            method="POST",
            path="/oauth/token",
            operation_id=TOKEN_OPERATION,
            summary="Create an OAuth token",
            handler=create_token,
            permission=None,
            form=TokenRequest,
            answer=Token,
            tag="OAuth",
        )
    ]
