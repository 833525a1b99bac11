"""The Mattermost of the tests is one: a client that others have made of the API's description agrees."""

from __future__ import annotations

import json
import os

from tests.chat_servers import mattermost_world as world
from tests.chat_servers.mattermost import BOB, Mattermost
from tests.processes import Script

CLIENT = """
import json, os
from mattermostautodriver import TypedDriver

def tell(what, *more):
    print(json.dumps([what, *more]), flush=True)

where = {"scheme": "http", "url": "127.0.0.1", "port": int(os.environ["PORT"])}
driver = TypedDriver({**where, "token": os.environ["TOKEN"]})
tell("me", driver.login()["username"])
place = driver.channels.get_channel_by_name_for_team_name("team", "ops")["id"]
file = driver.files.upload_file(files=("a.txt", b"x"), channel_id=place)["file_infos"][0]["id"]
post = driver.posts.create_post(place, "Deploy?", file_ids=[file], props={"attachments": [{"text": "t"}]})
driver.reactions.save_reaction({"user_id": post["user_id"], "post_id": post["id"], "emoji_name": "x"})
driver.posts.patch_post(post["id"], message="Deploy now?")
tell("reactions", [one["emoji_name"] for one in driver.reactions.get_reactions(post["id"])])
thread = driver.posts.get_post_thread(post["id"], perPage=10, direction="down")
tell("thread", thread["order"] == [post["id"]])
tell("people", [one["username"] for one in driver.users.get_users_by_ids([os.environ["BOB"]])])

async def hear(raw):
    event = json.loads(raw)
    if event.get("event") == "hello":
        tell("hello")
    elif "event" in event:
        data = json.loads(event["data"].get("post") or event["data"]["reaction"])
        tell(event["event"], data.get("message") or data["emoji_name"], event["seq"])

driver.init_websocket(hear)
"""


def test_mattermostautodriver_works_with_it() -> None:
    """It posts with a file, reacts, edits, reads, and hears what people do, each event with its number."""
    with Mattermost() as mattermost:
        port = mattermost.url.rpartition(":")[2]
        env = {"PORT": port, "TOKEN": world.TOKEN, "BOB": BOB}
        with Script(CLIENT, env={**os.environ, **env}) as client:

            def hears(*expected: object) -> None:
                assert json.loads(client.line()) == [*expected], client.stderr

            hears("me", "nbalert")
            hears("reactions", ["x"])
            hears("thread", True)
            hears("people", ["bob"])
            (post,) = mattermost.posts
            assert (post["message"], mattermost.kept.files[post["file_ids"][0]]) == (
                "Deploy now?",
                ("a.txt", b"x"),
            )
            hears("hello")
            said = mattermost.say(BOB, "approve", post["id"])
            hears("posted", "approve", 1)
            mattermost.edit(said, "reject")
            hears("post_edited", "reject", 2)
            mattermost.react(BOB, post["id"], "white_check_mark")
            hears("reaction_added", "white_check_mark", 3)
            mattermost.kept.delete(said["id"])
            hears("post_deleted", "reject", 4)
        assert mattermost.rest.faults == []
