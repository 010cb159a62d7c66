"""The HTTP API, for admins: accounts, and tokens of programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool

from alerting.console import shapes
from alerting.console.accounts import AccountRefused
from alerting.console.api import Name
from alerting.console.context import Console, address_of, console_of
from alerting.console.guard import need
from alerting.console.roles import Account, Role, Who
from alerting.console.sessions import Token

router = APIRouter(prefix="/api/v1", responses=shapes.refusals(400, 401, 403, 409, 413, 422, 429, 503))
Admin = Annotated[Who, Depends(need(Role.ADMIN))]
Acting = Annotated[Who, Depends(need(Role.ADMIN, action=True))]
TokenId = Annotated[str, InPath(pattern=r"^[0-9a-f]{12}$")]


@router.get("/accounts", operation_id="accounts")
async def accounts(request: Request, admin: Admin) -> shapes.AccountsShape:
    console = console_of(request)
    found = await run_in_threadpool(console.accounts.all)
    return shapes.AccountsShape(items=[await run_in_threadpool(_account, console, one) for one in found])


def _account(console: Console, one: Account) -> shapes.AccountShape:
    return shapes.AccountShape.model_validate(
        {
            "name": one.name,
            "title": one.title,
            "role": one.role.label,
            "person": one.person,
            "disabled": one.disabled,
            "sessions": console.sessions.count(one.name, console.clock()),
        }
    )


@router.post("/accounts", operation_id="add_account", status_code=201)
async def add_account(request: Request, admin: Acting, body: shapes.NewAccount) -> shapes.AccountShape:
    console = console_of(request)
    _check_person(console, body.person)
    account = Account(body.name, body.title, Role.from_label(body.role), body.person, created=console.clock())
    async with console.limits.hashing:
        await _try(console.accounts.add, account, body.password, console.clock())
    console.journal.by(admin, "add account", f"{body.name} {body.role}", address_of(request))
    return await run_in_threadpool(_account, console, account)


@router.patch("/accounts/{name}", operation_id="change_account", responses=shapes.refusals(404))
async def change_account(
    request: Request, admin: Acting, name: Name, body: shapes.ChangedAccount
) -> shapes.AccountShape:
    """A new role, a new password and being disabled end the account's sessions."""
    console = console_of(request)
    if await run_in_threadpool(console.accounts.get, name) is None:
        raise HTTPException(404, detail=("no-account", "there is no such account"))
    if body.person is not None:
        _check_person(console, body.person)
    role = Role.from_label(body.role) if body.role is not None else None

    def change() -> None:
        console.accounts.change(
            name, title=body.title, role=role, person=body.person, password=body.password, disabled=body.disabled
        )

    async with console.limits.hashing:
        await _try(change)
    what = [field for field in type(body).model_fields if getattr(body, field) is not None]
    console.journal.by(admin, "change account", f"{name}: {', '.join(what)}", address_of(request))
    account = await run_in_threadpool(console.accounts.get, name)
    if account is None:
        raise HTTPException(404, detail=("no-account", "the account has gone meanwhile"))
    return await run_in_threadpool(_account, console, account)


@router.delete("/accounts/{name}/sessions", operation_id="end_sessions", responses=shapes.refusals(404))
async def end_sessions(request: Request, admin: Acting, name: Name) -> shapes.Done:
    console = console_of(request)
    if await run_in_threadpool(console.accounts.get, name) is None:
        raise HTTPException(404, detail=("no-account", "there is no such account"))
    ended = await run_in_threadpool(console.sessions.end_all, name)
    console.journal.by(admin, "end sessions", name, address_of(request))
    return shapes.Done(outcome="ended", words=str(ended))


@router.get("/tokens", operation_id="tokens")
async def tokens(request: Request, admin: Admin) -> shapes.TokensShape:
    found = await run_in_threadpool(console_of(request).sessions.tokens)
    return shapes.TokensShape.model_validate({"items": [token(one) for one in found]})


def token(one: Token) -> dict[str, object]:
    return {
        "id": one.id,
        "account": one.account,
        "title": one.title,
        "role": one.role.label,
        "created": datetime.fromtimestamp(one.created, UTC),
        "ends": datetime.fromtimestamp(one.ends, UTC),
        "used": datetime.fromtimestamp(one.used, UTC) if one.used is not None else None,
    }


@router.post("/accounts/{name}/tokens", operation_id="make_token", status_code=201, responses=shapes.refusals(404))
async def make_token(request: Request, admin: Acting, name: Name, body: shapes.NewToken) -> shapes.MadeToken:
    """A token for a program, which may do what the account may, or less."""
    console = console_of(request)
    account = await run_in_threadpool(console.accounts.get, name)
    if account is None:
        raise HTTPException(404, detail=("no-account", "there is no such account"))
    role = Role.from_label(body.role)
    secret, made = await _try(console.sessions.make_token, account, body.title, role, body.days, console.clock())
    console.journal.by(admin, "make token", f"{made.id} {name} {body.role}", address_of(request))
    return shapes.MadeToken(id=made.id, secret=secret, ends=datetime.fromtimestamp(made.ends, UTC))


@router.delete("/tokens/{token_id}", operation_id="revoke_token", responses=shapes.refusals(404))
async def revoke_token(request: Request, admin: Acting, token_id: TokenId) -> shapes.Done:
    console = console_of(request)
    if not await run_in_threadpool(console.sessions.revoke, token_id):
        raise HTTPException(404, detail=("no-token", "there is no such token"))
    console.journal.by(admin, "revoke token", token_id, address_of(request))
    return shapes.Done(outcome="revoked", words="")


def _check_person(console: Console, person: str) -> None:
    if person and (console.duty is None or console.duty.person(person) is None):
        raise HTTPException(422, detail=("unknown-person", "nobody in the duty file is called so"))


async def _try(function, *values):  # type: ignore[no-untyped-def]
    """409 with the words of what refuses it."""
    try:
        return await run_in_threadpool(function, *values)
    except AccountRefused as refused:
        raise HTTPException(409, detail=("refused", str(refused))) from None
