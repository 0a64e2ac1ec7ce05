"""What `labelmill init` says of itself is true of a fresh project."""

from commands import ROOT, run


def test_the_tests_of_its_labeling_functions_pass(tmp_path):
    """The loader once took the test module out of `sys.modules` while pytest was importing it."""
    run("labelmill", "init", "--no-git", tmp_path / "my-task", cwd=ROOT)
    assert "6 passed" in run("python", "-m", "pytest", "lfs", cwd=tmp_path / "my-task", timeout=60)
