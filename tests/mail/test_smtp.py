"""The mail server: what its URL may say, TLS that is verified, signing in, and conversations that break."""

import asyncio
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from seriatim.domain.mail import MailStatus
from seriatim.errors import InvalidValue
from seriatim.mail.smtp import REPLY_CHARACTERS_MAX, Conversation, MailServer, Security, mail_server
from seriatim.settings import Settings
from tests.mail.post_office import HOST, PostOffice
from tests.mail.world import World


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for `localhost`, with its key in the same file."""
    path, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(path)),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + key.read_text())
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize(
    ("url", "server"),
    (
        ("smtp://mail.example", MailServer("mail.example", 587, Security.STARTTLS)),
        ("smtp://mail.example:25?starttls=required", MailServer("mail.example", 25, Security.STARTTLS)),
        ("smtps://mail.example/", MailServer("mail.example", 465, Security.TLS)),
        ("smtp://mail.example:25?starttls=never", MailServer("mail.example", 25, Security.NONE)),
        (
            "smtps://me%40mail.example:p%3Ass@mail.example:2465",
            MailServer("mail.example", 2465, Security.TLS, "me@mail.example", "p:ss"),
        ),
        (
            "smtp://me:secret@127.0.0.1:25?starttls=never",
            MailServer("127.0.0.1", 25, Security.NONE, "me", "secret"),
        ),
        ("smtp://[::1]:25", MailServer("::1", 25, Security.STARTTLS)),
    ),
)
def test_a_url_names_a_server(url: str, server: MailServer) -> None:
    assert mail_server(url) == server
    assert Settings(smtp_url=url).smtp_url == url


@pytest.mark.parametrize(
    ("url", "reason"),
    (
        ("mail.example:hunter2", "scheme"),
        ("http://hunter2@mail.example", "scheme"),
        ("smtp://", "name a host"),
        ("smtp://me:hunter2@", "name a host"),
        ("smtp://mail.example/hunter2", "nothing behind it"),
        ("smtp://mail.example#hunter2", "nothing behind it"),
        ("smtp://me@mail.example", "a user and a password"),
        ("smtp://:hunter2@mail.example", "a user and a password"),
        ("smtp://mail.example:port", "no URL"),
        ("smtp://mail.example:70000", "no URL"),
        ("smtp://[mail.example", "no URL"),
        ("smtp://mail.example?starttls=maybe", "required or never"),
        ("smtp://mail.example?tls=1", "required or never"),
        ("smtp://mail.example?hunter2", "no URL"),
        ("smtps://mail.example?starttls=never", "required or never"),
        ("smtp://me:hunter2@mail.example?starttls=never", "without TLS"),
        ("smtp://me:hunter2%0d%0aRCPT@mail.example", "printable ASCII"),
        ("smtp://me:hünter2@mail.example", "printable ASCII"),
    ),
)
def test_a_url_that_names_none_is_refused_without_showing_it(url: str, reason: str) -> None:
    with pytest.raises(InvalidValue, match=reason) as refusal:
        Settings(smtp_url=url)
    assert refusal.value.field == "smtp_url"
    assert "hunter2" not in refusal.value.message


@pytest.mark.parametrize("address", ("seriatim", "a b@c.example", "a@b\r\nc", "é@b.example", "@b.example"))
def test_a_sender_is_an_address(address: str) -> None:
    with pytest.raises(InvalidValue, match="give an e-mail address") as refusal:
        Settings(smtp_sender=address)
    assert refusal.value.field == "smtp_sender"


def test_the_password_is_not_shown_with_the_server() -> None:
    assert "hunter2" not in repr(mail_server("smtps://me:hunter2@mail.example"))


async def test_with_starttls_and_a_password(
    world: World, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    await world.queue()
    async with (
        PostOffice().open(tls, auth=True) as office,
        world.mailer(f"smtp://me:right@localhost:{office.port}") as m,
    ):
        await m.send_due()
    assert office.logins == [(b"me", b"right")]
    assert len(office.deliveries) == 1


async def test_a_wrong_password_delays_the_mail_and_is_not_told(
    world: World, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    await world.queue()
    async with (
        PostOffice().open(tls, auth=True) as office,
        world.mailer(f"smtp://me:hunter2@localhost:{office.port}") as m,
    ):
        await m.send_due()
    assert office.deliveries == []
    mail = await world.mail()
    assert (mail.status, mail.attempts) == (MailStatus.WAITING, 1)
    assert "535" in (mail.last_error or "")
    assert "hunter2" not in (mail.last_error or "")


async def test_a_server_that_repeats_the_password_is_not_quoted(
    world: World, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    office = PostOffice(recipient_answers={"sophie@customer.example": ["550 your password is right"]})
    await world.queue()
    async with office.open(tls, auth=True), world.mailer(f"smtp://me:right@localhost:{office.port}") as mailer:
        await mailer.send_due()
    assert (await world.mail()).last_error == "sophie@customer.example: 550 your password is [redacted]"


async def test_lines_that_are_a_point_do_not_end_a_mail(post_office: PostOffice) -> None:
    content = b"Subject: points\r\n\r\n.\r\n..\r\n.a\r\nend\r\n"

    def send() -> None:
        conversation = Conversation(mail_server(post_office.url))
        conversation.open()
        conversation.address("a@seller.example", ["b@customer.example"], len(content))
        conversation.hand_over(content)
        conversation.close()

    await asyncio.to_thread(send)
    (delivery,) = post_office.deliveries
    assert delivery.message.get_content().splitlines() == [".", "..", ".a", "end"]


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(world: World, tls: ssl.SSLContext) -> None:
    await world.queue()
    async with (
        PostOffice().open(tls, auth=True) as office,
        world.mailer(f"smtp://me:right@localhost:{office.port}") as m,
    ):
        await m.send_due()
    assert (office.logins, office.deliveries) == ([], [])
    mail = await world.mail()
    assert mail.status is MailStatus.WAITING
    assert "CERTIFICATE_VERIFY_FAILED" in (mail.last_error or "")


async def test_a_certificate_of_another_name_is_not_trusted(
    world: World, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    await world.queue()
    async with PostOffice().open(tls) as office, world.mailer(f"smtp://{HOST}:{office.port}") as mailer:
        await mailer.send_due()
    assert office.deliveries == []
    assert "CERTIFICATE_VERIFY_FAILED" in ((await world.mail()).last_error or "")


async def test_a_server_without_starttls_gets_nothing_unless_that_was_asked_for(world: World) -> None:
    await world.queue()
    async with PostOffice().open() as office, world.mailer(f"smtp://{HOST}:{office.port}") as mailer:
        await mailer.send_due()
    assert office.deliveries == []
    assert "STARTTLS" in ((await world.mail()).last_error or "")


async def test_a_server_that_goes_silent_or_talks_nonsense_delays_the_mail(world: World) -> None:
    with socket.create_server((HOST, 0)) as listener:
        url = f"smtp://{HOST}:{listener.getsockname()[1]}?starttls=never"
        await world.queue()
        async with world.mailer(url) as mailer:

            def greet() -> None:
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(b"HTTP/1.1 400 Bad Request\x00\x1b[31m\r\n" + b"x" * 5000 + b"\r\n")

            talking = threading.Thread(target=greet)
            talking.start()
            await mailer.send_due()
            talking.join()
    mail = await world.mail()
    assert mail.status is MailStatus.WAITING
    assert mail.last_error is not None
    assert mail.last_error.isprintable()
    assert len(mail.last_error) <= REPLY_CHARACTERS_MAX + 100
