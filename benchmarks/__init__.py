"""Speed and size of envkit beside Docker Compose, the Dev Containers CLI and a plain `pip install` image.

`python -m benchmarks` measures, writes `results.json` and `docs/benchmarks.md`, and exits 1 below a bar.
"""
