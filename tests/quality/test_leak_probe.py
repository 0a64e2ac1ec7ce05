import json

import numpy as np
import pytest
import scipy.sparse as sp

from labelmill.quality import leak_probe

FOLDERS = {"ham-1": "ham", "ham-2": "ham", "spam-1": "spam", "spam-2": "spam"}


def collection(n=400, *, leaks, seed=0):
    """Rows of four folders: words tell the class; where it leaks, the name of a host tells the folder too."""
    rng = np.random.default_rng(seed)
    groups = rng.choice(list(FOLDERS), n).astype(object)
    spam = np.array([FOLDERS[group] == "spam" for group in groups])
    X = (rng.random((n, 60)) < 0.1).astype(np.float32)
    X[spam, :5] += rng.random((spam.sum(), 5)) < 0.7
    names = [f"text:word{i}" for i in range(60)]
    if leaks:
        for place, folder in enumerate(FOLDERS, start=50):
            X[:, place] = (groups == folder) & (rng.random(n) < 0.9)
            names[place] = f"text:host_of_{folder}"
    labels = np.where(spam, "spam", "ham").astype(object)
    labels[rng.random(n) < 0.7] = None
    return sp.csr_matrix(X), groups, labels, names


def probe(X, groups, labels, names, **more):
    return leak_probe.probe(X, groups, feature_names=names, labels=labels, seed=3, **more)


def test_a_leak_is_found_within_the_classes_too_and_its_features_are_named():
    found = probe(*collection(leaks=True))
    assert found["folders"] == sorted(FOLDERS)
    assert found["chance"] == 0.25
    assert found["accuracy"] > 0.8
    assert found["within_ham"]["folders"] == ["ham-1", "ham-2"]
    assert found["within_ham"]["accuracy"] > 0.8
    assert found["within_spam"]["accuracy"] > 0.8
    top = {entry["feature"]: entry["folder"] for entry in found["top_features"][:4]}
    assert top == {f"text:host_of_{folder}": folder for folder in FOLDERS}
    assert len(found["top_features"]) == 20
    assert "collection artefact" in found["note"]


def test_telling_the_classes_apart_is_no_leak():
    found = probe(*collection(leaks=False))
    assert found["accuracy"] > 0.35
    assert found["within_ham"]["accuracy"] == pytest.approx(0.5, abs=0.12)
    assert found["note"] == leak_probe.NO_LEAK_NOTE


def test_the_features_of_two_folders_point_both_ways():
    X, groups, labels, names = collection(leaks=True)
    two = np.isin(groups, ["ham-1", "ham-2"])
    found = probe(X[two], groups[two], labels[two], names)
    top = {entry["feature"]: entry["folder"] for entry in found["top_features"][:2]}
    assert top == {"text:host_of_ham-1": "ham-1", "text:host_of_ham-2": "ham-2"}


def test_months_are_probed_where_there_are_dates():
    X, groups, labels, names = collection(leaks=True)
    months = np.where(np.isin(groups, ["ham-1", "spam-1"]), "2002-07", "2002-08").astype(object)
    months[:5] = None
    months[5] = "1999-01"  # one row makes no month
    found = probe(X, groups, labels, names, months=months)
    assert found["months"]["months"] == ["2002-07", "2002-08"]
    assert found["months"]["n"] == len(groups) - 6
    assert found["months"]["accuracy"] > 0.8
    assert probe(X, groups, labels, names)["months"] is None


def test_rows_without_a_group_and_small_groups_are_left_out():
    X, groups, labels, names = collection(leaks=True)
    groups[:50] = None
    groups[50:55] = "a-few"
    found = probe(X, groups, labels, names)
    assert found["n"] == len(groups) - 55
    assert "a-few" not in found["folders"]


@pytest.mark.parametrize("groups", [[None] * 60, ["one"] * 60, [str(i) for i in range(60)]])
def test_without_two_groups_it_is_skipped_and_says_why(groups):
    found = probe(sp.csr_matrix(np.eye(60, dtype=np.float32)), np.array(groups, dtype=object), None, ["f"] * 60)
    assert list(found) == ["skipped"]


def test_the_same_seed_gives_the_same_bytes():
    assert json.dumps(probe(*collection(leaks=True))) == json.dumps(probe(*collection(leaks=True)))


def test_large_collections_are_sampled(monkeypatch):
    monkeypatch.setattr(leak_probe, "_MAX_ROWS", 150)
    assert probe(*collection(leaks=True))["n"] == 150
