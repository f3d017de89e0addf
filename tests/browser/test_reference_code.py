"""The code that the API reference shows makes the same request: it is run, with what is hard to quote."""

import contextlib
import html
import inspect
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from seriatim.api import openapi
from seriatim.console.reference.operations import HEADER, QUERY, Operation, read_apis
from seriatim.console.reference.sdk import QUERIES_ELSEHOW, SDK_METHODS, argument_name
from tests.api.support import SDK_WARNINGS, create_account, new_account, unique_letters
from tests.browser.site import Site, token_of
from tests.servers import Json, clean_environment

pytestmark = list(SDK_WARNINGS)

APIS = read_apis({name: partial(openapi.document, name) for name in ("zuora", "sequence")})
RUN_SECONDS_MAX = 60
AWKWARD = """O'Brien & "Söhne" <b> $HOME `id` $(id) \\n \\ %41 {x} [0-9] #1? 漢字 🙂 \u2028é"""
AWKWARD_HEADER = """it's "quoted" $(id) `id` \\ %41 {x} [a-b]"""
TRACK_ID = """a $(id) `id` \\ %41 {x} [a-b] <&>"""
_CODE = re.compile(
    r"<pre[^>]*aria-label=\"The call with (?P<tool>curl|Python)\"[^>]*><code>(?P<text>.*?)</code>", re.DOTALL
)
_LIBRARY = re.compile(r"Python <span[^>]*>with (?P<name>[a-z-]+)</span>")


class Reader:
    """Somebody who has signed in, and reads the reference without a browser."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self.folder = folder
        with site.visit(site.admin) as page:
            cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
        self.http = httpx2.Client(base_url=site.url, cookies=cookies)

    def show(self, operation_id: str, **fields: str) -> tuple[str, str, str]:
        """The code for a request as curl, as Python, and what that needs."""
        api = "zuora" if operation_id in APIS["zuora"].operations else "sequence"
        path = f"/console/reference/{api}/{operation_id}"
        form = {name.replace("__", "."): value for name, value in fields.items()}
        form |= {"csrf_token": token_of(self.http.get(path).text), "only_code": "yes"}
        page = self.http.post(path, data=form)
        assert page.status_code == 200, page.text
        found = {match["tool"]: html.unescape(match["text"]) for match in _CODE.finditer(page.text)}
        library = _LIBRARY.search(page.text)
        assert library is not None
        return found["curl"], found["Python"], library["name"]

    def run(self, *command: str, code: str) -> str:
        """What code prints that is run by somebody who has the credentials in the environment."""
        server = self.site.server
        secrets = {"CLIENT_ID": server.client_id, "CLIENT_SECRET": server.client_secret}
        done = subprocess.run(
            [*command],
            input=code,
            cwd=self.folder,
            env={**clean_environment({}), **secrets},
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS_MAX,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done.stdout

    def curl(self, code: str) -> Json:
        return as_json(self.run("bash", "-eu", code=code))

    def python(self, code: str) -> Json:
        return as_json(self.run(sys.executable, "-", code=code))

    def with_sdk(self, code: str) -> Json:
        """What code with the SDK prints. It runs in this process: the SDK's import takes seconds."""
        output = io.StringIO()
        server = self.site.server
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
            patch.setenv("CLIENT_ID", server.client_id)
            patch.setenv("CLIENT_SECRET", server.client_secret)
            exec(compile(code, "<shown>", "exec"), {})  # noqa: S102 - the code is what is tested
        return as_json(output.getvalue())

    def answers(self, operation_id: str, library: str, **fields: str) -> tuple[Json, Json]:
        """What both kinds of code print."""
        curl, python, needed = self.show(operation_id, **fields)
        assert needed == library
        return self.curl(curl), (self.with_sdk if library == "zuora-sdk" else self.python)(python)


def as_json(text: str) -> Json:
    found: Json = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    return found


def told(answer: Any) -> Any:
    """An answer without what is null: the SDK leaves that out."""
    if isinstance(answer, dict):
        return {name: told(value) for name, value in answer.items() if value is not None}
    return [told(each) for each in answer] if isinstance(answer, list) else answer


@pytest.fixture(scope="module")
def reader(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    made = Reader(site, tmp_path_factory.mktemp("code"))
    yield made
    made.http.close()


def test_a_body_arrives_as_it_was_typed(reader: Reader, site: Site) -> None:
    """Through the SDK and through curl: what is read back is what was typed."""
    body = new_account(name=AWKWARD, notes=f"{AWKWARD}\n\ttwo lines\r\n")
    for answer in reader.answers("POST_Account", "zuora-sdk", body=json.dumps(body, ensure_ascii=False, indent=2)):
        assert answer["success"] is True, answer
        with site.server.api() as api:
            shown = api.ok("GET", f"/v1/accounts/{answer['accountId']}")["basicInfo"]
        assert (shown["name"], shown["notes"]) == (AWKWARD, body["notes"])


def test_a_body_that_the_sdk_has_no_method_for_arrives_too(reader: Reader, site: Site) -> None:
    with site.server.api() as api:
        account = create_account(api)
    body = {"accountId": account, "comment": AWKWARD, "charges": [{"amount": 10.25, "comment": AWKWARD}]}
    text = json.dumps(body, ensure_ascii=False)
    for answer in reader.answers("POST_CreditMemoFromCharge_OlderPath", "httpx", body=text):
        assert (answer["comment"], answer["amount"]) == (AWKWARD, Decimal("10.25"))


@pytest.mark.parametrize(
    "body",
    ("{", '{"name": 1e999}', '{"name": 12345678901234567.89}', '{"a": 1, "a": 2}', "'", '{"a": "\\ud800"}', "[" * 5000),
)
def test_a_body_that_is_wrong_is_sent_as_wrong(reader: Reader, body: str) -> None:
    first, second = reader.answers("POST_Account", "httpx", body=body)
    assert first["success"] is False
    assert first["reasons"] == second["reasons"]


def test_paths_and_headers_arrive_as_they_were_typed(reader: Reader, site: Site) -> None:
    first, second = reader.answers("GET_CreditMemo_OlderPath", "httpx", path__key=f"{AWKWARD}/?%2F")
    assert "Söhne" in first["reasons"][0]["message"]
    assert first["reasons"] == second["reasons"]
    number = f"{unique_letters()}-O'N%2F&+é{{x}}$x`"
    with site.server.api() as api:
        account = create_account(api, accountNumber=number)
    headers = {"header__Zuora-Track-Id": TRACK_ID}
    first, second = reader.answers("GET_Account", "zuora-sdk", path__key=number, **headers)
    assert first["basicInfo"]["id"] == account
    assert told(second)["basicInfo"]["id"] == account
    curl, _, _ = reader.show("GET_Account", path__key=number, **headers)
    shown = reader.run("bash", "-eu", code=curl.replace("--request GET", "--include --request GET"))
    assert f"zuora-track-id: {TRACK_ID}" in shown


def test_queries_arrive_as_they_were_typed(reader: Reader, site: Site) -> None:
    with site.server.api() as api:
        account = create_account(api)
        charge = {"amount": 10, "chargeId": "c"}
        memo = api.ok("POST", "/v1/credit-memos", {"accountId": account, "charges": [charge], "autoPost": True})
    query = {"query__accountId": account, "query__pageSize": "5", "query__amount": "10.00"}
    query |= {"query__autoApplyUponPosting": "false", "query__creditMemoDate": memo["creditMemoDate"]}
    first, second = reader.answers("GET_CreditMemos", "zuora-sdk", **query)
    assert [each["id"] for each in first["creditmemos"]] == [memo["id"]]
    assert [each["id"] for each in second["creditmemos"]] == [memo["id"]]
    first, second = reader.answers("GET_CreditMemos", "httpx", query__pageSize="many", query__accountId=AWKWARD)
    assert "'many'" in first["reasons"][0]["message"]
    assert first["reasons"] == second["reasons"]


def test_what_the_sdk_does_not_know_is_asked_with_httpx(reader: Reader, site: Site) -> None:
    with site.server.api() as api:
        number = f"A-{unique_letters()}"
        create_account(api, accountNumber=number)
    first, second = reader.answers("GET_RetrieveAllPayments", "httpx", query__accountNumber=number)
    assert first == second
    assert first["payments"] == []


def test_sequence_s_calls_arrive_as_they_were_typed(reader: Reader) -> None:
    contact = {"name": "Ada", "email": "ada@example.com", "billingPreference": "PRIMARY"}
    address = {"line1": AWKWARD, "town": "London", "postcode": "NW1", "country": "GB"}
    body = {"legalName": AWKWARD, "address": address, "taxStatus": "TAXED", "contacts": [contact]}
    alias = f"{unique_letters()} /?#%é'\""
    body |= {"customerAliases": [alias]}
    text = json.dumps(body, ensure_ascii=False)
    headers = {"header__Idempotency-Key": AWKWARD_HEADER}
    curl, python, library = reader.show("postCustomers", body=text, **headers)
    assert library == "httpx"
    made = reader.curl(curl)
    assert made["legalName"] == AWKWARD
    # The same key with the same request would be a replay: Python writes the same JSON more tightly.
    assert reader.python(python)["error"]["type"] == "IdempotencyKeyReused"
    first, second = reader.answers("getCustomersByAliasByAlias", "httpx", path__alias=alias)
    assert first == second
    assert (first["id"], first["address"]["line1"]) == (made["id"], AWKWARD)


def test_a_token_is_asked_for_by_form(reader: Reader) -> None:
    for answer in reader.answers("createToken", "httpx", body__grant_type="client_credentials"):
        assert answer["expires_in"] > 0


def test_a_file_is_saved(reader: Reader) -> None:
    curl, python, library = reader.show("getCreditNotesByIdDownload", path__id="nobody")
    assert library == "httpx"
    for command, code in ((("bash", "-eu"), curl), ((sys.executable, "-"), python)):
        (reader.folder / "document.pdf").unlink(missing_ok=True)
        reader.run(*command, code=code)
        assert json.loads((reader.folder / "document.pdf").read_bytes())["error"]["type"] == "NotFound"


def test_no_secret_is_shown(reader: Reader, site: Site) -> None:
    server = site.server
    for operation_id in ("POST_Account", "POST_CreditMemoFromCharge_OlderPath", "getCustomers", "createToken"):
        fields = {"client_id": server.client_id, "client_secret": server.client_secret}
        for code in reader.show(operation_id, **fields)[:2]:
            assert "CLIENT_SECRET" in code
            assert server.client_secret not in code
            assert server.client_id not in code


@cache
def sdk_client() -> Any:
    """The SDK's client. Its import takes seconds."""
    from zuora_sdk.zuora_client import ZuoraClient  # noqa: PLC0415

    return ZuoraClient(client_id="", client_secret="", env=None)


def serializer_of(operation: Operation) -> tuple[Any, str]:
    """The SDK's method for an operation, and the source of what makes its request."""
    import zuora_sdk  # noqa: PLC0415

    method = SDK_METHODS[operation.id]
    api = getattr(sdk_client(), method.api)()
    assert not method.model or hasattr(zuora_sdk, method.model)
    return getattr(api, method.name), inspect.getsource(getattr(api, f"_{method.name}_serialize"))


def without_names(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


@pytest.mark.parametrize("operation_id", SDK_METHODS)
def test_the_sdk_s_method_calls_this_operation(operation_id: str) -> None:
    operation, method = APIS["zuora"].operations[operation_id], SDK_METHODS[operation_id]
    call, source = serializer_of(operation)
    path = re.search(r"resource_path='([^']+)'", source)
    verb = re.search(r"method='([A-Z]+)'", source)
    assert path is not None
    assert verb is not None
    assert (verb[1], without_names(path[1])) == (operation.method, without_names(operation.path))
    sent = dict(re.findall(r"_path_params\['([^']+)'\] = (\w+)", source))
    assert tuple(sent[name] for name in re.findall(r"\{([^}]*)\}", path[1])) == method.path_arguments
    parameters = inspect.signature(call).parameters
    body = re.search(r"_body_params = (\w+)", source)
    assert bool(body) == bool(method.model)
    if body is not None:
        assert body[1] == method.body_argument
        assert method.model in str(parameters[body[1]].annotation)
    queries = dict(re.findall(r"\(\s*'([^']+)',\s*(\w+)[\s.)]", source))
    for parameter in operation.at(QUERY):
        name = argument_name(parameter.name)
        fits = name in parameters and "datetime.datetime" not in str(parameters[name].annotation)
        fits = fits and f"{name}.value" not in source  # of what is a text by then, and has none
        assert fits == (parameter.name not in QUERIES_ELSEHOW.get(operation_id, ())), parameter.name
        assert not fits or queries[parameter.name] == name
    headers = dict(re.findall(r"_header_params\['([^']+)'\] = (\w+)", source))
    for parameter in operation.at(HEADER):
        assert headers[parameter.name] == argument_name(parameter.name)


def test_only_what_the_sdk_lacks_is_shown_without_it() -> None:
    import zuora_sdk.api as sdk_apis  # noqa: PLC0415

    sources = "".join(
        inspect.getsource(found)
        for found in vars(sdk_apis).values()
        if inspect.isclass(found) and found.__name__.endswith("Api")
    )
    known = set(re.findall(r"method='([A-Z]+)',\s+resource_path='([^']+)'", sources))
    paths = {(method, without_names(path)) for method, path in known}
    assert len(paths) > 300
    for operation in APIS["zuora"].operations.values():
        if operation.id not in SDK_METHODS and not operation.is_form:
            assert (operation.method, without_names(operation.path)) not in paths, operation.id
