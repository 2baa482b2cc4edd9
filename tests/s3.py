"""An S3 server: moto, in a process of its own, as it keeps files open."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3


def s3_client(url: str) -> Any:
    """A client of the server; close it."""
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")


@contextmanager
def s3_server(folder: Path, *buckets: str) -> Iterator[str]:
    """The URL of a server that has these buckets; its log goes to the folder."""
    log = folder / "log"
    with log.open("w") as output:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = _started(log)
        client = s3_client(url)
        for bucket in buckets:
            client.create_bucket(Bucket=bucket)
        client.close()
        yield url
    finally:
        process.terminate()
        process.wait(120)


def _started(log: Path) -> str:
    """The URL that the server says, once it does."""
    end = time.monotonic() + 120
    while not (found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
    return found[0]
