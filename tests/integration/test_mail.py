"""Notices by e-mail, against a real mail server on this machine."""

from __future__ import annotations

import ssl
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from readingroom import bootstrap
from readingroom.core.roles import Role
from readingroom.errors import SettingsError, Unavailable
from readingroom.services import invitations, notices, people
from readingroom.settings import Settings
from readingroom.smtp import SmtpMail
from readingroom.tour.run import free_ports
from tests.factories import NOW, PASSWORD, make_workshop


class Kept:
    """What the server was given; `answers` are what it says to DATA, one each, then it takes all."""

    def __init__(self) -> None:
        self.messages = []
        self.refused: set[str] = set()
        self.answers: list[str] = []
        self.encrypted: list[bool] = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answers:
            return self.answers.pop(0)
        self.encrypted.append(session.ssl is not None)
        self.messages.append(message_from_bytes(envelope.content, policy=default))
        return "250 taken"


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def server(kept):
    controller = Controller(kept, hostname="127.0.0.1", port=free_ports(1)[0])
    controller.start()
    yield controller
    if controller._thread is not None:  # a test may have stopped it
        controller.stop()


@pytest.fixture
def workshop(tmp_path, server):
    made = make_workshop(tmp_path, mail_host="127.0.0.1", mail_port=server.port, mail_security="none",
                         mail_from="reading-room@example.org")
    notices.set_address(made, "ada", "ada@leeds.example", by="ada")
    yield made
    made.store.engine.dispose()


def tell(workshop, number=1, people=("ada", "bilal")):
    with workshop.store.transaction() as tx:
        notices.tell(tx, people, "request.returned", request=number, project="returns")


def test_who_gave_an_address_gets_the_notice_and_nobody_else(workshop, kept):
    tell(workshop)
    assert kept.messages == [], "telling sends nothing itself"
    assert notices.send_due(workshop, SmtpMail(workshop.settings)) == 1
    (message,) = kept.messages
    assert message["To"] == "ada@leeds.example" and message["From"] == "reading-room@example.org"
    assert message["Subject"] == "[Reading Room] Request 1 was returned for changes"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "/services/portal/requests/1" in message.get_content()
    assert notices.send_due(workshop, SmtpMail(workshop.settings)) == 0


class TestInvitations:
    def invite(self, workshop, email="dara@leeds.example"):
        return people.invite(workshop, "robin", "dara", "Dara", "Leeds", [Role.RESEARCHER], email=email,
                             reason="Agreed")

    def test_the_link_goes_to_the_person_and_nobody_else_sees_it(self, workshop, kept):
        made = self.invite(workshop)
        assert invitations.deliver(workshop, SmtpMail(workshop.settings), made) == "dara@leeds.example"
        (message,) = kept.messages
        said = message.get_content()
        assert message["To"] == "dara@leeds.example" and f"/services/portal/invitation/{made.token}" in said
        assert not {"Dara", "Leeds", "robin", "Agreed"} & set(said.split())
        with workshop.store.reading() as tx:
            assert tx.events.head().action == "person.invitation-mailed" and made.token not in str(tx.events.head())
        assert invitations.take(workshop, made.token, PASSWORD) == "dara"

    def test_without_mail_or_an_address_it_is_handed_over(self, workshop, kept):
        assert invitations.deliver(workshop, None, self.invite(workshop)) == ""
        people.change(workshop, "robin", "dara", display_name="Dara", organisation="Leeds", roles=[Role.RESEARCHER],
                      reason="No address")
        again = people.invite_again(workshop, "robin", "dara", reason="Anew")
        assert invitations.deliver(workshop, SmtpMail(workshop.settings), again) == "" and kept.messages == []

    def test_what_the_server_does_not_take_is_handed_over(self, workshop, kept, server):
        kept.refused.add("dara@leeds.example")
        assert invitations.deliver(workshop, SmtpMail(workshop.settings), self.invite(workshop)) == ""
        server.stop()
        again = people.invite_again(workshop, "robin", "dara", reason="Anew")
        assert invitations.deliver(workshop, SmtpMail(workshop.settings), again) == ""
        assert invitations.take(workshop, again.token, PASSWORD) == "dara"

    def test_it_goes_where_the_record_says_not_where_notices_go(self, workshop, kept):
        """Whoever got into the account could have notices sent to themselves, but no link to set its password."""
        people.change(workshop, "robin", "ada", display_name="Ada", organisation="Org", roles=[Role.RESEARCHER],
                      email="ada@org.example", reason="Known")
        notices.set_address(workshop, "ada", "evil@elsewhere.example", by="ada")
        made = people.reset_sign_in(workshop, "robin", "ada", reason="Lost phone")
        assert invitations.deliver(workshop, SmtpMail(workshop.settings), made) == "ada@org.example"

    def test_off_is_the_default(self, tmp_path):
        assert bootstrap.mail(Settings(state_dir=tmp_path)) is None


def test_a_server_that_is_busy_or_gone_is_tried_again_and_nothing_is_lost(workshop, kept, server):
    tell(workshop)
    kept.answers = ["451 later please"]
    mail = SmtpMail(workshop.settings)
    assert notices.send_due(workshop, mail) == 0
    assert notices.send_due(workshop, mail) == 0, "not before its time"
    workshop.clock.forward(minutes=1)
    server.stop()
    assert notices.send_due(workshop, mail) == 0
    tell(workshop, 2)
    workshop.clock.forward(minutes=2)
    again = Controller(kept, hostname="127.0.0.1", port=workshop.settings.mail_port)
    again.start()
    try:
        assert notices.send_due(workshop, mail) == 2
    finally:
        again.stop()
    assert [message["Subject"][15:24] for message in kept.messages] == ["Request 2", "Request 1"]


def test_one_that_is_refused_for_good_holds_up_nobody_and_is_counted(workshop, kept):
    notices.set_address(workshop, "bilal", "bilal@leeds.example", by="bilal")
    kept.refused.add("ada@leeds.example")
    tell(workshop)
    assert notices.send_due(workshop, SmtpMail(workshop.settings)) == 1
    assert [message["To"] for message in kept.messages] == ["bilal@leeds.example"]
    with workshop.store.reading() as tx:
        assert tx.notices.outbox() == (0, 1)


def test_after_three_days_it_is_given_up(workshop, kept):
    tell(workshop)
    kept.answers = ["451 later please"] * 1000
    mail = SmtpMail(workshop.settings)
    for _ in range(100):
        notices.send_due(workshop, mail)
        workshop.clock.forward(hours=1)
    with workshop.store.reading() as tx:
        assert tx.notices.outbox() == (0, 1)
    assert kept.messages == []


def test_killed_after_the_servers_yes_it_is_sent_again_with_the_same_id(workshop, kept):
    """At least once: what the records do not yet know of is repeated, and a mail program can tell."""
    tell(workshop)

    class KilledThen(SmtpMail):
        def send(self, message):
            super().send(message)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        notices.send_due(workshop, KilledThen(workshop.settings))
    notices.send_due(workshop, SmtpMail(workshop.settings))
    assert len(kept.messages) == 2 and len({message["Message-ID"] for message in kept.messages}) == 1


def test_an_address_taken_back_gets_nothing_more(workshop, kept):
    tell(workshop)
    notices.set_address(workshop, "ada", "", by="ada")
    assert notices.send_due(workshop, SmtpMail(workshop.settings)) == 0
    assert kept.messages == []


def certificate(directory):
    """A key and a self-signed certificate for localhost, in one file each."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(NOW - timedelta(days=3000)).not_valid_after(NOW + timedelta(days=3000))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256()))
    (directory / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (directory / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return directory / "cert.pem", directory / "key.pem"


class TestEncryption:
    @pytest.fixture
    def secure(self, kept, tmp_path):
        cert, key = certificate(tmp_path)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)

        def authenticate(server, session, envelope, mechanism, data):
            return AuthResult(success=(data.login, data.password) == (b"rr", b"a secret"))

        controller = Controller(kept, hostname="localhost", port=free_ports(1)[0], tls_context=context,
                                require_starttls=True, auth_required=True, authenticator=authenticate)
        controller.start()
        yield controller, cert
        controller.stop()

    def settings(self, tmp_path, port):
        settings = Settings(state_dir=tmp_path, mail_host="localhost", mail_port=port, mail_from="rr@example.org",
                            mail_username="rr")
        settings.keys_dir.mkdir(exist_ok=True)
        (settings.keys_dir / "mail-password").write_text("a secret\n")
        return settings

    def test_starttls_with_a_password(self, secure, kept, tmp_path, monkeypatch):
        controller, cert = secure
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        made = make_workshop(tmp_path / "room")
        notices.set_address(made, "ada", "ada@leeds.example", by="ada")
        tell(made)
        assert notices.send_due(made, SmtpMail(self.settings(tmp_path, controller.port))) == 1
        assert kept.encrypted == [True]

    def test_a_certificate_that_nobody_vouches_for_is_not_accepted(self, secure, kept, tmp_path):
        controller, _ = secure
        mail = SmtpMail(self.settings(tmp_path, controller.port))
        with pytest.raises(Unavailable, match="certificate"):
            mail.send(None)
        assert kept.messages == []

    def test_never_in_the_clear_when_the_server_offers_no_encryption(self, server, kept, tmp_path):
        with pytest.raises(Unavailable, match="STARTTLS"):
            SmtpMail(self.settings(tmp_path, server.port)).send(None)
        assert kept.messages == []


@pytest.mark.parametrize(("wrong", "rule"), [
    ({"mail_from": ""}, "settings.mail_from"), ({"mail_from": "a@b, c@d"}, "settings.mail_from"),
    ({"mail_port": 0}, "settings.mail_port"), ({"mail_security": "ssl"}, "settings.mail_security"),
    ({"mail_security": "none"}, "settings.mail_security"),
    ({"mail_security": "none", "mail_host": "localhost", "mail_username": "x"}, "settings.mail_security")])
def test_settings_that_would_not_do(tmp_path, wrong, rule):
    given = {"mail_host": "mail.example.org", "mail_from": "rr@example.org", **wrong}
    with pytest.raises(SettingsError) as refused:
        Settings(state_dir=tmp_path, **given)
    assert refused.value.rule == rule


def test_a_missing_password_is_said_at_the_start(tmp_path):
    with pytest.raises(SettingsError, match="mail-password"):
        SmtpMail(Settings(state_dir=tmp_path, mail_host="mail.example.org", mail_from="rr@example.org",
                          mail_username="rr"))
