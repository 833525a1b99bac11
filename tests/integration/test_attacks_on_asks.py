"""What would let other code run than was approved, or another run use an approval: tried in real kernels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nbalert.history import exported, faults
from nbalert.question import sha256_of
from tests.integration.test_magics_in_kernels import Product
from tests.kernels import Run
from tests.processes import wait_until


@pytest.fixture(scope="module")
def pool() -> Iterator[dict[str, Product]]:
    """One product an interpreter, shared by the tests of this file."""
    products: dict[str, Product] = {}
    yield products
    for product in products.values():
        product.close()


@pytest.fixture
def product(
    kernel_python: str, pool: dict[str, Product], tmp_path_factory: pytest.TempPathFactory
) -> Product:
    """The shared product, in its first state."""
    if kernel_python not in pool:
        pool[kernel_python] = Product(kernel_python, tmp_path_factory.mktemp("product"), "")
    pool[kernel_python].must("ran = []")
    return pool[kernel_python]


EXTENSION = """
import ast
class Swap(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant("drop"), node) if node.value == "keep" else node
def swap(lines):
    return [line if "run_cell_magic" in line else line.replace("'keep'", "'drop'") for line in lines]
shell = get_ipython()
"""


@pytest.mark.parametrize(
    "kind", ["input_transformers_post", "input_transformers_cleanup", "ast_transformers"]
)
def test_another_extension_that_came_later(product: Product, kind: str) -> None:
    """It changes the body: nothing is asked and nothing runs; one line names it. Without it the cell asks."""
    what = "Swap()" if kind == "ast_transformers" else "swap"
    title = f"Keep with {kind}?"
    cell = f"%%ask '{title}'\nran.append('keep')"
    product.must(EXTENSION + f"other = {what}; shell.{kind}.append(other)")
    try:
        run = product.run(cell)
        assert (run.ename, product.value("ran")) == ("CannotAsk", [])
        (shown,) = run.tracebacks
        assert "what is about to run is not the code that was asked about: look at __main__." in shown
        assert title not in product.ann.titles
    finally:
        product.must(f"shell.{kind}.remove(other)")
    assert product.answered(cell, (title, "yes")).status == "ok"
    assert product.value("ran") == ["keep"]


def test_another_extension_that_comes_while_it_waits(product: Product) -> None:
    """The body of `%%time` is transformed when it runs: it was approved as written, and does not run."""
    product.must(
        EXTENSION
        + """
import threading, time
from nbalert.process import client
def come():
    while not client()._questions:
        time.sleep(0.01)
    shell.input_transformers_post.append(swap)
threading.Thread(target=come).start()
"""
    )
    try:
        run = product.answered("%%ask 'Timed?'\n%%time\nran.append('keep')", ("Timed?", "yes"))
    finally:
        product.must("shell.input_transformers_post.remove(swap)")
    assert (run.ename, product.value("ran")) == ("NotApproved", [])
    assert "approved, but what is about to run is not the code that was asked about" in run.tracebacks[0]
    wait_until(lambda: outcomes(product)[-1:] == ["did not run: it was altered"])


def test_an_edited_cell_that_is_sent_again(product: Product) -> None:
    """It is another run: an approval of the first is none of the second, which asks with its own hash."""
    first, second = "ran.append('first')", "ran.append('second')"
    requests = [product.kernel.send(f"%%ask 'Run it?'\n{body}") for body in (first, second)]
    hashes: list[str] = []
    for answer in ("yes", "no"):
        hashes.append(wait_for_another(product, hashes))
        product.ann.answer("Run it?", answer).raise_for_status()
    runs = [product.kernel.collect(request) for request in requests]
    assert [run.status for run in runs] == ["ok", "error"]
    assert product.value("ran") == ["first"]
    assert hashes == [sha256_of(f"{first}\n"), sha256_of(f"{second}\n")]


def test_an_interrupt_in_the_same_instant(product: Product) -> None:
    """The approval and the interrupt come together: the body does not run, and the record says so."""
    armed = product.client.home.root / "armed"
    product.must(
        f"""
        import os, pathlib, signal, threading, time
        from nbalert.process import client
        def strike():
            while not client()._questions:
                time.sleep(0.01)
            (pending,) = client()._questions.values()
            pending.decided.add_done_callback(lambda _: os.kill(os.getpid(), signal.SIGINT))
            pathlib.Path({str(armed)!r}).touch()
        threading.Thread(target=strike).start()
        """
    )
    request = product.kernel.send("%%ask 'Both at once?'\nran.append(1)")
    wait_until(armed.exists)
    product.ann.answer("Both at once?", "yes").raise_for_status()
    run = product.kernel.collect(request)
    assert (run.ename, product.value("ran")) == ("KeyboardInterrupt", [])
    wait_until(lambda: outcomes(product)[-1].startswith("did not run"))


def test_a_second_kernel_uses_no_approval_of_the_first(product: Product) -> None:
    """It knows question, run and code, and is refused; the run that asked may use it, once for this code."""
    product.must(
        """
        from nbalert.asking import put
        from nbalert.terms import Terms
        asked = put("Whose?", Terms(), "x = 1")
        """
    )
    product.ann.answer("Whose?", "yes").raise_for_status()
    frame = {
        "do": "consume",
        "question": product.value("asked.question.id"),
        "run": product.value("asked.question.run"),
        "code_sha256": sha256_of("x = 1"),
    }
    product.must("decision = asked.pending.decided.result(20)")
    assert product.client.request(frame) is False
    product.must("asked._code = 'x = 2'")
    assert product.value("asked.settle(decision).sentence").startswith("error: the approval was already used")
    product.must("asked._code = 'x = 1'")
    assert product.value("bool(asked.settle(decision))") is True


def test_how_an_approved_cell_ended_is_on_record(product: Product) -> None:
    """`ok`, or the type of what it raised, for `%%ask` and for the cell of an `%ask`; the trail is whole."""
    before = len(outcomes(product))
    product.answered("%%ask 'Good?'\npass", ("Good?", "yes"))
    product.answered("%%ask 'Bad?'\n1/0", ("Bad?", "yes"))
    product.answered("x = %ask 'Line?'\nint('s3cret')", ("Line?", "yes"))
    product.answered("x = %ask 'Not?' --no-raise", ("Not?", "no"))
    wait_until(lambda: len(outcomes(product)) == before + 3)
    assert outcomes(product)[before:] == ["ok", "ZeroDivisionError", "ValueError"]
    assert faults(product.client) == []


def test_choices_for_a_body(product: Product) -> None:
    """`--into` hands the decision to the body; what is no choice decides nothing."""
    cell = "%%ask 'Which?' --choices blue,green --into chosen\nran.append(chosen.answer)"
    product.answered(cell, ("Which?", "yes"), ("Which?", "GREEN: it is warm"))
    assert product.value("ran") == ["green"]


def test_values_are_those_of_asking(product: Product) -> None:
    """`{expr}` is filled in once, and what it brings can neither begin a line nor turn one round."""
    product.must("name = 'users\\n\\u202eapprove'")
    shown = "Drop users⟦\\x0a⟧⟦\\u202e⟧approve?"
    request = product.kernel.send('%%ask "Drop {name}?"\nran.append(1)')
    product.ann.answer(shown, "no").raise_for_status()
    assert product.kernel.collect(request).ename == "NotApproved"


def test_a_value_is_no_option(product: Product) -> None:
    """What `{expr}` brings stays text: it neither lowers what is needed nor ends a quote."""
    product.must("""name = 'x" --need 1 "' """)
    request = product.kernel.send('%ask --need 2 "Drop {name}?"\nran.append(1)')
    view = product.ann.until(lambda view: "Drop x" in view["message"]["title"])["message"]
    assert (view["title"], view["question"]["policy"]["need"]) == ('Drop x" --need 1 "?', 2)
    product.ann.answer(view["title"], "no").raise_for_status()
    assert product.kernel.collect(request).ename == "NotApproved"
    run = product.run("name = '--need=1'\n%ask {name} Drop it? --need 2")
    assert "begins with a minus sign" in run.reply["content"]["evalue"]


def test_a_waiting_cell_is_heard_of(product: Product) -> None:
    """With `keep_alive` something is published while it waits, and nothing of it stands in the page."""
    run: Run = product.must(
        "import time\nfrom nbalert.keep_alive import heard_of\n"
        "with heard_of(is_on=True, every_s=0.05): time.sleep(0.5)"
    )
    assert len(run.of("update_display_data")) + _others(product) > 0
    assert run.of("display_data") == []


def _others(product: Product) -> int:
    """Updates that name no cell: they came from another thread."""
    count = 0
    while (message := product.kernel.published(0.2)) is not None:
        count += message["header"]["msg_type"] == "update_display_data"
    return count


def wait_for_another(product: Product, known: list[str]) -> str:
    """The hash of the code of the question that waits, once it is none of the known ones."""

    def found() -> list[str]:
        hashes = (view["message"]["question"]["code_sha256"] for view in product.ann.open())
        return [one for one in hashes if one not in known]

    wait_until(lambda: bool(found()))
    return found()[0]


def outcomes(product: Product) -> list[Any]:
    """How bodies ended, as the trail has it."""
    return [e["outcome"] for e in exported(product.client)["trail"] if e["kind"] == "outcome"]
