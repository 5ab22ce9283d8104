"""Every parser under inputs nobody thought of: small counts here, `make soak` searches on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.fuzz.harness import CASES, Harness
from tests.fuzz.registry import HARNESSES


@st.composite
def mutated(draw: st.DrawFn, harness: Harness) -> bytes:
    """A seed with a few places changed: cut, doubled, flipped, or a word put in."""
    data = draw(st.sampled_from(harness.seeds))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 8)))
        change = draw(st.sampled_from(["cut", "double", "word", "byte"]))
        middle = {
            "cut": b"",
            "double": data[start:end] * 2,
            "word": draw(st.sampled_from(harness.words or (b"\x00",))),
            "byte": bytes([draw(st.integers(0, 255))]) + data[start + 1 : end],
        }[change]
        data = data[:start] + middle + data[end:]
    return data


@pytest.mark.parametrize("harness", HARNESSES.values(), ids=HARNESSES)
def test_known_inputs_keep_the_promises(harness: Harness) -> None:
    """The seeds, and every input that once broke one."""
    for data in harness.cases():
        harness.run(data)


@pytest.mark.parametrize("harness", HARNESSES.values(), ids=HARNESSES)
def test_any_input_keeps_the_promises(harness: Harness) -> None:
    """Only our errors, round trips, one meaning: for random bytes and for good inputs gone bad."""

    @settings(derandomize=True, deadline=None, max_examples=examples(60))
    @given(st.one_of(mutated(harness), mutated(harness), st.binary(max_size=100)))
    def run(data: bytes) -> None:
        harness.run(data)

    run()


def test_every_kept_case_belongs_to_a_harness() -> None:
    """A harness that was renamed takes its cases with it."""
    assert {path.name for path in CASES.iterdir() if path.is_dir()} <= HARNESSES.keys()
