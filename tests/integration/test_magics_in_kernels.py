"""The whole product in real kernels: magics, courier, inbox, and people who answer over HTTP."""

from __future__ import annotations

import json
import socket
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from nbalert.client import Client
from nbalert.dismissal import stop_courier
from nbalert.home import Home
from tests.kernels import Kernel, Run
from tests.person import Person
from tests.processes import wait_until

StartKernel = Callable[..., Kernel]

SETTINGS = """
[channels.silent]
kind = "webhook"
url = "http://127.0.0.1:{closed}/"

[channels.dead]
kind = "inbox"
url = "http://127.0.0.1:{closed}"
token = "file:token"
approvers = ["anyone"]
allow_self = true

[channels.refusing]
kind = "inbox"
url = "http://127.0.0.1:{refusing}"
token = "file:token"
approvers = ["anyone"]
allow_self = true

[channels.pair]
kind = "inbox"
approvers = ["ann", "bob"]

[channels.nameless]
kind = "inbox"
"""


class Refusing(BaseHTTPRequestHandler):
    """A chat that lets nobody in."""

    def _refuse(self) -> None:
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = _refuse  # noqa: N815 - the names that the server looks for

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Product:
    """A kernel with the extension, its home, and people at its inbox."""

    def __init__(self, python: str, folder: Path, settings: str) -> None:
        self._stack = ExitStack()
        root = folder / "home"
        root.mkdir(mode=0o700)
        home = Home(root, root / "nbalert.toml")
        home.settings.write_text(settings)
        (root / "token").write_text("nobody.knows")
        self._stack.callback(stop_courier, home)
        env = {"NBALERT_HOME": str(root), "NBALERT_EXIT_WAIT": "1"}
        self.kernel = self._stack.enter_context(Kernel(python, folder, env))
        self.must("%load_ext nbalert")
        self.must("import nbalert, asyncio; nbalert.post('hello').wait(30)")  # it starts the courier
        self.client = Client(home, folder)
        self._stack.callback(self.client.close, 0.0)
        self.ann, self.bob = self.person("ann"), self.person("bob")

    def close(self) -> None:
        """Everything that was started is gone afterwards."""
        self._stack.close()

    def person(self, name: str) -> Person:
        """Somebody at the inbox."""
        link = self.client.request({"do": "link", "base": "", "person": name})
        return self._stack.enter_context(Person(link))

    def run(self, code: str) -> Run:
        """Run a cell to its end."""
        return self.kernel.run(textwrap.dedent(code))

    def must(self, code: str) -> Run:
        """Run a cell that has to end well."""
        run = self.run(code)
        assert run.status == "ok", run.tracebacks
        return run

    def answered(self, code: str, *answers: tuple[str, str]) -> Run:
        """Run a cell; ann answers (title, words) one after the other.

        The inbox shows their questions as ended by then: the next of the same title is the only open one.
        """
        request = self.kernel.send(textwrap.dedent(code))
        for title, words in answers:
            answer = self.ann.answer(title, words)
            assert answer.is_success or answer.status_code == 422  # the inbox has said that it is no answer
        run = self.kernel.collect(request)
        wait_until(lambda: not self.ann.open())
        return run

    def value(self, expression: str) -> Any:
        """A value of the kernel."""
        return json.loads(self.must(f"import json; print(json.dumps({expression}))").stdout)


@pytest.fixture(scope="module")
def settings() -> Iterator[str]:
    """Settings with channels that cannot be reached, that refuse, and that few may answer on."""
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with socket.socket() as closed:  # bound, so that nobody else listens there
        closed.bind(("127.0.0.1", 0))
        yield SETTINGS.format(closed=closed.getsockname()[1], refusing=server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def pool() -> Iterator[dict[str, Product]]:
    """One product an interpreter, shared by the tests of this file."""
    products: dict[str, Product] = {}
    yield products
    for product in products.values():
        product.close()


@pytest.fixture
def product(
    kernel_python: str, pool: dict[str, Product], settings: str, tmp_path_factory: pytest.TempPathFactory
) -> Product:
    """The shared product, in its first state."""
    if kernel_python not in pool:
        pool[kernel_python] = Product(kernel_python, tmp_path_factory.mktemp("product"), settings)
    pool[kernel_python].must("ran = []")
    return pool[kernel_python]


# ---- alerts


def test_question_says_its_cell(product: Product) -> None:
    """By the number that the notebook shows for it."""
    run = product.answered("%%ask 'Which cell?'\npass", ("Which cell?", "yes"))
    message = product.ann.message("Which cell?")
    assert message["source"]["cell_number"] == run.reply["content"]["execution_count"]


def test_result_is_told(product: Product) -> None:
    """A cell that ends well: title, level, code, last value, output, duration and where it ran."""
    run = product.must('%%alert -t "result"\nprint("epoch 1")\n{"loss": 0.5}')
    assert (run.result, run.stdout) == ("{'loss': 0.5}", "epoch 1\n")
    message = product.ann.message("result")
    assert message["level"] == "OK"
    assert message["code"] == 'print("epoch 1")\n{"loss": 0.5}'
    assert (message["result"], message["output"]) == ("{'loss': 0.5}", "epoch 1")
    assert (message["error"], message["traceback"]) == ("", "")
    assert 0 <= message["duration_s"] < 10
    assert message["source"]["cell_number"] == run.reply["content"]["execution_count"]
    assert message["source"]["host"]
    assert message["source"]["user"]


def test_failure_is_told_and_stays_the_users_own(product: Product) -> None:
    """A failing cell: the user's own error and one traceback, no frame of ours; the queue is aborted."""
    failing = '%%alert -t "failure"\nclass Own(Exception): pass\nraise Own("no rows")'
    run, following = product.kernel.run_together(failing, "ran.append('next')")
    assert (run.status, run.ename) == ("error", "Own")
    (shown,) = run.tracebacks
    assert "nbalert/" not in shown  # our line stands there as a comment, but no frame
    assert run.stderr == ""
    assert following.status == "aborted"
    assert product.value("ran") == []
    message = product.ann.message("failure")
    assert (message["level"], message["error"]) == ("CRITICAL", "Own: no rows")
    assert 'raise Own("no rows")' in message["traceback"]
    assert "\x1b" not in message["traceback"]
    assert "nbalert/" not in message["traceback"]


def test_interrupt_is_told(product: Product) -> None:
    """An interrupted cell is told as that, not as a failure of its code."""
    request = product.kernel.send(
        '%%alert -t "interrupted"\nimport time\nprint("blocks")\nwhile True: time.sleep(60)'
    )
    product.kernel.published_until(lambda m: "blocks" in m["content"].get("text", ""))
    product.kernel.interrupt()
    run = product.kernel.collect(request)
    assert run.ename == "KeyboardInterrupt"
    assert len(run.tracebacks) == 1
    message = product.ann.message("interrupted")
    assert (message["level"], message["error"]) == ("WARNING", "KeyboardInterrupt")


def test_an_alert_does_not_wait_for_the_next_cell(product: Product, tmp_path: Path) -> None:
    """Its reply goes first, but the courier is told before whatever runs next, however long that takes."""
    heard = tmp_path / "heard"
    requests = [
        product.kernel.send('%%alert -t "first of two"\n1'),
        product.kernel.send(f"import os, time\nwhile not os.path.exists({str(heard)!r}): time.sleep(0.02)"),
    ]
    try:
        product.ann.message("first of two")
    finally:
        heard.touch()
    assert [product.kernel.collect(request).status for request in requests] == ["ok", "ok"]


def test_failing_display_is_told(product: Product) -> None:
    """A cell whose result cannot be shown is told with a warning that says so."""
    product.run(
        """\
        %%alert
        class Bad:
            def __repr__(self): raise ValueError("unshowable")
        Bad()"""
    )
    found = product.ann.until(lambda view: "unshowable" in view["message"]["error"])["message"]
    assert found["level"] == "WARNING"
    assert "finished, but its result cannot be shown" in found["title"]


def test_title_names_cell_and_time(product: Product) -> None:
    """Without -t the title is made from the cell's number, its end and its time."""
    run = product.must("%%alert\n'untitled'")
    number = run.reply["content"]["execution_count"]
    found = product.ann.until(lambda view: view["message"]["result"] == "'untitled'")["message"]
    assert found["title"].startswith(f"Cell [{number}] finished in ")


def test_figures_are_told(product: Product) -> None:
    """A figure goes along as a picture; `--no-images`, `--no-code` and `--no-output` leave parts out."""
    show = (
        "from IPython.display import Image, display\n"
        "import base64\n"
        "png = base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
        "awAAAABJRU5ErkJggg==')\n"
        "display(Image(png)); print('beside')\n7"
    )
    product.must(f'%%alert -t "figure"\n{show}')
    assert [image["mime"] for image in product.ann.message("figure")["images"]] == ["image/png"]
    product.must(f'%%alert -t "bare" --no-images --no-code --no-output\n{show}')
    bare = product.ann.message("bare")
    assert [bare[part] for part in ("images", "code", "result", "output")] == [[], "", "", ""]


def test_conditions(product: Product) -> None:
    """`--on` and `--after` hold back what they say, and nothing else."""
    product.must('%%alert -t "on failure, ok" --on failure\n1')
    product.run('%%alert -t "on success, failed" --on success\n1/0')
    product.must('%%alert -t "too short" --after 1h\n1')
    product.must('%%alert -t "on success, ok" --on success\n1')
    product.run('%%alert -t "on failure, failed" --on failure\n1/0')
    product.ann.message("on failure, failed")
    assert not {"on failure, ok", "on success, failed", "too short"} & set(product.ann.titles)
    assert "on success, ok" in product.ann.titles


def test_unknown_channel_keeps_the_alert(product: Product) -> None:
    """`-c` with an unknown name: the cell runs, one line says so, the alert waits, status says for what."""
    run = product.must('%%alert -c tema -t "astray"\nran.append(1); 5')
    assert run.result == "5"
    assert run.stderr.count("\n") == 1
    assert "unknown channel 'tema'" in run.stderr
    assert "inbox" in run.stderr  # a known one
    assert product.value("ran") == [1]
    status = product.must("%nbalert status").stdout
    assert "for tema" in status
    assert "unknown channel 'tema'" in status
    assert "astray" in product.must("%nbalert history").stdout


def test_unknown_channel_with_a_failing_cell(product: Product) -> None:
    """The user's own error stays the only one."""
    run = product.run("%%alert -c tema\n{}['key']")
    assert (run.ename, len(run.tracebacks)) == ("KeyError", 1)
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize("line", ["%%alert --wrong", "%%alert --after soon", "%%alert some words"])
def test_wrong_option_of_a_cell(product: Product, line: str) -> None:
    """A wrong option is a UsageError, and the cell does not run."""
    run = product.run(f"{line}\nran.append(1)")
    assert (run.ename, product.value("ran")) == ("UsageError", [])


def test_line_alert(product: Product) -> None:
    """`%alert` says a line, with `{expr}` filled in, at its level."""
    run = product.must("rows = [1, 2]\n%alert -l warning line: {len(rows)} rows of ${rows}")
    assert run.published == [
        m for m in run.published if m["header"]["msg_type"] in ("status", "execute_input")
    ]
    message = product.ann.message("line: 2 rows of $[1, 2]")
    assert message["level"] == "WARNING"


def test_line_alert_keeps_an_apostrophe(product: Product) -> None:
    """Free text may hold what a shell would not parse."""
    product.must("%alert It's done")
    assert product.ann.message("It's done")["level"] == "INFO"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("%alert", "say something"),
        ("%alert -c tema hello", "unknown channel 'tema'"),
        ("%alert --wrong hello", "unknown option --wrong"),
        ("%nbalert dance", "choose one of"),
        ("%nbalert test tema", "unknown channel 'tema'"),
        ("%nbalert history many", "many"),
        ("%ask", "say what to ask"),
    ],
)
def test_usage_errors_are_one_line(product: Product, line: str, says: str) -> None:
    """A wrong line of ours is answered in one line without a traceback, and the cell fails."""
    run = product.run(f"{line}\nran.append(1)")
    assert (run.status, run.ename) == ("error", "UsageError")
    assert run.tracebacks == [] or "File" not in run.tracebacks[0]
    assert says in run.stderr + "".join(run.tracebacks)
    assert product.value("ran") == []


def test_looking_after(product: Product) -> None:
    """`%nbalert channels`, `test`, `history` and `status` say what is there and what is wrong."""
    channels = product.must("%nbalert channels").stdout
    assert "inbox (default): inbox, posts and asks, from built-in" in channels
    assert "silent: webhook, posts, from " in channels
    assert product.must("%nbalert test").stdout.startswith("inbox: delivered http://127.0.0.1:")
    assert "Test of channel inbox" in product.must("%nbalert history 1").stdout
    assert "on the line pid" in product.must("%nbalert status").stdout


def test_test_of_a_channel_that_is_down(product: Product) -> None:
    """`%nbalert test` of a channel that refuses says why in one line."""
    (said,) = product.must("%nbalert test refusing").stdout.splitlines()
    assert "403" in said


def test_inbox_link_holds_nothing_that_lasts(product: Product) -> None:
    """`%nbalert inbox` shows a link with a code that is good once; no token or cookie stands in it."""
    run = product.must("%nbalert inbox")
    shown = json.dumps([message["content"] for message in run.published])
    (data,) = [content["data"] for content in run.of("display_data")]
    link = data["text/html"].partition('href="')[2].partition('"')[0]
    with Person(link) as me:
        assert me.name
        cookie = "".join(me._http.cookies.values())
    assert cookie
    assert cookie not in shown
    with pytest.raises(Exception, match="403"):
        Person(link)


# ---- asks: the five outcomes


def test_approved(product: Product) -> None:
    """An approval lets the body run, as an ordinary cell with its own last value."""
    run = product.answered('%%ask "Approve this?"\nran.append("body")\nlen(ran)', ("Approve this?", "ok: go"))
    assert (run.status, run.result) == ("ok", "1")
    assert product.value("ran") == ["body"]
    decision = product.ann.decision("Approve this?")
    assert (decision["outcome"], decision["by"], decision["reason"]) == ("approved", ["ann"], "go")


def test_question_shows_the_body(product: Product) -> None:
    """What stands in the chat is the body that will run, and for `%ask` its whole cell."""
    body = "from __future__ import annotations\n\nran.append('shown')\n"
    product.answered(f'%%ask "What runs?"\n{body}', ("What runs?", "yes"))
    assert product.ann.message("What runs?")["question"]["code"].strip() == body.strip()
    cell = "before = 1\n%ask What cell?\nran.append('after')"
    product.answered(cell, ("What cell?", "yes"))
    assert product.ann.message("What cell?")["question"]["code"].strip() == cell
    assert product.value("ran") == ["shown", "after"]


def test_rejected(product: Product) -> None:
    """A rejection: the body does not run, NotApproved is one line, the queue is aborted."""
    first = product.kernel.send('%%ask "Reject this?"\nran.append("body")')
    second = product.kernel.send("ran.append('next')")
    product.ann.answer("Reject this?", "no: not on a Friday").raise_for_status()
    run, following = product.kernel.collect(first), product.kernel.collect(second)
    assert (run.status, run.ename) == ("error", "NotApproved")
    assert run.reply["content"]["evalue"] == "rejected by ann: not on a Friday"
    assert run.tracebacks == ["NotApproved: rejected by ann: not on a Friday"]
    assert following.status == "aborted"
    assert product.value("ran") == []


def test_expired(product: Product) -> None:
    """Nobody answers in time: expired, here and in the inbox, and nothing runs."""
    run = product.run('%%ask "Expires?" --timeout 0.3\nran.append("body")')
    assert run.tracebacks == ["NotApproved: expired: nobody decided in time"]
    assert product.value("ran") == []
    assert product.ann.decision("Expires?")["outcome"] == "expired"


def test_interrupted(product: Product) -> None:
    """An interrupt cancels at once, and the inbox says so; a later approval is refused there."""
    request = product.kernel.send('%%ask "Interrupt this?"\nran.append("body")')
    product.ann.message("Interrupt this?")
    product.kernel.published_until(lambda m: m["header"]["msg_type"] == "display_data")
    product.kernel.interrupt()
    run = product.kernel.collect(request)
    assert (run.ename, product.value("ran")) == ("KeyboardInterrupt", [])
    decision = product.ann.decision("Interrupt this?")
    assert (decision["outcome"], decision["reason"]) == ("cancelled", "interrupted")
    (last,) = [c["data"] for c in run.of("update_display_data")]
    assert "cancelled: interrupted" in last["text/plain"]


def test_refused(product: Product) -> None:
    """A channel that refuses the question ends it with an error that says why."""
    run = product.run('%%ask "Refused?" -c refusing\nran.append("body")')
    assert run.ename == "NotApproved"
    assert run.tracebacks[0].startswith("NotApproved: error: ")
    assert "403" in run.tracebacks[0]
    assert product.value("ran") == []


# ---- asks: lines and functions


def test_line_ask_returns_the_decision(product: Product) -> None:
    """`%ask` returns the decision, `{expr}` filled in; the cell goes on only when approved."""
    code = "table = 'users'\ndecision = %ask \"Line: drop {table}?\"\nran.append(decision.by[0])"
    assert product.answered(code, ("Line: drop users?", "lgtm")).status == "ok"
    run = product.answered(code.replace("drop", "cut"), ("Line: cut users?", "reject"))
    assert run.ename == "NotApproved"
    assert product.value("ran") == ["ann"]


def test_no_raise(product: Product) -> None:
    """With `--no-raise` a rejection is a false decision; below a cell magic that option is an error."""
    code = "decision = %ask No raise? --no-raise\nprint(bool(decision), decision.outcome, decision.reason)"
    assert product.answered(code, ("No raise?", "no: later")).stdout == "False rejected later\n"
    run = product.run("%%ask No raise here? --no-raise\nran.append(1)")
    assert (run.ename, product.value("ran")) == ("UsageError", [])
    assert "No raise here?" not in product.ann.titles


@pytest.mark.parametrize(
    "line", ["%%ask", "%%ask Q --need many", "%%ask Q --timeout soon", "%%ask Q --wrong"]
)
def test_wrong_option_of_an_ask(product: Product, line: str) -> None:
    """A wrong option is a UsageError: nothing is asked, nothing runs."""
    run = product.run(f"{line}\nran.append(1)")
    assert (run.ename, product.value("ran")) == ("UsageError", [])


def test_ask_from_python(product: Product) -> None:
    """`ask()` and `await ask_async()` do the same, also inside functions and coroutines of the user."""
    code = """\
        def f(): return nbalert.ask("From a function?", raises=False).outcome
        async def g(): return (await nbalert.ask_async("From a coroutine?")).by
        print(f(), await g(), bool(await nbalert.ask_async("At the top?", raises=False)))"""
    answers = [("From a function?", "no"), ("From a coroutine?", "yes"), ("At the top?", "no")]
    assert product.answered(code, *answers).stdout == "rejected ('ann',) False\n"
    run = product.answered("nbalert.ask('Raises?')", ("Raises?", "no"))
    assert run.tracebacks == ["NotApproved: rejected by ann"]


def test_magic_in_functions(product: Product) -> None:
    """`%ask` inside a function sees that function's names; a coroutine of the cell can hold it, too."""
    code = """\
        def f(what):
            %ask "Local {what}?"
            ran.append(what)
        async def g(what):
            %ask "Async {what}?"
            ran.append(what)
        f("cat")
        await g("dog")"""
    assert product.answered(code, ("Local cat?", "yes"), ("Async dog?", "yes")).status == "ok"
    assert product.value("ran") == ["cat", "dog"]


def test_other_tasks_run_during_an_async_ask(product: Product) -> None:
    """`ask_async` holds nobody else; cancelling its task cancels the question in the inbox."""
    code = """\
        task = asyncio.ensure_future(nbalert.ask_async("In a task?"))
        await asyncio.sleep(0)
        ran.append("meanwhile")"""
    product.must(code)
    product.ann.message("In a task?")
    product.must("task.cancel()\nprint(await asyncio.gather(task, return_exceptions=True))")
    assert product.ann.decision("In a task?")["outcome"] == "cancelled"


def test_question_mark_at_the_end_is_no_call_for_help(product: Product) -> None:
    """`%ask Drop table users?` asks, though IPython would show help on `users` and go on; `%ask?` is help."""
    lines = ("%ask {}", "decision = %ask {}", "if True:\n    %ask {}", "%ask -c inbox {}")
    for n, line in enumerate(lines):
        title = f"Drop table users{n}?"
        run = product.answered(line.format(title) + "\nran.append(1)", (title, "no"))
        assert (run.ename, product.value("ran")) == ("NotApproved", [])
    product.must("%alert All well?")
    product.ann.message("All well?")
    for line in ("%ask?", "%ask??", "%%ask?", "print('%ask it?')", "len?"):
        assert product.run(f"{line}\nran.append(1)" if "%%" not in line else line).status == "ok"
    assert product.value("ran") == [1, 1, 1, 1]


def test_two_asks_in_a_row(product: Product) -> None:
    """Two questions in one cell, and a cell with two `%%ask`: each is asked for itself."""
    code = "%ask First?\nran.append(1)\n%ask Second?\nran.append(2)"
    run = product.answered(code, ("First?", "yes"), ("Second?", "no"))
    assert (run.ename, product.value("ran")) == ("NotApproved", [1])
    code = "%%ask Third?\n%%ask Fourth?\nran.append(3)"
    assert product.answered(code, ("Third?", "yes"), ("Fourth?", "yes")).status == "ok"
    assert product.value("ran") == [1, 3]


def test_run_all_goes_on_in_order(product: Product) -> None:
    """Cells queued behind an ask keep their place, and run after the approval."""
    requests = [product.kernel.send('%%ask "Run all?"\nran.append(0)')]
    requests += [product.kernel.send(f"ran.append({n})") for n in range(1, 6)]
    product.ann.answer("Run all?", "approve").raise_for_status()
    assert [product.kernel.collect(request).status for request in requests] == ["ok"] * 6
    assert product.value("ran") == [0, 1, 2, 3, 4, 5]


def test_rerun_asks_again(product: Product) -> None:
    """An approval is used once: the same cell run again asks again."""
    code = '%%ask "Again?"\nran.append("body")'
    product.answered(code, ("Again?", "yes"))
    assert product.answered(code, ("Again?", "no")).ename == "NotApproved"
    assert product.value("ran") == ["body"]


def test_alert_tells_of_a_rejected_ask(product: Product) -> None:
    """`%%alert` over `%%ask`: the rejection is the cell's failure, and told as that in one line."""
    code = '%%alert -t "both"\n%%ask "Both?"\nran.append("body")'
    product.answered(code, ("Both?", "no"))
    message = product.ann.message("both")
    assert message["error"] == "NotApproved: rejected by ann"
    assert message["traceback"] == "NotApproved: rejected by ann"


# ---- asks: who may answer


def test_narrowed_approvers(product: Product) -> None:
    """`--approvers` narrows: who is not named is told so, and does not decide."""
    request = product.kernel.send("%%ask Only bob? -c pair --approvers bob\nran.append(1)")
    refusal = product.ann.answer("Only bob?", "yes")
    assert (refusal.status_code, refusal.json()["error"]) == (403, "you are not an approver of this question")
    product.bob.answer("Only bob?", "yes").raise_for_status()
    assert product.kernel.collect(request).status == "ok"
    assert product.value("ran") == [1]


def test_need_two(product: Product) -> None:
    """`--need 2` takes two people; one who says it twice is one."""
    request = product.kernel.send("%%ask Both of you? -c pair --need 2\nran.append(1)")
    for person, words in ((product.ann, "yes"), (product.ann, "ok"), (product.bob, "yes")):
        person.answer("Both of you?", words).raise_for_status()
    assert product.kernel.collect(request).status == "ok"
    assert product.ann.decision("Both of you?")["by"] == ["ann", "bob"]


def test_own_words(product: Product) -> None:
    """`--approve` and `--reject` replace the words; an answer in other words decides nothing."""
    code = '%%ask "Ship it?" --approve ship,go --reject "wait,not yet"\nran.append(1)'
    run = product.answered(code, ("Ship it?", "yes"), ("Ship it?", "Not yet: tests are red"))
    assert run.tracebacks == ["NotApproved: rejected by ann: tests are red"]
    assert product.answered(code, ("Ship it?", "GO")).status == "ok"
    assert product.value("ran") == [1]


# ---- asks fail closed

UNASKABLE = {
    "unknown channel": ("-c tema", "UnknownChannel", "unknown channel 'tema'"),
    "channel that cannot reply": ("-c silent", "CannotAsk", "webhook cannot bring answers"),
    "nobody may answer": ("-c nameless", "CannotAsk", "approvers is missing"),
    "more than there are": ("-c pair --need 3", "CannotAsk", "2 may answer"),
    "a stranger": ("-c pair --approvers eve", "CannotAsk", "eve may not answer"),
    "channel down": ("-c dead --timeout 0.5", "NotApproved", "expired"),
}


@pytest.mark.parametrize("case", UNASKABLE)
def test_body_does_not_run_unasked(product: Product, case: str) -> None:
    """Where the question cannot be put or answered, one line says why, and the body does not run."""
    options, ename, says = UNASKABLE[case]
    run = product.run(f'%%ask "{case}?" {options}\nran.append(1)')
    assert (run.ename, product.value("ran")) == (ename, [])
    (shown,) = run.tracebacks
    assert says in shown
    assert "\n" not in shown
    assert "nobody.knows" not in shown  # the channel's token


def test_body_does_not_run_with_broken_settings(product: Product) -> None:
    """Settings that cannot be read: the ask is refused with file and line; an alert is kept."""
    path = f"{product.client.home.settings}"
    product.must(f"saved = open({path!r}).read(); _ = open({path!r}, 'w').write('default = = 1')")
    try:
        run = product.run('%%ask "Broken?"\nran.append(1)')
        assert (run.ename, product.value("ran")) == ("SettingsError", [])
        assert path in run.tracebacks[0]
        assert "line 1" in run.tracebacks[0]
        told = product.must('%%alert -t "kept"\n1')
        assert told.stderr.count("\n") == 1
    finally:
        product.must(f"_ = open({path!r}, 'w').write(saved)")
    product.must("nbalert.post('mended').wait(10)")
    product.ann.message("kept")


def test_ask_after_unloading(product: Product) -> None:
    """With the extension unloaded `%%ask` is an unknown magic, also for a cell that was queued before."""
    first = product.kernel.send("%unload_ext nbalert")
    second = product.kernel.send('%%ask "Unloaded?"\nran.append(1)')
    assert product.kernel.collect(first).status == "ok"
    assert product.kernel.collect(second).ename == "UsageError"
    product.must("%load_ext nbalert")
    assert product.value("ran") == []
    assert "Unloaded?" not in product.ann.titles


def test_ask_without_its_transform(product: Product) -> None:
    """With half of the extension gone, `%%ask` asks all the same or runs nothing."""
    product.must("shell = get_ipython(); steps = list(shell.input_transformers_cleanup)")
    product.must("shell.input_transformers_cleanup[:] = [s for s in steps if 'nbalert' not in repr(s)]")
    run = product.run('%%ask "Half?" --timeout 0.3\nran.append(1)')
    alert = product.run('%%alert -t "half"\nran.append(2)')
    product.must("shell.input_transformers_cleanup[:] = steps")
    assert (run.status, alert.status) == ("error", "error")
    assert product.value("ran") == []


def test_ask_with_the_magic_gone(product: Product) -> None:
    """With the magic gone but the transform there, the body does not run."""
    product.must("shell = get_ipython(); magic = shell.magics_manager.magics['cell'].pop('ask')")
    run = product.run('%%ask "Gone?"\nran.append(1)')
    product.must("shell.magics_manager.magics['cell']['ask'] = magic")
    assert (run.status, product.value("ran")) == ("error", [])


def test_ask_below_other_magics(product: Product) -> None:
    """Below `%%time` and `%%capture` it is asked all the same; below what hides it, it is refused."""
    for n, magic in enumerate(("%%time", "%%capture", "%%bash"), start=1):
        run = product.answered(f'{magic}\n%%ask "Below {n}?"\nran.append({n})', (f"Below {n}?", "no"))
        assert run.ename == "NotApproved"
    product.must(
        "from IPython.core.magic import register_cell_magic\n"
        "@register_cell_magic\ndef strange(line, cell): get_ipython().run_cell(cell)"
    )
    assert product.run('%%strange\n%%ask "Hidden?"\nran.append(1)').ename == "UsageError"
    assert product.value("ran") == []


# ---- what the notebook shows


def test_widget_then_text(product: Product) -> None:
    """One display with text, HTML and widget; on the decision it is updated to text and HTML alone."""
    run = product.answered('%%ask "Seen?"\n1', ("Seen?", "yes: fine"))
    (shown,) = run.of("display_data")
    (last,) = run.of("update_display_data")
    widget = "application/vnd.jupyter.widget-view+json"
    assert set(shown["data"]) == {"text/plain", "text/html", widget}
    assert set(last["data"]) == {"text/plain", "text/html"}
    assert shown["transient"]["display_id"] == last["transient"]["display_id"]
    assert "Seen?" in last["data"]["text/plain"]
    assert "approved by ann: fine" in last["data"]["text/plain"]
    assert "Approved" in last["data"]["text/html"]
    assert "by ann: fine" in last["data"]["text/html"]
    opened = {c["comm_id"] for c in run.of("comm_open")}
    assert opened == {c["comm_id"] for c in run.of("comm_close")}  # no widget is left behind


def test_question_is_text_not_html(product: Product) -> None:
    """What the asker and the approver write stands in the page as text."""
    run = product.answered("%%ask '<img src=x>?'\n1", ("<img src=x>?", "yes: <b>bold</b>"))
    for content in [*run.of("display_data"), *run.of("update_display_data"), *run.of("comm_msg")]:
        assert "<img" not in json.dumps(content.get("data", {}).get("text/html", ""))
        assert "<img" not in str(content.get("data", {}).get("state", {}).get("value", ""))
    assert "&lt;b&gt;bold" in run.of("update_display_data")[0]["data"]["text/html"]


def test_cancel_by_a_click(product: Product) -> None:
    """Cancel is a comm message that arrives while the cell is blocked: it ends the wait, in the inbox too."""
    request = product.kernel.send('%%ask "Click cancel?"\nran.append(1)')
    product.ann.message("Click cancel?")
    product.kernel.tell("comm_msg", {"comm_id": button_of(product.kernel), "data": CLICK})
    run = product.kernel.collect(request)
    assert run.tracebacks == ["NotApproved: cancelled: cancelled in the notebook"]
    assert product.value("ran") == []
    assert product.ann.decision("Click cancel?")["outcome"] == "cancelled"


def test_plain_wait(product: Product) -> None:
    """Where ipykernel lacks a private name the ask works by a plain wait, and shows no button."""
    code = """\
        kernel = get_ipython().kernel
        hidden = kernel.__dict__.pop("shell_handlers")
        try: nbalert.ask("Plain?")
        finally: kernel.shell_handlers = hidden
        ran.append(1)"""
    run = product.answered(code, ("Plain?", "yes"))
    assert (run.status, product.value("ran")) == ("ok", [1])
    models = {c["data"]["state"].get("_model_name") for c in run.of("comm_open")}
    assert "HTMLModel" in models
    assert "ButtonModel" not in models


CLICK = {"method": "custom", "content": {"event": "click"}}


def button_of(kernel: Kernel) -> str:
    """Comm of the button that the blocked cell shows."""

    def is_button(message: dict[str, Any]) -> bool:
        state = message["content"].get("data", {}).get("state", {})
        return bool(state) and state.get("_model_name") == "ButtonModel"

    return str(kernel.published_until(is_button)[-1]["content"]["comm_id"])


# ---- loading and unloading

HEAVY = ("httpx", "pydantic", "ipywidgets", "tornado")

PICTURE = """
def picture():
    shell = get_ipython()
    return {
        "events": {name: [repr(c) for c in cs] for name, cs in shell.events.callbacks.items()},
        "cleanup": [repr(t) for t in shell.input_transformers_cleanup],
        "post": [repr(t) for t in shell.input_transformers_post],
        "tokens": [repr(t) for t in shell.input_transformer_manager.token_transformers],
        "ast": [repr(t) for t in shell.ast_transformers],
        "magics": {kind: sorted(names) for kind, names in shell.magics_manager.magics.items()},
        "registry": sorted(shell.magics_manager.registry),
        "display": [repr(h) for h in getattr(shell.display_pub, "_hooks", [])],
        "instance": sorted(name for name in vars(shell) if not name.startswith("_")),
    }
"""


def test_loading_is_light_and_unloading_complete(start_kernel: StartKernel) -> None:
    """`%load_ext` imports nothing heavy, twice reloaded hooks once, and `%unload_ext` leaves nothing."""
    kernel = start_kernel()
    kernel.run("%unload_ext none_such")  # IPython itself makes its magics for extensions at their first use
    kernel.run(f"import sys, json\n{PICTURE}\nempty = picture()")
    heavy = f"[m for m in sys.modules if m.partition('.')[0] in {HEAVY}]"
    kernel.run(f"before = set({heavy})")
    assert kernel.run("%load_ext nbalert").status == "ok"
    assert kernel.run(f"print(sorted(set({heavy}) - before))").stdout == "[]\n"
    assert kernel.run("%%alert --on failure\n1").status == "ok"
    kernel.run("count = lambda: [len(x) for x in (*picture()['events'].values(), picture()['cleanup'])]")
    kernel.run("once = count()")
    kernel.run("%reload_ext nbalert")
    kernel.run("%reload_ext nbalert")
    assert kernel.run("print(count() == once)").stdout == "True\n"
    kernel.run("%unload_ext nbalert")
    assert kernel.run("now = picture()\nprint([k for k in now if now[k] != empty[k]])").stdout == "[]\n"
    kernel.run("%load_ext nbalert")
    assert kernel.run("print(count() == once)").stdout == "True\n"


def test_plain_cells_import_nothing_either(start_kernel: StartKernel) -> None:
    """Cells without a magic bring nothing heavy, and start no courier."""
    kernel = start_kernel()
    kernel.run(f"import sys; before = {{m for m in sys.modules if m.partition('.')[0] in {HEAVY}}}")
    kernel.run("%load_ext nbalert")
    kernel.run("1 + 1")
    new = f"{{m for m in sys.modules if m.partition('.')[0] in {HEAVY}}} - before"
    assert kernel.run(f"print({new})").stdout == "set()\n"
    threads = "import threading; print([t.name for t in threading.enumerate() if 'nbalert' in t.name])"
    assert kernel.run(threads).stdout == "[]\n"
