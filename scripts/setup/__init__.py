"""Setup of the development environment: engine, virtual environment and tools."""
