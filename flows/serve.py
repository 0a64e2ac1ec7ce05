"""One machine, one terminal: the Prefect server, the schedules and the runs.

`python -m flows.serve` uses the server that answers at the address, or starts one and ends it again
with Ctrl-C or SIGTERM; killed with -9 it takes its server along.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from labelmill.processes import die_with_parent


@contextlib.contextmanager
def server(host: str, port: int, *, log: Path, timeout_s: float = 120) -> Iterator[str]:
    """Yield the API address of the server that answers, or of one that runs until the block ends."""
    api = f"http://{host}:{port}/api"
    if _answers(api):
        yield api
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", host, "--port", str(port)],
            # With any port but 4200 the page asks the wrong address unless it is told.
            env={**os.environ, "PREFECT_SERVER_UI_API_URL": api},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us alone; the server goes last
            preexec_fn=die_with_parent,
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


def main() -> None:
    """Serve the flows of a project until stopped."""
    parser = argparse.ArgumentParser(prog="python -m flows.serve", description=__doc__)
    parser.add_argument("--project", default=".", help="the project folder")
    parser.add_argument("--host", default="127.0.0.1", help="address of the Prefect server")
    parser.add_argument("--port", type=int, default=4200, help="port of the Prefect server")
    parser.add_argument("--monitor-every", type=float, default=60, metavar="MINUTES", help="how often monitor runs")
    parser.add_argument("--train-cron", default="0 3 * * 1", help="when train runs; default: Mondays at 3")
    given = parser.parse_args()
    project = str(Path(given.project).resolve())
    with server(given.host, given.port, log=Path(project) / ".prefect" / "server.log") as api:
        os.environ["PREFECT_API_URL"] = api
        # After the address is set: Prefect reads its settings while it is imported.
        from prefect import serve

        from flows.monitor import monitor
        from flows.train import train

        here = {"project": project}
        serve(
            train.to_deployment("train", cron=given.train_cron, parameters={**here, "reason": "on schedule"}),
            monitor.to_deployment("monitor", interval=timedelta(minutes=given.monitor_every), parameters=here),
            pause_on_shutdown=False,
            limit=2,  # a backlog of late monitor runs must not keep train waiting
        )


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


if __name__ == "__main__":
    main()
