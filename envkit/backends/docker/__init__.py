"""Docker backend: the only importer of the Docker SDK.

- `backend`          implement `Backend`; `fast_backend` implements `FastBackend`
- `client`           connect to an engine, or report why none answers
- `sdk_errors`       translate the SDK's errors into `EngineError`
- `inspect`          inspect what the engine holds
- `images`           import, build and remove images with the engine's own builder
- `builder`          choose the builder
- `buildx`           build images with BuildKit
- `registry`         check and pull images of registries
- `build_log`        turn build output into progress and errors
- `create_options`   RunPlan -> arguments of the SDK for one container
- `containers`       create, start and remove containers; their networks, volumes and logs
- `container_exec`   run programs in containers: scripts, terminals, raw streams
- `exec_errors`      why a program in a container did not start
- `run_once`         run one program in a temporary container
- `prune`            remove unused resources
"""
