"""The documentation's picture of a report page: its beginning and its grid, as Chromium shows them.

    pytest --strategy=minimal,chat,cot --humaneval-html=report.html
    python -m benchmarks.page_picture report.html docs/report.png

``--dark`` and ``--phone`` show it so; ``--open TASK_ID/STRATEGY`` opens a cell.
"""

from __future__ import annotations

import argparse
import base64
from pathlib import Path
from urllib.parse import quote

from benchmarks.page import browser

# The grid scrolls inside its box; in the picture it is as high as this many pixels.
GRID_PIXELS = 420


def main() -> None:
    """Take the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--phone", action="store_true")
    parser.add_argument("--open", default="", metavar="TASK_ID/STRATEGY")
    given = parser.parse_args()
    task_id, _, strategy = given.open.rpartition("/")
    part = f"#{quote(task_id, safe='')}/{quote(strategy, safe='')}" if given.open else ""
    size = (390, 844) if given.phone else (1180, 860)
    with browser()(*size, dark=given.dark, phone=given.phone) as driver:
        driver.get(given.page.resolve().as_uri() + part)
        if given.open:
            driver.set_script_timeout(60)
            driver.execute_async_script(
                "const done = arguments[0]; const look = () => document.querySelector('#cell-completion').textContent"
                " ? done() : requestAnimationFrame(look); look();"
            )
            driver.save_screenshot(str(given.picture))
            return
        bottom = driver.execute_script(
            f"document.querySelector('.gridbox').style.maxHeight = '{GRID_PIXELS}px';"
            "return document.querySelector('#problems').getBoundingClientRect().bottom + 18"
        )
        clip = {"x": 0, "y": 0, "width": size[0], "height": bottom, "scale": 1}
        shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        given.picture.write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    main()
