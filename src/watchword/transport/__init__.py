"""How watchword talks to providers; the only importer of the HTTP client."""
