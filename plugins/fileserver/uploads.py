"""Uploads by multipart form, each part stored under the name of its form field; and deletions."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from urllib.parse import unquote_plus

import msgspec
from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from trackyard.core.contracts.files import FileStoreError, FileStoreFullError
from trackyard.core.errors import ApiError, forbidden
from trackyard.core.paths import PathError, storage_path
from trackyard.core.routes import Visit
from trackyard.plugins.fileserver.downloads import SANDBOX

CHUNK = 256 * 1024
MAX_FILES_DELETED = 10_000


class DeleteMany(msgspec.Struct):
    """Paths to delete, as URLs quote them; a folder goes with all that is in it."""

    files: list[str]


async def upload(visit: Visit, limit: int) -> web.StreamResponse:
    """Store every part of the form as it arrives; answers the list of their paths."""
    refuse_guests(visit)
    request = visit.request
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ApiError(415, 0, "Content encodings are not supported here")
    if not request.content_type.startswith("multipart/"):
        raise ApiError(400, 0, "An upload is a multipart form", content_type=request.content_type)
    stored: list[str] = []
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise ApiError(400, 0, "Unreadable form: a part is a form itself")
            stored += await _store_part(visit, part, limit)
    except (ValueError, HttpProcessingError) as error:
        raise ApiError(400, 0, f"Unreadable form: {error}") from None
    # clients expect this type; the names in it are the sender's, so a browser must take nothing of it for a page
    headers = {"Content-Security-Policy": SANDBOX, "X-Content-Type-Options": "nosniff"}
    return web.Response(text=json.dumps(stored), content_type="text/html", headers=headers)


async def _store_part(visit: Visit, part: BodyPartReader, limit: int) -> list[str]:
    """Store a part that is a file; its path is the name of its field, taken literally."""
    if part.filename is None:
        return []
    name = literal_name(part)
    try:
        path = storage_path(name)
    except PathError as error:
        raise ApiError(404, 0, f"Invalid path: {error}", path=name[:200]) from None
    try:
        await visit.kernel.files.put(path, _bytes_of(part, limit))
    except FileStoreFullError:
        raise ApiError(507, 0, "No space is left for files", path=name[:200]) from None
    except FileStoreError as error:
        raise ApiError(400, 0, f"Can't store the file: {error}", path=name[:200]) from None
    return [path]


def literal_name(part: BodyPartReader) -> str:
    """The field's name as sent. Clients escape quotes and line ends as browsers do, and nothing else."""
    return (part.name or "").replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


async def _bytes_of(part: BodyPartReader, limit: int) -> AsyncIterator[bytes]:
    received = 0
    while chunk := await part.read_chunk(CHUNK):
        received += len(chunk)
        if limit and received > limit:
            raise ApiError(413, 0, "File too large", limit=limit)
        yield chunk


async def delete(visit: Visit) -> web.StreamResponse:
    """Delete one file; a folder is not a file."""
    refuse_guests(visit)
    name = visit.params["path"]
    try:
        found = await visit.kernel.files.delete(storage_path(name))
    except (PathError, FileStoreError):
        found = False
    if not found:
        return web.Response(status=404, text=f"File {name} not found")
    return web.json_response(name)


async def delete_many(visit: Visit) -> web.StreamResponse:
    """Delete files and folders; answers what was deleted, and what was not with the reason."""
    refuse_guests(visit)
    try:
        asked = msgspec.json.decode(await visit.request.read(), type=DeleteMany)
    except msgspec.MsgspecError as error:
        raise ApiError(400, 12, f"Validation error: {error}") from None
    if not asked.files or len(asked.files) > MAX_FILES_DELETED:
        raise ApiError(400, 12, "Validation error", field="files", error=f"1 to {MAX_FILES_DELETED} paths are needed")
    deleted: dict[str, str] = {}
    errors: dict[str, list[str]] = {}
    for sent in asked.files:
        reason = await _delete_tree(visit, sent)
        if reason:
            errors.setdefault(reason, []).append(sent)
        else:
            deleted[sent] = sent
    return web.json_response({"deleted": deleted, "errors": errors})


async def _delete_tree(visit: Visit, sent: str) -> str:
    """Delete a path; the reason why not, or an empty text."""
    try:
        count = await visit.kernel.files.delete_tree(storage_path(unquote_plus(sent)))
    except (PathError, FileStoreError) as error:
        return str(error)
    return "" if count else "Not found"


def refuse_guests(visit: Visit) -> None:
    """Guests only read."""
    if visit.identity.role == "guest":
        raise forbidden(21, "Guests may not change anything", path=visit.request.path)
