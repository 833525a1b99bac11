"""Waits in real kernels, over the real protocol: a click is a comm message, as a page sends it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from nbalert.waiting import can_hold, wait_for
from tests.kernels import ROOT, Kernel, Run

StartKernel = Callable[..., Kernel]

SETUP = """
import asyncio, contextvars, signal, sys, threading, time
import comm
from concurrent.futures import Future
from nbalert.waiting import can_hold, wait_for

def soon(future, value=None, after_s=0.02):
    timer = threading.Timer(after_s, future.set_result, [value])
    timer.start()
    return future

def on_open(comm, message):
    @comm.on_msg
    def on_message(message):
        data = message["content"]["data"]
        comm.send({"before": data})
        exec(data["run"], globals())
        comm.send({"after": data})

comm.get_comm_manager().register_target("button", on_open)
"""


def says(text: str) -> Callable[[dict[str, Any]], bool]:
    """Matches what a cell prints."""
    return lambda message: text in message["content"].get("text", "")


class Button:
    """A widget's button: what it is told to run, the kernel runs in the comm's message handler."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.id = uuid.uuid4().hex
        kernel.tell("comm_open", {"comm_id": self.id, "target_name": "button", "data": {}})

    def press(self, code: str, **header: str) -> str:
        """Send a click and look no further."""
        content = {"comm_id": self.id, "data": {"run": code}}
        return self.kernel.tell("comm_msg", content, **header)

    def click(self, code: str = "", **header: str) -> None:
        """Send a click; returns when its handler has answered."""
        request = self.press(code, **header)
        self.kernel.published_until(
            lambda m: m["parent_header"].get("msg_id") == request and "after" in m["content"].get("data", {})
        )


class Cell:
    """A cell that has been sent, and blocks."""

    def __init__(self, kernel: Kernel, code: str) -> None:
        self.kernel = kernel
        self.request = kernel.send(textwrap.dedent(code))
        kernel.published_until(says("blocks"))

    def end(self) -> Run:
        """Its reply."""
        return self.kernel.collect(self.request)


WAIT = """
future = Future()
print("blocks", flush=True)
print("got", wait_for(future, {timeout}))
"""


@pytest.fixture(scope="module")
def kernels() -> Iterator[dict[str, Kernel]]:
    """One kernel an interpreter, for the scenarios that leave it as it was."""
    running: dict[str, Kernel] = {}
    yield running
    for kernel in running.values():
        kernel.__exit__()


@pytest.fixture
def kernel(kernels: dict[str, Kernel], kernel_python: str, tmp_path: Path) -> Kernel:
    """The shared kernel of this interpreter, with `SETUP` run."""
    if kernel_python not in kernels or not kernels[kernel_python].manager.is_alive():
        kernels[kernel_python] = Kernel(kernel_python, tmp_path)
        assert kernels[kernel_python].run(SETUP).status == "ok"
    return kernels[kernel_python]


@pytest.fixture
def fresh(start_kernel: StartKernel) -> Kernel:
    """A kernel of this test's own, with `SETUP` run."""
    started = start_kernel()
    assert started.run(SETUP).status == "ok"
    return started


def ok(run: Run) -> str:
    """What a cell printed that must have ended well."""
    assert run.status == "ok", run.tracebacks
    assert not run.stderr
    return run.stdout


# ---------------------------------------------------------------- the end of a wait


def test_result_and_exception_come_back(kernel: Kernel) -> None:
    """A result is returned, an exception raised, a future that is done costs no wait."""
    code = """
        failed = Future(); failed.set_exception(ValueError("no"))
        try: wait_for(failed)
        except ValueError as error: print(error)
        late = Future(); threading.Timer(0.02, late.set_exception, [TimeoutError("theirs")]).start()
        try: wait_for(late)
        except TimeoutError as error: print(error)
        print(can_hold(), wait_for(soon(Future(), 7)))
    """
    assert ok(kernel.run(textwrap.dedent(code))) == "no\ntheirs\nTrue 7\n"


def test_queued_cells_run_in_order_after_a_click(kernel: Kernel) -> None:
    """Ten cells queued behind a waiting one keep their order, and none of them overtakes it."""
    button = Button(kernel)
    cell = Cell(kernel, "order = []" + WAIT.format(timeout=None) + "order.append('first')")
    queued = [kernel.send(f"order.append({n})") for n in range(10)]
    button.press("future.set_result('yes')")
    assert "got yes" in ok(cell.end())
    for request in queued:
        ok(kernel.collect(request))
    assert kernel.run("order").result == "['first', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"


def test_timeout_aborts_the_queue(kernel: Kernel) -> None:
    """No result in time is a TimeoutError, on which Run All stops; the kernel is fine afterwards."""
    cell = Cell(kernel, WAIT.format(timeout=0.3))
    queued = [kernel.send("1") for _ in range(10)]
    assert cell.end().ename == "TimeoutError"
    assert [kernel.collect(request).status for request in queued] == ["aborted"] * 10
    assert kernel.run("2 + 2").result == "4"


def test_refusal_aborts_the_queue(kernel: Kernel) -> None:
    """An exception that a click sets ends the cell with it, and Run All stops."""
    button = Button(kernel)
    cell = Cell(kernel, WAIT.format(timeout=None))
    queued = [kernel.send("1") for _ in range(10)]
    button.press("future.set_exception(PermissionError('no'))")
    assert cell.end().ename == "PermissionError"
    assert [kernel.collect(request).status for request in queued] == ["aborted"] * 10
    assert kernel.run("2 + 2").result == "4"


def test_interrupt_aborts_the_queue(kernel: Kernel) -> None:
    """The stop button ends the wait with KeyboardInterrupt within half a second, and Run All stops."""
    cell = Cell(kernel, WAIT.format(timeout=None))
    queued = [kernel.send("1") for _ in range(3)]
    started_at = time.monotonic()
    kernel.interrupt()
    assert cell.end().ename == "KeyboardInterrupt"
    assert time.monotonic() - started_at < 0.5
    assert [kernel.collect(request).status for request in queued] == ["aborted"] * 3
    assert kernel.run("2 + 2").result == "4"


def test_interrupt_wins_over_a_result(kernel: Kernel) -> None:
    """Where interrupt and approval come together, the cell is interrupted."""
    code = """
        future = Future()
        def both(): future.set_result("yes"); signal.raise_signal(signal.SIGINT)
        asyncio.get_running_loop().call_soon(both)
        wait_for(future)
    """
    assert kernel.run(textwrap.dedent(code)).ename == "KeyboardInterrupt"


# ---------------------------------------------------------------- clicks


def test_clicks_are_answered_while_the_cell_blocks(kernel: Kernel) -> None:
    """Opening, edits and a click are answered in order at once; requests that are no clicks wait."""
    cell = Cell(kernel, "edits = []" + WAIT.format(timeout=None) + "print(edits)")
    button = Button(kernel)
    later = kernel.send("print(edits, 'later')")
    for text in "abc":
        button.click(f"edits.append({text!r})")
    started_at = time.monotonic()
    button.click("edits.append(future.done())")
    assert time.monotonic() - started_at < 0.5
    button.press("future.set_result('yes')")
    assert "['a', 'b', 'c', False]" in ok(cell.end())
    assert "later" in ok(kernel.collect(later))


def test_busy_follows_each_click(kernel: Kernel) -> None:
    """A click's idle is followed by the waiting cell's busy: the page must not show the kernel as free."""
    button = Button(kernel)
    cell = Cell(kernel, WAIT.format(timeout=None))
    request = button.press("")
    seen = kernel.published_until(
        lambda m: (
            m["content"].get("execution_state") == "busy" and m["parent_header"]["msg_id"] == cell.request
        )
    )
    own = [m["content"] for m in seen if m["parent_header"].get("msg_id") == request]
    assert [c["execution_state"] for c in own if "execution_state" in c] == ["busy", "idle"]
    button.press("future.set_result(1)")
    ok(cell.end())


def test_clicks_from_before_the_wait_are_not_lost(kernel: Kernel) -> None:
    """A click that came while the cell still ran is answered, and before later ones."""
    code = """
        clicks = []; future = Future()
        print("blocks", flush=True)
        time.sleep(0.3)
        await asyncio.sleep(0.1)
        wait_for(future, 5)
        print(clicks)
    """
    button = Button(kernel)
    cell = Cell(kernel, code)
    button.press("clicks.append(1)")
    button.press("clicks.append(2); future.set_result(None)")
    assert ok(cell.end()) == "blocks\n[1, 2]\n"


def test_failing_handler_spoils_nothing(kernel: Kernel) -> None:
    """A click whose handler fails, or whose dispatch does, is followed by clicks that work."""
    kernel.run(FAIL_ONCE)
    button = Button(kernel)
    cell = Cell(kernel, WAIT.format(timeout=None))
    button.press("1 / 0")
    button.press("get_ipython().kernel.should_handle = fail_once")
    button.press("this click is lost")
    button.press("future.set_result('yes')")
    assert "got yes" in ok(cell.end())


FAIL_ONCE = """
def fail_once(*_):
    del get_ipython().kernel.should_handle
    raise ValueError
"""


def test_interrupt_of_a_click(kernel: Kernel) -> None:
    """The stop button ends a handler that hangs, and the wait with it."""
    button = Button(kernel)
    cell = Cell(kernel, WAIT.format(timeout=None))
    button.press("print('hangs', flush=True); time.sleep(30)")
    kernel.published_until(says("hangs"))
    kernel.interrupt()
    assert cell.end().ename == "KeyboardInterrupt"
    ok(kernel.run("wait_for(soon(Future()))"))


def test_interrupt_after_a_click(kernel: Kernel) -> None:
    """A click that was answered does not take the interrupt from the wait."""
    button = Button(kernel)
    cell = Cell(kernel, WAIT.format(timeout=None))
    button.click()
    kernel.interrupt()
    assert cell.end().ename == "KeyboardInterrupt"


def test_later_cell_is_interruptible(kernel: Kernel) -> None:
    """After a wait with clicks, a plain cell can be interrupted, and an idle kernel ignores an interrupt."""
    button = Button(kernel)
    cell = Cell(kernel, WAIT.format(timeout=None))
    button.click()
    button.press("future.set_result(1)")
    ok(cell.end())
    kernel.interrupt()
    assert ok(kernel.run("print(get_ipython().kernel.saved_sigint_handler is signal.SIG_IGN)")) == "True\n"
    plain = Cell(kernel, "print('blocks', flush=True)\nfor _ in range(500): time.sleep(0.02)")
    kernel.interrupt()
    assert plain.end().ename == "KeyboardInterrupt"


def test_handler_that_awaits_may_outlive_the_wait(fresh: Kernel) -> None:
    """The cell goes on at once and stays interruptible, though the click's handler is not through."""
    code = """
        kernel, through = get_ipython().kernel, asyncio.Event()
        async def slow(stream, ident, parent):
            future.set_result("yes"); await asyncio.sleep(0.1); through.set()
        kernel.shell_handlers["comm_msg"] = slow
    """
    fresh.run(textwrap.dedent(code))
    button = Button(fresh)
    cell = Cell(fresh, WAIT.format(timeout=None) + "print('on', flush=True)\ntime.sleep(30)")
    button.press("")
    fresh.published_until(says("on"))
    fresh.interrupt()
    assert cell.end().ename == "KeyboardInterrupt"
    ok(fresh.run("await through.wait()"))
    plain = Cell(fresh, "print('blocks', flush=True)\ntime.sleep(30)")
    fresh.interrupt()
    assert plain.end().ename == "KeyboardInterrupt"


@pytest.mark.parametrize("kernel_python", ["ipykernel 7"], indirect=True)  # 6 has no subshells
def test_click_on_a_subshell_thread(kernel: Kernel) -> None:
    """JupyterLab may have ipykernel 7 answer comms on a thread: setting the future there ends the wait."""
    session, control = kernel.client.session, kernel.client.control_channel
    control.send(session.msg("create_subshell_request", {}))
    subshell = kernel.client.get_control_msg(timeout=5)["content"]["subshell_id"]
    button = Button(kernel)
    cell = Cell(kernel, WAIT.format(timeout=None))
    button.press("future.set_result(threading.current_thread().name)", subshell_id=subshell)
    assert f"got subshell-{subshell}" in ok(cell.end())


# ---------------------------------------------------------------- where a wait may stand


def test_waits_in_function_coroutine_and_before_await(kernel: Kernel) -> None:
    """A wait works in a function, in a coroutine and between two `await`s, and the cell goes on as usual."""
    code = """
        def function(): return wait_for(soon(Future(), 1))
        async def coroutine():
            await asyncio.sleep(0)
            value = wait_for(soon(Future(), 2))
            await asyncio.sleep(0)
            return value
        first = function()
        values = await asyncio.gather(coroutine(), coroutine())
        print(first, values, await coroutine())
    """
    assert ok(kernel.run(textwrap.dedent(code))) == "1 [2, 2] 2\n"


def test_interrupt_in_a_coroutine_of_the_cell(kernel: Kernel) -> None:
    """An interrupt also ends the wait of a task that the cell awaits, and the kernel lives."""
    code = """
        future = Future()
        async def coroutine():
            asyncio.get_running_loop().call_soon(lambda: print("blocks", flush=True))
            wait_for(future)
        await asyncio.gather(coroutine(), asyncio.sleep(0.1))
    """
    cell = Cell(kernel, code)
    kernel.interrupt()
    assert cell.end().ename == "CancelledError"
    assert kernel.run("2 + 2").result == "4"


def test_twenty_waits_in_a_row(kernel: Kernel) -> None:
    """Waits follow each other in one cell, with cells queued behind."""
    queued_code = "print('queued')"
    cell = Cell(
        kernel, "print('blocks', flush=True)\nprint([wait_for(soon(Future(), n)) for n in range(20)])"
    )
    queued = kernel.send(queued_code)
    assert str(list(range(20))) in ok(cell.end())
    assert ok(kernel.collect(queued)) == "queued\n"


def test_wait_in_a_click_handler(kernel: Kernel) -> None:
    """A handler may wait while no cell runs: cells queue, a further click ends it."""
    button, other = Button(kernel), Button(kernel)
    kernel.run("future = Future()")
    first = button.press("wait_for(future)")
    kernel.published_until(lambda m: "before" in m["content"].get("data", {}))
    queued = kernel.send("print(future.result())")
    other.click()
    other.press("future.set_result('yes')")
    kernel.published_until(
        lambda m: m["parent_header"].get("msg_id") == first and "after" in m["content"].get("data", {})
    )
    assert ok(kernel.collect(queued)) == "yes\n"


def test_wait_in_a_click_handler_during_a_wait(kernel: Kernel) -> None:
    """Waits nest: the inner one ends first, then the cell's."""
    kernel.run("inner = Future()")
    button, other = Button(kernel), Button(kernel)
    cell = Cell(kernel, WAIT.format(timeout=None))
    queued = kernel.send("print('queued')")
    first = button.press("wait_for(inner)")
    kernel.published_until(lambda m: "before" in m["content"].get("data", {}))
    other.press("inner.set_result(1)")
    kernel.published_until(
        lambda m: m["parent_header"].get("msg_id") == first and "after" in m["content"].get("data", {})
    )
    other.press("future.set_result('yes')")
    assert "got yes" in ok(cell.end())
    assert ok(kernel.collect(queued)) == "queued\n"


BACKGROUND = """
future = Future(); order = []
async def background():
    {before}
    asyncio.get_running_loop().call_soon(lambda: print("blocks", flush=True))
    return wait_for(future)
task = asyncio.create_task(background())
{after}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [("await asyncio.sleep(0.2)", ""), ("", "await asyncio.sleep(0.2)")],
    ids=["idle kernel", "cell ends meanwhile"],
)
def test_cells_run_while_a_background_task_waits(kernel: Kernel, before: str, after: str) -> None:
    """A task that waits holds up no cell once the kernel is free; the cells run in order."""
    cell = Cell(kernel, BACKGROUND.format(before=before, after=after))
    requests = [cell.request, *(kernel.send(f"order.append({n})") for n in range(10))]
    for request in requests:
        ok(kernel.collect(request))
    assert kernel.run("order, task.done()").result == "([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], False)"
    ok(kernel.run("wait_for(soon(Future()))"))
    kernel.run("future.set_result('yes')")
    assert ok(kernel.run("print(await task)")) == "yes\n"


def test_clicks_reach_a_background_wait(kernel: Kernel) -> None:
    """A task that waits in an idle kernel can be answered by a click."""
    button = Button(kernel)
    cell = Cell(kernel, BACKGROUND.format(before="await asyncio.sleep(0.2)", after=""))
    ok(cell.end())
    button.click("future.set_result('yes')")
    assert ok(kernel.run("print(await task)")) == "yes\n"


def test_interrupt_of_a_background_wait(kernel: Kernel) -> None:
    """It cancels the task; a KeyboardInterrupt there would end the kernel."""
    cell = Cell(kernel, BACKGROUND.format(before="await asyncio.sleep(0.2)", after=""))
    ok(cell.end())
    kernel.interrupt()
    assert ok(kernel.run("await asyncio.wait([task]); print(task.cancelled())")) == "True\n"


def test_interrupt_reaches_the_cell_beside_a_background_wait(kernel: Kernel) -> None:
    """A cell that awaits is interrupted as well: it is the one that the reader sees running."""
    cell = Cell(kernel, BACKGROUND.format(before="", after="await asyncio.sleep(30)"))
    kernel.interrupt()
    assert cell.end().ename == "CancelledError"
    assert kernel.run("task.cancelled()").result == "True"


def test_wait_on_another_thread(kernel: Kernel) -> None:
    """Off the main thread a wait is plain, and no button may be shown."""
    code = """
        seen = []
        def work():
            seen.append(can_hold())
            seen.append(wait_for(soon(Future(), 5)))
            try: wait_for(Future(), 0.05)
            except TimeoutError: seen.append("timeout")
        thread = threading.Thread(target=work); thread.start(); thread.join()
        print(seen)
    """
    assert ok(kernel.run(textwrap.dedent(code))) == "[False, 5, 'timeout']\n"


# ---------------------------------------------------------------- what a wait leaves as it was


def test_many_ready_handles_at_the_first_wait(fresh: Kernel) -> None:
    """The kernel survives a first wait with 300 handles ready: the loop below pops a number fixed before."""
    code = """
        go, woken = asyncio.Event(), []
        async def asker(): await go.wait(); wait_for(soon(Future()))
        async def other(): await go.wait(); woken.append(1)
        tasks = [asyncio.create_task(c) for c in [asker(), *(other() for _ in range(300))]]
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks)
        print(len(woken))
    """
    assert ok(fresh.run(textwrap.dedent(code))) == "300\n"
    assert fresh.run("2 + 2").result == "4"


def test_context_and_output_stay_with_the_cell(kernel: Kernel) -> None:
    """After a click, context variables are the cell's, and so is what its threads print."""
    button = Button(kernel)
    code = """
        variable = contextvars.ContextVar("variable"); variable.set("mine")
        future, heard = Future(), threading.Event()
        def talk(): heard.wait(); print("thread")
        thread = threading.Thread(target=talk); thread.start()
        print("blocks", flush=True)
        wait_for(future)
        heard.set(); thread.join()
        print(variable.get())
    """
    cell = Cell(kernel, code)
    button.click("variable.set('theirs')")
    button.press("future.set_result(None)")
    assert ok(cell.end()) == "blocks\nthread\nmine\n"


PLACES = """
import nest_asyncio2, tornado.concurrent
def picture():
    loop = asyncio.get_running_loop()
    places = [asyncio, asyncio.tasks, asyncio.futures, asyncio.events, tornado.concurrent, nest_asyncio2,
              type(loop), type(asyncio.get_event_loop_policy())]
    return [dict(vars(place)) for place in places]
def differences(before, after):
    return [name for b, a in zip(before, after) for name in b.keys() | a.keys()
            if b.get(name, picture) is not a.get(name, picture)]
"""


def test_asyncio_is_what_it_was(fresh: Kernel) -> None:
    """During a wait only the loop's class differs, afterwards nothing: Task, Future, run, policy, tornado."""
    code = """
        import _asyncio
        during = []
        before = picture()
        asyncio.get_running_loop().call_soon(lambda: during.extend(differences(before, picture())))
        wait_for(soon(Future()))
        loop_names = vars(type(asyncio.get_running_loop())).keys()
        print(differences(before, picture()), asyncio.Task is _asyncio.Task)
        print(sorted(set(during) & {"Task", "Future", "run", "get_event_loop", "_run_close_loop", "FUTURES"}))
        print("_run_once" in during)
    """
    fresh.run(PLACES)
    assert ok(fresh.run(textwrap.dedent(code))) == "[] True\n[]\nTrue\n"


def test_loops_of_other_threads_are_left_alone(kernel: Kernel) -> None:
    """A loop that another thread starts during a wait goes on as it began, and ends well after the wait."""
    code = """
        future, over, ended = Future(), threading.Event(), []
        async def main():
            future.set_result(type(asyncio.get_running_loop())._run_once)
            while not over.is_set(): await asyncio.sleep(0.005)
        def work():
            try: asyncio.run(main()); ended.append("well")
            except BaseException as error: ended.append(error)
        thread = threading.Thread(target=work)
        asyncio.get_running_loop().call_soon(thread.start)
        seen = wait_for(future)
        over.set(); thread.join()
        print(ended, seen is asyncio.BaseEventLoop._run_once)
    """
    assert ok(kernel.run(textwrap.dedent(code))) == "['well'] True\n"


@pytest.mark.parametrize(
    ("kernel_python", "library"),
    [
        ("ipykernel 7", "nest_asyncio2"),
        ("ipykernel 6", "nest_asyncio2"),
        ("ipykernel 6", "nest_asyncio"),  # which only ipykernel 6 brings along
    ],
    indirect=["kernel_python"],
)
def test_the_users_own_nesting_stays(fresh: Kernel, library: str) -> None:
    """nest-asyncio2 or its old namesake, applied by the user before, is left as it was; clicks work."""
    ok(fresh.run(f"import {library}; {library}.apply()"))
    fresh.run(PLACES)
    fresh.run("before = picture()")
    button = Button(fresh)
    cell = Cell(fresh, WAIT.format(timeout=None))
    queued = [fresh.send(f"print({n})") for n in range(5)]
    button.click()
    button.press("future.set_result('yes')")
    assert "got yes" in ok(cell.end())
    assert [ok(fresh.collect(request)) for request in queued] == [f"{n}\n" for n in range(5)]
    assert ok(fresh.run("print(differences(before, picture()))")) == "[]\n"
    assert ok(fresh.run("print(asyncio.run(asyncio.sleep(0, 'nested')))")) == "nested\n"


def test_nesting_applied_during_a_wait_stays(fresh: Kernel) -> None:
    """A click that applies nest-asyncio2 for good is not undone by the end of the wait."""
    button = Button(fresh)
    cell = Cell(fresh, WAIT.format(timeout=None))
    button.click("import nest_asyncio2; nest_asyncio2.apply()")
    button.press("future.set_result('yes')")
    ok(cell.end())
    assert ok(fresh.run("print(asyncio.run(asyncio.sleep(0, 'nested')))")) == "nested\n"


def test_waiting_costs_no_cpu(kernel: Kernel) -> None:
    """Nothing is polled: the loop turns a few times in a second of waiting, not hundreds of times."""
    code = """
        turns = []
        loop = asyncio.get_running_loop()
        select = loop._selector.select
        loop._selector.select = lambda timeout: (turns.append(1), select(timeout))[1]
        try: wait_for(Future(), 1)
        except TimeoutError: print(len(turns))
        finally: loop._selector.select = select
    """
    assert int(ok(kernel.run(textwrap.dedent(code)))) < 20


def test_result_after_the_loop_closed() -> None:
    """A worker that sets a future whose waiter and loop are gone does not fail."""
    code = """
        import asyncio, contextlib, logging
        from concurrent.futures import Future
        from nbalert import waiting
        failures = []
        logging.getLogger("concurrent.futures").addFilter(lambda record: failures.append(record) or False)
        future = Future()
        async def main():
            try: waiting._live_wait(future, 0.01, contextlib.nullcontext())
            except TimeoutError: print("timeout")
        asyncio.run(main())
        future.set_result(1)
        print(failures)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout == "timeout\n[]\n"


# ---------------------------------------------------------------- the end of a kernel

GOODBYE = """
import atexit, pathlib
goodbye = pathlib.Path({path!r})
atexit.register(lambda: goodbye.write_text(seen))
"""
WAIT_TO_THE_END = """
asyncio.get_running_loop().call_soon(lambda: print("blocks", flush=True))
try: wait_for(Future())
except BaseException as error: seen = type(error).__name__; raise
"""


@pytest.mark.parametrize("way", ["shutdown", "restart", "request"])
def test_kernel_ends_while_a_cell_waits(fresh: Kernel, tmp_path: Path, way: str) -> None:
    """Shutdown, restart and a bare shutdown request end the kernel, without force; atexit runs."""
    goodbye = tmp_path / "goodbye"
    fresh.manager.shutdown_wait_time = 60  # s, before it is forced to
    fresh.run(GOODBYE.format(path=str(goodbye)))
    Cell(fresh, WAIT_TO_THE_END)
    process = fresh.process
    if way == "shutdown":
        fresh.manager.shutdown_kernel(now=False)
    elif way == "restart":
        fresh.manager.restart_kernel(now=False)
    else:
        message = fresh.client.session.msg("shutdown_request", {"restart": False})
        fresh.client.control_channel.send(message)
        process.wait(60)
    assert process.poll() == 0
    assert goodbye.read_text() == "KeyboardInterrupt"
    if way == "restart":
        fresh.client.wait_for_ready(timeout=20)
        assert fresh.run("2 + 2").result == "4"


# ---------------------------------------------------------------- where only the plain wait is possible

HIDING = """
class Hiding:
    def __init__(self, thing, path, **given):
        name, _, rest = path.partition(".")
        self.__dict__.update(given, _thing=thing, _name=name, _rest=rest)
    def __getattr__(self, name):
        if name != self._name: return getattr(self._thing, name)
        if not self._rest: raise AttributeError(name)
        return Hiding(getattr(self._thing, name), self._rest)
shell = get_ipython(); kernel = shell.kernel
def look(path, **given):
    shell.kernel = Hiding(kernel, path, **given)
    try: print(can_hold(), wait_for(soon(Future(), "got")))
    finally: shell.kernel = kernel
"""
STREAM7 = "shell_channel_thread.manager._shell_channel_to_main.to_stream"
HIDDEN = {
    "both": ["saved_sigint_handler", "_publish_status", "_parent_ident"],
    "6": ["msg_queue", "shell_stream._recv_callback", "shell_stream._run_callback"],
    "7": [STREAM7, f"{STREAM7}._recv_callback", f"{STREAM7}._run_callback", "_main_asyncio_lock"],
}


def test_hidden_private_names_leave_the_plain_wait(kernel: Kernel) -> None:
    """A kernel that lacks any of the private names still waits, and shows no button."""
    major = kernel.run("import ipykernel; print(ipykernel.version_info[0])").stdout.strip()
    kernel.run(HIDING)
    assert ok(kernel.run("look('no_such_name')")) == "True got\n"
    for name in [*HIDDEN["both"], *HIDDEN[major]]:
        assert (name, ok(kernel.run(f"look({name!r})"))) == (name, "False got\n")


def test_gui_event_loop_leaves_the_plain_wait(kernel: Kernel) -> None:
    """With a GUI's loop in the kernel (`%gui`) a wait is plain: that loop would not be left in time."""
    kernel.run(HIDING)
    assert ok(kernel.run("look('no_such_name', eventloop=print)")) == "False got\n"


@pytest.mark.parametrize("name", ["_ready", "_stopping"])
def test_hidden_names_of_the_loop_leave_the_plain_wait(kernel: Kernel, name: str) -> None:
    """A loop that lacks a private name is not turned."""
    code = f"""
        loop = asyncio.get_running_loop()
        future = Future()
        hidden = loop.__dict__.pop({name!r})
        try: print(can_hold())
        finally: loop.{name} = hidden
    """
    assert ok(kernel.run(textwrap.dedent(code))) == "False\n"


def test_without_nest_asyncio2(start_kernel: StartKernel) -> None:
    """Without nest-asyncio2 a wait is plain; interrupt and timeout work."""
    kernel = start_kernel()
    kernel.run("import sys, importlib.util as u; find = u.find_spec\nu.find_spec = lambda name: None")
    kernel.run(SETUP)
    assert ok(kernel.run("print(can_hold(), wait_for(soon(Future(), 'got')))")) == "False got\n"
    assert kernel.run(WAIT.format(timeout=0.05)).ename == "TimeoutError"
    cell = Cell(kernel, WAIT.format(timeout=None))
    kernel.interrupt()
    assert cell.end().ename == "KeyboardInterrupt"


def test_plain_wait_outside_a_kernel() -> None:
    """In a script a wait is plain, with a running loop as well as without; there is nothing to click."""
    future: Future[str] = Future()
    threading.Timer(0.02, future.set_result, ["got"]).start()
    assert wait_for(future, 5) == "got"
    assert not can_hold()
    with pytest.raises(TimeoutError):
        wait_for(Future(), 0.02)


def test_import_is_light(kernel_python: str) -> None:
    """Importing the module brings in nothing heavy, not even what a wait needs."""
    heavy = {"httpx", "ipywidgets", "nest_asyncio2", "pydantic", "tornado", "IPython"}
    code = f"import sys, nbalert.waiting; print(sorted({heavy!r} & sys.modules.keys()))"
    done = subprocess.run([kernel_python, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "[]\n"
