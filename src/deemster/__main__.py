"""``python -m deemster``: the same command line as ``deemster``."""


def main() -> None:
    """Run the command line."""
    from deemster.cli.main import app

    app()


if __name__ == "__main__":
    main()
