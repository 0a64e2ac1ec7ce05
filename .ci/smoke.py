"""Start a real Prefect server, run one flow and see one schedule fire: what a wrong pair of versions breaks."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from flows._server import server

DEADLINE_S = 180

if __name__ == "__main__":
    home = tempfile.mkdtemp()
    os.environ.update(PREFECT_HOME=home, PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="120")
    seen = Path(home) / "seen"
    with server("127.0.0.1", 4277, log=Path(home) / "server.log") as api:
        environment = {**os.environ, "PREFECT_API_URL": api, "PREFECT_RUNNER_POLL_FREQUENCY": "1", "SEEN": str(seen)}
        body = (
            "import os; from prefect import flow\n"
            "@flow\n"
            "def tick(how: str = 'by schedule'):\n"
            "    open(os.environ['SEEN'], 'a').write(how + chr(10))\n"
            "if __name__ == '__main__':\n"
            "    tick('by hand'); tick.serve('tick', interval=5)\n"
        )
        script = Path(home) / "tick.py"
        script.write_text(body)
        process = subprocess.Popen([sys.executable, str(script)], env=environment, cwd=home)
        try:
            deadline = time.monotonic() + DEADLINE_S
            while time.monotonic() < deadline and process.poll() is None:
                if seen.exists() and "by schedule" in seen.read_text():
                    break
                time.sleep(1)
        finally:
            process.terminate()
            process.wait(30)
    ran = seen.read_text().splitlines() if seen.exists() else []
    print(f"flow by hand: {'by hand' in ran}; by schedule: {'by schedule' in ran}")  # noqa: T201
    sys.exit(0 if {"by hand", "by schedule"} <= set(ran) else 1)
