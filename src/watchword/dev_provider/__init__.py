"""A strict little OpenID Provider for development and tests, in memory and on loopback only.

It shares no code with the client it tests, lets anyone sign in as anyone, and refuses production.
"""

from watchword.dev_provider.behaviour import Behaviour, Endpoint
from watchword.dev_provider.clients import AuthMethod, DevClient
from watchword.dev_provider.faults import Faults
from watchword.dev_provider.keys import Algorithm, KeyRing
from watchword.dev_provider.people import DEFAULT_PEOPLE, Person
from watchword.dev_provider.provider import DevProvider, create_dev_provider
from watchword.dev_provider.server import DevProviderServer
from watchword.dev_provider.state import Received

__all__ = [
    "DEFAULT_PEOPLE",
    "Algorithm",
    "AuthMethod",
    "Behaviour",
    "DevClient",
    "DevProvider",
    "DevProviderServer",
    "Endpoint",
    "Faults",
    "KeyRing",
    "Person",
    "Received",
    "create_dev_provider",
]
