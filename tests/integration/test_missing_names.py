"""An ask in a kernel that lacks what holding a cell relies on."""

from __future__ import annotations

from collections.abc import Callable

from nbalert.process import client
from tests.kernels import Kernel, Run
from tests.person import Person
from tests.test_waiting import HIDING

StartKernel = Callable[..., Kernel]

ASK = """
shell.kernel = Hiding(kernel, "_publish_status")
try: print(nbalert.ask("{title}").sentence)
finally: shell.kernel = kernel
"""


def asked(kernel: Kernel, person: Person, title: str) -> Run:
    """Ask, and approve in the inbox."""
    request = kernel.send(ASK.format(title=title))
    assert person.answer(title, "approve").is_success
    return kernel.collect(request)


def buttons(run: Run) -> int:
    """How many buttons a cell has shown."""
    states = [content["data"].get("state", {}) for content in run.of("comm_open")]
    return sum(state.get("_model_name") == "ButtonModel" for state in states)


def test_an_ask_works_and_says_so_once(start_kernel: StartKernel) -> None:
    """The wait is a plain one, its view has no button; the first ask says why, in one line."""
    link = client().request({"do": "link", "base": "", "person": "bob"})
    kernel = start_kernel()
    assert kernel.run("%load_ext nbalert\nimport nbalert").status == "ok"
    assert kernel.run(HIDING).status == "ok"
    with Person(str(link)) as bob:
        first, second = asked(kernel, bob, "Deploy?"), asked(kernel, bob, "Again?")
    for run in (first, second):
        assert (run.status, buttons(run)) == ("ok", 0), run.tracebacks
        assert run.stdout.startswith("approved")
    (line,) = first.stderr.splitlines()
    assert line.startswith("nbalert: answer in chat")
    assert "_publish_status" in line
    assert second.stderr == ""
