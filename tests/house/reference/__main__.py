from __future__ import annotations

from tests.house.reference import log_lines, pages

pages.write()
log_lines.write()
