"""A place that keeps secrets, as tests turn it."""

from __future__ import annotations

import threading

from watchword.config.references import Reference, SecretValue
from watchword.config.resolver import Resolver
from watchword.errors import SecretUnavailable


class KeptSecrets:
    """Secrets by name, each with the version before it; ``readings`` counts how often one was read.

    ``away`` refuses every reading, and a reading waits while ``answers`` is not set.
    """

    def __init__(self, **current: str) -> None:
        self.values = {name: SecretValue(value) for name, value in current.items()}
        self.readings = 0
        self.away = False
        self.answers = threading.Event()
        self.answers.set()
        self.asked = threading.Event()

    def replace(self, name: str, value: str, *, keeps_previous: bool = True) -> None:
        """What an operator does in the store, which keeps the version before or does not."""
        before = self.values[name].current
        self.values[name] = SecretValue(value, before if keeps_previous else None)

    def read(self, name: str, *, previous: bool) -> SecretValue:
        self.readings += 1
        self.asked.set()
        self.answers.wait(timeout=10)
        if self.away:
            raise SecretUnavailable("the store is away")
        value = self.values[name]
        return SecretValue(value.current, value.previous if previous else None)

    def resolver(self) -> Resolver:
        return Resolver(lambda scheme: self)


def reference(name: str) -> Reference:
    return Reference("kept", name)
