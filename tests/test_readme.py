"""The README and the docs tell what is true: every command in them runs, every command and key is in them."""

import csv
import itertools
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml
from commands import ROOT, run
from readme import TEXT, blocks

from labelmill import cli
from labelmill.params import reference
from labelmill.stages import TRAINING

PAGES = {
    str(page.relative_to(ROOT)): page.read_text(encoding="utf-8")
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
}
COMMANDS = typer.main.get_command(cli.app)


def every_command(group=COMMANDS, prefix="labelmill"):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from every_command(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


@pytest.mark.slow
def test_every_shell_command_runs_in_order(tmp_path):
    """In one folder, on the project that the first block makes."""
    folder = tmp_path
    with (tmp_path / "rows.csv").open("w") as file:
        file.write(
            'subject,text\nAgenda,"See you at the meeting, minutes attached."\nCHEAP PILLS,"Order now, cialis!"\n'
        )
    said = {}
    for block in blocks("sh"):
        for command in block.commands:
            if command[0] == "cd":
                folder = folder / command[1]
                if folder.name == "my-task":
                    (folder / "rows.csv").symlink_to(tmp_path / "rows.csv")
                    write_new_mails(folder / "new_mails.jsonl")
            else:
                said[" ".join(command)] = run(*command, cwd=folder, timeout=600)
    assert folder.name == "my-task"
    assert (
        "2 of 12 labeling functions voted" in said["labelmill lfs test Act now! Cheap pills, no prescription needed."]
    )
    assert "majority_vote" in said["dvc exp show --md"]
    assert "scores.json" in said["dvc metrics diff"]
    assert "this model is champion" in said["labelmill promote --first"]
    assert "600" in said["labelmill incoming add new_mails.jsonl"]
    assert "reports/drift.html" in said["labelmill drift"]
    assert said["labelmill explain last"].startswith("Decision ")
    scored = list(csv.DictReader((folder / "scored.csv").read_text().splitlines()))
    assert [row["pred"] for row in scored] == ["ham", "spam"]


def test_what_is_not_marked_as_shell_is_tested_elsewhere():
    """`make` in test_makefile.py, `flows.serve` and the deployments in tests/flows."""
    first = {line.split()[0] for block in blocks("") for line in block.text.splitlines() if line.strip()}
    commands = first & {"make", "prefect", "python", "labelmill", "dvc", "git", "mlflow"}
    assert commands == {"make", "prefect", "python"}
    (serve,) = blocks("", holds="python ")
    assert serve.commands == [["python", "-m", "flows.serve"]]


class TestYourOwnData:
    @pytest.mark.slow
    def test_the_params_of_the_readme_run(self, tmp_path):
        folder = tmp_path / "reviews"
        run("labelmill", "init", folder, "--no-git", cwd=tmp_path)
        params = yaml.safe_load((folder / "params.yaml").read_text())
        for section, values in yaml.safe_load(self.fragment()).items():
            params[section].update(values)
        (folder / "params.yaml").write_text(yaml.safe_dump(params))
        write_reviews(folder / "rows.csv")
        for file in (*(folder / "lfs").glob("*.py"), folder / "lfs/domains.yaml"):
            file.unlink()
        (folder / "lfs/words.py").write_text(
            "from labelmill import keyword_lf\n"
            'praise = keyword_lf("praise", ["great", "lovely"], column="review", label=1)\n'
            'quick = keyword_lf("quick", ["fast"], column="review", label=1)\n'
            'anger = keyword_lf("anger", ["awful", "broken"], column="review", label=0)\n'
            'slow = keyword_lf("slow", ["late"], column="review", label=0)\n'
        )
        output = run("labelmill", "run", "--to", "evaluate", cwd=folder, timeout=600)
        accuracy = re.search(r"end_model (0\.\d+)", output)
        assert accuracy, output
        assert float(accuracy[1]) > 0.9

    def test_the_labeling_functions_of_the_readme_load(self, tmp_path):
        from labelmill.labeling.loading import load_lfs

        run("labelmill", "init", tmp_path / "my-task", "--no-git", cwd=tmp_path)
        lfs = tmp_path / "my-task/lfs"
        for file in ("words.py", "headers.py", "domains.yaml"):
            (lfs / file).unlink()
        (block,) = blocks("python", holds="@labeling_function")
        (lfs / "rules.py").write_text(block.text)
        assert [lf.name for lf in load_lfs(lfs, cardinality=2)] == ["medicines", "answers"]

    def fragment(self) -> str:
        indented = re.search(r"^   ```yaml\n(.*?)^   ```$", TEXT, re.MULTILINE | re.DOTALL)
        assert indented
        return indented[1]


def test_the_notebook_of_the_readme_runs(tmp_path):
    (block,) = blocks("python", holds="apply_lfs(rows")
    done = subprocess.run([sys.executable, "-c", block.text], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "money" in done.stdout


def test_the_picture_shows_how_stages_depend_on_each_other():
    """Drawn are the edges of dvc.yaml that no longer path stands for: its transitive reduction."""
    (block,) = blocks("mermaid")
    drawn = set()
    for line in block.text.splitlines():
        chain = [re.sub(r"\[.*?\]", "", node).strip() for node in line.split("-->")]
        drawn |= {(a, b) for a, b in itertools.pairwise(chain) if a in TRAINING and b in TRAINING}
    assert drawn == reduced(stage_edges())
    assert {name for edge in drawn for name in edge} == set(TRAINING)


def stage_edges() -> set[tuple[str, str]]:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]

    def listed(entries):
        return {next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries or []}

    maker = {
        out: name
        for name, stage in stages.items()
        for key in ("outs", "metrics", "plots")
        for out in listed(stage.get(key))
    }
    return {(maker[dep], name) for name, stage in stages.items() for dep in listed(stage.get("deps")) if dep in maker}


def reduced(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The edges (a, b) without which b could not be reached from a."""

    def reaches(start, end, without):
        todo, seen = [start], set()
        while todo:
            here = todo.pop()
            for a, b in edges - {without}:
                if a == here and b not in seen:
                    seen.add(b)
                    todo.append(b)
        return end in seen

    return {edge for edge in edges if not reaches(*edge, edge)}


@pytest.mark.parametrize(("name", "command"), list(every_command()), ids=[name for name, _ in every_command()])
def test_every_command_and_option_has_its_section(name, command):
    section = re.search(rf"^## {name}$(.*?)(?=^## |\Z)", PAGES["docs/cli.md"], re.MULTILINE | re.DOTALL)
    assert section, f"docs/cli.md has no section {name!r}"
    assert "Exit codes:" in section[1]
    for option in command.params:
        flags = [flag for flag in (*option.opts, *option.secondary_opts) if flag.startswith("--") and flag != "--help"]
        assert not flags or any(f"`{flag}" in section[1] or f" {flag}" in section[1] for flag in flags), flags


def test_the_docs_name_no_command_that_does_not_exist():
    known = {name for name, _ in every_command()}
    sections = set(re.findall(r"^## (labelmill .*)$", PAGES["docs/cli.md"], re.MULTILINE))
    assert sections == known
    for page, text in PAGES.items():
        for words in re.findall(r"`labelmill ((?:(?:lfs|import|export|incoming|versions) )?[a-z-]+)", text):
            assert f"labelmill {words}" in known, f"{page}: labelmill {words}"


def test_the_table_of_exit_codes_is_that_of_the_help():
    table = re.findall(r"^\| (\d+) \|", PAGES["docs/cli.md"], re.MULTILINE)
    assert table == re.findall(r"(?:^|· |codes: )(\d+) [a-zA-Z]", cli._EXIT_CODES)


def test_every_key_of_params_is_explained():
    text = "\n".join(PAGES.values())
    assert not [key for key, _, _ in reference.describe() if f"`{key}`" not in text]
    assert not [key for key, _, meaning in reference.describe() if not meaning]


def test_every_file_that_the_readme_links_to_exists():
    links = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


def write_new_mails(file: Path) -> None:
    from labelmill.sources.generated import mails

    frame, _ = mails(600, seed=5)
    file.write_text(frame.drop(columns="id").to_json(orient="records", lines=True, date_format="iso"))


def write_reviews(file) -> None:
    rng = random.Random(1)
    words = {1: ["great", "lovely", "fast", "good"], 0: ["awful", "broken", "late", "bad"]}
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["review", "verdict"])
        for number in range(1500):
            label = rng.randrange(2)
            review = rng.choices(words[label] + ["the", "a", "product", "came", "box", "day"] * 2, k=12)
            writer.writerow([f"{' '.join(review)} {number}", ["bad", "good"][label] if number % 3 == 0 else ""])
