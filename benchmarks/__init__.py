"""Speed and size of envkit compared with Docker Compose, the Dev Containers CLI and a plain `pip install` image.

`python -m benchmarks` measures, writes `results.json` and `docs/reference/benchmarks.md`, and exits with code 1 if a
bar is missed.
"""
