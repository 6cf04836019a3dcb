"""The only importers of the Docker SDK: images and containers behind small doors.

- `connect`     an endpoint -> `Engine`, or why none answers
- `failure`     the SDK's errors become `EngineError` here and nowhere else
- `look`        what the engine holds, nothing changed
- `images`      import, build, remove
- `unstarted`   why a program inside did not start
- `build_log`   what a build prints -> news, and why it failed
- `settings`    RunPlan -> the engine's own words, for one container
- `containers`  create, start, remove, logs; networks and volumes with them
- `execs`       programs inside: scripts, terminals, raw streams
"""
