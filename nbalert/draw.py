"""A program: draws plotly's figures as PNG, in a process of its own, which may take long or crash.

Reads a list of figures from its standard input, and writes a line of JSON for each, once it is drawn:
`{"png": …}` in base64, or `{"error": …}`.
"""

from __future__ import annotations

import base64
import json
import os
import sys


def main() -> None:
    """Draw them in order; whatever libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.nice(10)  # cells go first
    for figure in json.load(sys.stdin):
        print(json.dumps(_drawn(figure)), file=answers, flush=True)


def _drawn(figure: object) -> dict[str, str]:
    try:
        import plotly.io

        return {"png": base64.b64encode(plotly.io.to_image(figure, "png", validate=False)).decode()}
    except Exception as error:  # of plotly, kaleido, the browser
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        return {"error": f"{type(error).__name__}: {said[:200]}"}


if __name__ == "__main__":
    main()
