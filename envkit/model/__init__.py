"""The values that cross layers: frozen, comparable, without behaviour that touches the world.

- `facts`  what is known: the catalogue's releases and suites, the host, the engine, what was found
- `plan`   what was decided: image, run, files
- `step`   what will be done
- `report` what came of it: observations, findings, reports
"""
