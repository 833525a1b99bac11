"""The Bot API as far as a bot that alerts and asks uses it; each request is checked before it is answered."""

from __future__ import annotations

import json
import re
import time
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from tests.chat_servers.telegram_html import notified
from tests.chat_servers.telegram_rules import (
    PARAMETERS,
    Limits,
    Refused,
    check_keyboard,
    check_photo,
    text_of,
)
from tests.chat_servers.telegram_world import World, bare
from tests.chat_servers.webhook import Answer, Request

Given = dict[str, Any]
ADMINS = ("administrator", "creator")
_DOCUMENT = {"file_id": "1", "file_unique_id": "1"}
_PHOTO = {**_DOCUMENT, "width": 1, "height": 1}
_COURTESY = (
    "too many requests",
    "kicked",
    "blocked",
    "not found",
    "rights",
    "upgraded",
    "conflict",
    "not modified",
)


class BotApi:
    """Answers requests.

    Args:
        world: What the server keeps.
        limits: Sizes and rates.
    """

    def __init__(self, world: World, limits: Limits) -> None:
        self._world, self.limits = world, limits
        self.faults: list[str] = []
        """What requests were refused for with 400: an adapter that keeps to the rules causes none."""
        self.refusal: Refused | None = None
        """What every message is refused with."""
        self.polls: list[Given] = []
        self._reader = 0

    def __call__(self, request: Request) -> Answer:
        """Look it up, check it, do it."""
        try:
            token, _, method = request.path.removeprefix("/bot").partition("/")
            if token != self._world.token:
                raise Refused(401, "Unauthorized")
            if method not in PARAMETERS:
                raise Refused(404, "Not Found: method not found")
            given, files = read(request)
            if unknown := given.keys() - PARAMETERS[method]:
                self.faults.append(f"{method}: unknown parameters {unknown}")
            found = getattr(self, _named(method))({**given, "_files": files})
        except Refused as refused:
            return self._refusal(refused)
        return _answered(200, {"ok": True, "result": found})

    def _refusal(self, refused: Refused) -> Answer:
        said = refused.description.lower()
        is_expected = any(word in said for word in (*_COURTESY, "query", "photo", "image", "too big"))
        if refused.code == 400 and not is_expected:
            self.faults.append(refused.description)
        body = {"ok": False, "error_code": refused.code, "description": refused.description}
        if refused.parameters:
            body["parameters"] = refused.parameters
        return _answered(refused.code, body)

    # What there is

    def _get_me(self, given: Given) -> Any:
        return {**self._world.bot, "can_join_groups": True, "can_read_all_group_messages": False}

    def _get_webhook_info(self, given: Given) -> Any:
        return {"url": self._world.webhook, "has_custom_certificate": False, "pending_update_count": 0}

    def _get_chat(self, given: Given) -> Any:
        self._chat(given)
        return self._world.chat

    def _get_chat_member(self, given: Given) -> Any:
        self._chat(given)
        with self._world.news:
            member = self._world.members.get(given["user_id"], {"status": "member"})
            return {**member, "user": self._world.user(given["user_id"])}

    def _get_chat_administrators(self, given: Given) -> Any:
        self._chat(given)
        with self._world.news:
            admins = [(one, how) for one, how in self._world.members.items() if how["status"] in ADMINS]
            return [{**how, "user": self._world.user(one)} for one, how in admins]

    # Updates

    def _get_updates(self, given: Given) -> Any:
        """A second reader ends the first one's request."""
        world = self._world
        with world.news:
            if world.webhook:
                raise Refused(
                    409,
                    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook"
                    " to delete the webhook first",
                )
            self._reader += 1
            token, mine, until = world.token, self._reader, time.monotonic() + int(given.get("timeout", 0))
            self.polls.append(given)
            world.allowed = given.get("allowed_updates") or world.allowed
            world.updates[:] = [u for u in world.updates if u["update_id"] >= (given.get("offset") or 0)]
            world.news.notify_all()
            while not (found := self._wanted()) and time.monotonic() < until and not world.is_closed:
                world.news.wait(until - time.monotonic())
                if world.token != token:
                    raise Refused(401, "Unauthorized")
                if self._reader != mine:
                    raise Refused(
                        409,
                        "Conflict: terminated by other getUpdates request; make sure that only one"
                        " bot instance is running",
                    )
            return found[:100]

    def _wanted(self) -> list[Given]:
        return [u for u in self._world.updates if any(kind in u for kind in self._world.allowed)]

    def _answer_callback_query(self, given: Given) -> Any:
        with self._world.news:
            click = self._world.clicks.get(given["callback_query_id"])
            if click is None or "answer" in click:
                raise Refused(
                    400, "Bad Request: query is too old and response timeout expired or query ID is invalid"
                )
            if len(given.get("text", "")) > 200:
                raise Refused(400, "Bad Request: MESSAGE_TOO_LONG")
            click["answer"] = given
            return True

    # Messages

    def _send_message(self, given: Given) -> Any:
        text, entities = text_of(given, "text", 4096)
        return self._added(given, {"text": text}, text, entities)

    def _send_photo(self, given: Given) -> Any:
        check_photo(self._file(given, "photo")[1], self.limits)
        return self._captioned(given, "photo", [_PHOTO])

    def _send_document(self, given: Given) -> Any:
        name, data = self._file(given, "document")
        if not data:
            raise Refused(400, "Bad Request: file must be non-empty")
        if len(data) > self.limits.file_bytes:
            raise Refused(413, "Request Entity Too Large")
        return self._captioned(given, "document", {**_DOCUMENT, "file_name": name})

    def _send_media_group(self, given: Given) -> Any:
        media, files = given["media"], given["_files"]
        if not 2 <= len(media) <= 10 or len({one["type"] for one in media}) != 1:
            raise Refused(400, "Bad Request: wrong number or mix of media in the album")
        for one in media:
            if one["type"] == "photo":
                check_photo(files[one["media"].removeprefix("attach://")][1], self.limits)
        sent = []
        for one in media:
            file = files[one["media"].removeprefix("attach://")]
            shown = [_PHOTO] if one["type"] == "photo" else {**_DOCUMENT, "file_name": file[0]}
            sent.append(self._captioned({**given, "_files": {one["type"]: file}}, one["type"], shown))
        return sent

    def _edit_message_text(self, given: Given) -> Any:
        text, entities = text_of(given, "text", 4096)
        return self._edited(given, "text", text, entities)

    def _edit_message_caption(self, given: Given) -> Any:
        text, entities = text_of(given, "caption", 1024)
        return self._edited(given, "caption", text, entities)

    def _captioned(self, given: Given, kind: str, shown: Any) -> Given:
        text, entities = text_of(given, "caption", 1024)
        caption = {"caption": text} if text else {}
        message = self._added(given, {kind: shown, **caption}, text, entities)
        self._world.files[message["message_id"]] = self._file(given, kind)
        return message

    def _added(self, given: Given, fields: Given, text: str, entities: list[Given]) -> Given:
        self._chat(given)
        if self.refusal:
            raise self.refusal
        check_keyboard(given.get("reply_markup") or {})
        self.limits.count(str(given["chat_id"]))
        world = self._world
        with world.news:
            if to := (given.get("reply_parameters") or {}).get("message_id"):
                fields["reply_to_message"] = bare(world.messages[to])
            if markup := given.get("reply_markup"):
                fields["reply_markup"] = markup
            if thread := given.get("message_thread_id"):
                fields["message_thread_id"] = thread
            message = world.add(int(str(world.bot["id"])), **fields)
            world.pinged[message["message_id"]] = notified(text, entities)
            return message

    def _edited(self, given: Given, name: str, text: str, entities: list[Given]) -> Given:
        self._chat(given)
        world = self._world
        with world.news:
            message = world.messages.get(given["message_id"])
            if message is None:
                raise Refused(400, "Bad Request: message to edit not found")
            if name not in message:
                raise Refused(400, f"Bad Request: there is no {name} in the message to edit")
            markup = given.get("reply_markup")
            if message[name] == text and message.get("reply_markup") == markup:
                raise Refused(
                    400,
                    "Bad Request: message is not modified: specified new message content and reply"
                    " markup are exactly the same as a current content and reply markup of the message",
                )
            message[name] = text
            message.pop("reply_markup", None)
            if markup:
                message["reply_markup"] = markup
            return message

    def _chat(self, given: Given) -> None:
        world, id_ = self._world, str(given["chat_id"])
        if world.moved_to and id_ == str(world.chat["id"]):
            raise Refused(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=world.moved_to,
            )
        if id_ not in (str(world.moved_to or world.chat["id"]), f"@{world.chat.get('username')}"):
            raise Refused(400, "Bad Request: chat not found")
        if world.members[int(str(world.bot["id"]))]["status"] == "kicked":
            raise Refused(403, "Forbidden: bot was kicked from the supergroup chat")

    def _file(self, given: Given, name: str) -> tuple[str, bytes]:
        if name not in given["_files"]:
            raise Refused(400, f"Bad Request: there is no {name} in the request")
        return given["_files"][name]  # type: ignore[no-any-return]


def read(request: Request) -> tuple[Given, dict[str, tuple[str, bytes]]]:
    """Parameters and files of a request: JSON, or one of two forms whose fields may be JSON."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return {name: _value(name, text) for name, text in parse_qsl(request.body.decode())}, {}
    if not kind.startswith("multipart/"):
        return json.loads(request.body or b"{}"), {}
    parsed = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body)
    given: Given = {}
    files: dict[str, tuple[str, bytes]] = {}
    for part in parsed.iter_parts():
        name, data = str(part.get_param("name", header="content-disposition")), part.get_payload(decode=True)
        if part.get_filename():
            files[name] = str(part.get_filename()), bytes(data)
        else:
            given[name] = _value(name, bytes(data).decode())
    return given, files


def _named(method: str) -> str:
    """`sendMessage` is done by `_send_message`."""
    return "_" + re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", method)


def _value(name: str, text: str) -> Any:
    if name in ("text", "caption", "callback_query_id"):
        return text
    return json.loads(text) if text[:1] in "{[" or text in ("true", "false") or text.isdecimal() else text


def _answered(status: int, body: Given) -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps(body).encode())
