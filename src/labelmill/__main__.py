"""`python -m labelmill`."""

from labelmill.cli import main

main()
