"""`python -m bifocal`: the command line, where its script is not on the PATH."""

from bifocal.cli import main

if __name__ == "__main__":
    main()
