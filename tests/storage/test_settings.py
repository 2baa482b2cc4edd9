"""The table of plugins.toml, as the documentation shows it."""

import re
from pathlib import Path

from trackyard.core.settings import Settings
from trackyard.plugins.storage import EMPTY, removal
from trackyard.plugins.storage.buckets import find_place
from trackyard.plugins.storage.settings import ObjectStorageSettings, with_file

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_shows_settings_that_work(tmp_path: Path) -> None:
    """The example of docs/deletion.md, with its secrets from files of the test."""
    found = re.search(r"```toml\n(.*?)```", (DOCS / "deletion.md").read_text(), re.DOTALL)
    assert found
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    config = tmp_path / "plugins.toml"
    config.write_text(re.sub(r'"/run/secrets/[^"]+"', f'"{secret}"', found[1]))
    settings = Settings(config, environ={"EXPERIMENTS_SECRET": "s", "AZURE_KEY": "c2VjcmV0"}, data_dir=tmp_path)
    known = with_file(EMPTY, settings.take("object_storage", ObjectStorageSettings))
    places = {
        url: find_place(url, known)
        for url in ("s3://experiments/a/b", "s3://minio.example:9000/experiments/a/b", "gs://experiments/a/b")
    }
    assert all(place and removal.has_access(place) for place in places.values())
    assert [place.settings["secret"] for place in places.values() if place and place.scheme == "s3"] == ["s", "from a file"]
    assert find_place("azure://experiments.blob.core.windows.net/artifacts/a/b", known)
