"""A gate by its name: the candidate is evaluated, beside its baseline, and judged; the ledger has the verdict."""
