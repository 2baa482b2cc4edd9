"""Columns of numbers in answers."""

import numpy as np
from trackyard.core.protocol.envelope import encode


def test_columns_are_written_as_lists_with_null_for_what_is_no_number() -> None:
    columns = {"x": np.array([1, -(2**63)]), "y": np.array([0.5, np.nan, np.inf])}
    assert encode(columns) == b'{"x":[1,-9223372036854775808],"y":[0.5,null,null]}'
    assert encode({**columns, "name": "\ud800"}).startswith(b'{"x": [1, -9223372036854775808], "y": [0.5, null, null]')
