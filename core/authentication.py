"""Finding out who calls: the ``Authorization`` header or the session cookie, impersonation, and cross-site refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web
from trackyard.core.errors import ApiError, forbidden, unauthorized
from trackyard.core.extension import Client
from trackyard.core.identity import Identity, narrower
from trackyard.core.protocol.dispatch import SAFE_METHODS, header

if TYPE_CHECKING:
    from sqlmodel import Session
    from trackyard.core.kernel import Kernel

COOKIE = "clearml_token_basic"
ACTING = "acting"
"""The claim that tells who acts as another user, and by which key or session: what is got so ends with these."""


class Authentication:
    """Asks the authenticators that plugins register, one per scheme."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    async def identify(self, request: web.Request, *, navigable: bool = False) -> Identity:
        """Who sent the request; raises `ApiError` 401 without valid credentials, 403 for a cross-site request by cookie.

        ``navigable``: what is asked for only reads, so that a link on another site may lead to it.
        """
        scheme, credential, by_cookie = _credentials(request)
        reads = navigable and request.method in SAFE_METHODS
        if by_cookie and not (reads and _is_navigation(request)):
            self._refuse_cross_site(request, reads)
        for authenticator in self._kernel.plugins.provided("authenticators"):
            if authenticator.scheme == scheme:
                client = Client(self._kernel.remote_address(request), header(request.headers, "Worker"))
                identity: Identity = await authenticator.authenticate(credential, client)
                found = replace(identity, via="cookie" if by_cookie else scheme)
                return await self._impersonated(request, found)
        raise unauthorized(10, "Unauthorized (unknown authorization scheme)", scheme=scheme)

    def own_origins(self, request: web.Request) -> set[str]:
        """The origins whose scripts may use the session cookie: the site itself, its web port, and those allowed."""
        host = request.host.rpartition(":")[0] or request.host
        server = self._kernel.server
        web_port = self._kernel.ports.get("web", server.web_port)
        own = {f"http://{request.host}", f"https://{request.host}", f"http://{host}:{web_port}", f"https://{host}:{web_port}"}
        return own | {origin.rstrip("/") for origin in server.allowed_origins} | {server.public_web.rstrip("/")} - {""}

    def _refuse_cross_site(self, request: web.Request, reads: bool) -> None:
        """The browser adds the cookie by itself, so a request that another site made must not count as the user's.

        ``reads``: what is asked for only reads, so that a page on another port of this host may show it.
        """
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if origin is not None and origin not in self.own_origins(request):
            raise forbidden(21, "Cross-site request refused", origin=origin[:200])
        if site == "cross-site" or (site == "same-site" and origin is None and not reads):
            raise forbidden(21, "Cross-site request refused", site=site)
        if site is None and origin is None and not reads and request.method in SAFE_METHODS:
            self._refuse_foreign_referrer(request)

    def _refuse_foreign_referrer(self, request: web.Request) -> None:
        """Browsers send no ``Sec-Fetch-Site`` without TLS and no ``Origin`` with a link or an image: the referrer decides."""
        parts = urlsplit(request.headers.get("Referer", ""))
        if f"{parts.scheme}://{parts.netloc}" not in self.own_origins(request):
            raise forbidden(21, "Cross-site request refused (Origin and Referer do not show this site)")

    async def _impersonated(self, request: web.Request, caller: Identity) -> Identity:
        target, attributed = header(request.headers, "Impersonate-As"), header(request.headers, "Act-As")
        if not target and not attributed:
            return caller
        if target and attributed:
            raise ApiError(400, 5, "Only one of the impersonation headers may be given")
        if not caller.is_admin:
            raise ApiError(400, 6, "Impersonation is not allowed", role=caller.role)
        wanted = target or attributed or ""
        user = await self._kernel.metadata.read(lambda session: _user(session, wanted))
        if user is None or user.company != caller.company:
            raise ApiError(400, 6, "Impersonation is not possible (unknown user)", user=wanted)
        if narrower(user.role, caller.role) != user.role:
            raise ApiError(400, 6, "Impersonation is not allowed (the user may more than the caller)", role=caller.role)
        role = user.role if target else caller.role
        return replace(user, role=role, via=caller.via, acting=caller.user, claims={ACTING: acting_claims(caller)})


def acting_claims(caller: Identity) -> dict[str, object]:
    """The value of the claim `ACTING` for the one whose credentials were shown."""
    shown: dict[str, object] = {name: caller.claims[name] for name in ("key", "session_id", "issued") if name in caller.claims}
    earlier = caller.claims.get(ACTING)
    return dict(earlier) if isinstance(earlier, dict) else {"user": caller.user, **shown}


def shown_key(identity: Identity) -> str | None:
    """The access key that was shown for a call, or that its token was got with; also by one who acts as another user."""
    acting = identity.claims.get(ACTING)
    key = (acting if isinstance(acting, dict) else identity.claims).get("key")
    return key if isinstance(key, str) else None


def _is_navigation(request: web.Request) -> bool:
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def _credentials(request: web.Request) -> tuple[str, str, bool]:
    """Scheme (lower case), credential, and whether it came by cookie."""
    given = request.headers.get("Authorization")
    if given:
        scheme, _, credential = given.partition(" ")
        return scheme.lower(), credential.strip(), False
    cookie = request.cookies.get(COOKIE)
    if cookie:
        return "bearer", cookie, True
    raise unauthorized(20, "Unauthorized (missing credentials)")


def _user(session: Session, user_id: str) -> Identity | None:
    from sqlmodel import col, select
    from trackyard.core.entities import User

    user = session.exec(select(User).where(User.id == user_id, col(User.disabled).is_(False))).first()
    return None if user is None else Identity(user.id, user.name, user.role, user.company)
