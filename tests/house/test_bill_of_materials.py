"""The bill of materials says everything that is pinned, and known weaknesses are asked for as documented."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.house import advisories, bill_of_materials
from tests.house.notices import REQUIREMENTS, required
from tests.house.tree import ROOT


@pytest.fixture(scope="module")
def bill() -> Mapping[str, Any]:
    """Made once."""
    return bill_of_materials.bill()


def test_asvs_15_1_2_every_pin_is_a_component_with_hashes_and_a_licence(bill: Mapping[str, Any]) -> None:
    """ASVS 15.1.2: nothing of ``requirements/runtime.txt`` is left out, whatever system needs it."""
    lock = REQUIREMENTS.read_text(encoding="utf-8")
    components = {each["bom-ref"]: each for each in bill["components"]}
    assert len(components) == sum(line[:1].isalnum() for line in lock.splitlines())
    assert {each["name"] for each in components.values()} == set(required())
    digests = [
        digest["content"]
        for each in components.values()
        for place in each["externalReferences"]
        for digest in place["hashes"]
    ]
    assert digests == bill_of_materials._DIGEST.findall(lock)
    assert all(each["licenses"][0]["expression"] for each in components.values())


def test_what_only_builds_or_is_not_needed_everywhere_says_so(bill: Mapping[str, Any]) -> None:
    """So that nobody takes hatchling for a part of a running service."""
    scopes = {each["name"]: each["scope"] for each in bill["components"]}
    assert scopes["hatchling"] == "excluded"
    assert scopes["colorama"] == "optional"
    assert {"fastapi", "sqlalchemy", "valkey", "botocore"} <= {
        name for name, scope in scopes.items() if scope == "required"
    }


def test_what_needs_what_leads_to_everything(bill: Mapping[str, Any]) -> None:
    """From watchword on, every required component is reached, and no reference leads nowhere."""
    needs = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    references = {each["bom-ref"] for each in bill["components"]}
    reached, waiting = set[str](), [bill["metadata"]["component"]["bom-ref"]]
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += needs.get(ref, ())
    assert reached - references == {bill["metadata"]["component"]["bom-ref"]}
    assert {each["bom-ref"] for each in bill["components"] if each["scope"] == "required"} <= reached


def test_the_bill_is_always_the_same(
    bill: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No clock and no chance is in it; a time only where the build names one. What is written was checked
    against the schema of CycloneDX."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795435200")
    bill_of_materials.write(tmp_path / "new" / "a.json")
    dated = json.loads((tmp_path / "new" / "a.json").read_text(encoding="utf-8"))
    assert dated["metadata"].pop("timestamp") == "2026-11-23T12:00:00Z"
    assert dated.pop("serialNumber") != bill["serialNumber"]
    assert dated == {name: value for name, value in bill.items() if name != "serialNumber"}


def test_what_is_no_bill_of_materials_is_not_written() -> None:
    """The check says where the fault is."""
    with pytest.raises(ValueError, match="no CycloneDX"):
        bill_of_materials.check('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": 1}')


class Osv(http.server.BaseHTTPRequestHandler):
    """Knows one weakness, of the package that ``weak`` names."""

    weak = "jinja2"
    answer: bytes | None = None
    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path == "/v1/querybatch"
        type(self).asked = sent["queries"]
        results = [
            {"vulns": [{"id": "PYSEC-1", "modified": "2026-01-01T00:00:00Z"}]}
            if each["package"]["name"] == self.weak
            else {}
            for each in sent["queries"]
        ]
        body = self.answer or json.dumps({"results": results}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def osv(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Osv]]:
    """A service with the one call that is used, on loopback."""
    handler = type("OneOsv", (Osv,), {})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        monkeypatch.setenv("OSV_URL", f"http://127.0.0.1:{server.server_address[1]}")
        yield handler
        server.shutdown()
        thread.join(5)


def test_asvs_15_2_1_a_known_weakness_is_told_and_fails(
    osv: type[Osv], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every pin is asked about, by name and version and nothing else."""
    assert advisories.main([]) == advisories.SOME
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("jinja2 3.")
    assert told[0].endswith(": PYSEC-1")
    assert told[1] == "Known weaknesses: 1"
    assert {each["package"]["name"] for each in osv.asked} == set(required())
    assert all(each.keys() == {"package", "version"} for each in osv.asked)


def test_none_known_is_exit_0(osv: type[Osv], tmp_path: Path) -> None:
    """Of another file, such as the one of development."""
    pins = tmp_path / "some.txt"
    pins.write_text("six==1.17.0 \\\n    --hash=sha256:00\n", encoding="utf-8")
    assert advisories.main([str(pins)]) == advisories.NONE


@pytest.mark.parametrize("answer", [b"{}", b"[]", b"no JSON", b'{"results": []}', b'{"results": [1]}'])
def test_an_answer_that_is_none_is_not_taken_for_good_news(
    osv: type[Osv], answer: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is a file without pins."""
    osv.answer = answer
    pins = tmp_path / "some.txt"
    pins.write_text("six==1.17.0 \\\n    --hash=sha256:00\n", encoding="utf-8")
    assert advisories.main([str(pins)]) == advisories.NOT_ASKED
    assert "could not be asked for" in capsys.readouterr().err
    pins.write_text("\n", encoding="utf-8")
    assert advisories.main([str(pins)]) == advisories.NOT_ASKED


def test_the_scripts_call_what_is_tested() -> None:
    """``scripts/sbom`` and ``scripts/advisories`` are one line each."""
    for script, module in (("sbom", "bill_of_materials"), ("advisories", "advisories")):
        assert f"python -m tests.house.{module} " in (ROOT / "scripts" / script).read_text(encoding="utf-8")
