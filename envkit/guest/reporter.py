"""Write one JSON line per observation, without buffering."""

import json
import os
import time
import traceback

TEXT_LENGTH_MAX = 6000


class Reporter:
    """Writes each observation to the reader immediately."""

    def __init__(self, descriptor):
        self.file = os.fdopen(descriptor, "w", encoding="ascii")

    def emit(self, name, data, seconds=0.0):
        """Write one observation."""
        line = json.dumps({"what": name, "data": data, "seconds": round(seconds, 4)}, default=str)
        self.file.write(line + "\n")
        self.file.flush()

    def observe(self, name, function, context=None):
        """Announce an inspection, run it, write its result, and return its data, or None if it failed."""
        context = context or {}
        self.emit("begin", dict({"look": name}, **context))
        start = time.monotonic()
        try:
            data = function()
        except BaseException as error:
            traceback.print_exc()
            self.emit(name, dict(context, error=describe_error(error)), time.monotonic() - start)
            return None
        self.emit(name, dict(context, **data), time.monotonic() - start)
        return data


def describe_error(error):
    """Return type and message of an exception."""
    return {"type": type(error).__name__, "message": shorten(str(error), 2000)}


def shorten(text, limit=TEXT_LENGTH_MAX):
    """Return a text without its middle if it is long: causes come first, consequences last."""
    half = limit // 2
    return text if len(text) <= limit else text[:half] + "\n[...]\n" + text[-half:]
