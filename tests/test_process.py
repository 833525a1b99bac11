from __future__ import annotations

import time

import pytest

import nbalert
from nbalert.home import Home
from nbalert.process import client, finish, notebook_path
from tests.chat_servers.webhook import HANG, Webhook
from tests.processes import Script, settings_file, webhook_table

POST = "import nbalert\nnbalert.post('x', channel='ci')\n"


def test_a_script_s_message_leaves_before_it_ends(home: Home) -> None:
    """Without a word about waiting."""
    with Webhook() as server:
        settings_file(home.root, webhook_table("ci", server.url))
        with Script(POST, env={"NBALERT_EXIT_WAIT": "30"}) as script:
            assert script.end() == 0
            assert script.stderr == ""
        assert server.titles == ["x"]


def test_the_end_waits_as_long_as_it_is_told(home: Home) -> None:
    """And says what is left; the exit status is the script's own."""
    with Webhook() as server:
        server.always(HANG)
        settings_file(home.root, "exit_wait = 0.5\n" + webhook_table("ci", server.url))
        with Script(POST + "raise SystemExit(7)", env={"NBALERT_EXIT_WAIT": "0.3"}) as script:
            assert script.end() == 7
            assert "1 alert(s) still on the way, and kept" in script.stderr


def test_a_post_in_the_last_moment(home: Home) -> None:
    """An exit handler of the user's may post, when no thread starts any more: the next process sends."""
    code = "import atexit, nbalert\natexit.register(lambda: print(bool(nbalert.post('last', channel='ci'))))"
    with Webhook() as server:
        settings_file(home.root, webhook_table("ci", server.url))
        with Script(code) as script:
            assert script.line() == "True"
            assert script.end() == 0
            assert "Traceback" not in script.stderr
        client().request({"do": "status"})
        server.until(lambda s: s.titles == ["last"])


def test_a_fork_in_the_middle(home: Home) -> None:
    """Parent and child both post, each by itself; the child's end does not end the parent's courier."""
    code = """
import nbalert, os
nbalert.post("before", channel="ci").wait()
child = os.fork()
nbalert.post("child" if child == 0 else "parent", channel="ci").wait()
if child == 0:
    from nbalert.process import finish
    finish()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
nbalert.post("after", channel="ci").wait()
print("done")
"""
    with Webhook() as server:
        settings_file(home.root, webhook_table("ci", server.url))
        with Script(code) as script:
            assert script.line() == "done"
            assert script.end() == 0
        titles = [request.title for request in server.accepted]
    assert sorted(titles) == ["after", "before", "child", "parent"]
    assert (titles[0], titles[-1]) == ("before", "after")


def test_a_pool_of_workers(home: Home) -> None:
    """Workers of multiprocessing post, however they are started, and all arrives."""
    code = """
import multiprocessing, sys
import nbalert
def work(n):
    return bool(nbalert.post(str(n), channel="ci").wait())
if __name__ == "__main__":
    nbalert.post("start", channel="ci").wait()
    with multiprocessing.get_context("fork").Pool(3) as pool:
        print(all(pool.map(work, range(9))))
"""
    with Webhook() as server:
        settings_file(home.root, webhook_table("ci", server.url))
        with Script(code) as script:
            assert script.line() == "True"
        assert sorted(server.titles) == [*map(str, range(9)), "start"]


def test_after_the_end_it_begins_anew(home: Home) -> None:
    """A finished client is replaced by the next call."""
    first = client()
    nbalert.post("x").wait()
    began = time.monotonic()
    finish()
    finish()
    assert time.monotonic() - began < 2
    assert client() is not first
    nbalert.post("y").wait()


@pytest.mark.parametrize(
    ("session", "is_one"), [("/a/b.ipynb", True), ("b.ipynb", False), ("/a/b.py", False), ("", False)]
)
def test_the_notebook(session: str, is_one: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """An absolute path to a notebook is one; what a front end calls a console is not."""
    monkeypatch.setenv("JPY_SESSION_NAME", session)
    assert notebook_path() == (session if is_one else "")


def test_a_thread_that_outlives_the_main_one(detached: Home) -> None:
    """A script whose main thread has ended alerts all the same; no courier in it could: thread pools rest."""
    code = (
        "import nbalert, threading\n"
        "main = threading.current_thread()\n"
        "def late():\n"
        "    main.join()\n"
        "    print(len(nbalert.post('late', channel='inbox').wait(20)))\n"
        "threading.Thread(target=late).start()\n"
    )
    with Script(code) as script:
        assert script.line() == "1"
        assert script.end() == 0
