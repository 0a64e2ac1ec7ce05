import pytest

from labelmill.errors import ParamsError
from labelmill.settings import Settings, load_settings, usable_cores


@pytest.fixture(autouse=True)
def clean(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LABELMILL_{name.upper()}", raising=False)


def test_defaults_need_no_file():
    assert load_settings().mlflow_uri == "sqlite:///mlflow.db"


def test_there_is_a_worker_for_each_core_that_may_be_used(monkeypatch):
    assert load_settings().workers == usable_cores() >= 1
    monkeypatch.setenv("LABELMILL_WORKERS", "0")
    assert load_settings().workers == 0


def test_the_environment_beats_the_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("LABELMILL_THREADS=3\nLABELMILL_ACCELERATOR=gpu\nOTHER=1\n")
    assert load_settings().threads == 3
    monkeypatch.setenv("LABELMILL_THREADS", "2")
    settings = load_settings()
    assert (settings.threads, settings.accelerator) == (2, "gpu")


def test_a_copy_of_dvc_exp_reads_the_file_of_the_main_project(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".env").write_text("LABELMILL_THREADS=3\n")
    copy = tmp_path / ".dvc/tmp/exps/tmpabc"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    assert load_settings().threads == 3


def test_every_wrong_value_is_named(monkeypatch):
    monkeypatch.setenv("LABELMILL_THREADS", "none")
    monkeypatch.setenv("LABELMILL_LOG_LEVEL", "LOUD")
    with pytest.raises(ParamsError, match=r"LABELMILL_THREADS: .*'none'.*LABELMILL_LOG_LEVEL: .*'LOUD'"):
        load_settings()
