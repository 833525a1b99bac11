"""What the methods of Slack's Web API do, each with the scope it wants and the schema of its arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from tests.chat_servers import slack_rules
from tests.chat_servers.slack_workspace import Refusal, Said

if TYPE_CHECKING:
    from tests.chat_servers.slack import Slack


KEPT = ("text", "blocks", "thread_ts", "metadata", "attachments")


class Caller(NamedTuple):
    """Who calls, and where."""

    slack: Slack
    user: str

    def check_place(self, channel: str) -> None:
        """Whether there is such a conversation, and the caller in it."""
        if channel not in self.slack.members:
            raise Refusal("channel_not_found")
        if self.user not in self.slack.members[channel]:
            raise Refusal("not_in_channel")


def _auth_test(caller: Caller, arguments: Said) -> Said:
    return {"url": "https://nb.slack.com/", "team_id": "T1", "user_id": caller.user, "bot_id": "BBOT"}


def _post(caller: Caller, arguments: Said) -> Said:
    slack, channel = caller.slack, arguments["channel"]
    caller.check_place(channel)
    _check(slack_rules.fault_of(arguments))
    if thread := arguments.get("thread_ts"):
        parents = [s for s in slack.messages[channel] if s["ts"] == thread]
        if not parents:
            raise Refusal("thread_not_found")
        if parents[0].get("thread_ts", thread) != thread:
            raise Refusal("cannot_reply_to_message")
        parents[0]["thread_ts"] = thread
    kept = {name: value for name, value in arguments.items() if name in KEPT}
    ours = {"type": "message", "user": caller.user, "bot_id": "BBOT", "blocks": []}
    said = slack.add(channel, {**ours, **kept})
    said["notified"] = slack_rules.notified(arguments)
    return {"channel": channel, "ts": said["ts"], "message": _public(said)}


def _update(caller: Caller, arguments: Said) -> Said:
    said = caller.slack.find(arguments["channel"], arguments["ts"])
    if said.get("user") != caller.user:
        raise Refusal("cant_update_message")
    _check(slack_rules.fault_of(arguments, is_update=True))
    said["text"] = arguments.get("text", "")
    said["blocks"] = arguments.get("blocks", [])  # text without blocks takes the old ones away
    if "blocks" not in arguments:
        said["edited"] = {"user": caller.user, "ts": caller.slack.now()}
    return {"channel": arguments["channel"], "ts": said["ts"], "text": said["text"], "message": _public(said)}


def _ephemeral(caller: Caller, arguments: Said) -> Said:
    caller.check_place(arguments["channel"])
    if arguments["user"] not in caller.slack.members[arguments["channel"]]:
        raise Refusal("user_not_in_channel")
    _check(slack_rules.fault_of(arguments))
    caller.slack.ephemerals.append(arguments)
    return {"message_ts": caller.slack.now()}


def _history(caller: Caller, arguments: Said) -> Said:
    caller.check_place(arguments["channel"])
    oldest = float(arguments.get("oldest", 0))
    found = [said for said in caller.slack.top(arguments["channel"]) if float(said["ts"]) > oldest]
    return _paged(found[::-1], arguments)


def _replies(caller: Caller, arguments: Said) -> Said:
    caller.check_place(arguments["channel"])
    parent = [s for s in caller.slack.messages[arguments["channel"]] if s["ts"] == arguments["ts"]]
    if not parent:
        raise Refusal("thread_not_found")
    return _paged([*parent, *caller.slack.thread(arguments["ts"], arguments["channel"])], arguments)


def _info(caller: Caller, arguments: Said) -> Said:
    members = caller.slack.members.get(arguments["channel"])
    if members is None:
        raise Refusal("channel_not_found")
    return {
        "channel": {"id": arguments["channel"], "is_member": caller.user in members, "is_archived": False}
    }


def _members(caller: Caller, arguments: Said) -> Said:
    caller.check_place(arguments["channel"])
    people = sorted(caller.slack.members[arguments["channel"]])
    start, limit = int(arguments.get("cursor", "") or 0), int(arguments.get("limit", 100))
    more = str(start + limit) if start + limit < len(people) else ""
    return {"members": people[start : start + limit], "response_metadata": {"next_cursor": more}}


def _react(caller: Caller, arguments: Said) -> Said:
    said = caller.slack.find(arguments["channel"], arguments["timestamp"])
    if not arguments["name"].replace("_", "").isalnum():
        raise Refusal("invalid_name")
    caller.slack.add_reaction(said, caller.user, arguments["name"])
    return {}


def _reactions(caller: Caller, arguments: Said) -> Said:
    said = caller.slack.find(arguments["channel"], arguments["timestamp"])
    return {"type": "message", "channel": arguments["channel"], "message": _public(said)}


def _user(caller: Caller, arguments: Said) -> Said:
    name = caller.slack.people.get(arguments["user"])
    if name is None:
        raise Refusal("user_not_found")
    is_bot = arguments["user"] in (caller.user, "UROBOT")
    profile = {"display_name": name, "real_name": name}
    return {"user": {"id": arguments["user"], "name": name.lower(), "is_bot": is_bot, "profile": profile}}


def _upload_url(caller: Caller, arguments: Said) -> Said:
    id_ = f"F{uuid4().hex[:8].upper()}"
    caller.slack.files[id_] = {"name": arguments["filename"], "length": arguments["length"], "data": b""}
    return {"upload_url": caller.slack.http.url.replace("secret-path", f"upload/{id_}"), "file_id": id_}


def _complete(caller: Caller, arguments: Said) -> Said:
    files = [{**caller.slack.files.get(one["id"], {}), **one} for one in arguments["files"]]
    if not all(len(one.get("data", b"")) == one.get("length") for one in files):
        raise Refusal("file_not_found")
    if channel := arguments.get("channel_id"):
        thread = {"thread_ts": arguments["thread_ts"]} if "thread_ts" in arguments else {}
        shared = [{"id": one["id"], "name": one["name"], "title": one.get("title", "")} for one in files]
        said = {
            "type": "message",
            "user": caller.user,
            "bot_id": "BBOT",
            "text": "",
            "files": shared,
            "blocks": [],
        }
        caller.slack.add(channel, {**said, **thread})
    return {"files": [{"id": one["id"], "title": one.get("title", "")} for one in files]}


def _open(caller: Caller, arguments: Said) -> Said:
    return {"url": caller.slack.push.ticket()}


def _check(code: str) -> None:
    if code:
        raise Refusal(code, response_metadata={"messages": [f"[ERROR] {code}"]})


def _public(said: Said) -> Said:
    return {name: value for name, value in said.items() if name not in ("notified", "metadata")}


def _paged(found: list[Said], arguments: Said) -> Said:
    start, limit = int(arguments.get("cursor", "") or 0), int(arguments.get("limit", 100))
    page = found[start : start + limit]
    has_more = start + limit < len(found)
    shown = [{**_public(s), **({"metadata": s["metadata"]} if _wants(arguments, s) else {})} for s in page]
    metadata = {"next_cursor": str(start + limit)} if has_more else {}
    return {"messages": shown, "has_more": has_more, "response_metadata": metadata}


def _wants(arguments: Said, said: Said) -> bool:
    return bool(arguments.get("include_all_metadata")) and "metadata" in said


METHODS: dict[str, tuple[Callable[[Caller, Said], Said], str, str]] = {
    "auth.test": (_auth_test, "", "slack_AuthTest"),
    "chat.postMessage": (_post, "chat:write", "slack_PostMessage"),
    "chat.update": (_update, "chat:write", "slack_Update"),
    "chat.postEphemeral": (_ephemeral, "chat:write", "slack_PostEphemeral"),
    "conversations.history": (_history, "channels:history groups:history", "slack_History"),
    "conversations.replies": (_replies, "channels:history groups:history", "slack_Replies"),
    "conversations.info": (_info, "channels:read groups:read", "slack_ConversationsInfo"),
    "conversations.members": (_members, "channels:read groups:read", "slack_ConversationsMembers"),
    "reactions.add": (_react, "reactions:write", "slack_ReactionsAdd"),
    "reactions.get": (_reactions, "reactions:read", "slack_ReactionsGet"),
    "users.info": (_user, "users:read", "slack_UsersInfo"),
    "files.getUploadURLExternal": (_upload_url, "files:write", "slack_FilesGetUploadURLExternal"),
    "files.completeUploadExternal": (_complete, "files:write", "slack_FilesCompleteUploadExternal"),
    "apps.connections.open": (_open, "", "slack_AppsConnectionsOpen"),
}
"""Method → what it does, the scopes of which it wants one, and the schema of its arguments."""
