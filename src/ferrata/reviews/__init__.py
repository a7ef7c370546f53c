"""Reviews: people label outputs, so that judges can be measured against them and failures be understood."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.reviews.agreement import Agreed, agreement_of
    from ferrata.reviews.choosing import RULES, Signals, choose_rows, signals_of
    from ferrata.reviews.export import exported_row, shown_row
    from ferrata.reviews.making import draft_of_file, draft_of_run
    from ferrata.reviews.progress import Decision, Progress, decisions_of, open_items, order_for, progress_of, unsettled
    from ferrata.reviews.repo import Reviews
    from ferrata.reviews.scales import PAIR, Scale
    from ferrata.reviews.taking import read_labels
    from ferrata.reviews.types import Body, Draft, DraftItem, Item, Label, Review, person_of, text_line
else:
    __getattr__ = door(
        __name__,
        agreement=["Agreed", "agreement_of"],
        choosing=["RULES", "Signals", "choose_rows", "signals_of"],
        export=["exported_row", "shown_row"],
        making=["draft_of_file", "draft_of_run"],
        progress=["Decision", "Progress", "decisions_of", "open_items", "order_for", "progress_of", "unsettled"],
        repo=["Reviews"],
        scales=["PAIR", "Scale"],
        taking=["read_labels"],
        types=["Body", "Draft", "DraftItem", "Item", "Label", "Review", "person_of", "text_line"],
    )

__all__ = [
    "PAIR",
    "RULES",
    "Agreed",
    "Body",
    "Decision",
    "Draft",
    "DraftItem",
    "Item",
    "Label",
    "Progress",
    "Review",
    "Reviews",
    "Scale",
    "Signals",
    "agreement_of",
    "choose_rows",
    "decisions_of",
    "draft_of_file",
    "draft_of_run",
    "exported_row",
    "open_items",
    "order_for",
    "person_of",
    "progress_of",
    "read_labels",
    "shown_row",
    "signals_of",
    "text_line",
    "unsettled",
]
