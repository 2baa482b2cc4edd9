"""The tree of projects against a plain model: a dict of names, changed by the same steps."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select
from trackyard.core import store
from trackyard.core.entities import PROJECT, TASK, FieldPath, Project, ProjectValue, table_of
from trackyard.core.errors import ApiError
from trackyard.plugins.projects import tree

from tests.projects.conftest import ME, open_session

SEGMENT = st.sampled_from(["one", "two"])
NAME = st.lists(SEGMENT, min_size=1, max_size=5).map("/".join)


def depth(name: str) -> int:
    """How many segments a name has."""
    return name.count("/") + 1


SHARED = open_session()
"""Nothing is ever committed: each run of the machine begins with an empty database."""


class ProjectTree(RuleBasedStateMachine):
    """``names`` is what should exist: the id by the name. ``tasks`` counts the tasks by the project's id."""

    def __init__(self) -> None:
        super().__init__()
        self.session = SHARED
        self.names: dict[str, str] = {}
        self.tasks: dict[str | None, int] = {}

    def teardown(self) -> None:
        self.session.rollback()

    @initialize()
    def begin(self) -> None:
        self.create("one/two")

    def attempt(self, work: Any) -> Any:
        """What ``work`` gives, or the subcode that it fails with; a failure undoes everything."""
        try:
            with self.session.begin_nested():
                return work()
        except ApiError as error:
            self.session.expire_all()
            return error.subcode

    def below(self, name: str) -> list[str]:
        return [other for other in self.names if other.startswith(f"{name}/")]

    def learn(self, name: str) -> None:
        """Take over the ids of a name and its parents, which must exist by now."""
        segments = name.split("/")
        for count in range(1, len(segments) + 1):
            part = "/".join(segments[:count])
            self.names.setdefault(part, str(store.project_named(self.session, "c1", part)))

    def place(self, old: str, new: str) -> None:
        """Rename in the model."""
        for name in [old, *self.below(old)]:
            self.names[new + name[len(old) :]] = self.names.pop(name)

    @rule(name=NAME)
    def create(self, name: str) -> None:
        result = self.attempt(lambda: store.create_project(self.session, ME, name))
        if name in self.names:
            assert result == 801
        else:
            assert isinstance(result, str)
            self.learn(name)
            assert self.names[name] == result

    @rule(name=NAME)
    def ensure(self, name: str) -> None:
        result = store.ensure_project(self.session, ME, name)
        self.learn(name)
        assert self.names[name] == result

    @precondition(lambda self: self.names)
    @rule(data=st.data(), name=NAME)
    def rename(self, data: st.DataObject, name: str) -> None:
        old = data.draw(st.sampled_from(sorted(self.names)))
        result = self.attempt(lambda: self._rename(old, name))
        if old == name:
            assert result == {}
        elif old.rpartition("/")[0] != name.rpartition("/")[0]:
            assert result == 408
        elif name in self.names:
            assert result == 801
        else:
            assert result["name"] == name
            self.place(old, name)

    def _rename(self, old: str, name: str) -> Any:
        fields = tree.rename(self.session, ME, self.names[old], name)
        if fields:
            store.update(self.session, PROJECT, self.names[old], fields)
        return fields

    @precondition(lambda self: self.names)
    @rule(data=st.data(), location=st.one_of(st.just(""), NAME))
    def move(self, data: st.DataObject, location: str) -> None:
        old = data.draw(st.sampled_from(sorted(self.names)))
        new = f"{location}/{old.rpartition('/')[2]}".strip("/")
        result = self.attempt(lambda: tree.move(self.session, ME, self.names[old], location))
        deepest = max(depth(name) for name in [old, *self.below(old)])
        if location == old.rpartition("/")[0]:
            assert result == 410
        elif f"{location}/".startswith(f"{old}/"):
            assert result == 411
        elif depth(new) + deepest - depth(old) > 10:
            assert result == 409
        elif new in self.names:
            assert result == 801
        else:
            assert result == 1 + len(self.below(old))
            self.place(old, new)
            self.learn(new)

    @precondition(lambda self: self.names)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        source = data.draw(st.sampled_from(sorted(self.names)))
        target = data.draw(st.sampled_from(["", *sorted(self.names)]))
        result = self.attempt(lambda: tree.merge(self.session, ME, self.names[source], self.names.get(target)))
        children = [name for name in self.below(source) if depth(name) == depth(source) + 1]
        wanted = {child: f"{target}/{child.rpartition('/')[2]}".strip("/") for child in children}
        deepest = max([0, *(depth(new) + max(map(depth, [old, *self.below(old)])) - depth(old) for old, new in wanted.items())])
        if source == target:
            assert result == 410
        elif target.startswith(f"{source}/"):
            assert result == 412
        elif deepest > 10 or any(new in self.names and new != source for new in wanted.values()):
            assert result in (409, 801)
        else:
            moved = self.tasks.pop(self.names[source], 0)
            assert result == tree.Merged(moved, len(self.below(source)))
            into = self.names.get(target)
            self.tasks[into] = self.tasks.get(into, 0) + moved
            del self.names[source]
            for old, new in sorted(wanted.items(), key=lambda item: item[1] != source):
                self.place(old, new)

    @precondition(lambda self: self.names)
    @rule(data=st.data())
    def add_task(self, data: st.DataObject) -> None:
        project = self.names[data.draw(st.sampled_from(sorted(self.names)))]
        store.insert(self.session, TASK, {"name": "task", "company": "c1", "project": project})
        self.tasks[project] = self.tasks.get(project, 0) + 1

    @invariant()
    def the_tree_is_as_the_model_says(self) -> None:
        table = table_of(Project)
        rows = self.session.execute(select(table.c.id, table.c.name, table.c.basename, table.c.parent, table.c.path)).all()
        assert {row.name: row.id for row in rows} == self.names
        for row in rows:
            above, _, basename = row.name.rpartition("/")
            segments = above.split("/") if above else []
            assert row.basename == basename
            assert row.parent == self.names.get(above)
            assert row.path == [self.names["/".join(segments[: count + 1])] for count in range(len(segments))]

    @invariant()
    def every_ancestor_is_found_by_the_path(self) -> None:
        value, path, table = table_of(ProjectValue), table_of(FieldPath), table_of(Project)
        query = (
            select(table.c.id, value.c.text)
            .join(value, value.c.owner == table.c.num)
            .join(path, path.c.num == value.c.path)
            .where(path.c.path == "path")
        )
        found = {(row[0], row[1]) for row in self.session.execute(query)}
        assert found == {(self.names[below], self.names[name]) for name in self.names for below in self.below(name)}


ProjectTree.TestCase.settings = settings(max_examples=20, stateful_step_count=15, deadline=None, derandomize=True)


@pytest.mark.timeout(300)
class TestProjectTree(ProjectTree.TestCase):  # type: ignore[misc,name-defined]
    """Runs the machine."""
