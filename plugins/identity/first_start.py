"""The first start: the company, the first administrator and the credentials; presets come from the environment."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select
from trackyard.core import clock
from trackyard.core.cli.serve import urls
from trackyard.core.entities import Company, Credential, User
from trackyard.core.identity import ADMIN_ROLES, DEFAULT_COMPANY
from trackyard.core.kernel import Kernel
from trackyard.core.settings import SettingsError
from trackyard.plugins.identity.links import add_link, new_link_token
from trackyard.plugins.identity.realm import Realm
from trackyard.plugins.identity.secrets import SHORTEST_PASSWORD, hash_secret, secret_matches
from trackyard.plugins.identity.users import add_credentials, create_user, end_sessions, make_credential, require_user

USERNAME = "admin"
COMPANY_NAME = "trackyard"
ROLE = "root"
"""The first administrator's role: nobody is above, so that everything can be administered over the API."""
SHORTEST_SECRET = 16
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Presets:
    """What the environment says about the first administrator."""

    access_key: str = ""
    secret_key: str = ""
    password: str = ""

    def __bool__(self) -> bool:
        return bool(self.access_key or self.password)


@dataclass(frozen=True)
class Shown:
    """What is printed once: the administrator's new credentials and the token of a login link."""

    access_key: str
    secret_key: str
    link_token: str


def read_presets(environ: Mapping[str, str]) -> Presets:
    """The presets; raises `SettingsError` for half of a pair. Weak ones are warned about, not refused."""
    names = ("TRACKYARD_ACCESS_KEY", "TRACKYARD_SECRET_KEY", "TRACKYARD_ADMIN_PASSWORD")
    presets = Presets(*(environ.get(name, "") for name in names))
    for given, missing in ((0, 1), (1, 0)):
        if environ.get(names[given]) and not environ.get(names[missing]):
            raise SettingsError("environment", names[missing], "nothing", f"a value, since {names[given]} is set")
    if 0 < len(presets.password) < SHORTEST_PASSWORD:
        log.warning("TRACKYARD_ADMIN_PASSWORD is short: use at least %d characters", SHORTEST_PASSWORD)
    if 0 < len(presets.secret_key) < SHORTEST_SECRET:
        log.warning("TRACKYARD_SECRET_KEY is short: use at least %d random characters", SHORTEST_SECRET)
    return presets


async def prepare(realm: Realm, kernel: Kernel) -> None:
    """Make what is missing: the company, an administrator, the preset credentials. Prints new credentials once."""
    presets = read_presets(kernel.settings.environ)
    is_new = await kernel.metadata.read(first_administrator) is None
    password_hash = await realm.passwords.hash(presets.password) if is_new and presets.password else None
    link_token = new_link_token()
    shown = await realm.accounts.change(lambda session: ensure(session, presets, password_hash, link_token))
    if shown is not None:
        announce(kernel, shown)
    elif is_new:
        log.info("the administrator %s was created with what the environment presets", USERNAME)


def first_administrator(session: Session) -> User | None:
    """The oldest administrator that may log in."""
    enabled = select(User).where(col(User.role).in_(ADMIN_ROLES), col(User.disabled).is_(False))
    return session.exec(enabled.order_by(col(User.num))).first()


def ensure(session: Session, presets: Presets, password_hash: str | None, link_token: str) -> Shown | None:
    """The whole preparation in one unit of work, so that two servers that start at once make one administrator."""
    if session.get(Company, DEFAULT_COMPANY) is None:
        session.add(Company(id=DEFAULT_COMPANY, name=COMPANY_NAME, created=clock.now()))
    administrator = first_administrator(session)
    is_new = administrator is None
    if administrator is None:
        fields = {"username": USERNAME, "name": USERNAME, "role": ROLE}
        administrator = require_user(session, create_user(session, fields, password_hash))
    if presets.access_key:
        ensure_credential(session, administrator, presets)
    if not is_new or presets:
        return None
    made = add_credentials(session, administrator, "first start")
    add_link(session, link_token, administrator.id)
    return Shown(made["access_key"], made["secret_key"], link_token)


def ensure_credential(session: Session, administrator: User, presets: Presets) -> None:
    """The preset access key belongs to an administrator and has the preset secret; a new secret ends the sessions."""
    found = session.exec(select(Credential).where(Credential.access_key == presets.access_key)).first()
    if found is None:
        session.add(make_credential(administrator, presets.access_key, presets.secret_key, "preset"))
        return
    owner = require_user(session, found.user)
    if owner.role not in ADMIN_ROLES:
        raise SettingsError("environment", "TRACKYARD_ACCESS_KEY", "the key of a user", "a key of an administrator, or a new one")
    if not secret_matches(found.secret_hash, presets.secret_key):
        found.secret_hash = hash_secret(presets.secret_key)
        session.add(found)
        end_sessions(session, owner)


def web_site(kernel: Kernel) -> str:
    """Where the web site is reached, without a slash at the end."""
    return urls(kernel)["web"] + kernel.server.path_prefix.rstrip("/")


def announce(kernel: Kernel, shown: Shown) -> None:
    """Print the credentials. This goes to the terminal and never to the log."""
    print(
        f"First start: the administrator {USERNAME!r} was created. This is shown once.\n"
        f"  Log in (the link works once, for a day): {web_site(kernel)}/login?token={shown.link_token}\n"
        f"  CLEARML_API_ACCESS_KEY={shown.access_key}\n"
        f"  CLEARML_API_SECRET_KEY={shown.secret_key}",
        flush=True,
    )
