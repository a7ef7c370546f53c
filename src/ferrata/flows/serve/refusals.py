"""What a served flow answers where it gives no outputs: status and body, `{"error": {"code", "message", "request_id"}}`.

`code` is Prompt Flow's word: `UserError` for what the caller or the flow's author can mend, else `SystemError`. No traceback and no
value of a request gets into a body.
"""

from __future__ import annotations

import builtins
import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Refusal", "refusal_of_line"]


class Refusal(Exception):
    """A request that gets no outputs.

    Args:
        status: of HTTP.
        message: what happened.
        names: Prompt Flow's names for it, outermost first.
        headers: further ones.
    """

    def __init__(
        self, status: int, message: str, *, names: tuple[str, ...] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.names = names
        self.headers = dict(headers or {})

    @property
    def code(self) -> str:
        """Its outermost name, for records; the status where it has none."""
        return self.names[0] if self.names else f"http_{self.status}"

    def body(self, request_id: str) -> dict[str, Any]:
        """The error as data; `inner` has the names."""
        code = "UserError" if self.status < 500 else "SystemError"
        error: dict[str, Any] = {"code": code, "message": self.message, "request_id": request_id}
        if self.names:
            error["inner"] = list(self.names)
        return {"error": error}

    def response(self, request_id: str) -> Response:
        """The answer."""
        return Response(
            json.dumps(self.body(request_id)), self.status, headers=self.headers, media_type="application/json"
        )


def refusal_of_line(error: Mapping[str, Any]) -> Refusal:
    """What a failed row is answered with: 400 where Prompt Flow blames the user, who also wrote the flow; 500 for all else.

    Args:
        error: as `failures.error_of` makes it.
    """
    names = (str(error["code"]), *map(str, error.get("inner", ())))
    raised = error.get("details", {}).get("type", "")
    if names[0] == "LineExecutionTimeoutError":
        status = 504
    elif raised == "SystemErrorException" or isinstance(getattr(builtins, names[0], None), type):
        status = 500
    else:
        status = 400
    return Refusal(status, str(error["message"]), names=names)
