"""Files of flows and what goes with them, read into values."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.formats.connections import read_connections
    from ferrata.flows.formats.dag import choose_variants, read_dag
    from ferrata.flows.formats.flex import read_flex
    from ferrata.flows.formats.references import parse_reference, property_of, value_of
    from ferrata.flows.formats.yaml12 import load_yaml12
else:
    __getattr__ = door(
        __name__,
        connections=["read_connections"],
        dag=["choose_variants", "read_dag"],
        flex=["read_flex"],
        references=["parse_reference", "property_of", "value_of"],
        yaml12=["load_yaml12"],
    )

__all__ = [
    "choose_variants",
    "load_yaml12",
    "parse_reference",
    "property_of",
    "read_connections",
    "read_dag",
    "read_flex",
    "value_of",
]
