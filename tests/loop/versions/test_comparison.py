"""What moved between versions, in numbers that can be counted by hand."""

import pytest

from labelmill import paths, storage
from labelmill.errors import CorruptFileError
from labelmill.loop import versions
from labelmill.loop.versions.contents import NO_LABEL


def publish(project):
    return versions.publish(project.params())[0]


def edit(file, old, new):
    assert old in file.read_text()
    storage.write_text(file, file.read_text().replace(old, new))


def test_equal_versions_have_moved_nothing(project):
    version = publish(project)
    found = versions.compare(version, version)
    assert found.n_moved == found.rows_new == found.rows_gone == 0
    assert not (found.params or found.lfs_edited or found.annotations_differ or found.code_differs)


def test_labeling_functions_params_scores_and_annotations(project):
    before = publish(project)
    edit(paths.LFS / "words.py", '["cash"]', '["cash", "gold"]')
    edit(paths.LFS / "words.py", 'work = keyword_lf("work"', 'office = keyword_lf("office"')
    edit(paths.PARAMS, "ingest:", "fit_label_model: {kind: majority_vote}\ningest:")
    edit(paths.ANNOTATIONS, "hand", "more hand")
    project.score(0.85)
    found = versions.compare(before, publish(project))
    assert (found.lfs_added, found.lfs_removed, found.lfs_edited) == (["office"], ["work"], ["cash"])
    assert found.params == {"fit_label_model.kind": (None, "majority_vote")}
    assert found.scores["end_model"] == {"balanced_accuracy": (0.8, 0.85), "f1": (0.5, 0.5)}
    assert found.annotations_differ


def test_labels_are_compared_by_the_name_of_their_class_from_two_classes_to_three(project):
    before = publish(project)
    edit(paths.PARAMS, "[ham, spam]", "[ham, spam, newsletter]")
    project.label(spam=range(8), newsletter=range(8, 25), none=range(30, 40))
    found = versions.compare(before, publish(project))
    assert found.classes_added == ["newsletter"]
    assert found.moved == [("ham", "newsletter", 15), ("spam", "newsletter", 2)]
    assert found.labels == {"ham": (20, 5), "spam": (10, 8), "newsletter": (0, 17), NO_LABEL: (10, 10)}
    back = versions.compare(versions.get(2), before)
    assert back.classes_removed == ["newsletter"]
    assert ("newsletter", "ham", 15) in back.moved


def test_rows_that_came_and_went_have_not_moved(project):
    before = publish(project)
    project.label(rows=45, first=2, spam=range(8), none=range(28, 38))
    found = versions.compare(before, publish(project))
    assert (found.rows, found.rows_new, found.rows_gone, found.moved) == ((40, 45), 7, 2, [])


def test_a_damaged_version_is_named_and_not_compared(project):
    before = publish(project)
    project.label(spam=range(12))
    after = publish(project)
    file = before.folder / "labels.parquet"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(CorruptFileError, match=r"versions/1/labels\.parquet.*restore its folder from a copy"):
        versions.compare(before, after)
