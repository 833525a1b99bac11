"""What the courier costs: from a cell's end to the service, from an answer to the cell, and at rest.

Each figure is the median of many; beside it stands what the same way costs without nbalert, in the same run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import httpx
import psutil

import nbalert
from nbalert.connection import stop_courier
from nbalert.home import Home
from nbalert.process import client, finish
from tests.kernels import Kernel
from tests.person import Person
from tests.processes import Script, settings_file, webhook_table

ROUNDS = 200
STARTS = 10
ASKS = 50
GLANCE_S = 0.05
"""Nobody answers sooner than that: by then the courier listens, whose beginning is not what is measured."""
REST_S = 30.0
ASKER = f"""
import nbalert, time
for n in range({ASKS}):
    nbalert.ask(f"Ask {{n}}")
    print(time.time(), flush=True)
"""


class Service:
    """A webhook that notes when each request is there."""

    def __init__(self) -> None:
        arrived: Queue[float] = Queue()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                arrived.put(time.monotonic())
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name above
                pass

        self.arrived = arrived
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()


@contextmanager
def own_home() -> Iterator[Home]:
    """A home in a folder that is gone afterwards, as is its courier."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NBALERT_HOME"] = folder
        home = Home.find()
        try:
            yield home
        finally:
            finish()
            stop_courier(home)


def say(what: str, seconds: list[float], beside: str = "", others: list[float] | None = None) -> None:
    """One line: median and 95th percentile in ms, and the ratio to what it is compared with."""
    middle, high = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
    line = f"{what:<58} {1000 * middle:8.2f} ms  (95 %: {1000 * high:.2f})"
    if others:
        base = statistics.median(others)
        line += f"  {beside} {1000 * base:.2f} ms, ratio {middle / base:.2f}"
    print(line, flush=True)


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def ready(service: Service) -> None:
    """From the first post on an empty home to the service, beside a bare Python process with httpx."""
    readying, seconds = [], []
    for _ in range(STARTS):
        with own_home() as home:
            settings_file(home.root, webhook_table("ci", service.url))
            began = time.monotonic()
            nbalert.post("first", channel="ci")
            client().request({"do": "inbox"})
            readying.append(time.monotonic() - began)
            seconds.append(service.arrived.get() - began)
    command = [sys.executable, "-c", f"import httpx; httpx.post({service.url!r}, json={{}})"]
    others = [timed(lambda: subprocess.run(command, check=True)) for _ in range(STARTS)]
    say("first alert → courier ready", readying)
    say("first alert → message at the service", seconds, "python + httpx.post", others)
    while not service.arrived.empty():
        service.arrived.get()


def post(service: Service, home: Home) -> None:
    """Accepted → at the service, beside a plain POST on a connection that is open."""
    settings_file(home.root, webhook_table("ci", service.url))
    accepting, arriving, others = [], [], []
    with httpx.Client(trust_env=False) as plain:
        for n in range(ROUNDS):
            began = time.monotonic()
            posted = nbalert.post(str(n), channel="ci")
            accepted = time.monotonic()
            arriving.append(service.arrived.get() - accepted)
            accepting.append(accepted - began)
            posted.wait(10)
            began = time.monotonic()
            plain.post(service.url, json={})
            others.append(service.arrived.get() - began)
    say("nbalert.post() returns, message accepted", accepting)
    say("accepted → at the service", arriving, "plain POST", others)


def cell(home: Home) -> None:
    """A cell with %%alert beside the same cell without, as the front end sees it."""
    alerted, plain = [], []
    with Kernel(sys.executable, home.root) as kernel:
        kernel.run("%load_ext nbalert")
        kernel.run("%%alert\n1")
        for _ in range(ROUNDS):
            plain.append(timed(lambda: kernel.run("1")))
            alerted.append(timed(lambda: kernel.run("%%alert\n1")))
    say("cell with %%alert, request → reply", alerted, "without", plain)


def ask() -> None:
    """From an answer over the inbox's API to the asker, beside a request that only reads."""
    deciding, reading = [], []
    link = str(client().request({"do": "link", "base": "", "person": "bob"}))
    with Person(link) as bob, Script(ASKER) as asker:
        for n in range(ASKS):
            id_ = bob.until(lambda view, n=n: view["message"]["title"] == f"Ask {n}")["id"]  # type: ignore[misc]
            time.sleep(GLANCE_S)
            reading.append(timed(bob.open))
            answer = bob.reply(id_, "approve").json()
            deciding.append(float(asker.line()) - datetime.fromisoformat(answer["at"]).timestamp())
    say("answer at the inbox → ask() returns", deciding, "a request that reads", reading)


def rest(home: Home) -> None:
    """Memory and CPU of a courier that has worked and has nothing to do, one kernel on the line."""
    courier = psutil.Process(client().request({"do": "status"})["courier"]["pid"])
    before = sum(courier.cpu_times()[:2])
    time.sleep(REST_S)
    share = (sum(courier.cpu_times()[:2]) - before) / REST_S
    memory = courier.memory_full_info()
    print(f"at rest: {memory.rss / 2**20:.1f} MiB, {memory.uss / 2**20:.1f} of them its own, {share:.2%} CPU")


def main() -> None:
    """Measure all."""
    service = Service()
    ready(service)
    with own_home() as home:
        post(service, home)
        cell(home)
        ask()
        rest(home)


if __name__ == "__main__":
    main()
