"""Filters of the query language, rule by rule, on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session
from trackyard.core import store
from trackyard.core.entities import MODEL, PROJECT, QUEUE, TASK, USER
from trackyard.core.identity import DEFAULT_COMPANY
from trackyard.core.query import patterns
from trackyard.core.store import MetricBatch, name_hash

from tests.query.helpers import found, names, parameters, refusal, task


@pytest.fixture
def tagged(session: Session) -> Session:
    """Tasks a to e with tags."""
    for name, tags in (("a", ["t1"]), ("b", ["t1", "t2"]), ("c", ["t2", "t3"]), ("d", []), ("e", ["t1", "t2", "t3"])):
        task(session, name, tags=tags)
    return session


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["t1"], "a b e"),
        ("t1", "a b e"),
        ([], "a b c d e"),
        (["t1", "t3"], "a b c e"),
        (["__$any", "t1", "t3"], "a b c e"),
        (["__$or", "t1", "t3"], "a b c e"),
        (["__$all", "t1", "t3"], "e"),
        (["__$and", "t1", "t2"], "b e"),
        (["__$all", "t1", "__$not", "t2"], "a"),
        (["__$not", "t1"], "c d"),
        (["__$not", "t1", "t2"], "c"),
        (["__$not", "t1", "__$not", "t2"], "d"),
        (["-t1"], "c d"),
        (["-t1", "t3"], "c"),
        (["-t1", "-t3"], "d"),
        ([None], "d"),
        (["t3", None], "c d e"),
        (["__$not", None], "a b c e"),
        (["__$all", "t2", "__$nop", "t1", "t3"], "b c e"),
        (["nothing"], ""),
        (["T1"], ""),
        (["__$all", "t1", None], ""),
    ],
)
def test_lists_of_tags(tagged: Session, tags: Any, expected: str) -> None:
    assert found(tagged, tags=tags) == expected


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"any": {"include": ["t1", "t3"]}}, "a b c e"),
        ({"all": {"include": ["t1", "t3"]}}, "e"),
        ({"any": {"include": ["t1"], "exclude": ["t2"]}}, "a b d e"),
        ({"all": {"include": ["t1"], "exclude": ["t2"]}}, "a"),
        ({"any": {"include": [None, "t3"]}}, "c d e"),
        ({"all": {"exclude": [None]}}, "a b c e"),
        ({"any": {"include": ["t1"]}, "all": {"include": ["t2"]}}, "b e"),
        ({"any": {"include": ["t3"]}, "all": {"include": ["t1", "t2"]}, "op": "or"}, "b c e"),
        ({"any": {"include": [], "exclude": []}}, "a b c d e"),
        ({}, "a b c d e"),
        (None, "a b c d e"),
    ],
)
def test_the_filters_object(tagged: Session, sections: Any, expected: str) -> None:
    assert found(tagged, filters={"tags": sections}) == expected


def test_the_filters_object_takes_columns_too(session: Session) -> None:
    task(session, "a", type="training", parent="p1")
    task(session, "b", type="testing")
    assert found(session, filters={"type": {"any": {"include": ["testing"]}}}) == "b"
    assert found(session, filters={"parent": {"all": {"exclude": ["p1"]}}}) == "b"
    assert found(session, filters={"parent": {"any": {"include": [None]}}}) == "b"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("basic", "a basic task|basic"),
        ("BASIC", ""),
        ("^basic$", "basic"),
        ("^basic", "basic"),
        ("task$", "a basic task"),
        (r"a\ basic\ task", "a basic task"),
        (r"^x\-y\/z\#1\ \(v2\.0\)$", "x-y/z#1 (v2.0)"),
        (r"^my\ pipe(| #\d+)$", "my pipe|my pipe #12"),
        (r"(?i)BASIC", "a basic task|basic"),
        (r"^(?!basic)[a-b]", "a basic task"),
        (r"pipe #[0-9]{2}", "my pipe #12"),
        ("", "a basic task|basic|my pipe|my pipe #12|my pipeline|x-y/z#1 (v2.0)|Übung"),
        ("^Ü", "Übung"),
        (r"\bpipe\b", "my pipe|my pipe #12"),
        ("[^a-z ]", "my pipe #12|x-y/z#1 (v2.0)|Übung"),
        (r"\w{5} task", "a basic task"),
        (r"^.{7}$", "my pipe"),
        ("%", ""),
        ("_", ""),
    ],
)
def test_names_are_searched_by_regular_expressions(session: Session, pattern: str, expected: str) -> None:
    for name in ("a basic task", "basic", "my pipe", "my pipe #12", "my pipeline", "x-y/z#1 (v2.0)", "Übung"):
        task(session, name)
    assert sorted(expected.split("|") if expected else []) == sorted(item for item in names(session, name=pattern))


@pytest.mark.parametrize("pattern", ["(", "[a", "a{2,1}", "*", r"(?P<x", "x" * 10_001])
def test_a_malformed_pattern_is_told(session: Session, pattern: str) -> None:
    assert refusal(session, name=pattern) == (400, 21)
    assert refusal(session, _any_={"fields": ["name", "tags"], "pattern": pattern}) == (400, 21)


def test_a_name_that_is_no_text_is_told(session: Session) -> None:
    assert refusal(session, name=["a"]) == (400, 12)
    assert refusal(session, tags=[{"a": 1}]) == (400, 12)
    assert refusal(session, tags=["__$nonsense", "a"]) == (400, 16)
    assert refusal(session, tags=[5]) == refusal(session, status_changed=[5]) == (400, 12)


def test_scalars_take_list_filters(session: Session) -> None:
    a = task(session, "a", type="training", status="created", user="u1")
    task(session, "b", type="testing", status="failed", parent=a, user="u2")
    task(session, "c", type="custom", status="failed", project="p1", user="u1")
    assert found(session, type=["training", "custom"]) == "a c"
    assert found(session, status="failed") == "b c"
    assert found(session, status=["-failed"]) == "a"
    assert found(session, parent=[a]) == found(session, parent=a) == "b"
    assert found(session, parent=[None]) == "a c"
    assert found(session, parent=["__$not", None]) == "b"
    assert found(session, project=["__$not", "p1"]) == "a b"
    assert found(session, id=[a, "absent"]) == found(session, id=a) == "a"
    assert found(session, id=["absent"]) == ""
    assert found(session, user=["u1"], status=["failed"]) == "c"
    assert found(session, user=None, id=None, project=None) == "a b c"


def test_unknown_keys_are_no_filters(session: Session) -> None:
    task(session, "a")
    assert (
        found(session, method="get", task_types=["x"], ready=None, **{"user.name": ["u"], "project.name": ["p"], "x.y": 1}) == "a"
    )


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ([5, 10], "b c"),
        ([None, 5], "a b"),
        (["5", None], "b c"),
        ([None, None], "a b c"),
        ([11, 20], ""),
        (["x", 20], ""),
    ],
)
def test_ranges_are_inclusive(session: Session, bounds: Any, expected: str) -> None:
    for name, iteration in (("a", 0), ("b", 5), ("c", 10)):
        task(session, name, last_iteration=iteration)
    assert found(session, last_iteration=bounds) == expected


def test_an_open_low_bound_takes_what_lacks_the_field(session: Session) -> None:
    task(session, "a", active_duration=10)
    task(session, "b")
    assert found(session, active_duration=[None, 20]) == "a b"
    assert found(session, active_duration=[0, None]) == "a"
    assert refusal(session, active_duration=[1]) == (400, 16)


def test_times_take_ranges(session: Session) -> None:
    task(session, "a", started=datetime(2026, 1, 1, tzinfo=UTC))
    task(session, "b", started=datetime(2026, 1, 2, 12, tzinfo=UTC))
    task(session, "c")
    assert found(session, started=["2026-01-02T00:00:00", None]) == "b"
    assert found(session, started=[None, "2026-01-02T00:00:00"]) == "a c"
    assert found(session, started=["2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00Z"]) == "a"
    assert found(session, started=[">2026-01-01T00:00:00", None]) == ""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([">=2026-11-23T19:08:06.255000+00:00"], "b c"),
        ([">2026-11-23T19:08:06.255Z"], "c"),
        ([">2026-11-23T19:08:06.254900+00:00"], "b c"),
        (["> 2026-11-23 19:08:06.2"], "b c"),
        (["<2026-11-23T19:08:06.255"], "a"),
        (["<=2026-11-23T20:08:06.255+01:00"], "a b"),
        ([">2026-11-23T19:08:05", "<2026-11-23T19:08:07"], "b"),
        (["2026-11-23T19:08:06", "2026-11-23T19:08:07"], "b"),
        (["2026-11-23T19:08:06.255"], "b"),
        (">=2026-11-23T19:08:07", "c"),
        (["garbage"], "a b c"),
        (["garbage", ">2026-11-23T19:08:07"], "c"),
        ([">=garbage", "5", None], "a b c"),
        (["2026-11-23T19:08:06", None], "b c"),
        ([None, "2026-11-23 19:08:07"], "a b"),
    ],
)
def test_lists_of_times(session: Session, given: Any, expected: str) -> None:
    for name, second, milli in (("a", 5, 0), ("b", 6, 255), ("c", 8, 0)):
        task(session, name, status_changed=datetime(2026, 11, 23, 19, 8, second, milli * 1000, tzinfo=UTC))
    assert found(session, status_changed=given) == expected


def test_hyperparameters_are_filtered_by_value(session: Session) -> None:
    task(session, "a", hyperparams=parameters(lr="0.1", **{"b.c": "x"}))
    task(session, "b", hyperparams=parameters(lr="0.10"))
    task(session, "c", hyperparams={"My.Section": {"_priv": {"value": "v"}}})
    assert found(session, **{"hyperparams.Args.lr.value": ["0.1"]}) == "a"
    assert found(session, **{"hyperparams.Args.lr": ["0.1", "0.10"]}) == "a b"
    assert found(session, **{"hyperparams.Args.lr.value": ["-0.1"]}) == "b c"
    assert found(session, **{"hyperparams.Args.lr.value": [None]}) == "c"
    assert found(session, **{"hyperparams.Args.b%2Ec.value": "x"}) == "a"
    assert found(session, **{"hyperparams.Args.b.c.value": "x"}) == "a"
    assert found(session, **{"hyperparams.My%2ESection.%_priv.value": "v"}) == "c"
    assert found(session, **{"hyperparams.Args.absent.value": "x"}) == ""
    assert found(session, **{"hyperparams.Args.absent.value": ["-x"]}) == "a b c"


def test_long_values_are_found_whole(session: Session) -> None:
    task(session, "a", hyperparams=parameters(text="x" * 5000 + "1"))
    task(session, "b", hyperparams=parameters(text="x" * 5000 + "2"))
    assert found(session, **{"hyperparams.Args.text.value": ["x" * 5000 + "2"]}) == "b"


def test_runtime_execution_script_and_models_are_filtered(session: Session) -> None:
    task(session, "a", runtime={"progress": 50, "pipeline_job_hash": "k1", "a.b/c": True}, execution={"queue": "q1"})
    task(session, "b", runtime={"progress": "50"}, models={"input": [{"name": "n", "model": "m1"}], "output": []})
    task(session, "c", models={"input": [{"name": "n", "model": "m1"}, {"name": "o", "model": "m2"}], "output": []})
    assert found(session, **{"runtime.progress": [50]}) == "a b"
    assert found(session, **{"runtime.pipeline_job_hash": "k1"}) == "a"
    assert found(session, **{"runtime.a.b/c": True}) == found(session, **{"runtime.a%2Eb/c": True}) == "a"
    assert found(session, **{"execution.queue": ["q1"]}) == "a"
    assert found(session, **{"models.input.model": "m1"}) == "b c"
    assert found(session, **{"models.input.model": ["__$all", "m1", "m2"]}) == "c"


def metric(session: Session, task_id: str, value: float) -> None:
    """Report one value of loss/train."""
    batch = MetricBatch("loss", "train", value, value, 0, value, 0, value, 0, 1, value)
    store.record_metrics(session, TASK, task_id, [batch])


def test_metrics_take_ranges(session: Session) -> None:
    for name, value in (("a", 0.1), ("b", 0.5), ("c", 0.9)):
        metric(session, task(session, name), value)
    task(session, "d")
    path = f"last_metrics.{name_hash('loss')}.{name_hash('train')}"
    assert found(session, **{f"{path}.max_value": [0.5, None]}) == "b c"
    assert found(session, **{f"{path}.value": [0.2, 0.6]}) == "b"
    assert found(session, **{path: [None, 0.5]}) == "a b d"
    assert found(session, **{f"{path}.min_value": [None, None]}) == "a b c d"
    assert refusal(session, **{f"{path}.nonsense": [0, 1]}) == (400, 14)


def test_one_pattern_for_several_fields(session: Session) -> None:
    a = task(session, "Zebra", comment="quiet", tags=["Horse"])
    task(session, "horse", comment="ZEBRA crossing")
    task(session, "mouse", runtime={"pipeline_job_hash": "k" * 32})
    for key in ("_any_", "_or_"):
        assert found(session, **{key: {"fields": ["name", "comment"], "pattern": "zebra"}}) == "Zebra horse"
    for key in ("_all_", "_and_"):
        assert found(session, **{key: {"fields": ["name", "tags"], "pattern": "^(zebra|horse)$"}}) == "Zebra"
    assert found(session, _any_={"fields": ["tags"], "pattern": "^hor"}) == "Zebra"
    assert found(session, _any_={"fields": ["id", "comment"], "pattern": a[:20]}) == "Zebra"
    assert found(session, _all_={"fields": ["runtime.pipeline_job_hash"], "pattern": f"^{'k' * 32}$"}) == "mouse"
    assert found(session, _any_={"fields": ["name"]}) == found(session, _any_={"fields": ["name"], "pattern": ""})
    assert refusal(session, _any_={"fields": ["nonsense"], "pattern": "x"}) == (400, 14)
    assert refusal(session, _any_={"fields": ["created"], "pattern": "x"}) == (400, 14)
    assert refusal(session, _any_="x") == (400, 12)


def test_times_of_several_fields(session: Session) -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    task(session, "a", last_update=early, last_change=early)
    task(session, "b", last_update=early, last_change=late)
    task(session, "c", last_update=late, last_change=late)
    fields = ["last_update", "last_change"]
    assert found(session, _or_={"fields": fields, "datetime": [">2026-03-01T00:00:00+00:00"]}) == "b c"
    assert found(session, _and_={"fields": fields, "datetime": ">=2026-03-01T00:00:00+00:00"}) == "c"
    assert refusal(session, _or_={"fields": ["name"], "datetime": ">2026-03-01"}) == (400, 12)


def test_case_is_ignored_beyond_ascii(session: Session) -> None:
    for name in ("ÜBUNG", "KELVIN", "straße"):
        task(session, name)
    assert found(session, _any_={"fields": ["name"], "pattern": "übung"}) == "ÜBUNG"
    assert found(session, _any_={"fields": ["name"], "pattern": "kelvin"}) == "KELVIN"
    assert found(session, search_text="STRA") == "straße"


def test_search_text_finds_every_word_somewhere(session: Session) -> None:
    task(session, "train the net", comment="with care (v2)")
    task(session, "test the net")
    assert found(session, search_text="net CARE") == "train the net"
    assert found(session, search_text="(v2)") == "train the net"
    assert sorted(names(session, search_text="net")) == ["test the net", "train the net"]


def project(session: Session, name: str, parent: str | None = None, path: list[str] | None = None, **more: Any) -> str:
    """Store a project."""
    document = {"name": name, "basename": name.rsplit("/", 1)[-1], "company": DEFAULT_COMPANY, "path": path or [], **more}
    return store.insert(session, PROJECT, {**document, "parent": parent} if parent else document)


def test_projects_below_a_project(session: Session) -> None:
    root = project(session, "r")
    child = project(session, "r/c", root, [root])
    deep = project(session, "r/c/d", child, [root, child])
    for name, of in (("in root", root), ("in child", child), ("in deep", deep), ("outside", None)):
        task(session, name, project=of)
    assert sorted(names(session, project=[child])) == ["in child"]
    assert sorted(names(session, project=[child], include_subprojects=True)) == ["in child", "in deep"]
    assert sorted(names(session, project=root, include_subprojects=True)) == ["in child", "in deep", "in root"]
    assert found(session, PROJECT, parent=[root]) == "r/c r/c/d"
    assert found(session, PROJECT, parent=[root], shallow_search=True) == "r/c"
    assert found(session, PROJECT, shallow_search=True) == "r"
    assert found(session, PROJECT, name="^r/c$") == found(session, PROJECT, basename="^c$") == "r/c"


def test_hidden_objects_are_left_out(session: Session) -> None:
    hidden = task(session, "h", system_tags=["hidden", "dataset"])
    task(session, "v")
    assert found(session) == "v"
    assert found(session, search_hidden=True) == "h v"
    assert found(session, id=[hidden]) == "h"
    assert found(session, id=[]) == "v"
    assert found(session, system_tags=["dataset"]) == ""
    assert found(session, system_tags=["dataset"], search_hidden=True) == "h"


def test_queues_of_the_glue_are_hidden(session: Session) -> None:
    for name, tags in (("gpu", []), ("pending", ["k8s-glue"])):
        store.insert(session, QUEUE, {"name": name, "company": DEFAULT_COMPANY, "system_tags": tags})
    assert found(session, QUEUE) == "gpu"
    assert found(session, QUEUE, name="p") == "gpu pending"
    assert found(session, QUEUE, search_hidden=True) == "gpu pending"


def test_public_and_foreign_objects(session: Session) -> None:
    task(session, "mine")
    task(session, "public", company="")
    task(session, "foreign", company="other")
    assert found(session) == "mine public"
    assert found(session, allow_public=False) == found(session, non_public=True) == "mine"
    assert found(session, allow_public=True) == "mine public"


def test_models_and_users(session: Session) -> None:
    metadata = {"k.1": {"key": "k.1", "type": "int", "value": "5"}}
    for name, more in (("a", {"metadata": metadata, "uri": "s3://x/[1]", "ready": True}), ("b", {"ready": False, "uri": "u"})):
        store.insert(session, MODEL, {"name": name, "company": DEFAULT_COMPANY, **more})
    assert found(session, MODEL, ready=False) == "b"
    assert found(session, MODEL, uri=["s3://x/[1]"]) == "a"
    assert found(session, MODEL, **{"metadata.k%2E1.value": ["5"]}) == found(session, MODEL, **{"metadata.k.1": "5"}) == "a"
    assert found(session, MODEL, framework=[None]) == "a b"
    assert refusal(session, MODEL, ready="yes") == (400, 12)
    user = store.insert(session, USER, {"name": "Ada", "company": DEFAULT_COMPANY})
    assert found(session, USER, id=[user]) == "Ada"


def test_a_pattern_that_never_ends_is_stopped(session: Session) -> None:
    task(session, "x" * 500 + "!")
    if session.get_bind().dialect.name == "sqlite":
        with pytest.raises(DBAPIError):
            found(session, name="^(x|xx)+$")
        error = patterns.unit_error()
        assert error is not None
        assert (error.code, error.subcode) == (400, 21)
    else:
        assert found(session, name="^(x|xx)+$") == ""


@pytest.mark.parametrize(
    ("pattern", "plain"),
    [("^a.*b$", True), (r"a\ b|c", True), ("(a|aa)+", False), ("(a+)+", False), (".*x.*", False), (r"(a)b\1", False)],
)
def test_only_simple_patterns_run_without_a_limit(pattern: str, plain: bool) -> None:
    assert patterns.parse(pattern).plain is plain


@pytest.mark.parametrize("text", ["'; DROP TABLE tasks; --", '" OR 1=1', "%s %(x)s :x ?", "\\", "x' || 'y", "{}"])
def test_texts_of_requests_stay_values(session: Session, text: str) -> None:
    task(session, "a", tags=[text], hyperparams=parameters(**{"p": text}), runtime={text: text})
    assert found(session, tags=[text]) == "a"
    assert found(session, **{"hyperparams.Args.p.value": [text]}) == "a"
    assert found(session, _all_={"fields": ["tags"], "pattern": patterns.escape(text)}) == "a"
    assert found(session, id=[text], project=text) == ""
    assert refusal(session, order_by=[text]) == (400, 14)
    assert refusal(session, only_fields=[text]) == (400, 14)
    assert refusal(session, _any_={"fields": [text], "pattern": "x"}) == (400, 14)
