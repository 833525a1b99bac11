"""The cells whose behaviour must not change, by group: what people write, and what has once been broken.

`%%alert HERE` stands where the line goes if not on top; without nbalert it is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cell:
    """A cell, or several that belong together.

    Args:
        codes: Run one after the other.
        is_together: All are sent at once, as Run All does.
        answers: What is typed into its `input()`.
        options: Of the execute request.
    """

    codes: tuple[str, ...]
    is_together: bool = False
    answers: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


def one(code: str, *answers: str, **options: Any) -> Cell:
    """A cell."""
    return Cell((code,), answers=answers, options=options)


def row(*codes: str, together: bool = False) -> Cell:
    """Cells in a row."""
    return Cell(codes, is_together=together)


def _all(**codes: str | Cell) -> dict[str, Cell]:
    return {
        name.replace("_", " "): one(code) if isinstance(code, str) else code for name, code in codes.items()
    }


BAD = "class Bad:\n    def __repr__(self):\n        raise ValueError('r')\n"
HTML = "class Html:\n    def _repr_html_(self): return '<b>x</b>'\n    def __repr__(self): return 'x'\n"
BAD_HTML = "class Half:\n    def __repr__(self): return 'half'\n    def _repr_html_(self):\n        raise ValueError('h')\n"
OWN = "class Own(Exception):\n    def _render_traceback_(self): return ['one line']\nraise Own"
THREAD = "import threading\nt = threading.Thread(target=print, args=['from a thread'])\nt.start(); t.join()"
LATER = """import threading
go, done = threading.Event(), threading.Event()
def later():
    go.wait(30); print('late'); done.set()
threading.Thread(target=later).start()"""
BAR = "bar_format='{desc}{bar}{n_fmt}/{total_fmt}', ncols=40, mininterval=0, miniters=1"
LONG_CELL = "\n".join(f"a{i} = {i}" for i in range(60))
CHAINED = "def f():\n    raise KeyError('k')\ntry:\n    f()\nexcept KeyError as e:\n    raise ValueError('v') from e"

GROUPS: dict[str, dict[str, Cell]] = {
    "expressions": _all(
        value="5",
        value_after_statements="x = 5\nx",
        silenced="5;",
        none="None",
        assignment="x = 5",
        string="'text'",
        long_list="list(range(2000))",
        nested="{'a': [1, {'b': (2,)}] * 20}",
        several_statements="1; 2; 3",
        walrus="(y := 3)",
        lambda_call="(lambda a: a * 2)(4)",
        comprehension="[i ** 2 for i in range(5)]",
        last_in_a_block="if True:\n    7",
        last_is_a_call="print('p')",
        ellipsis="x = ...\nx",
        only_pass="pass",
        underscore=row("41 + 1", "_ + 1", "__, _"),
        out_by_number=row("'kept'", "n = max(Out)\nOut[n], n in Out"),
        class_definition="class A:\n    def f(self): return 1\nA().f()",
        decorator="import functools\n@functools.cache\ndef f(x): return x\nf(3)",
        docstring_first="'''doc'''\nx = 1\nx",
        future_import="from __future__ import annotations\ndef f(x: Nope) -> Nada: ...\nf.__annotations__",
        docstring_and_future="'''doc'''\nfrom __future__ import annotations\n1",
        names="sorted(n for n in globals() if not n.startswith('_'))",
        own_source="def f():\n    return 'source'\nimport inspect\nprint(inspect.getsource(f))",
        many_lines=f"{LONG_CELL}\na59",
        line_continuation="x = 1 + \\\n    2\nx",
        global_statement="def f():\n    global g\n    g = 3\nf()\ng",
        generator="g = (i for i in range(3))\nnext(g), list(g)",
        kept_between_cells=row("k = 1", "k += 1", "k"),
        interactivity_all="get_ipython().ast_node_interactivity = 'all'\n1",
    ),
    "displays": _all(
        display="display(1)\ndisplay('two', 'three')\n4",
        html=f"{HTML}Html()",
        display_html="from IPython.display import HTML\ndisplay(HTML('<i>x</i>'))",
        markdown="from IPython.display import Markdown\nMarkdown('# *x*')",
        latex="from IPython.display import Latex, Math\ndisplay(Latex('$x$'))\nMath('x^2')",
        json="from IPython.display import JSON\nJSON({'a': [1]})",
        svg="from IPython.display import SVG\nSVG('<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>')",
        image_bytes="from IPython.display import Image\nImage(b'\\x89PNG\\r\\n\\x1a\\n' + b'0' * 32, format='png')",
        raw="display({'text/plain': 'p', 'text/x-own': 'o'}, raw=True, metadata={'a': 1})",
        update="h = display('one', display_id='d')\nh.update('two')",
        made_id="h = display('one', display_id=True)\nh.update('two')\nh.update('three')",
        update_in_the_next_cell=row("h = display('one', display_id='e')", "h.update('two')"),
        clear="from IPython.display import clear_output\nprint('a')\nclear_output()\nprint('b')",
        clear_and_wait="from IPython.display import clear_output\nfor i in range(3):\n"
        "    clear_output(wait=True)\n    print(i)",
        between_prints="print('a')\ndisplay(1)\nprint('b')\ndisplay(2)\nprint('c')",
        dataframe="import pandas as pd\npd.DataFrame({'a': [1, 2], 'b': ['x', None]})",
        series_and_frame="import pandas as pd\ndisplay(pd.Series([1, 2]))\npd.DataFrame({'a': range(200)})",
        mimebundle="class M:\n    def _repr_mimebundle_(self, include=None, exclude=None):\n"
        "        return {'text/plain': 'm', 'text/html': '<m>'}, {'text/html': {'isolated': True}}\nM()",
        stateful_repr="class N:\n    n = 0\n    def __repr__(self):\n        N.n += 1\n"
        "        return str(N.n)\nN()",
        ipython_display="class D:\n    def _ipython_display_(self): print('own way')\nD()",
        display_of_thirty="for i in range(30): display(i)",
        pretty="class P:\n    def _repr_pretty_(self, p, cycle): p.text('pretty')\n[P(), P()]",
        javascript="from IPython.display import Javascript\nJavascript('1')",
        audio_and_frame="from IPython.display import IFrame\nIFrame('about:blank', 10, 10)",
    ),
    "figures": _all(
        plot="import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        plot_with_value="import matplotlib.pyplot as plt\nplt.plot([1, 2])\n3",
        show="import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\nprint('after')",
        two_figures="import matplotlib.pyplot as plt\nplt.figure(); plt.plot([1])\nplt.figure(); plt.plot([2]);",
        figure_as_value="import matplotlib.pyplot as plt\nf, a = plt.subplots()\nplt.close(f)\nf",
        figure_and_error="import matplotlib.pyplot as plt\nplt.plot([1])\n1/0",
        open_figure_next_cell=row("import matplotlib.pyplot as plt\nf = plt.figure()", "plt.plot([3]);"),
        inline_magic="%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 3]);",
    ),
    "progress bars": _all(
        bar=f"from tqdm import tqdm\nfor i in tqdm(range(5), {BAR}): pass",
        trange=f"from tqdm import trange\nfor i in trange(3, {BAR}): pass\n'end'",
        with_writes=f"from tqdm import tqdm\nfor i in tqdm(range(3), {BAR}): tqdm.write(str(i))",
        on_stdout=f"import sys\nfrom tqdm import tqdm\nfor i in tqdm(range(3), file=sys.stdout, {BAR}): pass",
        notebook_bar="from tqdm.notebook import tqdm\nfor i in tqdm(range(3), mininterval=0,\n"
        "        bar_format='{l_bar}{bar}{n_fmt}'): pass",
        carriage_returns="for i in range(9): print(f'\\r{i}', end='')\nprint()",
        broken_off=f"from tqdm import tqdm\nfor i in tqdm(range(5), {BAR}):\n    if i == 2: raise OSError(i)",
    ),
    "widgets": _all(
        slider="import ipywidgets as w\nw.IntSlider(3)",
        displayed_box="import ipywidgets as w\ndisplay(w.VBox([w.HTML('a'), w.Button(description='b')]))",
        changed="import ipywidgets as w\ns = w.IntText(1)\ndisplay(s)\ns.value = 5",
        observed="import ipywidgets as w\ns = w.IntText(1)\ns.observe(lambda c: print(c['new']), 'value')\ns.value = 2",
        output_widget="import ipywidgets as w\no = w.Output()\ndisplay(o)\nwith o:\n    print('inside')\n    display(1)\n"
        "print('outside')",
        output_widget_error="import ipywidgets as w\no = w.Output()\nwith o:\n    1/0\nprint('goes on')",
        interact="from ipywidgets import interact\ninteract(lambda a: print(a), a=3);",
        closed="import ipywidgets as w\ns = w.Text('a')\ndisplay(s)\ns.close()",
        comm="from comm import create_comm\nc = create_comm('target', data={'a': 1})\nc.send({'b': 2})\nc.close()",
    ),
    "stacked": _all(
        time_below="%%time\n3",
        time_above="%%time\n%%alert HERE\n3",
        time_error_below="%%time\n1/0",
        time_error_above="%%time\n%%alert HERE\n1/0",
        timeit_below="%%timeit -n1 -r1\nx = 1",
        timeit_above="%%timeit -n1 -r1\n%%alert HERE\nx = 1",
        prun_below="%%prun -q\nsum([1])",
        prun_above="%%prun -q\n%%alert HERE\nsum([1])",
        capture_below="%%capture out\nprint('a')\ndisplay(1)\n2",
        capture_above="%%capture out\n%%alert HERE\nprint('a')\n2",
        captured=row("%%capture out\nprint('a')\ndisplay(1)\n2", "out.show()\nout.stdout, len(out.outputs)"),
        capture_error="%%capture out\n1/0",
        capture_without_a_name="%%capture\nprint('gone')",
        capture_time="%%capture out\n%%time\nprint(1)",
        time_capture="%%time\n%%capture out\n%%alert HERE\nprint(1)",
        blank_lines_over_a_magic="\n\n%%time\n4",
        blank_lines_between="%%time\n\n\n%%alert HERE\n\n4",
        comment_over_a_magic="# why\n%%time\n4",
        comment_below="%%time\n# why\n4",
        unknown="%%nosuch\nx",
        wrong_option="%%timeit --nosuch\nx",
        without_body="%%time",
        help="%%time?",
    ),
    "other languages": _all(
        bash="%%bash\necho out; echo err >&2",
        bash_above="%%bash\n%%alert HERE\necho out",
        bash_fails="%%bash\necho before\nexit 3",
        bash_may_fail="%%bash --no-raise-error\nexit 3",
        bash_into="%%bash --out o\necho kept",
        sh_heredoc="%%sh\ncat <<X\n  a\n\tb\nX",
        script="%%script cat\n%%not a magic\n# text",
        python="%%python3\nprint('other')",
        sx="%%sx\necho a\necho b",
        html="%%html\n<b>bold</b>\n\n<!-- x -->",
        markdown="%%markdown\n# head\n\n- `x`",
        latex="%%latex\n$x$",
        svg='%%svg\n<svg xmlns="http://www.w3.org/2000/svg"></svg>',
        javascript="%%javascript\nconsole.log(1)",
        writefile=row("%%writefile made.txt\n  a\n\n# b", "print(open('made.txt').read())"),
        writefile_appends="%%writefile -a log.txt\nline",
        shell_line="!echo shell",
        shell_twice="!!echo listed",
        shell_value="v = !echo value\nv",
        shell_expands="x = 'expanded'\n!echo $x {x.upper()}",
        shell_fails="!exit 4\n_exit_code",
        own_cell_magic="from IPython.core.magic import register_cell_magic\n@register_cell_magic\n"
        "def shout(line, cell): print(line, cell.upper())\n",
        own_cell_magic_used=row(
            "get_ipython().register_magic_function(lambda l, c: print(repr((l, c))), 'cell', 'echo')",
            "%%echo a b\n  body\n\nend\n",
        ),
    ),
    "nested": _all(
        run_cell="get_ipython().run_cell('8');",
        run_cell_value="r = get_ipython().run_cell('8')\nr.result, r.success",
        run_cell_fails="r = get_ipython().run_cell('1/0')\nr.success",
        run_cell_empty="get_ipython().run_cell('');",
        run_cell_syntax="get_ipython().run_cell('def f(:');",
        run_cell_magic="get_ipython().run_cell_magic('time', '', 'print(1)')",
        rerun=row("'again'", "%rerun -l 1"),
        rerun_error=row("1/0", "%rerun -l 1"),
        run_script=row("open('good.py', 'w').write('print(__name__)\\nval = 3')", "%run good.py\nval"),
        run_interactive=row("open('i.py', 'w').write('print(k)')", "k = 4\n%run -i i.py"),
        run_failing=row("open('bad.py', 'w').write('def f():\\n    1/0\\nf()')", "%run bad.py"),
        run_exiting=row("open('x.py', 'w').write('import sys; sys.exit(2)')", "%run x.py"),
        run_absent="%run absent.py",
        run_ipython_script=row("open('m.ipy', 'w').write('%time 1\\nprint(2)')", "%run m.ipy"),
        exec_and_eval="exec('z = 1\\nprint(z)')\neval('z + 1')",
        exec_error="exec('1/0')",
        load=row("open('l.py', 'w').write('q = 1')", "%load l.py"),
        macro="%macro -q none 1-1",
        subprocess="import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'print(1)'], "
        "capture_output=True, text=True).stdout",
        fork="import os\npid = os.fork()\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0)[1]",
        multiprocessing="import multiprocessing as mp\nwith mp.get_context('fork').Pool(1) as p: v = p.map(abs, [-1])\nv",
    ),
    "async": _all(
        awaited="import asyncio\nawait asyncio.sleep(0)\n7",
        awaited_value="import asyncio\nawait asyncio.sleep(0, 'result')",
        error_behind_await="import asyncio\nawait asyncio.sleep(0)\n1/0",
        async_for="async def g():\n    for i in range(3): yield i\nasync for i in g(): print(i)",
        async_with="import contextlib\n@contextlib.asynccontextmanager\nasync def c(): yield 5\n"
        "async with c() as v: print(v)",
        gathered="import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    print(x)\n    return x\n"
        "await asyncio.gather(f(1), f(2))",
        future_and_await="from __future__ import annotations\nimport asyncio\nawait asyncio.sleep(0)\n4",
        task_goes_on=row(
            "import asyncio\ne = asyncio.Event()\nasync def f():\n    await e.wait(); print('task')\n    return 1\n"
            "t = asyncio.ensure_future(f())",
            "e.set()\nawait t",
        ),
        task_fails="import asyncio\nasync def f():\n    raise OSError('in a task')\nawait asyncio.create_task(f())",
        loop_is_running="import asyncio\nc = asyncio.sleep(0)\ntry: asyncio.run(c)\nfinally: c.close()",
        cancelled="import asyncio\nraise asyncio.CancelledError",
        timeout="import asyncio\nasync with asyncio.timeout(0.01): await asyncio.sleep(5)",
        to_thread="import asyncio\nawait asyncio.to_thread(print, 'worker')",
        await_in_time="%%time\nimport asyncio\nawait asyncio.sleep(0)\n1",
        contextvar=row(
            "import contextvars\nv = contextvars.ContextVar('v', default=0)\nv.set(1);", "v.get()"
        ),
        autoawait_off=row("%autoawait False", "await f()", "%autoawait True"),
        async_comprehension="async def g():\n    for i in range(3): yield i\n[i async for i in g()]",
    ),
    "threads": _all(
        joined=THREAD,
        prints_after_the_cell=row(LATER, "go.set()\ndone.wait(30);"),
        stderr="import sys, threading\nt = threading.Thread(target=print, args=['e'], kwargs={'file': sys.stderr})\n"
        "t.start(); t.join()",
        pool="from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(1) as p:\n"
        "    print(*p.map(str, range(3)))",
        uncaught="import threading\nt = threading.Thread(target=lambda: 1/0, name='T')\nt.start(); t.join()",
        displays="import threading\nt = threading.Thread(target=display, args=[1])\nt.start(); t.join()",
        names="import threading\n[t.name for t in threading.enumerate() if t.name.startswith('User')]",
        timer="import threading\nt = threading.Timer(0.01, print, ['tick'])\nt.start(); t.join()",
    ),
    "errors": _all(
        zero="1/0",
        in_a_block="if True:\n    raise KeyError('a')",
        in_a_function="def f(n):\n    return 1 / n\n\ndef g():\n    return f(0)\n\ng()",
        in_a_library="import json\njson.loads('{')",
        in_a_long_cell=f"{LONG_CELL}\nraise ValueError(a59)\n{LONG_CELL}",
        chained=CHAINED,
        during="try:\n    1/0\nexcept ZeroDivisionError:\n    {}['k']",
        suppressed="try:\n    1/0\nexcept ZeroDivisionError:\n    raise OSError('o') from None",
        group="raise ExceptionGroup('g', [ValueError(1), TypeError('t')])",
        notes="e = ValueError('v')\ne.add_note('a note')\nraise e",
        own_rendering=OWN,
        false_exception="class Empty(Exception):\n    def __bool__(self): return False\nraise Empty",
        unprintable="class U(Exception):\n    def __str__(self):\n        raise RuntimeError('s')\nraise U",
        long_message="raise ValueError('x' * 5000)",
        unicode_message="raise ValueError('ä∂ 😀')",
        recursion="def f(n): return f(n - 1) if n else 1 / 0\nf(12)",
        syntax="def f(:",
        syntax_later="x = 1\ny = 2\nif x\n    y",
        incomplete="x = (",
        unterminated="s = '''abc",
        bad_indent="x = 1\n  x",
        bad_tabs="if 1:\n\tx = 1\n        y = 2",
        return_outside="return 1",
        yield_outside="yield 1",
        break_outside="break",
        unknown_name="nope",
        unknown_import="import nosuchmodule",
        unknown_line_magic="%nosuch",
        usage_error="%cd --nosuch absent",
        repr=f"{BAD}Bad()",
        repr_in_a_list=f"{BAD}[Bad()]",
        repr_displayed=f"{BAD}display(Bad())\n4",
        repr_html=f"{BAD_HTML}Half()",
        repr_twice=f"{BAD}display(Bad())\nBad()",
        exit="import sys\nsys.exit()",
        exit_code="import sys\nsys.exit(3)",
        exit_text="import sys\nsys.exit('bye')",
        exit_raised="raise SystemExit",
        interrupt="raise KeyboardInterrupt",
        generator_exit="raise GeneratorExit",
        bare_base="class B(BaseException): pass\nraise B('b')",
        deleted="x = 1\ndel x\nx",
        assertion="assert 1 == 2, 'not equal'",
        caught="import traceback\ntry:\n    1/0\nexcept Exception:\n    traceback.print_exc()",
        shown_by_hand="try:\n    1/0\nexcept Exception:\n    get_ipython().showtraceback()",
        custom_handler="def h(shell, kind, error, tb, tb_offset=None): print('handled', kind.__name__)\n"
        "get_ipython().set_custom_exc((OSError,), h)\nraise OSError('o')",
        xmode=row("%xmode Minimal", "1/0", "%xmode Context"),
        plain=row("%xmode Plain", "def f(): 1/0\nf()", "%xmode Context"),
        verbose=row("%xmode Verbose", "def f(a): 1/0\nf(3)", "%xmode Context"),
        tb_again=row("1/0", "%tb"),
        excepthook="import sys\nsys.excepthook is sys.__excepthook__",
    ),
    "run all": _all(
        all_well=row("r = 1", "r += 1", "r", together=True),
        one_fails=row("print('a')", "1/0", "print('never')", "'never'", together=True),
        syntax_error_first=row("def f(:", "1", together=True),
        exit_in_the_midst=row("1", "raise SystemExit", "2", together=True),
        unknown_magic=row("%%nosuch\nx", "1", together=True),
        repr_fails=row(f"{BAD}Bad()", "1", together=True),
        raised_by_a_tag=row("raise ValueError", "2", "3", together=True),
    ),
    "streams": _all(
        print="print('a')\nprint('b', end='')",
        stderr="import sys\nprint('e', file=sys.stderr)",
        both="import sys\nprint('a', flush=True)\nprint('b', file=sys.stderr, flush=True)\nprint('c')",
        written="import sys\nsys.stdout.write('w')",
        writelines="import sys\nsys.stdout.writelines(['a\\n', 'b\\n'])",
        empty_writes="import sys\nsys.stdout.write(''); print('', end='')",
        logging="import logging\nlogging.warning('careful')",
        handler="import logging, sys\nlog = logging.getLogger('own')\nlog.handlers = [logging.StreamHandler(sys.stdout)]\n"
        "log.error('oh')",
        redirected="import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as f: print('x')\nf.getvalue()",
        replaced="import sys, io\nold, sys.stdout = sys.stdout, io.StringIO()\nprint('x')\n"
        "got, sys.stdout = sys.stdout.getvalue(), old\ngot",
        reconfigured="import sys\nsys.stdout.encoding, sys.stdout.isatty(), sys.stdout.writable()",
        wrong_type="import sys\nsys.stdout.write(b'bytes')",
        unicode="print('ä ∂ 漢字 😀 \\u202e x \\ufeff')\n'é'",
        surrogate="print('\\ud800'.encode('utf8', 'replace'))",
        ansi="print('\\x1b[31mred\\x1b[0m')",
        nul="print('a\\0b')",
        crlf="print('a\\r\\nb')",
        very_long_line="print('x' * 300_000)",
        many_lines="for i in range(20_000): print(i)",
        long_result="'y' * 100_000",
        warning="import warnings\nwarnings.warn('careful')",
        deprecation="import warnings\nwarnings.warn('old', DeprecationWarning)",
        warning_twice="import warnings\nfor i in range(2): warnings.warn('once')",
        warning_as_error="import warnings\nwith warnings.catch_warnings():\n"
        "    warnings.simplefilter('error')\n    warnings.warn('w')",
        syntax_warning="x = 1\nx is 1",
        escape_warning="'\\d'",
        pprint="from pprint import pprint\npprint({'b': 1, 'a': [2] * 40})",
        help="help(len)",
    ),
    "input": _all(
        input=one("name = input('Name: ')\nprint('hello', name)", "ann"),
        twice=one("input('a'), input('b')", "1", "2"),
        getpass=one("import getpass\nlen(getpass.getpass('pw: '))", "secret"),
        refused="input('nobody there')",
        in_time=one("%%time\ninput('?')", "x"),
        debugger=one("x = 3\nimport pdb; pdb.set_trace()\ny = 4", "p x", "c"),
    ),
    "syntax of IPython": _all(
        automagic_ls="ls",
        automagic_cat=row("open('cat.txt', 'w').write('meow\\n');", "cat cat.txt"),
        automagic_pwd="pwd",
        automagic_cd=row("cd .", "pwd"),
        automagic_blank_above="\nls",
        automagic_two_lines="ls\nls",
        automagic_shadowed="ls = 3\nls",
        autocall=row("%autocall 1", "len 'abc'", "%autocall 0"),
        slash="/print 1 2",
        comma=", print a b",
        semicolon_call="; print a b",
        help_front="?len",
        help_behind="len?",
        source="import textwrap\ntextwrap.dedent??",
        psearch="*int*?",
        line_magic="%time 3",
        line_magic_value="v = %sql_nope\nv",
        magic_assigned="d = %pwd\ntype(d)",
        magic_indented="if True:\n    %time 1",
        magic_semicolon="%pwd;",
        indented="  x = 1\n  x",
        indented_tab="\tx = 2\n\tx",
        indented_magic="    %time 3",
        indented_blank="\n   x = 3\n   x\n",
        prompts=">>> x = 3\n>>> x",
        ipython_prompts="In [1]: x = 3\n   ...: x",
        trailing_blank="5\n\n\n",
        magic_in_a_string="s = '''\n%%alert\n%%bash\n'''\ns",
        percent_format="'%s%%' % 3",
        who="qq = 1\n%who",
        whos="qq = 1\n%whos",
        env="%env NOSUCH_VARIABLE",
        precision=row("%precision 3", "3.14159", "%precision"),
        alias=row("%alias hi echo hi", "hi", "%unalias hi"),
        pdef="def f(a, b=1): ...\n%pdef f",
        psource="def f(a): return a\n%psource f",
        pinfo="qq = {'a': 1}\nqq?",
        page="%page [1]",
        timeit_line="%timeit -n1 -r1 1",
        store_reset="x = 1\n%reset_selective -f x\n'x' in globals()",
        autoreload=row("%load_ext autoreload", "%autoreload 2", "1", "%autoreload 0"),
    ),
    "requests": _all(
        silent=one("print('s')\n5", silent=True),
        silent_error=one("1/0", silent=True),
        silent_display=one("display(1)", silent=True),
        no_history=one("6", store_history=False),
        no_history_error=one("1/0", store_history=False),
        expressions=one("x = 2", user_expressions={"a": "x + 1", "bad": "1/0", "html": "[x]"}),
        expressions_after_error=one("1/0", user_expressions={"a": "1"}),
        expressions_silent=one("x = 9", silent=True, user_expressions={"a": "x"}),
        go_on_after_error=one("1/0", stop_on_error=False),
    ),
    "hooks": _all(
        pre_and_post=row(
            "log = []\nip = get_ipython()\ndef pre(info): log.append(('pre', info.store_history))\n"
            "def post(result): log.append(('post', result.success))\n"
            "ip.events.register('pre_run_cell', pre); ip.events.register('post_run_cell', post)",
            "1",
            "1/0",
            "ip.events.unregister('pre_run_cell', pre); ip.events.unregister('post_run_cell', post)\nlog",
        ),
        raising_hook=row(
            "ip = get_ipython()\ndef bad(*a):\n    raise OSError('hook')\nip.events.register('post_run_cell', bad)",
            "2",
            "ip.events.unregister('post_run_cell', bad)",
        ),
        raising_pre_hook=row(
            "ip = get_ipython()\ndef bad(*a):\n    raise OSError('hook')\nip.events.register('pre_run_cell', bad)",
            "2",
            "ip.events.unregister('pre_run_cell', bad)",
        ),
        transformer=row(
            "ip = get_ipython()\ndef swap(lines): return [l.replace('one', '1') for l in lines]\n"
            "ip.input_transformers_post.append(swap)",
            "one + 1",
            "ip.input_transformers_post.remove(swap)",
        ),
        raising_transformer=row(
            "ip = get_ipython()\ndef bad(lines):\n    if 'trip' in lines[-1]: raise OSError('t')\n    return lines\n"
            "ip.input_transformers_post.append(bad)",
            "2",
            "trip = 2",
            "ip.input_transformers_post.remove(bad)",
        ),
        ast_transformer=row(
            "import ast\nclass T(ast.NodeTransformer):\n    def visit_Constant(self, n):\n"
            "        return ast.copy_location(ast.Constant(n.value + 1 if n.value == 10 else n.value), n)\n"
            "t = T()\nget_ipython().ast_transformers.append(t)",
            "10",
            "get_ipython().ast_transformers.remove(t)",
        ),
        raising_ast_transformer=row(
            "import ast\nclass T(ast.NodeTransformer):\n    def visit_Constant(self, n):\n        raise OSError('ast')\n"
            "get_ipython().ast_transformers.append(T())",
            "3",
            "4",
        ),
        display_formatter=row(
            "class Z: pass\nf = get_ipython().display_formatter.formatters['text/html']\n"
            "f.for_type(Z, lambda z: '<z>')\nf.for_type(Z) is not None",
            "import re\nclass Y:\n    def __repr__(self): return 'Y'\nY()",
        ),
        matplotlib_hooks="len(get_ipython().events.callbacks['post_execute']) > 0",
        own_displayhook="import sys\nsys.displayhook is get_ipython().displayhook",
    ),
    "empty": _all(
        empty=one(""),
        blank="\n\n",
        spaces="   ",
        comment="# nothing",
        comments="# a\n\n# b\n",
        expressions_alone=one("", user_expressions={"a": "1 + 1"}),
    ),
}
"""The corpus; what counts differently below `%%alert` stands at its end."""

COUNT = sum(len(cells) for cells in GROUPS.values())
