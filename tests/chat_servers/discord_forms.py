"""Requests and answers of Discord's REST API as they go over the wire: JSON, and forms with files."""

from __future__ import annotations

import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from tests.chat_servers.webhook import Answer, Request


def answered(status: int, body: Any, headers: dict[str, str]) -> Answer:
    """An answer of JSON; None is an empty one."""
    if body is None:
        return Answer(status, tuple(headers.items()), b"")
    return Answer(status, (("Content-Type", "application/json"), *headers.items()), json.dumps(body).encode())


def read(request: Request) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The JSON and the files of a request."""
    kind = request.headers.get("content-type", "")
    if not request.body:
        return {}, {}
    if not kind.startswith("multipart/"):
        return json.loads(request.body), {}
    parsed = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body)
    body, files = {}, {}
    for part in parsed.iter_parts():
        data = bytes(part.get_payload(decode=True))
        if part.get_filename():
            files[str(part.get_filename())] = data
        else:
            body = json.loads(data)
    return body, files
