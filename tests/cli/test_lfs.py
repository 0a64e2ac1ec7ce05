"""`labelmill lfs list`, `summary` and `test`."""

import math

import pytest

from labelmill import paths, storage

SPAM = "Act now! Cheap\npills, no prescription needed."


class TestList:
    def test_each_with_place_and_purpose(self, labelmill, new_project):
        table = labelmill("lfs", "list").out
        assert "12 labeling functions for my-task" in table
        assert "lfs/words.py:8" in table
        assert r"text: pattern \b(act|order|apply|claim) now\b" in table
        assert "subject, text: words (8): viagra, cialis, pharmacy" in table
        assert "Discussion lists name themselves." in table

    def test_as_json(self, labelmill, new_project):
        rows = {row["name"]: row for row in labelmill("lfs", "list", "--json").json}
        assert len(rows) == 12
        assert rows["country_domain"]["columns"] == ["sender_domain"]
        assert rows["country_domain"]["where"] == "lfs/domains.yaml:2"

    def test_square_brackets_are_no_markup(self, labelmill, new_project):
        (new_project / "lfs/words.py").write_text(
            'from labelmill import regex_lf\ncode = regex_lf("code", "[a-z]{9}[/bold]", column="text", label=0)\n'
        )
        assert "[a-z]{9}[/bold]" in labelmill("lfs", "list").out

    def test_a_broken_file_is_named_with_its_line(self, labelmill, new_project):
        with (new_project / "lfs/words.py").open("a") as file:
            file.write("\n\nbroken = keyword_lf(\n")
        ended = labelmill("lfs", "list")
        assert ended.code == 4
        assert "lfs/words.py:" in ended.err
        assert "SyntaxError" in ended.err


class TestSummary:
    def test_before_the_label_stage_it_says_what_to_run(self, labelmill, new_project):
        ended = labelmill("lfs", "summary")
        assert ended.code == 7
        assert "reports/lf_summary.csv: there is no such file" in ended.err
        assert "labelmill run" in ended.err

    def test_a_line_per_labeling_function(self, labelmill, labeled):
        lines = labelmill("lfs", "summary").out.splitlines()
        row = next(line.split() for line in lines if line.startswith("answers"))
        assert row[1] == "ham"
        assert row[2].endswith("%")

    def test_as_json_has_the_columns_of_the_file(self, labelmill, labeled):
        rows = labelmill("lfs", "summary", "--json").json
        assert len(rows) == 12
        assert {"lf", "Coverage", "Overlaps", "Conflicts", "Emp. Acc."} <= set(rows[0])


class TestTest:
    def test_who_fires_on_a_text_and_why(self, labelmill, new_project):
        ended = labelmill("lfs", "test", SPAM)
        assert ended.code == 0
        fired = [[word.strip() for word in line.split(maxsplit=2)] for line in ended.out.splitlines()[1:3]]
        assert fired == [
            ["medicines", "spam", "text: Act now! Cheap »pills«, no »prescription« needed."],
            ["act_now", "spam", "text: »Act now«! Cheap pills, no prescription…"],
        ]
        assert "2 of 12 labeling functions voted" in ended.out
        assert "label model" not in ended.out, "there is none yet"

    def test_what_a_bare_text_lacks_is_said(self, labelmill, new_project):
        ended = labelmill("lfs", "test", SPAM)
        skipped = {"country_domain": "sender_domain", "mailing_list": "list_id", "answers": "is_reply"}
        for name, column in skipped.items():
            assert f"skipped {name}: in a bare text there is no column '{column}'" in ended.err
        assert "Error" not in ended.err

    def test_the_label_model_gives_its_opinion(self, labelmill, labeled):
        result = labelmill("lfs", "test", SPAM, "--json").json
        votes = {vote["name"]: vote for vote in result["votes"]}
        parts = [vote["log_odds"] for vote in votes.values() if vote["log_odds"] is not None]
        spam = result["label_model"]["spam"]
        assert sum(parts) + result["balance_log_odds"] == pytest.approx(math.log(spam / (1 - spam)), abs=1e-3)
        assert votes["act_now"] == {
            "name": "act_now",
            "state": "voted",
            "vote": "spam",
            "number": 1,
            "why": "text has 'Act now'",
            "problem": None,
            "log_odds": votes["act_now"]["log_odds"],
            "places": [{"column": "text", "spans": [[0, 7]]}],
        }
        assert votes["answers"]["state"] == "skipped"
        assert votes["office"]["state"] == "abstained"
        assert result["label_model"]["spam"] > 0.5
        assert sum(result["label_model"].values()) == pytest.approx(1)
        assert result["note"] is None

    def test_no_vote_no_opinion(self, labelmill, labeled):
        assert "label model: no opinion without a vote" in labelmill("lfs", "test", "hello").out

    def test_a_new_labeling_function_does_not_confuse_it(self, labelmill, labeled):
        with (labeled / "lfs/words.py").open("a") as file:
            file.write('\nhello = keyword_lf("hello", ["hello"], column="text", label=Label.HAM)\n')
        ended = labelmill("lfs", "test", "hello")
        assert ended.code == 0
        assert "hello" in ended.out
        assert "label model: it knows other labeling functions than lfs/ has now" in ended.out

    def test_one_that_raises_is_named_and_hides_no_other(self, labelmill, new_project):
        with (new_project / "lfs/words.py").open("a") as file:
            file.write("\n\n@labeling_function\ndef divides(mail):\n    return 1 // 0\n")
        ended = labelmill("lfs", "test", SPAM)
        assert ended.code == 0
        assert "failed divides: ZeroDivisionError" in ended.err
        assert "2 of 13 labeling functions voted" in ended.out

    def test_a_row_of_the_clean_table_by_id(self, labelmill, labeled):
        rows = next(storage.iter_shards(paths.CLEAN))
        reply = rows[rows["is_reply"].astype(bool)].iloc[0]["id"]
        ended = labelmill("lfs", "test", "--id", reply)
        assert "answers" in ended.out
        assert "skipped" not in ended.err
        L = next(storage.iter_shards(paths.LABEL_MATRIX)).set_index("id").loc[reply]
        votes = labelmill("lfs", "test", "--id", reply, "--json").json["votes"]
        assert {vote["name"]: vote["number"] for vote in votes} == L.to_dict()

    def test_an_unknown_id(self, labelmill, labeled):
        ended = labelmill("lfs", "test", "--id", "nobody")
        assert ended.code == 3
        assert "data/clean: no row has the id 'nobody'" in ended.err

    @pytest.mark.parametrize("arguments", [[], ["hello", "--id", "7"]])
    def test_either_a_text_or_an_id(self, labelmill, new_project, arguments):
        ended = labelmill("lfs", "test", *arguments)
        assert ended.code == 2
        assert "either a text, or a row with --id" in ended.err
