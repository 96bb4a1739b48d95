"""Lets the laws of `conformance` say what they found when one fails."""

import pytest

pytest.register_assert_rewrite("tests.games.conformance")
