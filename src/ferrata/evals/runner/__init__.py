"""The runner: a target over a dataset under evaluators, recorded answer by answer."""
