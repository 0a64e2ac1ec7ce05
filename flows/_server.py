"""A Prefect server that lives as long as the process that wants it, and no longer."""

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from labelmill import paths
from labelmill.processes import die_with_parent

HOST = "127.0.0.1"


@contextlib.contextmanager
def server(host: str, port: int, *, log: Path, timeout_s: float = 120) -> Iterator[str]:
    """Yield the API address of the server that answers, or of one that runs until the block ends.

    Its database lies beside the log: with the one in the home folder, that of another project would be the same.
    """
    api = f"http://{host}:{port}/api"
    if _answers(api):
        yield api
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    database = f"sqlite+aiosqlite:///{log.parent.resolve() / 'prefect.db'}"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", host, "--port", str(port)],
            # With any port but 4200 the page asks the wrong address unless it is told.
            env={
                "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
                **os.environ,
                "PREFECT_SERVER_UI_API_URL": api,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us alone; the server goes last
            preexec_fn=partial(die_with_parent, parent=os.getpid()),
        )
        try:
            _wait_until_it_answers(api, process, timeout_s, log)
            yield api
        finally:
            process.terminate()  # SIGINT may be inherited as ignored
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.kill()


@contextlib.contextmanager
def stopped_by_ctrl_c() -> Iterator[None]:
    """End with a word and the exit code of `labelmill`, where a traceback would tell of an accident."""
    try:
        yield
    except KeyboardInterrupt:
        from labelmill.cli import STOPPED

        sys.stderr.write("stopped; files of finished stages are whole\n")
        sys.exit(STOPPED)


def serve_this_process(project: str) -> None:
    """Let flows of this process report to the configured server, to that of `flows.serve`, or to one of their own.

    Prefect would start a temporary server by itself, but one that outlives a flow killed with -9.
    """
    if not (Path(project) / paths.DVC_YAML).is_file():
        sys.exit(f"error: {Path(project).resolve()} is no labelmill project: it has no {paths.DVC_YAML}.")
    from prefect.settings import PREFECT_API_URL, temporary_settings

    if PREFECT_API_URL.value():
        return
    stack = contextlib.ExitStack()
    # Registered before Prefect's own, so that it runs after they have sent the last lines of the log.
    atexit.register(stack.close)
    api = _served(Path(project))
    if api is None:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        api = stack.enter_context(server(HOST, port, log=Path(project) / ".prefect" / "server.log"))
    stack.enter_context(temporary_settings({PREFECT_API_URL: api}))


def address_file(project: Path) -> Path:
    """Where `flows.serve` leaves the address of its server."""
    return project / ".prefect" / "api"


def serve_lock(project: Path) -> Path:
    """What `flows.serve` holds as long as it serves the project."""
    return project / ".prefect" / "serve.lock"


def _served(project: Path) -> str | None:
    from labelmill.storage import is_held

    file = address_file(project)
    # Without the lock, who answers at the old address may by now be the server of another project.
    api = file.read_text(encoding="utf-8") if is_held(serve_lock(project)) and file.exists() else ""
    return api if api and _answers(api) else None


def _answers(api: str) -> bool:
    try:
        with urllib.request.urlopen(f"{api}/health", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def _wait_until_it_answers(api: str, process: "subprocess.Popen[bytes]", timeout_s: float, log: Path) -> None:
    deadline = time.monotonic() + timeout_s
    while not _answers(api):
        if process.poll() is not None or time.monotonic() > deadline:
            state = (
                f"ended with {process.returncode}"
                if process.poll() is not None
                else f"did not answer in {timeout_s:.0f} s"
            )
            sys.exit(f"error: the Prefect server {state}; its log is {log}")
        time.sleep(0.3)
