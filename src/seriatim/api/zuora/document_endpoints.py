"""What the tables and the bulk answers of all kinds of billing document have in common."""

from dataclasses import dataclass
from typing import Any

import msgspec

from seriatim.auth.permissions import Permission
from seriatim.domain.commands.bulk import Refused
from seriatim.http.endpoint import Call, Endpoint, Handler


@dataclass(frozen=True, slots=True)
class EndpointTable:
    """Makes the endpoints of one kind: below one path, reading or issuing by their method, with one usual answer."""

    base: str
    tag: str
    answer: Any

    def __call__(
        self, method: str, suffix: str, operation_id: str, summary: str, handler: Handler, **more: Any
    ) -> Endpoint:
        """An endpoint; `more` are further parts of it, an answer other than the usual one among them."""
        usual = {"permission": Permission.READ if method == "GET" else Permission.ISSUE, "answer": self.answer}
        return Endpoint(
            method=method,
            path=f"{self.base}{suffix}",
            operation_id=operation_id,
            summary=summary,
            handler=handler,
            tag=self.tag,
            **{**usual, **more},
        )


def refusal_of(call: Call[Any, Any], refused: Refused) -> dict[str, Any]:
    """Why one document of several was refused, as a whole answer would say it."""
    failure: dict[str, Any] = msgspec.json.decode(call.dialect.failure(call, refused.error).body)
    return failure
