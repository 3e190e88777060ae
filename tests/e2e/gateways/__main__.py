"""`python -m tests.e2e.gateways`: run every case through every gateway and write the page."""

import tempfile
from pathlib import Path

from tests.e2e.gateways.installed import GATEWAYS
from tests.e2e.gateways.stand import standing
from tests.e2e.gateways.table import PAGE, Column, column_of, page_of
from tests.support.parts import Parts


def main() -> None:
    """A gateway that is not installed ends it: half a table is none."""
    columns: dict[str, Column] = {}
    for name, gateway in GATEWAYS.items():
        with (
            tempfile.TemporaryDirectory() as folder,
            standing(gateway, Parts(is_ci=True), Path(folder)) as stand,
        ):
            columns[name] = column_of(stand)
    PAGE.write_text(page_of(columns), encoding="utf-8")


if __name__ == "__main__":
    main()
