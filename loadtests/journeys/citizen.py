"""A citizen who looks at what is registered about them, and at who has looked (kj-api.md chapter 6)."""

from loadtests.api.call import Call, Wrong, entries_of, expect, json_of
from loadtests.journeys.visit import Journey, Role, Visit

PREFIX = "/citizen/v1"


def _look(visit: Visit) -> Journey:
    answer = yield Call("citizen-read", "GET", f"{PREFIX}/critical-information", {}, b"", "citizen")
    expect(answer, 200)
    entries_of(answer, None)
    answer = yield Call("citizen-log", "GET", f"{PREFIX}/access-log", {}, b"", "citizen")
    expect(answer, 200)
    lines = json_of(answer).get("log")
    if not isinstance(lines, list) or not any(line.get("operation") == "own-read" for line in lines):
        raise Wrong("the access log lacks the look that was just taken")


ROLE = Role("citizen", "LE", "UNNTAK", None, "machine", _look)
