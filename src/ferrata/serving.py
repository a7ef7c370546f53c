"""The gateway of a project: endpoints with their models and flows, keys, spool. The composition root of the data plane."""
