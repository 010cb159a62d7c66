"""Mail by SMTP: accepted means that the server took it for delivery."""

from __future__ import annotations

import email.policy
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage

from alerting.channels import MailChannel
from alerting.paging.answer import Answer, Outcome, one_line
from alerting.paging.note import Note


@contextmanager
def _left(server: smtplib.SMTP) -> Iterator[None]:
    """Take leave at the end. What the server has said of the mail by then holds, however the leave is taken."""
    try:
        yield
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
    finally:
        server.close()


class MailSender:
    def __init__(self, channel: MailChannel, password: str | None) -> None:
        self._channel, self._password = channel, password

    def send(self, note: Note) -> Answer:
        to = note.to or self._channel.to
        if not to:
            return Answer(Outcome.REFUSED, "there is no address to send it to")
        hidden = (self._password or "", to)
        try:
            return self._try(note, to)
        except smtplib.SMTPResponseException as error:
            said = error.smtp_error
            words = f"{error.smtp_code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
            return Answer(Outcome.REFUSED, one_line(words, *hidden))
        except smtplib.SMTPRecipientsRefused as error:
            return Answer(Outcome.REFUSED, one_line(f"the receiver is refused: {error.recipients}", *hidden))
        except TimeoutError:
            return Answer(Outcome.FAILED, f"no answer within {self._channel.timeout_s:g} s")
        except (OSError, smtplib.SMTPException, ValueError) as error:
            words = getattr(error, "strerror", None) or str(error) or type(error).__name__
            return Answer(Outcome.FAILED, one_line(words, *hidden))

    def _try(self, note: Note, to: str) -> Answer:
        channel = self._channel
        if channel.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                channel.host, channel.port, timeout=channel.timeout_s, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(channel.host, channel.port, timeout=channel.timeout_s)
        with _left(server):
            if channel.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if channel.username is not None:
                server.login(channel.username, self._password or "")
            # The whole dialogue by hand: `send_message` keeps the server's last words, which name the queued mail.
            server.ehlo_or_helo_if_needed()
            for code, said in (server.mail(channel.sender), server.rcpt(to)):
                if code not in (250, 251):
                    raise smtplib.SMTPResponseException(code, said)
            code, said = server.data(self._message(note, to).as_bytes(policy=email.policy.SMTP))
            if code != 250:
                raise smtplib.SMTPResponseException(code, said)
            return Answer(Outcome.ACCEPTED, one_line(f"{code} {said.decode('utf-8', 'replace')}", to))

    def _message(self, note: Note, to: str) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = note.heading
        message["From"], message["To"] = self._channel.sender, to
        # The same for every repeat: mail programs show it once.
        message["Message-ID"] = f"<{note.id}@levee>"
        message["X-Levee-Page"] = note.id
        message["Importance"] = "high"
        message.set_content(note.whole)
        return message
