"""What it takes to wait for answers: requests, processor, wake-ups; a thousand asks at once, twenty kernels.

The time is a tenth of a minute, and requests are told as of a whole one: nothing in a wait begins later, but
that Slack is looked up once after a minute, should a push have been lost.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from tornado.web import RequestHandler

from nbalert.home import Home
from tests.benchmarks import adapter, homes
from tests.benchmarks.adapter import Adapter
from tests.benchmarks.figures import Figure, Scale
from tests.benchmarks.usage import Usage, Watched
from tests.chat_servers.slack import APP_TOKEN, TOKEN, Slack
from tests.inboxes import Inbox
from tests.kernels import Kernel
from tests.processes import Script, couriers, wait_until

TITLE = "Waiting"
WAIT_S, SETTLED_S = 6.0, 2.0
BEGUN_S = 5.0
"""Slack is looked up again three seconds after the question: its socket may have come up too late."""
ASKS, KERNELS = (1, 100, 1000), (1, 20)
CPU_PERCENT, MIB = 0.1, 50.0
REQUESTS = "requests a minute while an ask waits on Slack"
COURIER = "the courier, asks at once"
ASKING = """
import asyncio, sys, nbalert
async def ask(number):
    await nbalert.ask_async(f"Ask {number}", channel="team", timeout=600, raises=False)
async def main():
    await asyncio.gather(*(ask(number) for number in range(int(sys.argv[1]))))
asyncio.run(main())
"""


def measure(scale: Scale) -> Iterator[Figure]:
    """On Slack, beside ZenML; then many asks, many kernels, and the kernel itself, on an inbox."""
    wait_s = WAIT_S if scale is Scale.FULL else WAIT_S / 3
    yield from _on_slack(wait_s)
    yield from _asks(scale, wait_s)
    yield from _kernels(scale, wait_s)
    yield from _kernel(wait_s)


def _on_slack(wait_s: float) -> Iterator[Figure]:
    with Slack() as slack:
        with homes.made(_slack_settings(slack)) as home, _asking(1, home, {"BOT": TOKEN, "APP": APP_TOKEN}):
            slack.until(lambda: slack.made("chat.postMessage"))
            slack.push.wait_for_links(1)
            ours = _requests(slack, wait_s)
        note = f"in {wait_s:.0f} s; what is pushed is looked up as well after a minute, then ever less often"
        yield Figure(TITLE, REQUESTS, "nbalert", "requests", (ours,), budget=0, note=note)
        with Adapter(adapter.command("ask_zenml_slack", slack.base_url, peer="zenml")) as zenml:
            zenml.hear()
            zenml.tell("Deploy?")
            slack.until(lambda: [said for said in slack.top() if said["text"] == "Deploy?"])
            theirs = _requests(slack, wait_s)
            slack.say("UBOB", "approve")
            zenml.hear()
        yield Figure(TITLE, REQUESTS, "zenml", "requests", (theirs,))


def _slack_settings(slack: Slack) -> str:
    return (
        f'me.slack = "UANN"\n[channels.team]\nkind = "slack"\nchannel = "C1"\nbase_url = "{slack.base_url}"\n'
        'token = "env:BOT"\napp_token = "env:APP"\napprovers = ["UBOB"]\n'
    )


def _requests(slack: Slack, wait_s: float) -> float:
    """A minute, once what belongs to the question's beginning is over."""
    time.sleep(BEGUN_S)
    before = len(slack.calls)
    time.sleep(wait_s)
    return (len(slack.calls) - before) * 60 / wait_s


def _asks(scale: Scale, wait_s: float) -> Iterator[Figure]:
    for asks in scale.steps(*ASKS):
        with _inbox() as (inbox, home, env), _asking(0, home, env):
            at_rest = _at_rest(home)
            with _asking(asks, home, env) as asker:
                _until_asked(inbox, 1 + asks)
                before = inbox.requests
                courier, kernel = _watched([_courier(home), asker.pid], wait_s)
                requests = inbox.requests - before
        note = f"in {wait_s:.0f} s; answers of an inbox are pushed"
        yield Figure(TITLE, "requests, asks at once", "nbalert", "requests", (requests,), asks, 0, note)
        yield from _usage(COURIER, courier, asks, CPU_PERCENT)
        yield _figure(f"{COURIER}: memory beyond rest", "MiB", courier.mib - at_rest, asks, MIB)
        yield from _usage("the asking process, asks at once", kernel, asks)


def _kernels(scale: Scale, wait_s: float) -> Iterator[Figure]:
    name = "the courier, kernels that ask"
    for kernels in scale.steps(*KERNELS):
        with _inbox() as (inbox, home, env), ExitStack() as stack:
            for _ in range(kernels):
                stack.enter_context(_asking(1, home, env))
            _until_asked(inbox, kernels)
            before = inbox.requests
            (courier,) = _watched([_courier(home)], wait_s)
            requests = inbox.requests - before
        yield _figure("requests, kernels that ask", "requests", requests, kernels, 0)
        yield from _usage(name, courier, kernels, CPU_PERCENT)
        yield _figure(f"{name}: memory", "MiB", courier.mib, kernels)


def _kernel(wait_s: float) -> Iterator[Figure]:
    """A kernel whose cell asks, beside one that has nothing to do."""
    with _inbox() as (inbox, home, env), tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        asking, idle = (
            stack.enter_context(Kernel(sys.executable, Path(folder), {**homes.env(home), **env}))
            for _ in range(2)
        )
        asking.run("%load_ext nbalert")
        asking.send('%ask "Deploy?" -c team')
        _until_asked(inbox, 1)
        for who, usage in zip(("nbalert", "without"), _watched([asking.pid, idle.pid], wait_s), strict=True):
            yield Figure(TITLE, "a kernel whose cell asks: processor", who, "%", (usage.cpu_percent,))
            yield Figure(TITLE, "a kernel whose cell asks: wake-ups", who, "a second", (usage.wakes,))
        asking.interrupt()


class _TeamInbox(Inbox):
    """One that notes what it has answered."""

    def __enter__(self) -> Self:
        super().__enter__()
        self._answered: list[str] = []
        served: Any = self.server._server
        served.request_callback.settings["log_function"] = self._note
        return self

    def _note(self, handler: RequestHandler) -> None:
        self._answered.append(f"{handler.request.method} {handler.request.path}")

    @property
    def requests(self) -> int:
        """That were answered."""
        return len(self._answered)

    @property
    def posts(self) -> int:
        """Messages that have come."""
        return self._answered.count("POST /api/messages")


@contextmanager
def _inbox() -> Iterator[tuple[_TeamInbox, Home, Mapping[str, str]]]:
    """A team's inbox, a home whose channel `team` it is, and what its processes need to know."""
    with tempfile.TemporaryDirectory() as folder, _TeamInbox(Path(folder)) as inbox:
        table = f'kind = "inbox"\nurl = "{inbox.url}"\ntoken = "env:INBOX"\napprovers = ["bob"]\n'
        with homes.made(f'me.inbox = "ann"\n[channels.team]\n{table}') as home:
            yield inbox, home, {"INBOX": inbox.server.sender_token("courier")}


@contextmanager
def _asking(asks: int, home: Home, env: Mapping[str, str]) -> Iterator[Script]:
    code = ASKING.replace("sys.argv[1]", str(asks))
    if not asks:  # is on the line, and waits for nothing
        code = "import nbalert; nbalert.post('x', channel='team').wait(60); print(); input()"
    with Script(code, folder=home.root, env={**homes.env(home), **env}) as script:
        if not asks:
            script.line()
        yield script


def _until_asked(inbox: _TeamInbox, asks: int) -> None:
    """All questions are there, and what belongs to their beginning is over."""
    wait_until(lambda: inbox.posts >= asks, 120)
    before = -1
    while before != inbox.requests:
        before = inbox.requests
        time.sleep(SETTLED_S)


def _courier(home: Home) -> int:
    (pid,) = couriers(home)
    return pid


def _at_rest(home: Home) -> float:
    time.sleep(1)
    return Watched(_courier(home)).usage().mib


def _watched(pids: list[int], wait_s: float) -> list[Usage]:
    watched = [Watched(pid) for pid in pids]
    time.sleep(wait_s)
    return [one.usage() for one in watched]


def _usage(name: str, usage: Usage, step: int, budget: float | None = None) -> Iterator[Figure]:
    yield _figure(f"{name}: processor", "%", usage.cpu_percent, step, budget)
    yield _figure(f"{name}: wake-ups", "a second", usage.wakes, step)


def _figure(name: str, unit: str, value: float, step: int, budget: float | None = None) -> Figure:
    return Figure(TITLE, name, "nbalert", unit, (value,), step, budget)
