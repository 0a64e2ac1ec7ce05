import numpy as np
import pandas as pd
import pytest

from labelmill import paths, scoring, storage
from labelmill.end_model.features import Featurizer
from labelmill.end_model.model import EndModel
from labelmill.errors import TrainingError
from labelmill.params import FeaturizeParams, parse_params
from labelmill.quality import champion

PARAMS = parse_params({"task": {"name": "spam", "classes": ["ham", "spam"]}, "ingest": {"source": "generated"}})


class ReadingError(Exception):
    pass


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("rows.csv", "csv"),
        ("ROWS.CSV", "csv"),
        ("rows.csv.gz", "csv"),
        ("rows.tsv", "csv"),
        ("rows.jsonl.gz", "jsonl"),
        ("rows.ndjson", "jsonl"),
        ("rows.parquet", "parquet"),
        ("mail.eml", "mail"),
        ("inbox", "mail"),
    ],
)
def test_the_ending_says_how_a_file_is_read_the_same_as_in_ingest(tmp_path, monkeypatch, name, kind):
    def read(params, **_):
        raise ReadingError(params.ingest.source)

    monkeypatch.setattr(scoring.reading, "read", read)
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ReadingError, match=f"^{kind}$"):
        scoring.score(tmp_path / name, PARAMS)


MAILS = pd.DataFrame({"id": ["a", "b", "c"], "text": ["act now", "see you", "act soon"]})


def train(words):
    """A model that knows the words that occur at least twice in these texts."""
    featurizer = Featurizer(FeaturizeParams(min_df=2, text_shape=False)).fit(pd.DataFrame({"text": words}))
    featurizer.save(paths.FEATURIZER)
    weight = np.tile(np.array([[-2.0, 2.0]], dtype=np.float32), (len(featurizer.names), 1))
    arrays = {"weight": weight, "bias": np.zeros(2, dtype=np.float32)}
    EndModel("linear", ("ham", "spam"), arrays, featurizer.hash).save(paths.END_MODEL)


@pytest.fixture
def in_charge(tmp_path, monkeypatch):
    """A champion that knows the word act; the newest model knows you."""
    monkeypatch.chdir(tmp_path)
    train(["act", "act"])
    entry = {name: storage.folder_hash(path) for name, path in champion_folders().items()}
    found = champion.swap_champion(0, entry, end_model=paths.END_MODEL, featurizer=paths.FEATURIZER)
    train(["you", "you"])
    return found


def champion_folders():
    return {"sha256": paths.END_MODEL, "featurizer_sha256": paths.FEATURIZER}


def test_a_frame_is_scored_by_the_champion_with_its_own_featurizer(in_charge):
    scored = scoring.score_frame(MAILS, champion=in_charge)
    assert scored.columns.tolist() == ["id", "pred", "p_ham", "p_spam"]
    assert scored["id"].tolist() == ["a", "b", "c"]
    assert scored["pred"].tolist() == ["spam", "ham", "spam"]


def test_without_a_champion_the_newest_model_scores(in_charge):
    assert scoring.score_frame(MAILS, champion=None)["pred"].tolist() == ["ham", "spam", "ham"]


def test_a_featurizer_of_another_model_is_refused(in_charge):
    Featurizer(FeaturizeParams(min_df=1, text_shape=False)).fit(MAILS).save(paths.FEATURIZER)
    with pytest.raises(TrainingError, match="featurizer"):
        scoring.score_frame(MAILS, champion=None)
