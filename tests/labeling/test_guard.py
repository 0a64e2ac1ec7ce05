"""Guarded runs give what unguarded ones give, byte for byte, and go round what hangs or dies."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labelmill import (
    Limits,
    apply_lfs,
    batch_labeling_function,
    batch_preprocessor,
    keyword_lf,
    labeling_function,
    preprocessor,
)
from labelmill.errors import InvalidVoteError, LFError
from labelmill.labeling import calls

N = 90
ROWS = pd.DataFrame(
    {
        "id": [f"r{i}" for i in range(N)],
        "number": range(N),
        "text": [f"row {i} is {'odd' if i % 2 else 'even'}" for i in range(N)],
        "links": [[f"{i}.biz"] * (i % 3) for i in range(N)],
    }
)
FAST = Limits(row_s=0.3, batch_s=0.6)


def row_lf(function, name="f"):
    return labeling_function(name=name)(function)


def batch_lf(function, name="b"):
    return batch_labeling_function(name=name)(function)


@preprocessor
def words(row):
    return row.text.split()


@batch_preprocessor
def lengths(rows):
    return [len(row.links) // (row.number != 11) for row in rows]


LFS = [
    keyword_lf("odd", ["odd"], column="text", label=1),
    row_lf(lambda row: 1 if words(row)[1].endswith("7") else None, "sevens"),
    row_lf(lambda row: 0 if lengths(row) > 1 else None, "linked"),
    row_lf(lambda row: 1 // (row.number % 10), "fails"),
    row_lf(lambda row: row.links.append("mine") or len(row.links) % 2, "meddles"),
    batch_lf(lambda frame: np.where(frame["number"] % 4 == 0, 0, -1), "fours"),
    batch_lf(lambda frame: 1 / 0, "never"),
    row_lf(lambda row: {0: 1 / 3, 1: row.number} if row.number % 3 else None, "softly"),
    batch_lf(lambda frame: np.stack([frame["number"] / 7, frame["number"] % 2], axis=1).astype(float), "weighs"),
]


def same(one, other):
    assert one.L.tobytes() == other.L.tobytes()
    pd.testing.assert_frame_equal(one.errors, other.errors)
    pd.testing.assert_frame_equal(one.soft, other.soft, check_exact=True)


def run(lfs, *, workers, limits=FAST, rows=ROWS, **more):
    return apply_lfs(rows, lfs, cardinality=2, workers=workers, limits=limits, **more)


class TestNothingDependsOnHowTheWorkIsSplit:
    @pytest.mark.parametrize("workers", [0, 1, 2, 3])
    @pytest.mark.parametrize("chunk_rows", [1, 7, 1000])
    def test_votes_and_errors(self, monkeypatch, workers, chunk_rows):
        expected = run(LFS, workers=0)
        assert expected.errors["lf"].value_counts().to_dict() == {"never": N, "fails": 9, "linked": 1}
        monkeypatch.setattr(calls, "CHUNK_ROWS", chunk_rows)
        same(run(LFS, workers=workers), expected)

    @pytest.mark.parametrize(("workers", "chunk_rows"), [(1, 1000), (2, 1), (3, 7)])
    def test_where_functions_are_stopped(self, monkeypatch, workers, chunk_rows):
        def dies(row):
            if row.number % 10 == 3:
                os._exit(7)
            return 1 // (row.number % 6)

        limits = Limits(killed_rows=3)
        monkeypatch.setattr(calls, "CHUNK_ROWS", chunk_rows)
        found = run([row_lf(dies, "dies"), *LFS], workers=workers, limits=limits)
        errors = found.errors[found.errors["lf"] == "dies"].set_index("id")
        assert errors["message"][["r3", "r13", "r23"]].tolist() == ["its process ended with exit code 7"] * 3
        assert errors.index[errors["exception"] == "Stopped"].tolist() == [f"r{i}" for i in range(24, N)]
        assert errors.index[errors["exception"] == "ZeroDivisionError"].tolist() == ["r0", "r6", "r12", "r18"]
        assert set(found.L[24:, 0]) == {-1}
        assert found.L[:, 1:].tobytes() == run(LFS, workers=0).L.tobytes()

    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.permutations(range(N)))
    def test_row_order(self, order):
        whole = run(LFS, workers=0).L
        assert np.array_equal(run(LFS, workers=2, rows=ROWS.iloc[order]).L, whole[order])

    @pytest.mark.parametrize("workers", [0, 2])
    @pytest.mark.parametrize("on_error", ["record", "raise"])
    def test_which_error_stops_the_run(self, monkeypatch, workers, on_error):
        """That of the first function, on its first row, wherever another one strikes first."""
        monkeypatch.setattr(calls, "CHUNK_ROWS", 5)
        late = row_lf(lambda row: 9 if row.number >= 61 else None, "late")
        early = row_lf(lambda row: 8, "early")
        with pytest.raises(InvalidVoteError, match=r"'late' voted 9 .* on row 'r61'"):
            run([late, early], workers=workers, on_error=on_error)

    def test_no_rows_and_no_functions(self):
        assert run(LFS, workers=2, rows=ROWS[:0]).L.shape == (0, len(LFS))
        assert run([], workers=2).L.shape == (N, 0)


class TestWhatAWorkerMayDo:
    def test_errors_that_stop_the_run_come_with_name_and_row(self):
        with pytest.raises(LFError, match="'fails' failed on row 'r0': ZeroDivisionError"):
            run([LFS[3]], workers=2, on_error="raise")
        with pytest.raises(LFError, match=r"'reads' of .*no column 'txt'; did you mean 'text'"):
            run([row_lf(lambda row: row.txt, "reads")], workers=1)

    def test_what_it_changes_stays_in_it(self, tmp_path):
        seen = []

        def changes(row):
            os.chdir(tmp_path)
            os.environ["MINE"] = "1"
            seen.append(row.number)

        before = Path.cwd()
        assert run([row_lf(changes)], workers=1).errors.empty
        assert (Path.cwd(), os.environ.get("MINE"), seen) == (before, None, [])

    def test_prints_are_named_and_cut(self, capfd):
        print("before", end="")
        run([row_lf(lambda row: print(f"number {row.number}"), "tells")], workers=1)
        run([row_lf(lambda row: print("x" * 3000), "shouts")], workers=1)
        out, err = capfd.readouterr()
        assert out == "before"
        assert [line for line in err.splitlines() if "tells" in line] == [f"tells: number {i}" for i in range(N)]
        assert err.count("shouts: ") == 4
        assert err.count("it prints too much") == 1

    def test_seconds_are_kept_for_each_function(self):
        slow = row_lf(lambda row: time.sleep(0.001), "slow")
        seconds = run([slow, *LFS], workers=2).seconds
        assert list(seconds) == ["slow", *(lf.name for lf in LFS)]
        assert seconds["slow"] > N * 0.001
        assert seconds["slow"] == max(seconds.values())

    def test_no_process_is_left(self):
        before = set(psutil.Process().children())  # of other tests: Dask leaves a tracker behind
        run(LFS, workers=2)
        assert not set(psutil.Process().children()) - before


class TestDeaths:
    def test_a_worker_that_is_killed_from_outside_changes_nothing(self, tmp_path):
        mark = tmp_path / "killed"

        def killed_once(row):
            if row.number == 40 and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return row.number % 2

        found = run([row_lf(killed_once)], workers=1)
        assert found.errors.empty
        assert found.L[:, 0].tolist() == [i % 2 for i in range(N)]

    def test_a_batch_function_is_split_down_to_the_row(self):
        def dies(frame):
            if (frame["number"] == 61).any():
                os.kill(os.getpid(), signal.SIGUSR1)
            return np.ones(len(frame), dtype=int)

        found = run([batch_lf(dies), *LFS], workers=2)
        errors = found.errors[found.errors["lf"] == "b"]
        assert errors[["id", "exception", "message"]].values.tolist() == [
            ["r61", "ProcessDied", "its process was ended by SIGUSR1"]
        ]
        assert found.L[:, 0].tolist() == [-1 if i == 61 else 1 for i in range(N)]

    def test_so_is_a_batch_preprocessor_but_only_for_those_that_ask(self):
        @batch_preprocessor
        def crashes(rows):
            if any(row.number == 50 for row in rows):
                os._exit(9)
            return [row.number % 2 for row in rows]

        asks = [row_lf(lambda row: crashes(row), "one"), row_lf(lambda row: 1 - crashes(row), "two")]
        found = run([*asks, row_lf(lambda row: 1, "other")], workers=2)
        assert found.errors[["lf", "id", "exception"]].values.tolist() == [
            ["one", "r50", "ProcessDied"],
            ["two", "r50", "ProcessDied"],
        ]
        assert set(found.L[:, 2]) == {1}
        assert (found.L[:, 0] == -1).sum() == 1

    @pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only there a test can find the pipe")
    def test_nonsense_in_the_pipe_to_the_guard_is_a_death(self):
        ours = set(Path("/proc/self/fd").iterdir())

        def scribbles(row):
            for end in set(Path("/proc/self/fd").iterdir()) - ours if row.number == 33 else ():
                with suppress(OSError):  # the others are to be read only
                    os.write(int(end.name), b"\0\0\0\2{]")
                    time.sleep(0.2)
            return 1

        found = run([row_lf(scribbles)], workers=1, limits=Limits())
        assert found.errors[["id", "exception"]].values.tolist() == [["r33", "ProcessDied"]]

    def test_a_signal_without_a_name_has_a_number(self):
        found = run([row_lf(lambda row: os.kill(os.getpid(), 40) if row.number == 3 else None)], workers=1)
        assert found.errors["message"].tolist() == ["its process was ended by signal 40"]

    def test_it_can_stop_the_run(self):
        with pytest.raises(LFError, match="'f' failed on row 'r5': ProcessDied: its process ended with exit code 3"):
            run([row_lf(lambda row: os._exit(3) if row.number == 5 else None)], workers=2, on_error="raise")

    def test_what_earlier_rows_left_behind_is_no_fault_of_a_row(self):
        kept = []

        def hoards(row):
            kept.append(bytearray(2_000_000))
            return 1

        found = run([row_lf(hoards)], workers=1, limits=Limits(memory_mb=80))
        assert found.errors.empty
        assert set(found.L[:, 0]) == {1}


class TestTime:
    def test_a_first_call_may_take_longer_but_no_row_gains_by_it(self):
        loaded = []

        def loads(row):
            if not loaded:
                loaded.append(time.sleep(0.5))
            return 1

        def sleeps(row):
            time.sleep(0.5 if row.number == 0 else 0)
            return 1

        found = run([row_lf(loads, "loads"), row_lf(sleeps, "sleeps")], workers=1, limits=Limits(row_s=0.3, batch_s=60))
        assert found.errors[["lf", "id", "exception", "message"]].values.tolist() == [
            ["sleeps", "r0", "TimeLimitExceeded", "took longer than 0.3 s"]
        ]

    def test_a_batch_function_is_split_down_to_the_row(self):
        def hangs(frame):
            while (frame["number"] == 61).any():
                time.sleep(1)
            return np.ones(len(frame), dtype=int)

        found = run([batch_lf(hangs)], workers=2)
        assert found.errors[["id", "exception"]].values.tolist() == [["r61", "TimeLimitExceeded"]]
        assert (found.L == 1).sum() == N - 1


@pytest.mark.parametrize("workers", [-1, 1.0, True, None])
def test_a_wrong_number_of_workers_is_an_error(workers):
    with pytest.raises(LFError, match="workers is a number of processes"):
        run(LFS, workers=workers)
