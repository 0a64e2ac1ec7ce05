"""What becomes of runs that nobody works on any more, and to whom flows by hand report."""

import datetime as dt

import pytest

from labelmill.storage import exclusive

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def test_only_runs_of_the_project_itself_are_buried_and_dropped(prefect_server, chain):
    from prefect.client.orchestration import get_client
    from prefect.states import Running, Scheduled

    from flows._runs import bury, drop_late

    an_hour_ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    with get_client(sync_client=True) as server:
        deployment = server.create_deployment(server.create_flow_from_name("shared"), "shared")
        runs = {
            (project, kind): server.create_flow_run_from_deployment(
                deployment,
                parameters={"project": project},
                state=Scheduled(scheduled_time=an_hour_ago) if kind == "late" else Running(),
            ).id
            for project in ("/srv/another", str(chain))
            for kind in ("late", "dead")
        }
        assert len(bury([deployment], chain)) == 1
        assert drop_late([deployment], chain) == 1
        states = {key: server.read_flow_run(run).state_name for key, run in runs.items()}
    assert (states[str(chain), "dead"], states[str(chain), "late"]) == ("Crashed", "Cancelled")
    assert states["/srv/another", "dead"] == "Running"
    assert states["/srv/another", "late"] in ("Scheduled", "Late"), "the server itself says Late after some seconds"


def test_an_old_address_is_not_trusted_where_the_project_is_served_no_more(prefect_server, chain):
    from prefect.settings import PREFECT_API_URL

    from flows._server import _served, address_file, serve_lock

    address_file(chain).parent.mkdir()
    address_file(chain).write_text(PREFECT_API_URL.value())
    assert _served(chain) is None, "by now it may be the server of another project"
    with exclusive(serve_lock(chain)):
        assert _served(chain) == PREFECT_API_URL.value()
