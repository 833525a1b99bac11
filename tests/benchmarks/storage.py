"""What is kept on the way of an alert, and whether it stays quick: spool, intake, claim and mark.

A claim is the look for the oldest delivery that waits, a mark the note that the service has it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from nbalert.courier.heads import head
from nbalert.home import Home
from nbalert.message import Level, Message, Receipt, Source
from nbalert.spool import Spool
from tests.benchmarks.figures import Figure, Scale
from tests.benchmarks.stored import CHANNEL, lengthen
from tests.courier.rooms import Rooms, opened
from tests.kernels import ROOT

TITLE = "Spool and store"
PUTS, EACH = 1000, 200
SIZES, KERNELS = (1_000, 10_000, 100_000, 1_000_000), (1, 5, 20)
PUT, PUT_AMID = "put into the spool", "put into the spool, kernels at once"
_TABLE = """
CREATE TABLE row (id TEXT PRIMARY KEY, state TEXT, body TEXT) WITHOUT ROWID;
CREATE INDEX waiting ON row (id) WHERE state = 'waiting';
"""
_FILL = """
WITH RECURSIVE n (n) AS (SELECT ? UNION ALL SELECT n + 1 FROM n WHERE n < ?)
INSERT INTO row SELECT printf('%09d', n), 'delivered', ? FROM n
"""
_PUTTER = """
import json, pathlib, sys, time
from nbalert.spool import Spool
folder, count, entry = pathlib.Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
spool = Spool(folder)
spool.put(entry)
print("ready", flush=True)
input()
times = []
for _ in range(count):
    began = time.perf_counter()
    spool.put(entry)
    times.append((time.perf_counter() - began) * 1e6)
    time.sleep(0.005)
print(json.dumps(times))
"""
"""A kernel that puts alerts two hundred times a second."""


def measure(scale: Scale) -> Iterator[Figure]:
    """Files first, then the store as its history grows."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _puts(Path(folder), scale)
        yield from _puts_at_once(Path(folder), scale)
    with tempfile.TemporaryDirectory() as folder:
        yield from _stores(Path(folder), scale)


def _puts(folder: Path, scale: Scale) -> Iterator[Figure]:
    entry, count = _entry(), scale.times(PUTS)
    content = json.dumps(entry).encode()
    spool = Spool(folder / "spool")
    ways: dict[str, Callable[[int], object]] = {"nbalert": lambda n: spool.put(entry)}
    ways["floor: a file"] = lambda n: _file(folder / str(n), content)
    with closing(_bare(folder / "bare.db")) as db:
        ways["floor: sqlite3"] = lambda n: _insert(db, str(n), content)
        times = _in_turns(ways, count)
    for who, some in times.items():
        yield Figure(TITLE, PUT, who, "µs", some)


def _in_turns(ways: dict[str, Callable[[int], object]], count: int) -> dict[str, tuple[float, ...]]:
    times: dict[str, list[float]] = {who: [] for who in ways}
    for number in range(count):
        for who, does in ways.items():
            times[who].append(_took_us(does, number))
    return {who: tuple(some) for who, some in times.items()}


def _file(path: Path, content: bytes) -> None:
    """The least that leaves a whole file: written, and renamed."""
    half = f"{path}.part"
    file = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(file, content)
    os.close(file)
    os.rename(half, path)  # noqa: PTH104 - a Path costs as much as the call


def _bare(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {_TABLE}")
    return db


def _insert(db: sqlite3.Connection, id_: str, content: bytes) -> None:
    db.execute("INSERT INTO row VALUES (?, 'waiting', ?)", (id_, content))


def _puts_at_once(folder: Path, scale: Scale) -> Iterator[Figure]:
    """As many kernels, each a process; what waits in the folder is what all have put."""
    count = scale.times(EACH)
    for kernels in KERNELS:
        argv = [
            sys.executable,
            "-c",
            _PUTTER,
            str(folder / f"of-{kernels}"),
            str(count),
            json.dumps(_entry()),
        ]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
        putters = [subprocess.Popen(argv, **pipes) for _ in range(kernels)]  # type: ignore[call-overload]
        for one in putters:
            one.stdout.readline()
        for one in putters:
            one.stdin.write("\n")
            one.stdin.flush()
        times = [us for one in putters for us in json.loads(one.communicate()[0])]
        yield Figure(TITLE, PUT_AMID, "nbalert", "µs", tuple(times), step=kernels)


def _stores(folder: Path, scale: Scale) -> Iterator[Figure]:
    home = Home(folder, folder / "nbalert.toml")
    there = 0
    with closing(_bare(folder / "bare.db")) as bare:
        for size in scale.steps(*SIZES):
            lengthen(home.store, size)
            bare.execute(_FILL, (there + 1, size, json.dumps(_entry())))
            there = size
            times = asyncio.run(_worked(home, scale.times(EACH)))
            for name, some in times.items():
                yield Figure(TITLE, name, "nbalert", "µs", some, step=size)
            for name, some in _bare_worked(bare, size, scale.times(EACH)).items():
                yield Figure(TITLE, name, "floor: sqlite3", "µs", some, step=size)


async def _worked(home: Home, count: int) -> dict[str, tuple[float, ...]]:
    """Microseconds of each of so many alerts, by what is done with it. No worker of the courier's runs."""
    async with opened(home) as rooms:
        rooms.learn("http://127.0.0.1:9/")
        rooms.delivery._is_closing = True  # nothing is sent: what is timed are rows
        return _times(rooms, count)


def _times(rooms: Rooms, count: int) -> dict[str, tuple[float, ...]]:
    intake, claim, mark = [], [], []
    receipt = Receipt(channel=CHANNEL, reference="1")
    for number in range(count):
        rooms.spool.put(_entry(number))
        intake.append(_took_us(rooms.intake.take))
        claim.append(_took_us(lambda: head(rooms.store, "p", CHANNEL)))
        row = head(rooms.store, "p", CHANNEL)
        assert row is not None
        mark.append(_took_us(rooms.delivery._settling.settle, row, "delivered", "", receipt))
    return {"intake": tuple(intake), "claim": tuple(claim), "mark": tuple(mark)}


def _bare_worked(db: sqlite3.Connection, size: int, count: int) -> dict[str, tuple[float, ...]]:
    """The same in one table, a statement each."""
    content = json.dumps(_entry()).encode()
    ids = [f"new {size} {number}" for number in range(count)]
    intake = [_took_us(_insert, db, id_, content) for id_ in ids]
    claims = [_took_us(_oldest, db) for _ in ids]
    marks = [_took_us(db.execute, "UPDATE row SET state = 'delivered' WHERE id = ?", (id_,)) for id_ in ids]
    return {"intake": tuple(intake), "claim": tuple(claims), "mark": tuple(marks)}


def _oldest(db: sqlite3.Connection) -> object:
    return db.execute("SELECT * FROM row WHERE state = 'waiting' ORDER BY id LIMIT 1").fetchone()


def _took_us(work: Callable[..., object], *args: object) -> float:
    began = time.perf_counter()
    work(*args)
    return (time.perf_counter() - began) * 1e6


def _entry(number: int = 0) -> dict[str, object]:
    """As it stands in the spool: of a cell that has trained something."""
    message = Message(
        title=f"train [{number}] finished in 2 min",
        level=Level.OK,
        code="model.fit(df, key='id')\nmodel.score(test)\n",
        output="epoch 1/20 loss=0.3311 acc=0.91\n" * 20,
        result="0.9132",
        metadata={"accuracy": 0.9132},
        source=Source(notebook="/home/ann/train.ipynb", cell_id="a1b2c3", host="box", user="ann"),
    )
    where = {"origin": "o", "project": "p", "channels": [CHANNEL]}
    return {"kind": "message", **where, "message": message.to_json()}
