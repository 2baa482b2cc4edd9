"""Projects: a tree of names ``a/b/c``."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel
from trackyard.core.entities import fields as f
from trackyard.core.entities.columns import BigInt, CleanText, JsonDocument, TagList, UtcDateTime
from trackyard.core.entities.fields import Filter, Kind
from trackyard.core.entities.values import ProjectValue


class Project(SQLModel, table=True):
    """A project. ``name`` is the whole path of names, ``path`` the ids of all ancestors from the root down."""

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("company", "name"),)
    num: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    id: str = Field(unique=True)
    company: str = ""
    user: str | None = None
    name: str = Field(sa_type=CleanText)
    basename: str = Field(sa_type=CleanText, index=True)
    parent: str | None = Field(default=None, index=True)
    path: list[str] = Field(default_factory=list, sa_type=JsonDocument)
    created: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    last_update: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    featured: int | None = None
    default_output_destination: str | None = Field(default=None, sa_type=CleanText)
    company_origin: str | None = None
    tags: list[str] = Field(default_factory=list, sa_type=TagList)
    system_tags: list[str] = Field(default_factory=list, sa_type=TagList)
    description: str | None = Field(default=None, sa_type=CleanText)
    logo: str | None = Field(default=None, sa_type=CleanText)


PROJECT = Kind(
    name="project",
    plural="projects",
    table=Project,
    values=ProjectValue,
    searched=("name", "id", "description"),
    fields=f.field_table(
        f.text("id", Filter.LIST),
        f.text("company", refers="company"),
        f.text("user", Filter.LIST, refers="user"),
        f.text("name", Filter.REGEX),
        f.text("basename", Filter.REGEX),
        f.text("description", Filter.REGEX),
        f.text("parent", Filter.LIST, refers="project"),
        f.Field("path", filter=Filter.LIST, tags=True, empty=list, flatten=f.scalars, unasked=False),
        f.date("created"),
        f.date("last_update", Filter.DATES),
        f.number("featured", unasked=False),
        f.text("default_output_destination"),
        f.text("company_origin", unasked=False),
        f.tag_list("tags"),
        f.tag_list("system_tags"),
        f.text("logo", unasked=False),
    ),
)
