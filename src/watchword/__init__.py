"""watchword: the authentication layer of a Python API service."""
