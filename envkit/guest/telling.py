"""One JSON line for each look, written at once."""

import json
import os
import time
import traceback

KEPT_CHARACTERS = 6000


class Teller:
    """Writes observations to the reader, each at once."""

    def __init__(self, descriptor):
        self.file = os.fdopen(descriptor, "w", encoding="ascii")

    def tell(self, what, data, seconds=0.0):
        """Write one observation."""
        line = json.dumps({"what": what, "data": data, "seconds": round(seconds, 4)}, default=str)
        self.file.write(line + "\n")
        self.file.flush()

    def look(self, what, function, about=None):
        """Announce a look, take it, tell its outcome, and return what was seen, or None if it failed."""
        about = about or {}
        self.tell("begin", dict({"look": what}, **about))
        started = time.monotonic()
        try:
            seen = function()
        except BaseException as error:
            traceback.print_exc()
            self.tell(what, dict(about, error=described(error)), time.monotonic() - started)
            return None
        self.tell(what, dict(about, **seen), time.monotonic() - started)
        return seen


def described(error):
    """Return type and message of an exception."""
    return {"type": type(error).__name__, "message": shortened(str(error), 2000)}


def shortened(text, limit=KEPT_CHARACTERS):
    """Return a text with its middle cut out if it is long: causes stand first, consequences last."""
    half = limit // 2
    return text if len(text) <= limit else text[:half] + "\n[...]\n" + text[-half:]
