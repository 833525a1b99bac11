"""A service that takes signed webhooks and lets people answer, as `nbalert/channels/webhook.py` describes it.

Signatures are checked and made by the package of the Standard Webhooks, not by ours. Anything that is not
signed as it should be is refused with 401, and a request is held as long as it asks to be.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import parse_qs
from uuid import uuid4

from standardwebhooks import Webhook as Standard
from standardwebhooks import WebhookVerificationError

from tests.chat_servers.webhook import OK, Answer, Request, Webhook, status

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATH = "/secret-path"
NOTHING = Answer(204, body=b"")


class SignedHook:
    """The service. Use as a context manager."""

    def __init__(self) -> None:
        self.http = Webhook(self._answer)
        self.secret = SECRET
        self.holds = True
        self.is_revoked = False
        self.said: list[dict[str, Any]] = []
        """Bodies, the first of each id."""
        self.notices: list[dict[str, str]] = []
        self.asked: list[str] = []
        """The queries for answers."""
        self._ids: set[str] = set()
        self._answers: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._is_open = True

    def __enter__(self) -> Self:
        self.http.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        with self._news:
            self._is_open = False
            self._news.notify_all()
        self.http.__exit__(*exc)

    @property
    def values(self) -> dict[str, Any]:
        """The settings of a channel."""
        return {"url": self.http.url, "answers_url": f"{self.http.url}/answers", "secret": self.secret}

    def say(self, question: str, person: str, text: str, **more: Any) -> str:
        """Somebody answers; the answer's id."""
        with self._news:
            id_ = str(len(self._answers) + 1)
            given = {"id": id_, "question": question, "person": person, "text": text}
            self._answers.append({**given, "at": datetime.now(UTC).isoformat(), **more})
            self._news.notify_all()
        return id_

    def _answer(self, request: Request) -> Answer:
        path, _, query = request.path.partition("?")
        is_get = request.method == "GET"
        try:
            if self.is_revoked:
                return status(401)
            standard = Standard(self.secret)
            signed = query if is_get else request.body.decode()
            standard.verify(signed, request.headers, json_parse=False)
        except WebhookVerificationError:
            return status(401)
        if is_get:
            return self._hold(query, request) if path == f"{PATH}/answers" else status(404)
        return self._take(request)

    def _take(self, request: Request) -> Answer:
        body = json.loads(request.body)
        with self._news:
            if request.key not in self._ids:
                self._ids.add(request.key)
                known = self.notices if body["type"] == "nbalert.notice" else self.said
                known.append(body["data"] if body["type"] == "nbalert.notice" else body)
        return OK

    def _hold(self, query: str, request: Request) -> Answer:
        asked = parse_qs(query)
        after = int(asked.get("after", ["0"])[0])
        wait_s = float(request.headers["prefer"].removeprefix("wait="))
        with self._news:
            self.asked.append(query)
            if self.holds:
                self._news.wait_for(lambda: not self._is_open or self._after(after), timeout=wait_s)
            found = self._after(after)
        return self.signed({"answers": found, "cursor": found[-1]["id"]}) if found else NOTHING

    def _after(self, after: int) -> list[dict[str, Any]]:
        return [one for one in self._answers if int(one["id"]) > after]

    def signed(self, body: dict[str, Any]) -> Answer:
        """An answer as it is signed."""
        text, id_, now = json.dumps(body), f"msg_{uuid4().hex}", datetime.now(UTC)
        headers = {
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Standard(self.secret).sign(id_, now, text),
        }
        return replace(OK, headers=tuple(headers.items()), body=text.encode())
