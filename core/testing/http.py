"""A client of the API for tests: sends bodies as they are and gives back the envelope."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
from trackyard.core.testing.server import ACCESS_KEY, SECRET_KEY

if TYPE_CHECKING:
    from trackyard.core.kernel import Kernel


@dataclass(frozen=True)
class Answer:
    """What a call answered: the HTTP status and the envelope."""

    status: int
    meta: dict[str, Any]
    data: Any
    headers: Mapping[str, str]

    @property
    def codes(self) -> tuple[int, int]:
        """Code and subcode."""
        return self.meta["result_code"], self.meta["result_subcode"]


class Api:
    """Calls of endpoints over HTTP with Basic credentials; ``urls`` by site, ``kernel`` when it runs in this process."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        urls: Mapping[str, str],
        kernel: Kernel | None = None,
        key: tuple[str, str] | None = None,
    ) -> None:
        """``key`` is an access key with its secret; by default those of the administrator of test servers."""
        self.session = session
        self.urls = dict(urls)
        self._kernel = kernel
        self._auth = {"Authorization": aiohttp.encode_basic_auth(*(key or (ACCESS_KEY, SECRET_KEY)))}

    @property
    def kernel(self) -> Kernel:
        """The kernel that answers, which must be in this process."""
        assert self._kernel is not None, "the server is another process"
        return self._kernel

    def as_user(self, access_key: str, secret_key: str) -> Api:
        """The same server with other credentials."""
        return Api(self.session, self.urls, self._kernel, (access_key, secret_key))

    async def with_token(self) -> Api:
        """The same server and user, by a token instead of the credentials, as agents and the SDK call."""
        token = (await self.call("auth.login"))["token"]
        api = Api(self.session, self.urls, self._kernel)
        api._auth = {"Authorization": f"Bearer {token}"}
        return api

    async def call(self, name: str, body: Mapping[str, Any] | None = None, /, **fields: Any) -> Any:
        """The ``data`` of a call that must succeed; the body is given as a mapping, as keywords, or both."""
        answer = await self.ask(name, {**(body or {}), **fields})
        assert answer.codes == (200, 0), f"{name} answered {answer.codes}: {answer.meta['result_msg']}"
        return answer.data

    async def ask(
        self, name: str, body: Any = None, headers: Mapping[str, str] | None = None, *, anonymous: bool = False
    ) -> Answer:
        """The answer to a call, whatever it is. ``name`` may have a version (``v2.23/tasks.get_all``)."""
        content = msgspec.json.encode(body if body is not None else {})
        return await self.send("POST", name, content, headers, anonymous=anonymous)

    async def batch(self, name: str, lines: Iterable[Mapping[str, Any]]) -> Answer:
        """The answer to a call with JSON lines."""
        content = b"\n".join(map(msgspec.json.encode, lines))
        return await self.send("POST", name, content, {"Content-Type": "application/json-lines"})

    async def send(
        self, method: str, path: str, content: bytes, headers: Mapping[str, str] | None = None, *, anonymous: bool = False
    ) -> Answer:
        """The answer to a request on the API site with a body as it is (JSON unless ``headers`` say otherwise)."""
        sent = {"Content-Type": "application/json", **({} if anonymous else self._auth), **(headers or {})}
        url = f"{self.urls['api']}/{path}"
        async with self.session.request(method, url, data=io.BytesIO(content), headers=sent) as response:
            envelope = msgspec.json.decode(await response.read())
            return Answer(response.status, envelope["meta"], envelope["data"], response.headers)
