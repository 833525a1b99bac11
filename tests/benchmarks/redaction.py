"""What redaction costs, beside what is done with the same text anyway.

Ratios within one run say more than milliseconds, which are another machine's.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from nbalert.message import Level, Message, Source
from nbalert.redaction import Redactor
from nbalert.secret_values import worth_finding
from nbalert.spool import Spool
from tests.benchmarks.figures import Figure, Scale
from tests.reliability.harmless import harmless
from tests.reliability.leaks import leaks

MEGABYTE = 1_000_000
TITLE = "Redaction"
LIMIT_MS = 50.0
KNOWN = worth_finding((f"known-secret-value-{n}", "TOKEN") for n in range(20))
"""As many as the settings and the environment of a busy project know of."""


def took_ms(work: Callable[..., object], *args: object, rounds: int) -> tuple[float, ...]:
    """Several times, in time of the processor: what else the machine does is not counted."""
    times = []
    for _ in range(rounds):
        began_s = time.thread_time()
        work(*args)
        times.append((time.thread_time() - began_s) * 1000)
    return tuple(times)


def megabytes() -> dict[str, str]:
    """Of output, of a kind each."""
    noise = random.Random(1)
    texts = {
        "training log": "2026-11-27 02:33:12 INFO epoch 12/50 loss=0.3312 tokens: 51200 lr=1e-4 /a.ckpt\n",
        "numbers": " ".join(f"{noise.random():.8f}" for _ in range(500)),
        "harmless corpus": "\n".join(one.text for one in harmless() if one.kind != "picture"),
        "one line of base64": "".join(
            noise.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop0123456789+/", k=5000)
        ),
        "a leak in each line": "\n".join(leak.text for leak in leaks()),
    }
    return {name: (text * (MEGABYTE // len(text) + 1))[:MEGABYTE] for name, text in texts.items()}


def typical() -> Message:
    """Of a cell that has trained something."""
    return Message(
        title="train [12] finished in 2 min",
        level=Level.OK,
        code="import pandas\ndf = pandas.read_csv(path)\nmodel.fit(df, key='id')\nmodel.score(test)\n" * 3,
        output="epoch 1/20 loss=0.3311 acc=0.91 tokens: 4096\n" * 40,
        result="0.9132",
        metadata={"accuracy": 0.9132, "rows": 10_000},
        source=Source(notebook="/home/ann/train.ipynb", cell_id="a1b2c3", host="box", user="ann"),
    )


FIRST = """
import time
from nbalert.redaction import Redactor
began_s = time.thread_time()
Redactor().data({"message": {"text": "password=hunter2 and more of it"}})
print(time.thread_time() - began_s)
"""


def measure(scale: Scale) -> Iterator[Figure]:
    """Megabytes, a typical alert, and the first one of a process."""
    redactor, rounds = Redactor(KNOWN), scale.times(7)
    note = (
        "of a cell's output the last 16,000 characters are scrubbed on its thread; of post() its whole text"
    )
    for name, text in megabytes().items():
        name = f"1 MB scrubbed: {name}"
        cost, encoded = took_ms(redactor.text, text, rounds=rounds), took_ms(json.dumps, text, rounds=rounds)
        yield Figure(TITLE, name, "nbalert", "ms", cost, budget=LIMIT_MS, note=note)
        yield Figure(TITLE, name, "floor: written as JSON", "ms", encoded)
    data = {"kind": "message", "message": typical().to_json()}
    with tempfile.TemporaryDirectory() as folder:
        kept = took_ms(Spool(Path(folder)).put, data, rounds=scale.times(300))
    scrubbed = took_ms(redactor.data, data, rounds=scale.times(300))
    yield Figure(TITLE, "typical alert scrubbed", "nbalert", "ms", scrubbed)
    yield Figure(TITLE, "typical alert scrubbed", "floor: put on disk", "ms", kept)
    said = [subprocess.check_output([sys.executable, "-c", FIRST], text=True) for _ in range(scale.times(5))]
    firsts = tuple(float(one) * 1000 for one in said)
    yield Figure(TITLE, "first alert of a process, patterns compiled", "nbalert", "ms", firsts)
