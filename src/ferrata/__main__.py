"""`python -m ferrata`."""

from ferrata.cli import main

if __name__ == "__main__":
    main()
