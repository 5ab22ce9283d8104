"""An hour in which something fails every minute, and every answer is judged.

``python -m tests.soak.chaos --help``; docs/operations/chaos.md says what it does and what it found.
"""
