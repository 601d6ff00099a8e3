"""The report page: one HTML file that works offline, needs no server and runs nothing a model wrote."""

from __future__ import annotations

from pytest_humaneval.report.page.requirements import need_page_extra
from pytest_humaneval.report.page.write import write_page

__all__ = ["need_page_extra", "write_page"]
