"""The Discord of the tests is one: discord.py's own client works with it, and its events have their forms."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from tests.chat_servers import discord_world as world
from tests.chat_servers.discord import BOB, Discord
from tests.chat_servers.discord_world import World
from tests.chat_servers.schemas import faults
from tests.processes import Script

CLIENT = """
import asyncio, json, os, warnings
warnings.simplefilter("ignore")
import discord, discord.gateway, discord.http, yarl

discord.http.Route.BASE = os.environ["REST"]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["GATEWAY"])
intents = discord.Intents.none()
intents.guild_messages = intents.guild_reactions = intents.message_content = True
client = discord.Client(intents=intents, enable_debug_events=True)

def tell(what, *more):
    print(json.dumps([what, *more]), flush=True)

class Buttons(discord.ui.View):
    @discord.ui.button(label="Approve", style=discord.ButtonStyle.green, custom_id="yes")
    async def yes(self, interaction, button):
        await interaction.response.defer()
        await interaction.followup.send("noted", ephemeral=True)
        tell("click", str(interaction.user.id), str(interaction.message.id))

@client.event
async def on_ready():
    place = client.get_partial_messageable(int(os.environ["CHANNEL"]), guild_id=int(os.environ["GUILD"]))
    await place.send(embed=discord.Embed(title="Deploy?"), view=Buttons(timeout=None))
    tell("ready", str(client.user.id))

@client.event
async def on_resumed():
    tell("resumed")

@client.event
async def on_message(message):
    if message.author.id != client.user.id:
        to = message.reference and message.reference.message_id
        tell("message", message.content, message.author.name, str(to))

@client.event
async def on_raw_message_edit(payload):
    tell("edit", payload.data["content"])

@client.event
async def on_raw_reaction_add(payload):
    tell("reaction", str(payload.emoji), str(payload.user_id))

client.run(os.environ["TOKEN"], log_handler=None)
"""


@pytest.fixture
def discord() -> Iterator[Discord]:
    """A server of our own."""
    with Discord(kept=World(is_strict=False)) as server:
        yield server


def test_discord_py_works_with_it(discord: Discord) -> None:
    """Its client posts, hears clicks, replies, edits and reactions, and resumes without losing one."""
    env = {
        "REST": discord.values["base_url"],
        "GATEWAY": discord.push.url,
        "TOKEN": world.TOKEN,
        "CHANNEL": world.CHANNEL,
        "GUILD": world.GUILD,
    }
    with Script(CLIENT, env={**os.environ, **env}) as client:

        def hears(*expected: str) -> None:
            assert json.loads(client.line()) == [*expected], client.stderr

        hears("ready", world.BOT)
        (message,) = discord.messages
        click = discord.click(BOB, message)
        hears("click", BOB, message["id"])
        assert click.private == ["noted"]
        said = discord.say(BOB, "approve", reply_to=message)
        hears("message", "approve", "bob", message["id"])
        discord.edit(said, "reject")
        hears("edit", "reject")
        discord.react(BOB, message, "✅")
        hears("reaction", "✅", BOB)
        discord.do("abort")
        discord.say(BOB, "while it was away")
        heard = [json.loads(client.line()) for _ in range(2)]
        assert sorted(heard) == [["message", "while it was away", "bob", "None"], ["resumed"]]
    assert len(discord.push.ops(2)) == 1
    assert discord.faults == []


def test_what_it_sends_is_of_the_documented_form(discord: Discord) -> None:
    """A message, a reaction and the first event of a session, as the service's own types describe them."""
    told: dict[str, object] = {}
    discord.kept.emit = told.__setitem__
    message = discord.kept.add(world.CHANNEL, world.BOT, {"content": "x"}, {"a.txt": b"x"})
    discord.react(BOB, message, "✅")
    assert faults("discord_Message", message) == []
    for name, data in (("ReactionAdd", told["MESSAGE_REACTION_ADD"]), ("Ready", discord.push.ready("id"))):
        event = {"ReactionAdd": "MESSAGE_REACTION_ADD", "Ready": "READY"}[name]
        assert faults(f"discord_Gateway{name}", {"op": 0, "t": event, "s": 1, "d": data}) == []
