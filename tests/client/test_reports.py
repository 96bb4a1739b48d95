"""The line to the parent process: it never blocks, and a parent that is gone is noticed."""

import json
import os

from client.reports import Reports


def test_what_is_told_arrives_as_one_object_a_line() -> None:
    read, write = os.pipe()
    Reports(write).tell("frame", frame=3)
    os.close(write)
    with os.fdopen(read) as parent:
        assert json.loads(parent.readline()) == {"event": "frame", "frame": 3}


def test_a_parent_that_does_not_read_never_blocks_the_loop_and_one_that_is_gone_is_noticed() -> None:
    read, write = os.pipe()
    reports = Reports(write)
    for frame in range(20_000):
        reports.tell("frame", frame=frame)
    assert not reports.is_broken
    os.close(read)
    reports.tell("frame", frame=0)
    assert reports.is_broken
    os.close(write)


def test_without_a_listener_nothing_is_told() -> None:
    reports = Reports(None)
    reports.tell("frame", frame=1)
    assert not reports.is_broken
