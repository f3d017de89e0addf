"""The console's core: forms, tokens, notices, formats, headers, and its tables."""

import re
from datetime import UTC, date, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from seriatim.console.assets import Assets
from seriatim.console.browsers import browser_name
from seriatim.console.formats import formats_for
from seriatim.console.forms import FORM_BYTES_MAX, FORM_FIELDS_MAX, MEDIA_TYPE, Form, parse_form, read_form, sentence
from seriatim.console.headers import frame_headers, page_headers
from seriatim.console.navigation import navigation_of, section_of
from seriatim.console.pages import address
from seriatim.console.sessions import Tokens, check_own_site, cookie_of, secret_of
from seriatim.console.statuses import STATUSES, TITLES
from seriatim.console.templating import Templates
from seriatim.errors import BrokenRule, Category, Forbidden, InvalidValue, Malformed, Rule, TooLarge

KEY = bytes(32)
REFUSED = re.compile(r"<\w[^>]*\s(style|on[a-z]+)=|<style|<script>|javascript:|\|\s*safe\b|https?://")
"""What the Content-Security-Policy would refuse, what would not be escaped, and other hosts."""
AT = datetime(2026, 11, 22, 16, 7, 39, tzinfo=UTC)


def request(body: bytes = b"", /, **headers: str) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": named}, receive)


def test_every_failure_has_a_status_and_every_status_a_title() -> None:
    assert set(STATUSES) == set(Category)
    assert set(STATUSES.values()) | {400} == set(TITLES)


@pytest.mark.parametrize(
    "body",
    (b"a=%FF", b"a=\xff", "a=ä".encode()),
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_form(body)


def test_a_form_is_bounded() -> None:
    assert len(parse_form(b"&".join([b"a=1"] * FORM_FIELDS_MAX)).texts("a")) == FORM_FIELDS_MAX
    with pytest.raises(TooLarge):
        parse_form(b"&".join([b"a=1"] * (FORM_FIELDS_MAX + 1)))


async def test_a_body_is_bounded_and_of_the_type_of_forms() -> None:
    assert (await read_form(request(b"a=1", content_type=f"{MEDIA_TYPE}; charset=utf-8"))).text("a") == "1"
    assert (await read_form(request(b"a=" + b"x" * (FORM_BYTES_MAX - 2), content_type=MEDIA_TYPE))).text("a")
    with pytest.raises(TooLarge):
        await read_form(request(b"a=" + b"x" * (FORM_BYTES_MAX - 1), content_type=MEDIA_TYPE))
    for media_type in ("application/json", "text/plain", "multipart/form-data", ""):
        with pytest.raises(Malformed):
            await read_form(request(b"a=1", content_type=media_type))


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=20), max_size=5))
def test_what_was_typed_arrives(typed: dict[str, str]) -> None:
    fits = {name: value for name, value in typed.items() if name.isprintable() and value.isprintable()}
    body = "&".join(f"{quote(name)}={quote(value)}" for name, value in fits.items())
    form = parse_form(body.encode())
    assert {name: form.raw(name) for name in form.names()} == fits


def test_a_form_shows_an_error_at_its_field_or_on_top() -> None:
    form = Form.of(name="a b", prefix="PG-")
    form.refuse(InvalidValue("name", "a b", "letters only"))
    assert (form.errors, form.error, form.status) == ({"name": "'a b' is not allowed here; letters only."}, None, 422)
    form.refuse(InvalidValue("creditMemo.prefix", "PG-", "it is reserved"), {"creditMemo.prefix": "prefix"})
    assert form.errors["prefix"] == "'PG-' is not allowed here; it is reserved."
    form.refuse(BrokenRule(Rule.SET_IN_USE, "an account uses it"))
    assert (form.error, form.status) == ("An account uses it.", 409)
    form.refuse(InvalidValue("elsewhere", 1, "no"))
    assert form.error == "Elsewhere: 1 is not allowed here; no."


def test_a_sentence_ends_once() -> None:
    assert [sentence(text) for text in ("", "no", "no.", "what?")] == ["", "No.", "No.", "What?"]


def test_a_token_belongs_to_one_secret() -> None:
    tokens = Tokens(KEY)
    tokens.check_csrf("secret", tokens.csrf("secret"))
    for secret, token in (
        ("other", tokens.csrf("secret")),
        ("", tokens.csrf("")),
        ("secret", ""),
        ("secret", "\udc80"),
    ):
        with pytest.raises(Forbidden):
            tokens.check_csrf(secret, token)
    with pytest.raises(Forbidden):
        Tokens(KEY[1:] + b"x").check_csrf("secret", tokens.csrf("secret"))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=600))
def test_a_notice_comes_through_whole_or_not_at_all(notice: str) -> None:
    tokens = Tokens(KEY)
    sealed = tokens.seal_notice("secret", notice)
    assert tokens.open_notice("secret", sealed) == notice[:500]
    assert tokens.open_notice("other", sealed) is None
    assert tokens.open_notice("secret", "x" + sealed) is None
    assert not set(sealed) & set(' ",;=\\')


def test_of_several_cookies_the_first_counts() -> None:
    sent = request(cookie="other=1; session=mine; session=planted; empty=")
    assert (cookie_of(sent, "session"), cookie_of(sent, "empty"), cookie_of(sent, "none")) == ("mine", "", None)
    assert secret_of(request(cookie=f"session={'x' * 101}"), "session") == ""


@pytest.mark.parametrize(
    ("headers", "is_own"),
    (
        ({}, True),
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"host": "a:1", "origin": "http://a:1"}, True),
        ({"host": "a:1", "origin": "http://a:2"}, False),
        ({"host": "a:1", "origin": "null"}, False),
        # A browser that tells the site knows better than a proxy that changed the host.
        ({"host": "inside", "origin": "https://a", "sec_fetch_site": "same-origin"}, True),
    ),
)
def test_a_form_of_another_site_is_refused(headers: dict[str, str], *, is_own: bool) -> None:
    if is_own:
        check_own_site(request(**headers))
    else:
        with pytest.raises(Forbidden):
            check_own_site(request(**headers))


@pytest.mark.parametrize(
    ("wanted", "accepted", "tag"),
    (
        ("de-CH", "fr", "de-CH"),
        (None, "fr-FR,fr;q=0.9", "fr-FR"),
        (None, "xx-nonsense,*;q=0.1,nl", "nl"),
        (None, "", "en"),
        ("klingon!", "", "en"),
    ),
)
def test_the_reader_chooses_the_language(wanted: str | None, accepted: str, tag: str) -> None:
    assert formats_for(wanted, accepted).tag == tag


def test_dates_and_figures_are_written_as_the_reader_does() -> None:
    british, swiss = formats_for("en-GB", ""), formats_for("de-CH", "")
    assert british.moment(AT) == "22 Nov 2026, 16:07"
    assert british.iso(AT) == "2026-11-22T16:07:39Z"
    assert (british.day(date(2026, 3, 1)), british.iso(date(2026, 3, 1))) == ("1 Mar 2026", "2026-03-01")
    assert british.money(123456, "EUR") == "€1,234.56"
    assert british.money(123456, "JPY") == "JP¥123,456"
    assert swiss.integer(1234567) == "1’234’567"  # noqa: RUF001 - as the Swiss write it
    assert british.ago(datetime(2026, 11, 22, 13, 7, tzinfo=UTC), AT) == "3 hours ago"


def test_nothing_but_ours_is_loaded_framed_or_kept() -> None:
    policy = page_headers()["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-src" not in policy
    assert policy.startswith("default-src 'none';")
    assert "frame-src 'self'" in page_headers(frames=True)["content-security-policy"]
    assert "script-src" not in frame_headers()["content-security-policy"]
    assert {headers["cache-control"] for headers in (page_headers(), frame_headers())} == {"no-store"}


def test_addresses_are_encoded() -> None:
    assert address("e", "1", "documents", "a/b?c") == "/console/e/1/documents/a%2Fb%3Fc"
    assert address("sign-in", next="/console/x?y=1", other=None) == "/console/sign-in?next=%2Fconsole%2Fx%3Fy%3D1"


def test_another_entity_has_the_same_section() -> None:
    assert section_of("/console/e/1/documents/2/pdf") == "documents"
    assert section_of("/console/people/1") == "numbering"
    assert section_of("/console") == "numbering"


def test_the_navigation_shows_where_one_is_and_what_one_may() -> None:
    entries = [entry for _, found in navigation_of("1", "/console/e/1/series/INV", lambda _: True) for entry in found]
    assert [entry.label for entry in entries if entry.is_current] == ["Series"]
    assert len({entry.url for entry in entries}) == len(entries)
    assert navigation_of("1", "/console", lambda _: False) == []


@pytest.mark.parametrize(
    ("user_agent", "name"),
    (
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1 Safari/537.36",
            "Chrome on Windows",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/17 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:1) Gecko/20100101 Firefox/1", "Firefox on Linux"),
        ("curl/8.1", "curl"),
        ("<script>", "Unknown browser"),
        ("", "Unknown browser"),
    ),
)
def test_a_browser_has_the_name_that_people_know(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name


def test_what_is_put_into_a_page_is_escaped() -> None:
    templates = Templates(Assets())
    environment = templates._environment  # noqa: SLF001 - a template of the test's own
    assert environment.from_string("{{ it }}").render(it="<b>") == "&lt;b&gt;"


def test_pages_hold_no_styles_and_scripts_of_their_own() -> None:
    environment = Templates(Assets())._environment  # noqa: SLF001 - their texts are read, not rendered
    assert environment.loader is not None
    names = environment.list_templates()
    assert len(names) > 10
    for name in names:
        source, _, _ = environment.loader.get_source(environment, name)
        text = source.partition("#}")[2] if name == "macros.html" else source
        found = REFUSED.search(text)
        assert found is None, f"{name}: {found}"
