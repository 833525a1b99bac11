"""Mattermost's API v4 and its incoming webhooks, as far as a bot that alerts and asks uses them."""

from __future__ import annotations

import json
import re
import time
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.chat_servers import mattermost_world as world
from tests.chat_servers.mattermost_rules import ID, Limits, Refused, answered, check_post, denied, invalid
from tests.chat_servers.mattermost_world import World
from tests.chat_servers.webhook import Answer, Request

PREFIX = "/api/v4"


class Rest:
    """Answers requests.

    Args:
        kept: What the server keeps.
    """

    def __init__(self, kept: World, limits: Limits) -> None:
        self._world, self.limits = kept, limits
        self.faults: list[str] = []
        """Errors of 400 that an adapter which keeps to the rules never causes."""

    def __call__(self, request: Request) -> Answer:
        """Count it, look it up, do it."""
        if too_many := self.limits.count():
            return too_many
        try:
            with self._world.lock:
                return self._route(request)
        except Refused as refused:
            if str(refused.body["id"]).startswith(("model.", "api.context.invalid")):
                self.faults.append(json.dumps(refused.body))
            return refused.answer

    def _route(self, request: Request) -> Answer:
        url = urlsplit(request.path)
        for method, pattern, name in _ROUTES:
            found = re.fullmatch(pattern, url.path)
            if found and method == request.method:
                self._authorize(request, url.path)
                return getattr(self, name)(*found.groups(), request, dict(parse_qsl(url.query)))  # type: ignore[no-any-return]
        raise Refused(404, "api.context.404.app_error", "Sorry, we could not find the page.")

    def _authorize(self, request: Request, path: str) -> None:
        is_right = request.headers.get("authorization") == f"Bearer {self._world.token}"
        if path.startswith(PREFIX) and not is_right:
            raise Refused(401, "api.context.session_expired.app_error", "Invalid or expired session.")

    # Posts

    def _create(self, request: Request, query: dict[str, str]) -> Answer:
        body = {name: value for name, value in _body(request).items() if value is not None}
        self._place(body.get("channel_id", ""))
        check_post(body)
        if seen := self._seen(body.get("pending_post_id", "")):
            return answered(201, self._world.posts[seen])
        if root := body.get("root_id"):
            found = self._world.alive(root)
            if found is None or found["root_id"]:
                raise Refused(400, "api.post.create_post.root_id.app_error")
        if not (body.get("message") or body.get("props", {}).get("attachments") or body.get("file_ids")):
            raise invalid("message")
        if any(one not in self._world.files for one in body.get("file_ids", ())):
            raise invalid("file_ids")
        post = self._world.add(body["channel_id"], world.BOT, body)
        if pending := body.get("pending_post_id"):
            self._world.pending[pending] = time.monotonic(), post["id"]
        return answered(201, post)

    def _seen(self, pending: str) -> str:
        at, post = self._world.pending.get(pending, (0.0, ""))
        return post if post and time.monotonic() - at < self._world.pending_s else ""

    def _get(self, id_: str, request: Request, query: dict[str, str]) -> Answer:
        return answered(200, self._post(id_))

    def _patch(self, id_: str, request: Request, query: dict[str, str]) -> Answer:
        body, post = _body(request), self._world.alive(id_)
        if post is None or post["user_id"] != world.BOT:
            raise denied("edit_post")
        if body.keys() - {"is_pinned", "message", "props", "file_ids", "has_reactions"}:
            raise invalid("post")
        check_post(body)
        age_s = time.time() - post["create_at"] / 1000
        if 0 <= self._world.edit_limit_s < age_s:
            raise Refused(400, "api.post.update_post.permissions_time_limit.app_error")
        return answered(200, self._world.change(id_, body))

    def _thread(self, id_: str, request: Request, query: dict[str, str]) -> Answer:
        root = self._post(id_)
        found = [
            post for post in self._world.posts.values() if post["root_id"] == id_ and not post["delete_at"]
        ]
        found = sorted([root, *found], key=lambda post: (post["create_at"], post["id"]))
        if "fromCreateAt" in query:
            after = int(query["fromCreateAt"]), query.get("fromPost", "")
            found = [root, *(post for post in found if (post["create_at"], post["id"]) > after)]
        size = int(query.get("perPage", "0"))
        if size > 200:
            raise invalid("perPage")
        page = found[: size + 1] if size else found
        return answered(200, {**_listed(page), "has_next": len(page) < len(found)})

    def _channel_posts(self, id_: str, request: Request, query: dict[str, str]) -> Answer:
        self._place(id_)
        since = int(query.get("since", "0"))
        here = [post for post in self._world.posts.values() if post["channel_id"] == id_]
        return answered(200, _listed([post for post in here if post["update_at"] > since]))

    def _whisper(self, request: Request, query: dict[str, str]) -> Answer:
        body = _body(request)
        if not isinstance(body.get("post"), dict) or not ID.fullmatch(str(body.get("user_id"))):
            raise invalid("post")
        if not self._world.may_whisper:
            raise denied("create_post_ephemeral")
        check_post(body["post"])
        self._world.whispers.append((body["user_id"], body["post"]))
        return answered(201, {**body["post"], "id": self._world.new_id(), "type": "system_ephemeral"})

    def _upload(self, request: Request, query: dict[str, str]) -> Answer:
        if not self._world.may_upload:
            raise denied("upload_file")
        kind = request.headers["content-type"]
        parsed = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body)
        given = {part.get_param("name", header="content-disposition"): part for part in parsed.iter_parts()}
        self._place(str(given["channel_id"].get_content()).strip())
        id_, part = self._world.new_id(), given["files"]
        self._world.files[id_] = str(part.get_filename()), bytes(part.get_payload(decode=True))
        return answered(201, {"file_infos": [{"id": id_, "name": part.get_filename()}], "client_ids": []})

    # Reactions

    def _react(self, request: Request, query: dict[str, str]) -> Answer:
        body = _body(request)
        if body.get("user_id") != world.BOT or not re.fullmatch(r"[a-z0-9_+-]+", body.get("emoji_name", "")):
            raise invalid("reaction")
        self._post(body["post_id"])
        return answered(201, self._world.react(world.BOT, body["post_id"], body["emoji_name"]))

    def _unreact(self, person: str, post: str, emoji: str, request: Request, query: dict[str, str]) -> Answer:
        self._world.unreact(person, post, emoji)
        return answered(200, {"status": "OK"})

    def _reactions(self, id_: str, request: Request, query: dict[str, str]) -> Answer:
        self._post(id_)
        return answered(200, [one for one in self._world.reactions if one["post_id"] == id_] or None)

    # People and places

    def _me(self, request: Request, query: dict[str, str]) -> Answer:
        return answered(200, world.user(world.BOT))

    def _user(self, id_: str, request: Request, query: dict[str, str]) -> Answer:
        if id_ not in world.NAMES:
            raise Refused(404, "app.user.missing_account.const")
        return answered(200, world.user(id_))

    def _users(self, request: Request, query: dict[str, str]) -> Answer:
        return answered(200, [world.user(id_) for id_ in json.loads(request.body) if id_ in world.NAMES])

    def _channel(self, id_: str, request: Request, query: dict[str, str]) -> Answer:
        if id_ not in (world.CHANNEL, world.OTHER_CHANNEL):
            raise Refused(404, "app.channel.get.existing.app_error")
        return answered(200, world.channel(id_, self._world.is_archived))

    def _named(self, team: str, name: str, request: Request, query: dict[str, str]) -> Answer:
        found = [id_ for id_ in (world.CHANNEL, world.OTHER_CHANNEL) if id_.rstrip("0") == name]
        if team != "team":
            raise Refused(404, "app.team.get_by_name.missing.app_error")
        if not found:
            raise Refused(404, "app.channel.get_by_name.missing.app_error")
        return answered(200, world.channel(found[0], self._world.is_archived))

    def _member(self, id_: str, person: str, request: Request, query: dict[str, str]) -> Answer:
        if not self._world.is_member:
            raise Refused(404, "app.channel.get_member.missing.app_error")
        return answered(200, {"channel_id": id_, "user_id": person, "roles": "channel_user"})

    def _members(self, id_: str, request: Request, query: dict[str, str]) -> Answer:
        if not self._world.is_member:
            raise denied("read_channel")
        page = list(world.NAMES)[: int(query.get("per_page", "60"))]
        return answered(200, [{"channel_id": id_, "user_id": one, "roles": "channel_user"} for one in page])

    # Webhooks

    def _hook(self, id_: str, request: Request, query: dict[str, str]) -> Answer:
        if not self._world.has_hooks:
            raise Refused(501, "web.incoming_webhook.disabled.app_error", "They are disabled.")
        if id_ != self._world.hook:
            raise Refused(400, "web.incoming_webhook.invalid.app_error", "Invalid webhook.")
        body = _body(request)
        if not (body.get("text") or body.get("attachments")):
            raise Refused(400, "web.incoming_webhook.text.app_error", "No text specified.")
        place = {"": world.CHANNEL, "ops": world.CHANNEL, "quiet": world.OTHER_CHANNEL}.get(
            body.get("channel", "")
        )
        if place is None:
            raise Refused(404, "web.incoming_webhook.channel.app_error", "Could not find the channel.")
        props = {
            "attachments": [_translated(one) for one in body.get("attachments", ())],
            "from_webhook": "true",
        }
        props |= {f"override_{name}": body[name] for name in ("username", "icon_url") if name in body}
        check_post({"props": props})
        self._world.add(place, world.ANN, {"message": _slack(body.get("text", "")), "props": props})
        return Answer(200, (("Content-Type", "text/plain"),), b"ok")

    # Who may

    def _place(self, id_: str) -> None:
        if id_ not in (world.CHANNEL, world.OTHER_CHANNEL) or not self._world.is_member:
            raise denied("create_post")
        if self._world.is_archived:
            raise Refused(400, "api.post.create_post.can_not_post_to_deleted.error")

    def _post(self, id_: str) -> dict[str, Any]:
        if (post := self._world.alive(id_)) is None:
            raise Refused(404, "app.post.get.app_error", "Unable to get the post.")
        return post


def _body(request: Request) -> dict[str, Any]:
    try:
        return dict(json.loads(request.body))
    except ValueError:
        raise invalid("body") from None


def _listed(posts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"order": [post["id"] for post in posts], "posts": {post["id"]: post for post in posts}}


def _slack(text: str) -> str:
    """What a webhook makes of Slack's markup."""
    for word in ("channel", "here", "all"):
        text = text.replace(f"<!{word}>", f"@{word}")
    return re.sub(r"<@?([a-z0-9]{26})>", lambda found: f"@{world.NAMES.get(found[1], found[1])}", text)


def _translated(attachment: dict[str, Any]) -> dict[str, Any]:
    return {
        **attachment,
        **{name: _slack(attachment[name]) for name in ("text", "pretext") if name in attachment},
    }


_ROUTES = [
    ("POST", f"{PREFIX}/posts", "_create"),
    ("POST", f"{PREFIX}/posts/ephemeral", "_whisper"),
    ("GET", f"{PREFIX}/posts/([a-z0-9]+)", "_get"),
    ("PUT", f"{PREFIX}/posts/([a-z0-9]+)/patch", "_patch"),
    ("GET", f"{PREFIX}/posts/([a-z0-9]+)/thread", "_thread"),
    ("GET", f"{PREFIX}/posts/([a-z0-9]+)/reactions", "_reactions"),
    ("GET", f"{PREFIX}/channels/([a-z0-9]+)/posts", "_channel_posts"),
    ("POST", f"{PREFIX}/files", "_upload"),
    ("POST", f"{PREFIX}/reactions", "_react"),
    ("DELETE", rf"{PREFIX}/users/([a-z0-9]+)/posts/([a-z0-9]+)/reactions/([^/]+)", "_unreact"),
    ("GET", f"{PREFIX}/users/me", "_me"),
    ("POST", f"{PREFIX}/users/ids", "_users"),
    ("GET", f"{PREFIX}/users/([a-z0-9]+)", "_user"),
    ("GET", f"{PREFIX}/channels/([a-z0-9]+)", "_channel"),
    ("GET", f"{PREFIX}/channels/([a-z0-9]+)/members", "_members"),
    ("GET", f"{PREFIX}/channels/([a-z0-9]+)/members/([a-z0-9]+)", "_member"),
    ("GET", f"{PREFIX}/teams/name/([^/]+)/channels/name/([^/]+)", "_named"),
    ("POST", "/hooks/([a-z0-9]+)", "_hook"),
]
