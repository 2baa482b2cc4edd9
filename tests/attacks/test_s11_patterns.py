"""S11, S36: patterns that would take the memory of the machine before they match anything."""

import pytest
from trackyard.core.errors import ApiError
from trackyard.core.query import patterns
from trackyard.core.testing.http import Api

pytestmark = pytest.mark.asyncio(loop_scope="package")

HUGE = [
    "a{1000000}",
    "(?:(?:(?:a{99}){99}){99}){99}",
    "(?:" * 90 + "a" + "{2})" * 90,
    "(?=a{100000})",
    "(a)?(?(1)(?:b{999}){999}|c)",
    "(?:x|(?>(?:y{999}){999}))",
    "[a-z]{1000}" * 500,
]


@pytest.mark.parametrize("pattern", HUGE)
async def test_a_pattern_that_is_huge_when_written_out(pattern: str) -> None:
    with pytest.raises(ApiError, match="it repeats too often") as refused:
        patterns.parse(pattern)
    assert (refused.value.code, refused.value.subcode) == (400, 21)


async def test_a_query_with_such_a_pattern(api: Api) -> None:
    await api.call("tasks.create", name="something", type="training")
    for body in ({"name": HUGE[1]}, {"_any_": {"fields": ["name"], "pattern": HUGE[1]}}):
        assert (await api.ask("tasks.get_all_ex", body)).codes == (400, 21)


@pytest.mark.parametrize(
    "pattern", ["^a{2,60000}$", "^(?:x{0,50}){0,50}$", r"^lr=\\d{1,4}$", "|".join(f"n{number}" for number in range(1000))]
)
async def test_patterns_that_are_meant(pattern: str) -> None:
    assert not patterns.parse(pattern).search("q")
