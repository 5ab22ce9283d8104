"""``python -m watchword``."""

from watchword.cli.main import run

run()
