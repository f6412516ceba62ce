"""Kill, starve and crowd the command, and see that nothing is lost, mixed or left behind.

    python benchmarks/faults.py [--kills 400] [--seed 1] [--sizes 20] [--out FILE]

Works on the tiny set and a pack of small documents in a temporary folder of its own. A kill is
aimed at the moment before one of the file-system steps that the command takes, drawn at random; or
falls at a random time. Prints one JSON object; exits 1 where anything was not as it must be.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

HERE = Path(__file__).resolve().parents[1]
TINY = HERE / "tests" / "data" / "tiny"
PAGE = (
    "---\ntitle: Page\n---\n\n```{python}\n#| tags: [parameters]\nrun_path = campaign = ''\n```\n"
)
STEPS = {
    "open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "shutil.rmtree",
    "ctypes.dlsym",
}  # fmt: skip

# A child of this file: the command, after small documents took the place of the reports.
CHILD = "child"


def child(root: Path, kill_at: int, arguments: list[str]) -> None:
    """Run the command in this process, killed before file-system step `kill_at` (0: never)."""
    import mktorch.cli
    import mktorch.pipeline  # all is loaded before steps are counted
    import mktorch.render.pack
    import mktorch.render.pages
    import mktorch.render.stage

    mktorch.render.pack.WRITERS = ()
    for module in (mktorch.render.pages, mktorch.render.stage):
        module.reports_dir = lambda: root / "documents"
    inside = os.fsencode(root)
    taken = 0

    def count(event: str, given: tuple[object, ...]) -> None:
        nonlocal taken
        if event not in STEPS or not (event == "ctypes.dlsym" or _within(given, inside)):
            return
        taken += 1
        if taken == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    sys.argv = ["mktorch", *arguments]
    try:
        mktorch.cli.main()
    finally:
        if not kill_at:
            (root / "steps").write_text(str(taken))


def _within(given: tuple[object, ...], inside: bytes) -> bool:
    first = given[0] if given else None
    if not isinstance(first, str | bytes | os.PathLike):
        return False
    return os.fsencode(first).startswith(inside)


class Ground:
    """A folder to run commands in, with a temporary folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root, self.runs, self.reports = root, root / "runs", root / "reports"
        self.temporary = root / "tmp"
        self.temporary.mkdir(parents=True)
        documents = root / "documents"
        shutil.copytree(HERE / "reports", documents, ignore=shutil.ignore_patterns("*.qmd"))
        for name in ("index", "campaign"):
            (documents / f"{name}.qmd").write_text(PAGE)

    def start(
        self, *arguments: str, kill_at: int = 0, before: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": str(HERE),
            "MKTORCH_RUNS_DIR": str(self.runs),
            "MKTORCH_REPORTS_DIR": str(self.reports),
            "MKTORCH_DATA_DIR": str(TINY),
        }
        command = [
            *before,
            sys.executable,
            __file__,
            CHILD,
            str(self.root),
            str(kill_at),
            *arguments,
        ]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe)

    def call(self, *arguments: str, before: Sequence[str] = ()) -> tuple[int, str]:
        """Exit code, and what was said on standard error."""
        process = self.start(*arguments, before=before)
        _, said = process.communicate(timeout=600)
        return process.returncode, said.decode(errors="replace")

    def steps(self) -> int:
        return int((self.root / "steps").read_text())

    def faults(self, *, after: bool) -> list[str]:
        """What is not whole; `after` the next command, also what is left of the one before."""
        return [*self._runs(), *self._texts(), *self._packs(), *(self._left() if after else ())]

    def _runs(self) -> Iterator[str]:
        from mktorch.runs import RunError, check_whole, stored_runs

        found, broken = stored_runs(self.runs)
        yield from (f"broken run: {error}" for error in broken)
        for run in found:
            try:
                check_whole(run)
            except RunError as error:
                yield f"half a run: {error}"

    def _texts(self) -> Iterator[str]:
        for text in self.reports.glob("[!.]*/*.md"):
            if not (self.runs / text.parent.name).is_dir():
                yield f"text without its run: {text.relative_to(self.root)}"

    def _packs(self) -> Iterator[str]:
        from mktorch.manifest import file_hash

        for folder in self.reports.glob("[!.]*"):
            pages = {p.name for p in folder.iterdir()} - {"pack.json"}
            pages -= {"campaign_report.md", "executive_summary.md"}
            listed = {}
            if (folder / "pack.json").exists():
                listed = json.loads((folder / "pack.json").read_text())["files"]
            for name in pages ^ set(listed):
                yield f"pack and list differ: {name}"
            for name in pages & set(listed):
                if file_hash(folder / name) != listed[name]["sha256"]:
                    yield f"a page of another pack: {name}"

    def _left(self) -> Iterator[str]:
        for place in (self.runs, self.reports, *self.reports.glob("*/")):
            yield from (f"left: {p.relative_to(self.root)}" for p in place.glob(".*"))
        yield from (f"left: {p.relative_to(self.root)}" for p in self.temporary.glob("mktorch-*"))
        yield from (f"process left: {' '.join(c)}" for c in _processes(str(self.root)))


def _processes(named: str) -> list[list[str]]:
    """Living processes that name the ground, once those that are ending have had a second."""
    end = time.monotonic() + 3
    while True:
        found = []
        for process in psutil.process_iter(["pid", "status", "cmdline"]):
            words = process.info["cmdline"] or []
            if process.info["pid"] != os.getpid() and any(named in word for word in words):
                found += [words] * (process.info["status"] != psutil.STATUS_ZOMBIE)
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.1)


def kills(count: int, draw: random.Random) -> dict[str, object]:
    """Kill `run` and `report` at aimed and random moments; check; then the next command."""
    outcome: Counter[str] = Counter()
    faults: list[str] = []
    with ground() as here:
        commands = {"run": ("run",), "report": ("report", "--to", "html", "--renderer", "embedded")}
        known: dict[str, tuple[int, float]] = {}
        for name, words in commands.items():  # a run and a pack that stand, and how long each takes
            started = time.perf_counter()
            code, said = here.call(*words)
            assert code == 0, said
            known[name] = here.steps(), time.perf_counter() - started
        stood = {p.name for p in here.runs.iterdir()}
        for number in range(count):
            name = ("run", "report")[number % 2]
            steps, seconds = known[name]
            if name == "run" and number % 4 == 0:  # a place in which nothing stands yet
                shutil.rmtree(here.runs)
                shutil.rmtree(here.reports)
                stood_now: set[str] = set()
            else:
                stood_now = stood
            aimed = number % 5 < 4
            if aimed:
                process = here.start(*commands[name], kill_at=draw.randint(1, steps))
            else:
                process = here.start(*commands[name])
                time.sleep(draw.uniform(0, seconds))
                process.kill()
            process.communicate(timeout=600)
            outcome[f"{name}, {'aimed' if aimed else 'timed'}, exit {process.returncode}"] += 1
            found = here.faults(after=False)
            if not stood_now <= {p.name for p in here.runs.glob("[!.]*")}:
                found.append("a run that stood is gone")
            code, said = here.call(*commands[name])
            found += here.faults(after=True)
            if code:
                found.append(f"the next command: exit {code}: {said[:300]}")
            if name == "run" and not stood_now:  # the pack for the report that is next
                code, said = here.call(*commands["report"])
                found += [f"report: {said[:300]}"] if code else []
            faults += [f"kill {number} of {name}: {fault}" for fault in found]
    return {"kills": count, "how": dict(sorted(outcome.items())), "faults": faults}


def full_disks(most: int) -> dict[str, object]:
    """`run`, then `report`, in memory disks of 1 to `most` MB, a run standing where it fits."""
    faults: list[str] = []
    codes: Counter[str] = Counter()
    for size in range(1, most + 1):
        with ground() as here, disk(here, size):
            for name in ("run", "run", "report"):
                extra = () if name == "run" else ("--to", "html", "--renderer", "embedded")
                code, said = here.call(name, *extra)
                codes[f"{name}, exit {code}"] += 1
                if code not in (0, 1, 2) or (code == 2 and len(said.splitlines()) > 2):
                    faults.append(f"{size} MB, {name}: exit {code}: {said[:400]}")
                faults += [f"{size} MB, {name}: {fault}" for fault in here.faults(after=True)]
    return {"sizes": most, "how": dict(sorted(codes.items())), "faults": faults}


def crowds() -> dict[str, object]:
    """Eight runs at once, of two settings; three reports of one run at once."""
    faults = []
    with ground() as here:
        several = [here.start("run", "--set", f"window_days={7 + n % 2}") for n in range(8)]
        for process in several:
            _, said = process.communicate(timeout=600)
            faults += [f"run: exit {process.returncode}: {said!r}"] if process.returncode else []
        run = str(min(here.runs.iterdir()))
        words = ("report", run, "--to", "html", "--renderer", "embedded")
        for process in [here.start(*words) for _ in range(3)]:
            _, said = process.communicate(timeout=600)
            faults += [f"report: exit {process.returncode}: {said!r}"] if process.returncode else []
        faults += here.faults(after=True)
    return {"faults": faults}


def denied() -> dict[str, object]:
    """Without a right to what its bits deny: folders not to be written, inputs not to be read."""
    mortal = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] * (not os.getuid())
    faults = []
    with ground() as here:
        code, said = here.call("run")
        faults += [f"run: exit {code}: {said}"] if code else []
        data = shutil.copytree(TINY, here.root / "data")
        (data / "campaigns.json").chmod(0)
        closed = (here.runs, here.reports, *here.reports.iterdir())
        for folder in closed:
            folder.chmod(0o555)
        run = str(min(here.runs.iterdir()))
        page = ("--to", "html", "--renderer", "embedded")
        for words in (("run",), ("run", str(data)), ("report", run, *page)):
            code, said = here.call(*words, before=mortal)
            if code != 2 or len(said.splitlines()) > 2:
                faults.append(f"{words}: exit {code}: {said[:400]}")
        for folder in closed:
            folder.chmod(0o755)
        faults += here.faults(after=True)
    return {"faults": faults}


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        Path(folder).chmod(0o755)
        yield Ground(Path(folder).resolve() / "ground")


@contextlib.contextmanager
def disk(here: Ground, megabytes: int) -> Iterator[None]:
    """Runs and reports on a disk of this size."""
    place = here.root / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise OSError(errno.EPERM, "mounting is not permitted here")
    here.runs, here.reports = place / "runs", place / "reports"
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=False)


def main() -> int:
    if sys.argv[1:2] == [CHILD]:
        child(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=400)
    parser.add_argument("--sizes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    found: dict[str, dict[str, object]] = {
        "crowds": crowds(),
        "denied": denied(),
        "full disks": full_disks(given.sizes),
        "kills": kills(given.kills, random.Random(given.seed)),
    }
    text = json.dumps(found, indent=2)
    print(text)
    if given.out:
        given.out.write_text(text + "\n")
    return int(any(part["faults"] for part in found.values()))


if __name__ == "__main__":
    sys.exit(main())
