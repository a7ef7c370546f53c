"""Files of flows and what goes with them, read into values."""
