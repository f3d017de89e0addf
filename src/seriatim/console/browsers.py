"""Which browser a session is in, as people call it."""

import re

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
"""In the order in which they are looked for: most say that they are Safari as well."""
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_PROGRAM = re.compile(r"[\w.-]{1,40}", re.ASCII)


def browser_name(user_agent: str) -> str:
    """A browser by what it says of itself, roughly: Chrome on Windows."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    if browser is None:
        program = _PROGRAM.match(user_agent)
        browser = program[0] if program else "Unknown browser"
    return browser if system is None else f"{browser} on {system}"
