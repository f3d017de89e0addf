"""The API reference: every operation is found and told, and is tried for real."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from seriatim.api import openapi
from tests.api.support import create_account, new_set, unique_letters
from tests.browser.site import Person, Site, token_of

PAGE_BYTES_MAX = 100_000
ADDRESS = "/console/reference/{}/{}"
OPERATIONS = [
    (api, operation["operationId"])
    for api in ("zuora", "sequence")
    for methods in json.loads(openapi.document(api))["paths"].values()
    for operation in methods.values()
]


@pytest.fixture(scope="module")
def auditor(site: Site) -> Person:
    return site.create_user("auditor", "Audrey Auditor")


@pytest.fixture(scope="module")
def http(site: Site) -> Iterator[httpx2.Client]:
    """The admin's session, without a browser."""
    with site.visit(site.admin) as page:
        cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    with httpx2.Client(base_url=site.url, cookies=cookies) as client:
        yield client


def send(http: httpx2.Client, site: Site, api: str, operation_id: str, **fields: str) -> httpx2.Response:
    """Send the form of an operation with the admin client's credentials."""
    path = ADDRESS.format(api, operation_id)
    form = {"client_id": site.server.client_id, "client_secret": site.server.client_secret}
    form |= {name.replace("__", "."): value for name, value in fields.items()}
    return http.post(path, data=form | {"csrf_token": token_of(http.get(path).text)})


def fill_credentials(page: Page, site: Site) -> None:
    page.get_by_label("Client id").fill(site.server.client_id)
    page.get_by_label("Client secret").fill(site.server.client_secret)


def test_operations_are_found(site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto("/console")
        page.get_by_role("link", name="API reference").click()
        expect(page.get_by_role("status")).to_have_text(f"{len(OPERATIONS)} operations")
        page.get_by_label("Find an operation").fill("post memo unpost")
        if not script:
            page.get_by_role("button", name="Find").click()
        expect(page.get_by_role("status")).to_contain_text("4 operations")
        expect(page.get_by_role("heading", name="Sequence")).to_have_count(0)
        page.get_by_role("link", name="/v1/debit-memos/{key}/unpost").click()
        expect(page.get_by_role("heading", name="Unpost a debit memo")).to_be_visible()
        page.goto("/console/reference")
        page.get_by_label("Find an operation").fill("no such thing")
        if not script:
            page.get_by_role("button", name="Find").click()
        expect(page.get_by_role("heading", name="No operation has all of these words")).to_be_visible()


def test_what_is_typed_before_the_script_has_come_is_found(site: Site) -> None:
    held: list[Route] = []
    with site.visit(site.admin, script=True) as page:
        page.route("**/reference.js*", lambda route: held.append(route))  # noqa: PLW0108 - it must be a function
        page.goto("/console/reference", wait_until="commit")
        page.get_by_label("Find an operation").fill("post memo unpost")
        expect(page.get_by_role("status")).to_have_text(f"{len(OPERATIONS)} operations")
        for route in held:
            route.continue_()
        expect(page.get_by_role("status")).to_have_text("4 operations")


def test_an_operation_tells_its_fields_and_answers(site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto(ADDRESS.format("zuora", "POST_Account"))
        body = page.locator("#shape-CreateAccountRequest")
        expect(
            body.get_by_text("text of 3 characters", exact=False).or_(body.get_by_text("text, 3 characters"))
        ).to_be_visible()
        expect(body.locator("li", has_text="billToContact").first).to_contain_text("required")
        expect(page.locator("#shape-NewContact")).not_to_have_attribute("open", "")
        page.locator("#shape-NewContact > summary").click()
        expect(page.locator("#shape-NewContact").get_by_text("workEmail")).to_be_visible()
        expect(page.get_by_role("heading", name="Every failure")).to_be_visible()
        expect(page.get_by_text("Idempotency-Key", exact=True).first).to_be_visible()


def test_a_request_is_sent_for_real(site: Site, *, script: bool) -> None:
    body = {"sequenceSets": [new_set()]}
    with site.visit(site.admin, script=script) as page:
        page.context.grant_permissions(["clipboard-write"])
        page.goto(ADDRESS.format("zuora", "POST_SequenceSets"))
        fill_credentials(page, site)
        page.get_by_role("textbox", name="Body").fill(json.dumps(body))
        page.get_by_role("button", name="Send").click()
        answer = page.locator("#answer")
        expect(answer).to_contain_text("200 OK")
        expect(answer).to_contain_text(" ms")
        expect(answer).to_contain_text(f'"name": "{body["sequenceSets"][0]["name"]}"')
        assert site.server.client_secret not in page.content()
        # With script the page stays, and with it what was typed; without, the form comes back without the secret.
        assert page.get_by_label("Client secret").input_value() == (site.server.client_secret if script else "")
        assert json.loads(page.get_by_role("textbox", name="Body").input_value()) == body
        expect(page.locator("#code")).to_contain_text("CreateSequenceSetsRequest.from_dict")
        if script:
            answer.get_by_role("button", name="Copy").click()
            expect(answer.get_by_role("button")).to_have_text("Copied")
    with site.server.api() as api:
        assert api.ok("GET", f"/v1/sequence-sets?name={body['sequenceSets'][0]['name']}")["sequenceSets"]
    assert site.server.client_secret not in site.server.logs()


def test_sequence_s_operations_are_tried_too(site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto(ADDRESS.format("sequence", "postCustomers"))
        fill_credentials(page, site)
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#answer")).to_contain_text("201 Created")
        expect(page.locator("#answer")).to_contain_text("Analytical Engines Ltd")
        page.get_by_text("Headers 3").last.click()
        expect(page.locator("#answer")).to_contain_text("sequence-version")


def test_a_wrong_secret_is_told_and_nothing_is_called(site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto(ADDRESS.format("zuora", "GET_SequenceSets"))
        page.get_by_label("Client id").fill(site.server.client_id)
        page.get_by_label("Client secret").fill("not the secret")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#answer")).to_contain_text("401 Unauthorized")
        expect(page.locator("#answer")).to_contain_text("so the operation was not called")


def test_the_server_s_refusal_is_an_answer_too(site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto(ADDRESS.format("zuora", "GET_CreditMemo"))
        fill_credentials(page, site)
        page.get_by_label("key", exact=True).fill("../../console/people?x=/y")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#answer")).to_contain_text("404 Not Found")
        expect(page.locator("#answer")).to_contain_text("no credit memo '../../console/people?x=/y' was found")


def test_what_is_missing_is_said_at_its_field(site: Site, *, script: bool) -> None:
    with site.visit(site.admin, script=script) as page:
        page.goto(ADDRESS.format("zuora", "GET_CreditMemo"))
        page.get_by_label("key", exact=True).fill("..")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#answer")).to_contain_text("Nothing was sent")
        expect(page.get_by_text("The request needs the secret of an API client; fill it in")).to_be_visible()
        expect(
            page.get_by_text("Dots alone lead to another address", exact=False).or_(
                page.get_by_text("dots alone lead", exact=False)
            )
        ).to_be_visible()
        assert page.get_by_label("key", exact=True).input_value() == ".."


def test_the_code_follows_what_is_typed(site: Site, *, script: bool) -> None:
    sent: list[str] = []
    with site.visit(site.admin, script=script) as page:
        page.on("request", lambda request: sent.append(request.post_data or ""))
        page.goto(ADDRESS.format("zuora", "GET_CreditMemo"))
        page.get_by_label("Client secret").fill("my secret")
        page.get_by_label("key", exact=True).fill("CM 1")
        if script:
            page.get_by_label("key", exact=True).blur()
        else:
            page.get_by_role("button", name="Show as code").click()
        expect(page.locator("#code")).to_contain_text("/v1/credit-memos/CM%201")
        expect(page.locator("#code")).to_contain_text('credit_memo_key="CM 1"')
        assert "my secret" not in page.content()
    if script:
        forms = [parse_qs(each) for each in sent if "only_code" in each]
        assert forms
        assert all("client_secret" not in form for form in forms)


def test_an_auditor_may_try_what_their_client_may(site: Site, auditor: Person) -> None:
    with site.visit(auditor) as page:
        page.goto(ADDRESS.format("zuora", "GET_SequenceSets"))
        fill_credentials(page, site)
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#answer")).to_contain_text('"DEFAULT"')


def test_strangers_and_forged_forms_are_refused(site: Site, http: httpx2.Client) -> None:
    path = ADDRESS.format("zuora", "GET_SequenceSets")
    form = {"client_id": site.server.client_id, "client_secret": site.server.client_secret}
    assert http.post(path, data=form).status_code == 403
    assert http.post(path, data=form | {"csrf_token": "0" * 64}).status_code == 403
    stranger = httpx2.get(site.url + path)
    assert stranger.headers["location"].startswith("/console/sign-in")


@pytest.mark.parametrize("address", ("zuora/nothing", "sequence/POST_Account", "elsewhere/POST_Account", "zuora/..%2F"))
def test_only_operations_that_are_there_can_be_tried(http: httpx2.Client, address: str) -> None:
    assert http.get(f"/console/reference/{address}").status_code == 404
    token = token_of(http.get("/console/me").text)
    assert http.post(f"/console/reference/{address}", data={"csrf_token": token}).status_code == 404


def test_headers_and_bodies_are_bounded(site: Site, http: httpx2.Client) -> None:
    answer = send(http, site, "zuora", "GET_SequenceSets", **{"header__Zuora-Track-Id": "a\r\nhost: elsewhere"})
    assert answer.status_code == 422
    assert "a header holds printable ASCII characters" in answer.text
    answer = send(http, site, "zuora", "POST_Account", body="x" * 20_001)
    assert answer.status_code == 422
    assert "use at most 20,000 characters here" in answer.text


def test_every_page_is_small(http: httpx2.Client) -> None:
    sizes = {}
    for api, operation_id in OPERATIONS:
        page = http.get(ADDRESS.format(api, operation_id))
        assert page.status_code == 200
        sizes[operation_id] = len(page.content)
    sizes["list"] = len(http.get("/console/reference").content)
    assert max(sizes.values()) < PAGE_BYTES_MAX, max(sizes.items(), key=lambda each: each[1])


def test_a_long_answer_is_shown_from_its_beginning(site: Site, http: httpx2.Client) -> None:
    with site.server.api() as api:
        account = create_account(api)
        charges = [{"amount": 1, "chargeId": "c", "comment": "<'\"&>" * 50}]
        memos = [{"accountId": account, "charges": charges} for _ in range(40)]
        api.ok("POST", "/v1/credit-memos/bulk", {"sourceType": "Standalone", "memos": memos})
    page = send(http, site, "zuora", "GET_CreditMemos", query__accountId=account, query__pageSize="40")
    assert "This is only the beginning" in page.text
    assert len(page.content) < PAGE_BYTES_MAX


def test_a_key_makes_two_sendings_one(site: Site, http: httpx2.Client) -> None:
    """What is tried goes the way of every request, with its idempotency."""
    number = unique_letters()
    contact = {"firstName": "Ada", "lastName": "Byron"}
    body = json.dumps({"name": "Acme", "currency": "EUR", "accountNumber": number, "billToContact": contact})
    sent = [
        send(http, site, "zuora", "POST_Account", body=body, **{"header__Idempotency-Key": number}) for _ in range(2)
    ]
    assert [
        f"&#34;accountNumber&#34;: &#34;{number}&#34;" in page.text.partition('id="answer"')[2] for page in sent
    ] == [True, True]
    again = send(http, site, "zuora", "POST_Account", body=body)
    assert "exists already" in again.text


@pytest.mark.parametrize("phone", (False, True))
@pytest.mark.parametrize("operation", ("zuora/POST_StandaloneInvoice", "sequence/getInvoices"))
def test_everybody_can_use_the_page_with_its_answer(site: Site, operation: str, *, phone: bool) -> None:
    with site.visit(site.admin, phone=phone) as page:
        page.goto(f"/console/reference/{operation}")
        page.evaluate("for (const fold of document.querySelectorAll('main details')) fold.open = true")
        fill_credentials(page, site)
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#answer .badge")).to_be_visible()
        found = Axe().run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in {"serious", "critical"}] == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
