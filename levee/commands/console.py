"""`levee console`: what people see of the service in their browsers, and who may."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from alerting.console.accounts import Accounts
    from alerting.console.door import Journal
    from alerting.settings import ServiceSettings

console_app = typer.Typer(
    help="The console: zones, incidents, rota and settings in a browser; the HTTP API; the public board.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
account_app = typer.Typer(help="Accounts: who may log in, and as what.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens: programs that use the HTTP API.", no_args_is_help=True)
console_app.add_typer(account_app, name="account")
console_app.add_typer(token_app, name="token")

Config = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="Settings of the service, a YAML file (`levee: service`).")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the account: a-z, 0-9 and '-'.")]
RoleOption = Annotated[
    str,
    typer.Option("--role", metavar="[view|duty|in-charge|admin]", help="view sees; duty acknowledges; in-charge sets."),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="File that holds the password; without it you are asked.", dir_okay=False),
]


@console_app.callback()
def console() -> None:
    """The console: zones, incidents, rota and settings in a browser; the HTTP API; the public board."""


@console_app.command("run")
def run(config: Config) -> None:
    """Serves the console until SIGTERM or Ctrl-C: a process of its own beside the service.

    It reads the service's /state, the broker and the record, and needs nothing from outside. Set it up under `console:`
    in the settings of the service; without that it listens at 127.0.0.1:9112. Before the first log-in:

        levee console account add service.yaml li-wei --role admin --title 李伟 --person li-wei

        levee console run service.yaml

    For telephones and other machines put a reverse proxy with TLS before it and name its address as `console.url`.
    """
    from levee.commands.logs import log_to_stderr
    from levee.config.load import load_desk, load_duty, load_service
    from levee.stopping import stop_on_signals

    service, sites = load_service(config)
    duty, desk = load_duty(service), load_desk(service)
    log_to_stderr()

    from alerting.console.run import run_console

    run_console(service, sites, duty, stop=stop_on_signals(), desk=desk)


class _Book:
    """The accounts of a service, and the journal of what is done to them here."""

    def __init__(self, config: Path) -> None:
        from levee.config.load import load_duty, load_service

        self.service: ServiceSettings
        self.service, _ = load_service(config)
        self.duty = load_duty(self.service)

        from alerting.console.door import Door, Journal
        from alerting.console.run import accounts_of
        from alerting.record.url import record_url

        self.accounts: Accounts = accounts_of(self.service)
        self._door = Door(record_url(self.service))
        self._journal: Journal = Journal(self._door)

    def __enter__(self) -> _Book:
        return self

    def __exit__(self, *_: object) -> None:
        self._journal.close(2.0)
        self._door.close()
        self.accounts.close()

    def note(self, did: str, about: str) -> None:
        import getpass

        try:
            user = getpass.getuser()
        except (OSError, KeyError):
            user = "?"
        self._journal.note("command-line", did, f"{about} (user {user})"[:400])

    def check_person(self, person: str) -> None:
        if person and (self.duty is None or self.duty.person(person) is None):
            names = ", ".join(one.name for one in self.duty.people) if self.duty is not None else ""
            known = f": there are {names}" if names else ", which the service does not have"
            raise typer.BadParameter(f"--person {person} is nobody of the duty file{known}")


def _role(text: str):  # type: ignore[no-untyped-def]
    from alerting.console.roles import Role

    try:
        return Role.from_label(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _password(file: Path | None) -> str:
    if file is None:
        return str(typer.prompt("password", hide_input=True, confirmation_prompt=True))
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise typer.BadParameter(f"--password-file {file} cannot be read: {reason}") from None


@account_app.command("add")
def add(
    config: Config,
    name: Name,
    role: RoleOption = "view",
    title: Annotated[
        str | None, typer.Option("--title", help="What people call him or her; the name if not set.")
    ] = None,
    person: Annotated[
        str, typer.Option("--person", help="Short name in the duty file; who acknowledges must have one.")
    ] = "",
    password_file: PasswordFile = None,
) -> None:
    """Makes an account.

    levee console account add service.yaml wang-fang --role duty --title 王芳 --person wang-fang
    """
    import time

    from alerting.console.roles import Account

    wanted = _role(role)
    with _Book(config) as book:
        book.check_person(person)
        account = Account(name, title or name, wanted, person)
        book.accounts.add(account, _password(password_file), time.time())
        book.note("add account", f"{name} {wanted.label}")
    typer.echo(f"made: {name}, role {wanted.label}")


@account_app.command("list")
def list_accounts(config: Config) -> None:
    """Lists the accounts, with roles and people."""
    with _Book(config) as book:
        found = book.accounts.all()
    if not found:
        typer.echo("there are no accounts yet: `levee console account add` makes one")
    for one in found:
        person = f", person {one.person}" if one.person else ""
        typer.echo(f"{one.name}: {one.title}, role {one.role.label}{person}{', disabled' if one.disabled else ''}")


@account_app.command("password")
def password(config: Config, name: Name, password_file: PasswordFile = None) -> None:
    """Gives an account a new password, and ends its sessions."""
    with _Book(config) as book:
        book.accounts.change(name, password=_password(password_file))
        book.note("new password", name)
    typer.echo(f"changed: {name}; log in again")


@account_app.command("role")
def change_role(config: Config, name: Name, role: RoleOption) -> None:
    """Gives an account another role, and ends its sessions."""
    wanted = _role(role)
    with _Book(config) as book:
        book.accounts.change(name, role=wanted)
        book.note("change account", f"{name} {wanted.label}")
    typer.echo(f"changed: {name} has the role {wanted.label}")


@account_app.command("disable")
def disable(config: Config, name: Name) -> None:
    """Shuts an account out at once, with its sessions and tokens; `enable` lets it in again."""
    with _Book(config) as book:
        book.accounts.change(name, disabled=True)
        book.note("disable account", name)
    typer.echo(f"disabled: {name}")


@account_app.command("enable")
def enable(config: Config, name: Name) -> None:
    """Lets a disabled account in again."""
    with _Book(config) as book:
        book.accounts.change(name, disabled=False)
        book.note("enable account", name)
    typer.echo(f"enabled: {name}")


@account_app.command("remove")
def remove(config: Config, name: Name) -> None:
    """Deletes an account; what it did stays in the record."""
    with _Book(config) as book:
        book.accounts.remove(name)
        book.note("remove account", name)
    typer.echo(f"removed: {name}")


@token_app.command("add")
def add_token(
    config: Config,
    name: Name,
    title: Annotated[str, typer.Option("--title", help="What it is for.")],
    role: RoleOption = "view",
    days: Annotated[float, typer.Option("--days", min=0.01, max=366, help="How long it lasts.")] = 90.0,
) -> None:
    """Makes a token of an account and prints it, this once.

    levee console token add service.yaml li-wei --title "wall in the metro's control room" --days 30
    """
    import time

    from alerting.console.accounts import AccountRefused
    from alerting.console.run import console_settings
    from alerting.console.sessions import Sessions

    wanted = _role(role)
    with _Book(config) as book:
        account = book.accounts.get(name)
        if account is None:
            raise AccountRefused(f"there is no account {name}")
        sessions = Sessions(book.accounts, console_settings(book.service))
        secret, token = sessions.make_token(account, title, wanted, days, time.time())
        book.note("make token", f"{token.id} {name} {wanted.label}")
    typer.echo(secret)


@token_app.command("list")
def list_tokens(config: Config) -> None:
    """Lists the tokens; their secrets are not kept."""
    import time

    from alerting.console.run import console_settings
    from alerting.console.sessions import Sessions

    with _Book(config) as book:
        found = Sessions(book.accounts, console_settings(book.service)).tokens()
    for one in found:
        left = (one.ends - time.time()) / 86_400
        ends = f"{left:.0f} days left" if left > 0 else "over"
        typer.echo(f"{one.id}: {one.account}, role {one.role.label}, {ends}, {one.title}")


@token_app.command("revoke")
def revoke(config: Config, token: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id, as listed.")]) -> None:
    """Ends a token at once."""
    from alerting.console.accounts import AccountRefused
    from alerting.console.run import console_settings
    from alerting.console.sessions import Sessions

    with _Book(config) as book:
        if not Sessions(book.accounts, console_settings(book.service)).revoke(token):
            raise AccountRefused(f"there is no token {token}")
        book.note("revoke token", token)
    typer.echo(f"revoked: {token}")
