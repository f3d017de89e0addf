"""The activity log on the command line."""

from tests.cli.test_cli import Seriatim, _clean_environment, seriatim, url

__all__ = ["_clean_environment", "seriatim", "url"]


def fill(seriatim: Seriatim) -> None:
    """An entity beside the default one, an org of each, and a client."""
    assert seriatim("entity", "create", "--name", "second").code == 0
    for entity, org in (("default", "North"), ("second", "South")):
        assert seriatim("org", "create", "--entity", entity, "--name", org).code == 0
    assert seriatim("client", "create", "--name", "till", "--role", "issuer").code == 0


def told(seriatim: Seriatim, *arguments: str) -> list[str]:
    found = seriatim("activity", "list", "--json", *arguments).json
    return [f"{each['entity']}: {each['deed']} {each['subject']}" for each in found]


def test_changes_are_listed_from_the_newest(seriatim: Seriatim) -> None:
    fill(seriatim)
    assert told(seriatim, "--limit", "3") == [
        "None: create client till",
        "second: create org South",
        "default: create org North",
    ]
    found = seriatim("activity", "list", "--json").json
    assert len(found) == 7
    positions = [each["position"] for each in found]
    assert positions == sorted(positions, reverse=True)
    assert told(seriatim, "--before", str(positions[2])) == told(seriatim)[3:]
    client = found[0]
    assert (client["actor"], client["subject_kind"], client["change"]) == ("system", "API client", "created")
    assert client["details"]["role"] == {"before": None, "after": "issuer"}


def test_the_list_is_narrowed_to_an_entity_and_to_somebody(seriatim: Seriatim) -> None:
    fill(seriatim)
    assert told(seriatim, "--entity", "second")[0] == "second: create org South"
    assert all(line.startswith("second: ") for line in told(seriatim, "--entity", "second"))
    assert told(seriatim, "--actor", "system") == told(seriatim)
    assert told(seriatim, "--actor", "till") == []
    assert "no entity 'third' was found" in seriatim("activity", "list", "--entity", "third").failed()
    assert "no user or client 'Ada' was found" in seriatim("activity", "list", "--actor", "Ada").failed()


def test_people_get_a_table_with_what_differs(seriatim: Seriatim) -> None:
    fill(seriatim)
    client_id = seriatim("client", "list", "--json").json[0]["client_id"]
    assert seriatim("client", "revoke", client_id).code == 0
    headers, revoked, created, *_ = seriatim("activity", "list").out.splitlines()
    assert headers.split()[:3] == ["position", "when", "who"]
    assert "revoke client" in revoked
    assert "revoked: yes" in revoked
    assert "role: issuer" in created
