"""What a spreadsheet must not compute."""

import pytest
from trackyard.plugins.organization.downloads import safe


@pytest.mark.parametrize(
    "text",
    ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-cmd", "-2+3+cmd|' /C calc'!A0", "\t=1", "\rx", "  =1", "-5 degrees"],
)
def test_what_would_be_computed_is_text(text: str) -> None:
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-0.5", "+1e-5", "-.5", "-5", "a=b", "2026-01-01", "", "plain", "1+1"])
def test_numbers_and_plain_texts_stay(text: str) -> None:
    assert safe(text) == text


def test_what_is_no_text_stays() -> None:
    assert safe("-inf", is_text=False) == "-inf"
