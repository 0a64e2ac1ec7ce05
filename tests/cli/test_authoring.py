"""The loop of writing labeling functions: `check`, `lfs suggest`, `new`, `diff`, `summary`, `errors`."""

import ast
import subprocess
import sys

import pytest

from labelmill import paths, storage

HELLO = '\nhello = keyword_lf("hello", ["weekend"], column="text", label=Label.HAM)\n'


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def give(project, more):
    """Give two labeling functions of the template more arguments."""
    columns = 'column=("subject", "text")'
    edit(project / "lfs/words.py", columns, f"{columns}, {more}")


class TestNew:
    def test_what_it_writes_runs_at_once_and_is_tested(self, labelmill, new_project):
        names = {"refund": "keyword", "price": "regex", "street": "lookup", "shouting": "python", "просит": "regex"}
        for name, kind in names.items():
            ended = labelmill("lfs", "new", name, "--kind", kind, "--owner", "ann")
            assert ended.code == 0, ended.err
        owners = {row["name"]: row["owner"] for row in labelmill("lfs", "list", "--json").json}
        assert {name for name, owner in owners.items() if owner == "ann"} == set(names)
        tests = [f"lfs/test_{name}.py" for name in names]
        tested = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
            capture_output=True,
            text=True,
            check=False,
        )
        assert tested.returncode == 0, tested.stdout

    def test_it_goes_to_the_end_of_a_file_that_is_there(self, labelmill, new_project):
        before = (new_project / "lfs/words.py").read_text()
        arguments = ("lfs", "new", "price", "--kind", "regex", "--pattern", "[0-9]+ usd", "--file", "lfs/words.py")
        assert labelmill(*arguments).code == 0
        after = (new_project / "lfs/words.py").read_text()
        assert set(before.splitlines()) <= set(after.splitlines())
        ast.parse(after)
        assert labelmill("lfs", "test", "only 30 usd", "--json").json["votes"][-1]["number"] in (0, 1, -1)

    @pytest.mark.parametrize("name", ["medicines", "country_domain"])
    def test_a_name_that_is_taken_is_refused(self, labelmill, new_project, name):
        ended = labelmill("lfs", "new", name)
        assert ended.code == 4
        assert name in ended.err
        assert not (new_project / f"lfs/{name}.py").exists()

    @pytest.mark.parametrize("arguments", [("no name",), ("fine", "--label", "eggs")])
    def test_what_cannot_be_is_refused_before_anything_is_written(self, labelmill, new_project, arguments):
        before = sorted((new_project / "lfs").rglob("*"))
        assert labelmill("lfs", "new", *arguments).code in (2, 4)
        assert sorted((new_project / "lfs").rglob("*")) == before

    @pytest.mark.parametrize("column", ["tex", "received_at", "split"])
    def test_a_column_that_no_labeling_function_sees_is_refused(self, labelmill, labeled, column):
        ended = labelmill("lfs", "new", "fine", "--column", column)
        assert ended.code == 2
        assert column in ended.err
        assert not (labeled / "lfs/fine.py").exists()
        assert labelmill("lfs", "new", "fine", "--column", "sender_domain").code == 0


class TestDiff:
    def test_no_edit_no_change(self, labelmill, labeled):
        assert "no vote changed" in labelmill("lfs", "diff").out

    def test_rows_gained_and_lost_are_those_of_the_matrices(self, labelmill, labeled):
        before = storage.read_shards(paths.LABEL_MATRIX)
        edit(labeled / "lfs/words.py", "(act|order|apply|claim)", "(act|and)")
        with (labeled / "lfs/words.py").open("a") as file:
            file.write(HELLO)
        found = {change["name"]: change for change in labelmill("lfs", "diff", "--json").json["lfs"]}
        assert storage.read_shards(paths.LABEL_MATRIX).equals(before), "nothing is taken over yet"
        labelmill("stage", "label")
        after = storage.read_shards(paths.LABEL_MATRIX)
        was, is_now = (frame["act_now"].to_numpy() for frame in (before, after))
        assert set(found) == {"act_now", "hello"}
        assert found["act_now"]["gained"] == ((was < 0) & (is_now >= 0)).sum()
        assert found["act_now"]["lost"] == ((was >= 0) & (is_now < 0)).sum() > 0
        assert found["hello"]["gained"] == (after["hello"] >= 0).sum() > 0
        assert found["hello"]["state"] == "new"

    def test_samples_are_rows_that_changed(self, labelmill, labeled):
        with (labeled / "lfs/words.py").open("a") as file:
            file.write(HELLO)
        ended = labelmill("lfs", "diff", "--rows", "2")
        assert ended.code == 0
        assert ended.out.count("abstain → ham") == 2
        assert "rows with a vote" in ended.out

    def test_gold_of_other_classes_is_set_beside_no_label_model(self, labelmill, labeled):
        edit(labeled / "params.yaml", "classes: [ham, spam]", "classes: [ham, spam, newsletter]")
        edit(labeled / "params.yaml", "class_balance: [0.7, 0.3]", "class_balance: [0.6, 0.3, 0.1]")
        with (labeled / "lfs/words.py").open("a") as file:
            file.write(HELLO)
        ended = labelmill("lfs", "diff")
        assert ended.code == 0, ended.err
        assert "dev gold was read when the classes were ham, spam" in ended.err
        assert "rows of dev gold" not in ended.out

    def test_a_revision_needs_git(self, labelmill, labeled):
        ended = labelmill("lfs", "diff", "--against", "HEAD")
        assert ended.code == 4
        assert "HEAD" in ended.err


class TestSummary:
    def test_estimates_stand_beside_gold(self, labelmill, labeled):
        row = labelmill("lfs", "summary", "--json").json[0]
        assert row["Est. Acc. Low"] <= row["Est. Acc."] <= row["Est. Acc. High"]
        assert row["State"] == "active"
        assert row["Microseconds"] > 0

    def test_by_owner_and_tag(self, labelmill, labeled):
        give(labeled, 'owner="ann", tags="a"')
        owners = {row["owner"]: row for row in labelmill("lfs", "summary", "--by", "owner", "--json").json}
        assert "medicines" in owners["ann"]["LFs"]
        assert "(none)" in owners
        tags = {row["tag"] for row in labelmill("lfs", "summary", "--by", "tag", "--json").json}
        assert "a" in tags

    def test_by_class_and_month_add_up(self, labelmill, labeled):
        L = storage.read_shards(paths.LABEL_MATRIX).drop(columns="id").to_numpy()
        by_class = labelmill("lfs", "summary", "--by", "class", "--json").json
        assert [row["Votes"] for row in by_class] == [(y == L).sum() for y in (0, 1)]
        by_month = labelmill("lfs", "summary", "--by", "month", "--json").json
        assert sum(row["Rows"] for row in by_month) == len(L)

    def test_the_page_holds_all_and_escapes(self, labelmill, labeled):
        give(labeled, 'owner="<b>ann</b>"')
        assert labelmill("lfs", "summary", "--html", "lfs.html").code == 0
        page = (labeled / "lfs.html").read_text()
        assert "medicines" in page and "By month" in page
        assert "&lt;b&gt;ann" in page and "<b>ann" not in page
        assert "http" not in page.replace("http-equiv", "")

    def test_one_that_rests_is_shown(self, labelmill, labeled):
        give(labeled, 'expires="2020-01-01"')
        states = {row["lf"]: row["State"] for row in labelmill("lfs", "summary", "--json").json}
        assert states["medicines"] == "expired"


class TestSuggest:
    def test_it_finds_what_no_rule_covers(self, labelmill, labeled):
        found = labelmill("lfs", "suggest", "--json").json
        assert labelmill("lfs", "suggest").code == 0
        L = storage.read_shards(paths.LABEL_MATRIX)
        train = (storage.read_shards(paths.CLEAN, ["split"])["split"] == "train").to_numpy()
        silent = (L.drop(columns="id").to_numpy()[train] < 0).all(axis=1).sum()
        assert str(silent) in str(found).replace(",", "")

    @pytest.mark.slow
    def test_its_code_can_be_pasted(self, labelmill, new_project, label):
        label(new_project, rows=1600)
        code = labelmill("lfs", "suggest", "--code").out
        (new_project / "lfs/suggested.py").write_text(code)
        names = {row["name"] for row in labelmill("lfs", "list", "--json").json}
        assert len(names) > 12


class TestErrors:
    def test_buckets_hold_each_row_of_gold_once(self, labelmill, labeled):
        found = labelmill("lfs", "errors", "--json").json
        assert sum(bucket["rows"] for bucket in found["buckets"]) == found["rows"]
        assert found["rows"] == len(storage.read_table(paths.GOLD_DEV))

    def test_an_unknown_name(self, labelmill, labeled):
        ended = labelmill("lfs", "errors", "--lf", "nobody")
        assert ended.code == 2
        assert "nobody" in ended.err


class TestCheck:
    def test_before_anything_was_run(self, labelmill, new_project):
        found = labelmill("check", "--json").json
        assert found["rows"]["train"] > 0
        assert found["verdict"] and found["reasons"]
        assert found["labeling_functions"] is None

    def test_dear_hand_labels_make_rules_worth_it(self, labelmill, labeled):
        cheap = labelmill("check", "--json", "--seconds-per-row", "1").json
        dear = labelmill("check", "--json", "--seconds-per-row", "600").json
        assert dear["labeling_functions"]["coverage"]["value"] > 0.5
        assert cheap["verdict"] != dear["verdict"]


@pytest.mark.parametrize("command", [["suggest"], ["diff"], ["errors"], ["summary", "--by", "class"]])
def test_before_the_label_stage_it_says_what_to_run(labelmill, new_project, command):
    ended = labelmill("lfs", *command)
    assert ended.code == 7
    assert "Run `labelmill run`" in ended.err
