"""From two classes to three and back: what reruns, what moved, and that an old version comes back byte by byte."""

import json
import re
import shutil

import pytest
from commands import hashes, run

from labelmill.loop.versions.contents import NO_LABEL

pytestmark = pytest.mark.slow

NEWSLETTERS = """
from labelmill import keyword_lf
from lfs.labels import Label

words = keyword_lf(
    "newsletter_words",
    ["newsletter", "unsubscribe", "subscribers", "weekly digest"],
    column=("subject", "text"),
    label=Label.NEWSLETTER,
)
"""
LABELS = ("data/label_matrix", "data/probs", "models/label_model")


def test_a_third_class_and_the_way_back(project, tmp_path):
    """Versions, schema change, checkout, and an emptied cache."""
    two_classes = hashes(project, *LABELS, "models/end_model")
    featurizer = hashes(project, "models/featurizer")
    run("labelmill", "promote", "--first", cwd=project)
    assert "version 1: " in run("labelmill", "versions", "add", "--note", "two classes", cwd=project)
    assert "version 1 already" in run("labelmill", "versions", "add", "--commit", cwd=project)

    add_a_class(project)
    assert "label, " in run("labelmill", "versions", "add", cwd=project, code=7), "stages are out of date"
    output = run("dvc", "repro", cwd=project, timeout=900)
    ran = re.findall(r"Running stage '(\w+)'", output)
    assert "featurize" not in ran and "ingest" in ran
    assert "1 columns computed (newsletter_words), 12 reused" in output
    assert hashes(project, "models/featurizer") == featurizer
    run("labelmill", "versions", "add", "--note", "newsletters", cwd=project)

    moved = json.loads(run("labelmill", "versions", "diff", "1", "2", "--json", cwd=project))
    assert (moved["classes_added"], moved["lfs_added"], moved["lfs_edited"]) == (
        ["newsletter"],
        ["newsletter_words"],
        [],
    )
    became = {old for old, new, _ in moved["moved"] if new == "newsletter"}
    assert became & {"ham", "spam", NO_LABEL} and moved["labels"]["newsletter"][1] > 50
    assert "newsletter" in run("labelmill", "versions", "diff", "1", "2", cwd=project)

    mail = tmp_path / "mail.csv"
    mail.write_text("id,subject,text\n1,hello,see you at the meeting\n")
    scored = run("labelmill", "predict", mail, "--champion", cwd=project)
    assert "id,pred,p_ham,p_spam\n" in scored, "the champion of two classes is in charge until another is promoted"

    output = run("labelmill", "versions", "checkout", "1", cwd=project)
    assert "byte by byte" in output
    assert hashes(project, *LABELS, "models/end_model") == two_classes
    assert run("dvc", "status", "-q", cwd=project) == "", "nothing is left to do"
    listed = json.loads(run("labelmill", "versions", "list", "--json", cwd=project))
    assert [(version["current"], version["in_git"]) for version in listed] == [(True, True), (False, False)]

    for name in (".dvc/cache", ".cache/lf_columns", "data/ingested", "data/clean", "data/label_matrix", "data/probs"):
        shutil.rmtree(project / name)
    shutil.rmtree(project / "models")
    assert "not in the cache" in run("labelmill", "versions", "verify", "1", cwd=project)
    run("dvc", "repro", "fit_label_model", cwd=project, timeout=900)
    assert hashes(project, *LABELS) == {name: sha for name, sha in two_classes.items() if "end_model" not in name}


def add_a_class(project):
    """The edit of docs/schema_change.md."""
    params, labels = project / "params.yaml", project / "lfs/labels.py"
    text = params.read_text().replace("classes: [ham, spam]", "classes: [ham, spam, newsletter]")
    params.write_text(text.replace("class_balance: [0.7, 0.3]", "class_balance: [0.62, 0.3, 0.08]"))
    labels.write_text(labels.read_text() + "    NEWSLETTER = 2\n")
    (project / "lfs/newsletters.py").write_text(NEWSLETTERS)
