"""Values shared by all layers: frozen, comparable, and free of input and output.

- `facts`         the host and the engine, as inspected
- `release`       releases and suites of the catalog
- `engine_state`  what the engine holds of an environment
- `plan`          decisions: `image`, `run`, `network` and files
- `step`          one step of a command
- `state`         what envkit stores between commands
- `report`        observations, findings and reports
"""
