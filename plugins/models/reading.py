"""Reading models."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session
from trackyard.core import query, store
from trackyard.core.entities import MODEL, Model, table_of
from trackyard.core.protocol.endpoint import Call
from trackyard.core.store import Document
from trackyard.plugins.models.requests import FrameworksRequest, ModelRequest, ModelsQuery


async def get_by_id(call: Call, request: ModelRequest) -> Document:
    """Read a model."""
    company = call.identity.company
    return {"model": await call.metadata.read(lambda session: store.require(session, MODEL, request.model, company=company))}


async def get_by_id_ex(call: Call, request: ModelsQuery) -> Document:
    """Read models by their ids, with references."""
    return (await query.page(call.metadata, MODEL, call.body, call.identity, expand=True)).answer("models")


async def get_all(call: Call, request: ModelsQuery) -> Document:
    """Read models."""
    return (await query.page(call.metadata, MODEL, call.body, call.identity)).answer("models")


async def get_all_ex(call: Call, request: ModelsQuery) -> Document:
    """Read models, with references and, if asked for, how many labels each has."""
    extra = ("labels",) if request.include_stats else ()
    result = await query.page(call.metadata, MODEL, call.body, call.identity, expand=True, extra=extra)
    if request.include_stats:
        for model in result.items:
            model["stats"] = {"labels_count": len(model["labels"])}
    return result.answer("models")


async def get_frameworks(call: Call, request: FrameworksRequest) -> Document:
    """The frameworks of models in some projects."""

    def work(session: Session) -> list[str]:
        body = {"project": request.projects, "include_subprojects": True, "search_hidden": True}
        framework = table_of(Model).c.framework
        conditions = query.conditions(session, MODEL, body, call.identity)
        found = session.execute(select(framework).where(framework != "", *conditions).distinct()).scalars()
        return sorted(found)

    return {"frameworks": await call.metadata.read(work)}
