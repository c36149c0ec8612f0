"""`python -m schatten.cli`: the command line where the script `schatten` is not on the path."""

from schatten.cli import main

main()
