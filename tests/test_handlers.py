from __future__ import annotations

from pathlib import Path

import pytest

from nbalert.channels.looks import refuse_unfit
from nbalert.errors import SettingsError
from nbalert.handlers import Handler
from nbalert.home import Home
from nbalert.settings import Settings, load
from tests.processes import settings_file, webhook_table

URL = "http://127.0.0.1:9/"
DISCORD = '[channels.guild]\nkind = "discord-webhook"\nurl = "https://discord.com/api/webhooks/1/x"\n'
CHANNELS = webhook_table("team", URL) + DISCORD


def handler(text: str, id_: str = "h") -> str:
    """A table of a file."""
    return f'[[handlers]]\nid = "{id_}"\n{text}\n'


def loaded(home: Home, text: str, project: str = "") -> Settings:
    """The user's own file, and a project's below the same folder."""
    settings_file(home.root, CHANNELS + text)
    folder = home.root.parent / "project"
    folder.mkdir(exist_ok=True)
    if project:
        settings_file(folder, project)
    settings = load(folder, home, {})
    refuse_unfit(settings)
    return settings


REFUSED = {
    "an unknown channel": ('channel = "taem"', "h.channel: unknown channel 'taem'; .*did you mean team"),
    "nothing to do": ('topic = "a"', "name a channel, or topics to publish to"),
    "an unknown key": ('channel = "team"\nlevel = "OK"', "unknown key handlers.h.level; did you mean levels"),
    "an unknown level": ('channel = "team"\nlevels = ["BAD"]', "h.levels.0: unknown level 'BAD'; levels: OK"),
    "no interval": ('channel = "team"\naggregate = { interval = 0 }', "h.aggregate.interval: .*than 0"),
    "a negative one": ('channel = "team"\naggregate = { interval = -5 }', "h.aggregate.interval: .*than 0"),
    "no reminder": ('channel = "team"\nstate_changes_only = true\nremind_after = "0s"', "h.remind_after"),
    "a reminder of all": ('channel = "team"\nremind_after = "6h"', "is for state_changes_only = true"),
    "half a set": ('channel = "team"\ntopic = "a[b"', r"h.topic: 'a\[b' opens a \[ that it does not close"),
    "an empty glob": ('channel = "team"\nname = ""', r"h.name: is empty: \* stands for any text"),
    "publishing to a glob": ('publish = ["a*"]', r"h.publish.0: 'a\*' is no name of a topic"),
    "publishing to itself": ('topic = "a*"\npublish = ["ab"]', "handlers.h.publish: .* in a circle: h → h"),
    "an unknown field": (
        'channel = "team"\noptions = { title = "$titel" }',
        r"\$titel; .*mean title",
    ),
    "half a field": ('channel = "team"\noptions = { title = "5 $" }', r"a dollar is written \$\$"),
    "a digest's field": (
        'channel = "team"\naggregate = { interval = 9, message = "$n" }',
        r"h.aggregate.message: has an unknown field \$n; known: count",
    ),
    "two ways of a digest": (
        'channel = "team"\npublish = "b"\naggregate = { interval = 9 }',
        "name one of them",
    ),
    "another kind's look": (
        'channel = "team"\noptions = { username = "x" }',
        "webhook, which has no user",
    ),
    "a wrong look": (
        'channel = "guild"\noptions = { embed_title = "{x}" }',
        "embed_title: .*field {x}",
    ),
    "a look that is too long": (f'channel = "guild"\noptions = {{ username = "{"x" * 81}" }}', "at most 80"),
    "a text for a truth": ('channel = "team"\nrecoveries = "no"', "h.recoveries: .*boolean"),
    "an id with a meaning": ('channel = "team"', "the id global has a meaning of its own"),
}


@pytest.mark.parametrize("what", sorted(REFUSED))
def test_what_is_refused(what: str, home: Home) -> None:
    """When settings are loaded, with file, key and what to do."""
    text, says = REFUSED[what]
    id_ = "global" if "meaning" in what else "h"
    with pytest.raises(SettingsError, match=says) as caught:
        loaded(home, handler(text, id_))
    assert str(home.settings) in str(caught.value)


def test_circles(home: Home) -> None:
    """Of several handlers as well; each is named."""
    three = [handler(f'topic = "{a}"\npublish = "{b}"', a) for a, b in ("xy", "yz", "zx")]
    with pytest.raises(SettingsError, match=r"in a circle: [xyz] → [xyz] → [xyz] → [xyz]; take one"):
        loaded(home, "".join(three))
    assert len(loaded(home, "".join(three[:2])).handlers) == 2


def test_two_ids(home: Home) -> None:
    """One name is one handler, also where one is a project's."""
    one = handler('channel = "team"')
    with pytest.raises(SettingsError, match=r"two have the id h, the other one in .*; rename one"):
        loaded(home, one + one)
    with pytest.raises(SettingsError, match=r"project/nbalert.toml: handlers: two have the id h, the other"):
        loaded(home, one, one)


def test_what_a_project_may(home: Home) -> None:
    """Name channels of the user's own, as magics do; not post there as somebody else, nor the reverse."""
    own = DISCORD.replace("guild", "theirs")
    both = handler('channel = "guild"\noptions = { embed_title = "Hey" }', "p1") + handler(
        'channel = "theirs"\noptions = { username = "bot" }', "p2"
    )
    settings = loaded(home, handler('channel = "team"'), own + both)
    assert [(one.id, one.channel) for one in settings.handlers] == [
        ("h", "team"),
        ("p1", "guild"),
        ("p2", "theirs"),
    ]
    for key in ("username", "avatar_url"):
        disguised = handler(f'channel = "guild"\noptions = {{ {key} = "x" }}')
        with pytest.raises(SettingsError, match=f"options.{key}: guild is a channel of your own .*leave it"):
            loaded(home, "", own + disguised)
    with pytest.raises(SettingsError, match="unknown channel 'theirs'"):
        loaded(home, handler('channel = "theirs"'), own)


def test_the_environment_may_have_some(home: Home, tmp_path: Path) -> None:
    """As one value; the project is another one on the line then."""
    settings_file(home.root, CHANNELS)
    some = '[{id = "h", channel = "team", levels = "critical"}]'
    settings = load(tmp_path, home, {"NBALERT_HANDLERS": some})
    assert [(one.id, one.levels) for one in settings.handlers] == [("h", ("CRITICAL",))]
    assert settings.project != load(tmp_path, home, {}).project


def test_a_handler_is_what_it_was_on_the_other_side(home: Home) -> None:
    """Of the line: the courier reads what the kernel has checked."""
    text = 'channel = "guild"\nlevels = "info"\nmetadata = { a = 1, b = true }\nremind_after = "6h"\n'
    text += 'state_changes_only = true\noptions = { title = "$level", mention = "U1", timestamp = false }'
    (one,) = loaded(home, handler(text)).handlers
    again = Handler.model_validate(one.model_dump(mode="json"))
    assert again.model_dump() == one.model_dump()
    assert again.options.look == {"timestamp": False}
