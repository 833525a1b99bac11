from __future__ import annotations

import contextlib
from pathlib import Path

import httpx

import nbalert
from nbalert.courier.office import ABSENCE_S
from nbalert.home import Home
from nbalert.process import client, finish
from tests.person import Person
from tests.processes import Script, settings_file, wait_until

ASK = 'import nbalert\nprint(nbalert.ask("Deploy?", timeout=600, raises=False).sentence)'


def person(name: str) -> Person:
    """Somebody at the inbox."""
    return Person(str(client().request({"do": "link", "base": "", "person": name})))


def test_an_asker_that_is_killed(home: Home) -> None:
    """Its question is cancelled, in the chat as well: nobody approves for nobody."""
    client().request({"do": "status"})
    with Script(ASK) as asker, person("bob") as bob:
        bob.message("Deploy?")
        asker.kill()
        wait_until(lambda: not client().request({"do": "status"})["questions"], ABSENCE_S + 10)
        decision = bob.decision("Deploy?")
        assert (decision["outcome"], decision["reason"]) == ("cancelled", "the kernel that asked has died")


def test_a_courier_that_is_restarted(home: Home) -> None:
    """Messages, open questions and answers are taken up where they were; the asker sees no difference."""
    client().request({"do": "status"})
    with Script(ASK) as asker, person("bob") as bob:
        bob.message("Deploy?")
        finish()

        def has_answered() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return bob.answer("Deploy?", "no: not today").is_success
            return False

        wait_until(has_answered)  # the asker hosts the next courier
        assert asker.line() == "rejected by bob: not today"


def test_settings_that_are_mended(home: Home, tmp_path: Path) -> None:
    """A process that began with broken settings tells the courier when they are right."""
    path = settings_file(home.root, "default = ")
    sender = client()
    sender.start()
    wait_until(lambda: sender._introduction._told)
    path.write_text('default = "inbox"\n')
    nbalert.post("x").wait(10)


def test_an_inbox_that_changes_while_a_question_is_open(home: Home, tmp_path: Path) -> None:
    """Settings of a channel may change while it is listened to: the answer still arrives."""
    project = tmp_path / "project"
    table = '[channels.ours]\nkind = "inbox"\napprovers = ["anyone"]\nallow_self = true\n'
    settings_file(project, 'default = "ours"\n' + table)
    code = (
        "import nbalert, asyncio\n"
        "from nbalert.process import client\n"
        "async def main():\n"
        "    asked = asyncio.create_task(nbalert.ask_async('Deploy?', timeout=60))\n"
        "    await asyncio.to_thread(input)\n"
        "    client().settings\n"
        "    print('changed')\n"
        "    print((await asked).sentence)\n"
        "asyncio.run(main())"
    )
    client().request({"do": "status"})
    with Script(code, folder=project) as asker, person("bob") as bob:
        bob.message("Deploy?")
        settings_file(project, 'default = "ours"\n' + table + "timeout_s = 5\n")
        asker.tell()
        assert asker.line() == "changed"
        nbalert.post("after").wait()
        bob.answer("Deploy?", "yes").raise_for_status()
        assert asker.line() == "approved by bob"
