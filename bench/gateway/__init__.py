"""Parts of `bench/gateway.py`: processes, entry points, loads and what is said of them."""
