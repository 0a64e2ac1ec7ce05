"""One machine, one terminal: the Prefect server, the schedules and the runs.

`python -m flows.serve` uses the server that answers at the address, or starts one and ends it again
with Ctrl-C or SIGTERM; killed with -9 it takes its server along.
"""

import argparse
import os
from datetime import timedelta
from pathlib import Path

from flows._server import HOST, server


def main() -> None:
    """Serve the flows of a project until stopped."""
    parser = argparse.ArgumentParser(prog="python -m flows.serve", description=__doc__)
    parser.add_argument("--project", default=".", help="the project folder")
    parser.add_argument("--host", default=HOST, help="address of the Prefect server")
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


if __name__ == "__main__":
    main()
