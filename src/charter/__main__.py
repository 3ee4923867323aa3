"""`python -m charter` is the command line."""

from charter.runtime.cli.main import main

main()
