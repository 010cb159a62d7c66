"""`levee box`: who may speak at the broker. Keys, certificates and the access list of a site."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from levee.enroll.authority import Authority, Issued
    from levee.enroll.identity import Identity

box_app = typer.Typer(
    help="Boxes and whoever else speaks at the broker: keys, certificates, access.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

PASSPHRASE = "LEVEE_AUTHORITY_PASSPHRASE"

Folder = Annotated[Path, typer.Argument(metavar="AUTHORITY", help="The folder of the site's authority.")]
Who = Annotated[
    str, typer.Argument(metavar="WHO", help="SITE/BOX; SITE/NAME of a sign; a service's name; the broker's host.")
]
As = Annotated[str, typer.Option("--as", metavar="[box|service|sign|reader|broker]", help="What it is there for.")]
Out = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where its files are written.")]
Days = Annotated[int, typer.Option("--days", min=1, max=3650, help="How long the certificate is good for.")]
Also = Annotated[
    list[str] | None, typer.Option("--also", metavar="HOST", help="Another name or address of the broker; repeatable.")
]
Request = Annotated[
    Path | None,
    typer.Option("--request", metavar="FILE", help="A signing request (PEM) from the box, which keeps its key."),
]


@box_app.callback()
def box() -> None:
    """Boxes and whoever else speaks at the broker: keys, certificates, access.

    A site has one authority, a folder on a machine that is backed up and that few can enter. It lets boxes in, and it
    writes the two files by which Mosquitto knows them: `acl.conf` and `crl.pem`.

        levee box authority /etc/levee/authority --name "Riverside"
        levee box enroll /etc/levee/authority broker.example.net --as broker --out /etc/mosquitto/levee
        levee box enroll /etc/levee/authority alerting --as service --out /etc/levee/tls
        levee box enroll /etc/levee/authority riverside/riverside-1 --out /media/stick
        systemctl reload mosquitto

    With `LEVEE_AUTHORITY_PASSPHRASE` set, the authority's key is encrypted by it.
    """


@box_app.command("authority")
def authority(
    folder: Folder,
    name: Annotated[str, typer.Option("--name", help="What the certificates say that they come from.")] = "Levee",
) -> None:
    """Makes a site's authority. Once: a second one would lock everybody out whom the first let in.

    levee box authority /etc/levee/authority --name "Riverside"
    """
    one = _authority(folder)
    one.create(name)
    typer.echo(f"made {folder}: keep ca.key there, and in a back-up; ca.crt goes to everybody")
    if not os.environ.get(PASSPHRASE):
        typer.echo(f"ca.key is not encrypted: only its mode (0600) guards it; {PASSPHRASE} would encrypt it", err=True)


@box_app.command("enroll")
def enroll(
    folder: Folder,
    who: Who,
    out: Out,
    role: As = "box",
    days: Days = 730,
    also: Also = None,
    request: Request = None,
) -> None:
    """Lets a box in: its key, its certificate, and its lines in the broker's access list.

        levee box enroll /etc/levee/authority riverside/riverside-1 --out /media/stick
        levee box enroll /etc/levee/authority alerting --as service --out /etc/levee/tls
        levee box enroll /etc/levee/authority broker.example.net --also 192.0.2.5 --as broker --out /etc/mosquitto/levee

    Better still, the key never leaves the box: make it there, and bring only the request.

        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=riverside.riverside-1 -keyout riverside.riverside-1.key -out box.csr
        levee box enroll /etc/levee/authority riverside/riverside-1 --request box.csr --out /media/stick

    The broker learns of it by `systemctl reload mosquitto`.
    """  # noqa: E501
    identity = _identity(role, who)
    _refuse_present(identity, out)
    issued = _authority(folder).enroll(identity, days=days, hosts=_hosts(also), request=_bytes(request))
    _hand_out(issued, out, folder)


@box_app.command("renew")
def renew(
    folder: Folder,
    who: Who,
    out: Out,
    role: As = "box",
    days: Days = 730,
    also: Also = None,
    request: Request = None,
    revoke_old: Annotated[
        bool, typer.Option("--revoke-old", help="Take the former certificates back at once, and not at their end.")
    ] = False,
) -> None:
    """Gives a box a new certificate, with a new key. The old one is good until it ends, so that nothing stands still.

    levee box renew /etc/levee/authority riverside/riverside-1 --out /media/stick
    """
    identity = _identity(role, who)
    _refuse_present(identity, out)
    one = _authority(folder)
    issued = one.enroll(identity, days=days, hosts=_hosts(also), request=_bytes(request), again=True)
    _hand_out(issued, out, folder)
    if revoke_old and len(one.register().living(identity, issued.entry.issued)) > 1:
        gone = one.revoke(identity, "renewed", keep=issued.entry.serial)
        typer.echo(f"took back {len(gone)} former certificates")


@box_app.command("revoke")
def revoke(
    folder: Folder,
    who: Who,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the register.")],
    role: As = "box",
) -> None:
    """Shuts a box out: its certificates are taken back, and its lines leave the access list.

        levee box revoke /etc/levee/authority riverside/riverside-1 --reason "stolen from the mast"
        systemctl reload mosquitto

    A connection that stands can say and hear nothing from the reload on; a restart of the broker ends it.
    """
    identity = _identity(role, who)
    gone = _authority(folder).revoke(identity, reason)
    typer.echo(f"took back {len(gone)} certificates of {identity.words}; now: systemctl reload mosquitto")


@box_app.command("list")
def list_(
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print one object a line.")] = False,
) -> None:
    """Shows who was let in, until when, and what was taken back. Exit status 1 where a certificate ends within 30 days.

    levee box list /etc/levee/authority
    """
    from datetime import UTC, datetime

    import msgspec
    from rich.console import Console
    from rich.table import Table

    from levee.enroll.authority import SOON

    register = _authority(folder).register()
    now = datetime.now(UTC)
    # Of one who was renewed only the newest counts.
    newest = {entry.identity: entry for entry in register.certificates if entry.revoked is None}
    ending = {entry.serial for entry in newest.values() if entry.expires - now < SOON}
    if as_json:
        for entry in register.certificates:
            typer.echo(msgspec.json.encode({"user": entry.identity.user, **msgspec.to_builtins(entry)}).decode())
    else:
        table = Table("user", "role", "until", "state", title=f"Enrolled by {register.name}", title_justify="left")
        for entry in register.certificates:
            state = "valid" if entry.valid(now) else "ended"
            if entry.revoked is not None:
                state = f"taken back {entry.revoked:%Y-%m-%d}: {entry.reason}"
            elif entry.serial in ending:
                state = "ended" if entry.expires <= now else f"ends in {(entry.expires - now).days} days"
            elif newest[entry.identity] is not entry:
                state += ", renewed"
            table.add_row(entry.identity.user, entry.role.value, f"{entry.expires:%Y-%m-%d}", state)
        Console().print(table)
    if ending:
        raise typer.Exit(1)


def _authority(folder: Path) -> Authority:
    from levee.enroll.authority import Authority

    return Authority(folder, os.environ.get(PASSPHRASE, ""))


def _identity(role: str, who: str) -> Identity:
    from levee.enroll.identity import Role, identify

    known = {each.value: each for each in Role}
    if role not in known:
        raise typer.BadParameter(f"--as is one of {', '.join(known)}")
    return identify(known[role], who)


def _hosts(also: list[str] | None) -> tuple[str, ...]:
    from levee.enroll.identity import Role, identify

    return tuple(identify(Role.BROKER, host).parts[0] for host in also or ())


def _bytes(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()


def _names(identity: Identity, out: Path) -> tuple[Path, Path]:
    return out / f"{identity.user}.crt", out / f"{identity.user}.key"


def _refuse_present(identity: Identity, out: Path) -> None:
    """Before anything is signed: a key that is overwritten is gone for ever."""
    from levee.enroll.identity import EnrollRefused

    if out.exists() and not out.is_dir():
        raise EnrollRefused(f"{out} is not a folder")
    for path in _names(identity, out):
        if path.exists():
            raise EnrollRefused(f"{path} is there already: it is left as it is; give another --out")


def _hand_out(issued: Issued, out: Path, folder: Path) -> None:
    from levee.enroll.identity import Role
    from levee.enroll.keeping import replace_file

    out.mkdir(parents=True, exist_ok=True)
    certificate, key = _names(issued.identity, out)
    if issued.key is not None:
        replace_file(key, issued.key, 0o600)
    replace_file(certificate, issued.certificate, 0o644)
    replace_file(out / "ca.crt", issued.ca, 0o644)
    typer.echo(f"{issued.identity.words} is let in as {issued.identity.user} until {issued.entry.expires:%Y-%m-%d}")
    typer.echo(f"wrote {certificate}{'' if issued.key is None else f', {key}'} and {out / 'ca.crt'}")
    if issued.identity.role is Role.BROKER:
        typer.echo(f"mosquitto.conf: cafile, certfile and keyfile are these; acl_file and crlfile are in {folder}")
        return
    typer.echo("in its settings:")
    for line in (
        "mqtt:",
        "  host: # the broker's",
        "  port: 8883",
        "  tls:",
        f"    ca_file: /etc/levee/tls/{'ca.crt'}",
        f"    cert_file: /etc/levee/tls/{certificate.name}",
        f"    key_file: /etc/levee/tls/{key.name}",
    ):
        typer.echo(f"  {line}")
    typer.echo("then: systemctl reload mosquitto")
