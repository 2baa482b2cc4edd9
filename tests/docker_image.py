"""An image made from this machine's own Python, so that tests need no registry: interpreter, library, shell.

Everything keeps the path that it has here, so that packages of this machine can be mounted where they are.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable
from pathlib import Path

LEFT_OUT = {"__pycache__", "test", "tests", "idlelib", "lib2to3", "tkinter", "turtledemo", "site-packages", "dist-packages"}
"""Folders of Python's library that no task needs."""
PROGRAMS = ("sh", "bash", "sleep", "cp", "rm", "chown", "whoami", "which")
BESIDE = (
    *("libstdc++.so.6", "libgcc_s.so.1", "libz.so.1", "libnss_files.so.2", "libpthread.so.0", "libdl.so.2", "librt.so.1"),
    *("libutil.so.1", "libresolv.so.2", "libnss_dns.so.2", "libexpat.so.1"),
)
"""Libraries that packages with extension modules expect; taken from where the C library is."""
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}


def write_image(path: Path) -> None:
    """Write the image's tree as a tar file: ``python3`` is on the path, as are ``sh`` and ``sleep``."""
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = python if python.exists() else Path(sys.executable).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    programs = {name: Path(found).resolve() for name in PROGRAMS if (found := shutil.which(name))}
    extensions = list((library / "lib-dynload").glob("*.so"))
    with tarfile.open(path, "w") as tar:
        tar.add(library, _inside(library), filter=_wanted)
        for file in sorted({python.resolve(), *programs.values(), *_libraries([python, *programs.values(), *extensions])}):
            _add_file(tar, file)
        for name, target in {"python3": python.resolve(), "python": python.resolve(), **programs}.items():
            _link(tar, f"usr/local/bin/{name}", target)
        for name in ("sh", "bash"):
            _link(tar, f"bin/{name}", Path("/usr/local/bin") / name)
        _add_small(tar)


def _inside(path: Path) -> str:
    return str(path).lstrip("/")


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = member.name.rpartition("/")[2]
    return None if name in LEFT_OUT or name.startswith("config-") or name.endswith(".a") else member


def _add_file(tar: tarfile.TarFile, path: Path) -> None:
    """A file under the name that it was asked by, even where folders on the way are links."""
    member = tar.gettarinfo(str(path.resolve()), _inside(path))
    with path.open("rb") as file:
        tar.addfile(member, file)


def _link(tar: tarfile.TarFile, name: str, target: Path) -> None:
    if f"/{name}" == str(target):
        return
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, str(target)
    tar.addfile(member)


def _add_small(tar: tarfile.TarFile) -> None:
    for name, text in FILES.items():
        member = tarfile.TarInfo(name)
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text.encode()))
    for name in ("tmp", "root", "proc", "sys", "dev"):
        member = tarfile.TarInfo(name)
        member.type, member.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
        tar.addfile(member)


def _libraries(files: Iterable[Path]) -> set[Path]:
    """The shared libraries that programs and extension modules need, by the paths at which the loader looks for them."""
    told = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True, check=False).stdout
    found = {Path(path) for path in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", told, re.MULTILINE)}
    near = {path.with_name(name) for path in found for name in BESIDE}
    return {path for path in found | near if path.exists()}
