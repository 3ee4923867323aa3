"""`python -m charter` is the command line."""

from charter.runtime.cli.entry import main

main()
