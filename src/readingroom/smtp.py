"""The mail server: ports.Mail over SMTP, encrypted unless the server is on this machine."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from readingroom.core.mail import Message
from readingroom.errors import InvalidInput, SettingsError, Unavailable
from readingroom.settings import Settings

TIMEOUT_SECONDS = 20
PASSWORD = "mail-password"  # noqa: S105  a file's name


class SmtpMail:
    """One connection for each message: few are sent, and none depends on another."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._password = _password(settings)

    def send(self, message: Message) -> None:
        """See ports.Mail. An answer 5xx to the address or the message is for good, all else may pass."""
        try:
            with self._connected() as server:
                server.send_message(_as_email(message), message.sender, [message.to])
        except smtplib.SMTPRecipientsRefused as error:
            code, reason = next(iter(error.recipients.values()))
            raise _refusal(code, reason) from error
        except smtplib.SMTPDataError as error:
            raise _refusal(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(f"The mail server did not take it: {error}.", rule="mail.server",
                              value=self._settings.mail_host,
                              next_step="Check mail_host, mail_port and mail_security in settings.toml.") from error

    def _connected(self) -> smtplib.SMTP:
        settings, context = self._settings, ssl.create_default_context()
        if settings.mail_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(settings.mail_host, settings.mail_port, timeout=TIMEOUT_SECONDS,
                                                    context=context)
        else:
            server = smtplib.SMTP(settings.mail_host, settings.mail_port, timeout=TIMEOUT_SECONDS)
        try:
            if settings.mail_security == "starttls":
                server.starttls(context=context)  # raises when the server offers none: never in the clear instead
            if settings.mail_username:
                server.login(settings.mail_username, self._password)
        except BaseException:
            server.close()
            raise
        return server


def _as_email(message: Message) -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = message.sender, message.to, message.subject
    made["Date"], made["Message-ID"] = format_datetime(message.at), message.id
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    made.set_content(message.text)
    return made


def _refusal(code: int, reason: bytes | str) -> InvalidInput | Unavailable:
    said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
    kind = InvalidInput if code >= 500 else Unavailable
    return kind(f"The mail server said {code}: {said[:200]}", rule="mail.refused", value=code,
                next_step="Check the address, and mail_from in settings.toml.")


def _password(settings: Settings) -> str:
    if not settings.mail_username:
        return ""
    file = settings.keys_dir / PASSWORD
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.", rule="settings.mail-password", value=PASSWORD,
                            next_step="Put the mail server's password there, mode 0600, or leave mail_username out."
                            ) from error
